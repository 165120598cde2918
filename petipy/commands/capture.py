"""`petipy capture`: the boot configuration of a machine in one file, to be looked at elsewhere."""

import argparse
import json
import os
import re
import sys
from base64 import b64encode
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from posixpath import dirname
from typing import TYPE_CHECKING, Any

from parsers.places.volumes import image
from petipy import __version__
from petipy.commands.base import run
from petipy.commands.survey import (
    EPILOG,
    PATIENCE,
    add_device,
    devices_of,
    formats_for,
    in_sandbox,
    trees,
)
from petipy.commands.targets import Devices
from petipy.machinefile.read import platform
from petipy.platforms.efi import firmware
from petipy.report.printing import safe, write
from petipy.scan.files import compatible
from petipy.state.model import Device, Image

if TYPE_CHECKING:
    from petipy.sandbox.client import Scanner

DESCRIPTION = """Write the boot configuration of a machine as JSON: every configuration file that
Petipy reads, kernels and initrds by name and size, the names of the devices. Passwords and their
hashes are blanked. `petipy list --machine FILE` shows it anywhere."""

# GRUB's command, SYSLINUX's, and iPXE's settings.
_ASKS_SMBIOS = re.compile(
    r"\bsmbios\b|^\s*(?:sys|ip)append\b|\$\{(?:uuid|manufacturer|product|(?:board-)?serial|asset)\b",
    re.M | re.I,
)
Captured = Mapping[str, Mapping[str, Any]]  # by device: the keys of petipy.sandbox.wire.Seen


def main(argv: list[str]) -> int:
    return run("capture", argv, _options, _answer)


def _answer(options: argparse.Namespace) -> int:
    name = options.machine or os.uname().machine
    with closing(devices_of(options.path, options.device)) as devices:
        about, failures = captured(devices, name)
    for device, why in failures:
        sys.stderr.write(f"petipy capture: {safe(f'{device}: {why}')}\n")
    anything = any(map(_texts, about["devices"]))
    return write(json.dumps(about, indent=1) + "\n") or not anything


def captured(devices: Devices, machine: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The machine file's value; and of devices that could not be looked at, the reasons."""
    known = (*devices.found, *devices.others)
    seen: dict[str, dict[str, Any]] = {}
    failures = list(devices.failures)
    record_all = _in_directories if devices.are_directories else _in_sandbox
    for device, result in record_all(devices.found, known, machine):
        if isinstance(result, OSError):
            failures.append((device.name, result.strerror or str(result)))
            continue
        for name, found in result.items():
            _merge(seen.setdefault(name, {}), found)
    return _described(known, seen, machine, failures), failures


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "petipy capture",
        description=DESCRIPTION,
        epilog=f"exit status: 0, 1 when no configuration was found, 2 for bad usage. {EPILOG}",
    )
    parser.add_argument("path", metavar="DEVICE|DIR", nargs="*", help="or a disk image")
    add_device(parser)
    parser.add_argument("--machine", metavar="NAME", help="what uname says there: ppc64le …")
    return parser.parse_args(argv)


Results = Iterator[tuple[Device, Captured | OSError]]


def _in_directories(found: Sequence[Device], known: Sequence[Device], machine: str) -> Results:
    from petipy.machinefile.recorder import record
    from petipy.scan.images import image_device, images
    from petipy.scan.tree import scan_tree

    formats = formats_for()
    inside: list[Device] = []
    for device, files in trees(found, known, machine):
        if isinstance(files, OSError):
            yield device, files
            continue
        yield device, record(files, formats, scan_tree)
        inside += (image_device(device, i) for i in images(files) if isinstance(i, Image))
    if inside and os.geteuid() == 0:  # nobody else may mount them
        yield from _in_sandbox(inside, known, machine)


def _in_sandbox(found: Sequence[Device], known: Sequence[Device], machine: str) -> Results:
    def capture(
        scanner: "Scanner", device: Device, others: Sequence[Device]
    ) -> Awaitable[Captured]:
        return scanner.capture(device, others, machine, PATIENCE)

    return in_sandbox(found, known, formats_for, capture)


def _merge(into: dict[str, Any], found: Mapping[str, Any]) -> None:
    """What another device's scan has looked at on this one is added."""
    for key in ("files", "literal", "sizes", "links", "times", "pieces"):
        into[key] = {**into.get(key, {}), **found[key]}
    into["directories"] = sorted({*into.get("directories", ()), *found["directories"]})
    texts = {**into["files"], **into["literal"]}
    into["sizes"] = {path: size for path, size in into["sizes"].items() if path not in texts}


def _described(
    known: Sequence[Device],
    seen: Mapping[str, Mapping[str, Any]],
    machine: str,
    failures: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "files": {},
        "literal": {},
        "sizes": {},
        "directories": [],
        "links": {},
        "times": {},
        "pieces": {},
    }
    devices = [
        asdict(device.volume) | {"title": device.title} | dict(seen.get(device.name, nothing))
        for device in known
    ]
    volumes = [device.volume for device in known]
    for name in sorted(seen.keys() - {device.name for device in known}):
        if volume := image(name, volumes):
            devices.append(asdict(volume) | dict(seen[name]))
    texts = [text for device in devices for text in _texts(device).values()]
    for device in devices:
        device["udev_links"] = asked_links(device["udev_links"], texts)
    # Any other directory may be another machine's.
    own = any(not device.kind.directory or device.node == "/" for device in known)
    root, config = _main(devices)
    return {
        "made_by": f"petipy {__version__}",
        "machine": machine,
        "platform": platform(machine),
        "root": root,
        "prefix": f"({root}){dirname(config)}" if config else "",
        "config": config,
        "compatible": list(compatible(machine)),
        "firmware": _firmware(machine if own else "", devices),
        "env": {},
        "devices": devices,
        "failures": [list(failure) for failure in failures],
    }


def asked_links(links: str, texts: Sequence[str]) -> str:
    """Of udev's links those that a configuration names: the others tell serial numbers."""
    return " ".join(link for link in links.split() if any(link in text for text in texts))


def asks_smbios(text: str) -> bool:
    """Whether a configuration's entries depend on what SMBIOS says."""
    return _ASKS_SMBIOS.search(text) is not None


def _firmware(machine: str, devices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """With SMBIOS, where the serial numbers are, only if a configuration asks for it."""
    told = firmware(machine)
    texts = (text for device in devices for text in _texts(device).values())
    asked = any(map(asks_smbios, texts))
    variables = told.variables
    return {
        "variables": None if variables is None else {n: _base64(v) for n, v in variables.items()},
        "smbios": _base64(told.smbios) if asked else "",
        "clock": told.clock,
    }


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _main(devices: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the device and the path of the first configuration that a machine file can name.

    Without one, return the first device with any configuration, and no path.
    """
    paths = [path for form in formats_for() if form.any_path for path in form.paths]
    for device in devices:
        for path in paths:
            # In a subvolume there is more before it.
            found = [t for t in _texts(device) if t == path or (t[:2] == "/@" and t.endswith(path))]
            if found:
                return device["name"], min(found)
    return next((device["name"] for device in devices if _texts(device)), ""), ""


def _texts(device: Mapping[str, Any]) -> dict[str, str]:
    return {**device["files"], **device["literal"]}
