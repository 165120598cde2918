"""`petipy capture`: write the boot configuration of a machine into one file."""

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
from petipy.commands.base import Command
from petipy.commands.survey import (
    EPILOG,
    PATIENCE,
    add_device,
    ask_sandbox,
    choose_formats,
    open_devices,
)
from petipy.commands.targets import OpenDevices
from petipy.commands.trees import is_readable, open_images, open_trees
from petipy.machinefile.read import platform
from petipy.platforms import read_firmware
from petipy.report.printing import write
from petipy.report.visible import escape
from petipy.scan.files import read_compatible
from petipy.state.model import Device, Image

if TYPE_CHECKING:
    from petipy.sandbox.client import Scanner

DESCRIPTION = """Write the boot configuration of a machine as JSON: every configuration file that
Petipy reads, kernels and initrds by name and size, the names of the devices. Values that are not
known to matter for booting are blanked, comments dropped. `petipy list --machine FILE` shows it
anywhere."""

# A command of GRUB, directives of SYSLINUX, settings of iPXE.
_NEEDS_SMBIOS = re.compile(
    r"\bsmbios\b|^\s*(?:sys|ip)append\b|\$\{(?:uuid|manufacturer|product|(?:board-)?serial|asset)\b",
    re.M | re.I,
)
Captured = Mapping[
    str, Mapping[str, Any]
]  # by device: the keys of petipy.sandbox.captures.Contents


def _answer(options: argparse.Namespace) -> int:
    name = options.machine or os.uname().machine
    with closing(open_devices(options.path, options.device)) as devices:
        about, failures = capture(devices, name)
    for device, why in failures:
        sys.stderr.write(f"petipy capture: {escape(f'{device}: {why}')}\n")
    if words := describe_blanks(about["devices"]):
        sys.stderr.write(f"petipy capture: {words}\n")
    anything = any(map(_texts, about["devices"]))
    return write(json.dumps(about, indent=1) + "\n") or not anything


def capture(devices: OpenDevices, machine: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the machine file's value, and the devices that could not be read with reasons."""
    known = (*devices.found, *devices.others)
    seen: dict[str, dict[str, Any]] = {}
    failures = list(devices.failures)
    record_all = _record_directories if devices.are_directories else _record_in_sandbox
    for device, result in record_all(devices.found, known, machine):
        if isinstance(result, OSError):
            failures.append((device.name, result.strerror or str(result)))
            continue
        for name, found in result.items():
            _merge(seen.setdefault(name, {}), found)
    return _describe(known, seen, machine, failures), failures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "petipy capture",
        description=DESCRIPTION,
        epilog=f"exit status: 0, 1 when no configuration was found, 2 for bad usage. {EPILOG}",
    )
    parser.add_argument("path", metavar="DEVICE|DIR", nargs="*", help="or a disk image")
    add_device(parser)
    parser.add_argument("--machine", metavar="NAME", help="what uname says there: ppc64le …")
    return parser


Results = Iterator[tuple[Device, Captured | OSError]]


def _record_directories(found: Sequence[Device], known: Sequence[Device], machine: str) -> Results:
    from petipy.machinefile.recorder import record
    from petipy.scan.images import image_device, images
    from petipy.scan.tree import scan_tree

    formats = choose_formats()
    inside: list[Device] = []
    for device, files in open_trees(found, known, machine):
        if isinstance(files, OSError):
            yield device, files
            continue
        yield device, record(files, formats, scan_tree)
        inside += (image_device(device, i) for i in images(files) if isinstance(i, Image))
    for device, files in open_images([d for d in inside if is_readable(d.volume)], known, machine):
        yield device, files if isinstance(files, OSError) else record(files, formats, scan_tree)
    others = [device for device in inside if not is_readable(device.volume)]
    if others and os.geteuid() == 0:  # nobody else may mount them
        yield from _record_in_sandbox(others, known, machine)


def _record_in_sandbox(found: Sequence[Device], known: Sequence[Device], machine: str) -> Results:
    def ask(scanner: "Scanner", device: Device, others: Sequence[Device]) -> Awaitable[Captured]:
        return scanner.capture(device, others, machine, PATIENCE)

    return ask_sandbox(found, known, choose_formats, ask)


def describe_blanks(devices: Sequence[Mapping[str, Any]]) -> str:
    """Return what was blanked, in numbers; "" if nothing was."""
    counts = [count for device in devices for count in device["blanked"].values()]
    if not counts:
        return ""
    values, comments = (sum(numbers) for numbers in zip(*counts, strict=True))
    return f"blanked: {values} values and {comments} comments in {len(counts)} files"


def _merge(into: dict[str, Any], found: Mapping[str, Any]) -> None:
    """Add files of one device that the scan of another device read."""
    for key in ("files", "literal", "sizes", "links", "times", "pieces", "blanked"):
        into[key] = {**into.get(key, {}), **found[key]}
    into["directories"] = sorted({*into.get("directories", ()), *found["directories"]})
    texts = {**into["files"], **into["literal"]}
    into["sizes"] = {path: size for path, size in into["sizes"].items() if path not in texts}


def _describe(
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
        "blanked": {},
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
        device["udev_links"] = select_links(device["udev_links"], texts)
    # Any other directory may be another machine's.
    own = any(not device.kind.directory or device.node == "/" for device in known)
    root, config = _find_main(devices)
    return {
        "made_by": f"petipy {__version__}",
        "machine": machine,
        "platform": platform(machine),
        "root": root,
        "prefix": f"({root}){dirname(config)}" if config else "",
        "config": config,
        "compatible": list(read_compatible(machine)),
        "firmware": _firmware(machine if own else "", devices),
        "env": {},
        "devices": devices,
        "failures": [list(failure) for failure in failures],
    }


def select_links(links: str, texts: Sequence[str]) -> str:
    """Keep those of udev's links that a configuration names: others reveal serial numbers."""
    return " ".join(link for link in links.split() if any(link in text for text in texts))


def needs_smbios(text: str) -> bool:
    """Return True if entries of a configuration depend on SMBIOS."""
    return _NEEDS_SMBIOS.search(text) is not None


def _firmware(machine: str, devices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Describe the firmware. SMBIOS holds serial numbers: only if a configuration needs it."""
    facts = read_firmware(machine)
    texts = (text for device in devices for text in _texts(device).values())
    needed = any(map(needs_smbios, texts))
    variables = facts.variables
    return {
        "variables": None if variables is None else {n: _base64(v) for n, v in variables.items()},
        "smbios": _base64(facts.smbios) if needed else "",
        "clock": facts.clock,
    }


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _find_main(devices: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the device and the path of the first configuration that a machine file can name.

    Without one, return the first device with any configuration, and no path.
    """
    paths = [path for form in choose_formats() if form.any_path for path in form.paths]
    for device in devices:
        for path in paths:
            # In a subvolume the path is longer.
            found = [t for t in _texts(device) if t == path or (t[:2] == "/@" and t.endswith(path))]
            if found:
                return device["name"], min(found)
    return next((device["name"] for device in devices if _texts(device)), ""), ""


def _texts(device: Mapping[str, Any]) -> dict[str, str]:
    return {**device["files"], **device["literal"]}


COMMAND = Command(
    "capture",
    "[OPTION]… [DEVICE|DIR]…",
    "write a machine's boot configuration as one JSON file",
    _parser,
    _answer,
)
