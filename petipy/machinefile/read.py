"""A machine in one JSON file, as `petipy capture` writes it.

Keys of the machine:

    platform      GRUB's name of the processor and firmware: powerpc-ieee1275, x86_64-efi …
    machine       uname's name of the processor: ppc64le, x86_64 …
    root, prefix, config, env
                  GRUB's device, $prefix, configuration and environment
    compatible    the device tree's strings, the most specific first
    firmware      {"variables": EFI's, "smbios": both in base64, "clock": seconds since 1970}
    devices       [device]
    urls          {URL: text or "@file"}; no other URL answers. A file that is no text is
                  {"size": bytes, "pieces": [[offset, base64]]}
    network       [{"device": interface, "mac", "params": the lease}] in the words of udhcpc's
                  script: ip, serverid, siaddr, tftp, bootfile, pxeconffile, pxepathprefix …

Keys of a device: the fields of parsers.api.Volume, and

    files         {path: text or "@file beside the machine file"}
    literal       {path: text}; for texts that begin with @
    sizes         {path: bytes}; files that are there but were not read
    directories   [path]
    pieces        {path: [[offset, base64]]}; parts of binary files
    links         {path: target}; symbolic links
    times         {path: seconds since 1970}; times of modification
    blanked       {path: [values, comments]}; how many were blanked, for a reader

Unknown keys are ignored.
"""

import json
import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

from parsers import machines
from parsers.api import Firmware, Volume
from parsers.places.urls import normalize
from petipy.machinefile.machine import Download, Machine, Tree, clean

_LARGEST = 64 << 20  # bytes of a machine file
_GRUB_NAME = re.compile(r"(?P<disk>.*[^\\]),(?P<scheme>gpt|msdos)?(?P<number>[0-9]{1,6})", re.S)
_WORDS = [f.name for f in fields(Volume) if f.name not in ("partition", "scheme")]


class BadMachine(ValueError):
    """A file that describes no machine. The text says why."""


def load(path: str) -> Machine:
    """Read a machine from a file. OSError or BadMachine if that fails."""
    file = Path(path)
    if file.stat().st_size > _LARGEST:
        raise BadMachine(f"more than {_LARGEST >> 20} MiB")
    try:
        value = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadMachine(f"no JSON: {error}") from None
    return parse(value, file.parent)


def parse(value: object, folder: Path) -> Machine:
    """Read a machine from a JSON value. A text `@name` is a file below `folder`."""
    about = _mapping(value, "a machine")
    leases = _leases(about)
    devices = _devices(about, leases)
    volumes = [_volume(device, number) for number, device in enumerate(devices)]
    trees = {v.name: _tree(d, v.name, folder) for v, d in zip(volumes, devices, strict=True)}
    volumes += (Volume(name=name) for name in leases)
    trees |= {name: Tree() for name in leases}
    names = [volume.name for volume in volumes]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BadMachine(f"two devices are called {twice}")
    platform = _text(about, "platform")
    root = _text(about, "root")
    return Machine(
        name=_text(about, "machine") or machines.of_grub(platform),
        volumes=tuple(volumes),
        trees=trees,
        titles={_text(device, "name"): _text(device, "title") for device in devices},
        root=root if root in trees else "",
        prefix=_text(about, "prefix"),
        config=_text(about, "config"),
        env={name: str(text) for name, text in _mapping(about.get("env"), "env").items()},
        compatible=_texts(about, "compatible"),
        firmware=_firmware(_mapping(about.get("firmware"), "firmware")),
        captured="made_by" in about,
        urls=dict(_urls(about, folder)),
        leases=leases,
    )


def _devices(about: Mapping[str, Any], leases: Collection[str]) -> list[Mapping[str, Any]]:
    devices = about.get("devices")
    devices = [] if devices is None else devices
    if not isinstance(devices, list) or not (devices or leases):
        raise BadMachine("it has no list of devices")
    return [_mapping(item, f"device {number}") for number, item in enumerate(devices)]


def platform(machine: str) -> str:
    """Return GRUB's name of a machine, with its most likely firmware."""
    return machines.find(machine).grub_name


def _volume(device: Mapping[str, Any], number: int) -> Volume:
    name = _text(device, "name")
    if not name:
        raise BadMachine(f"device {number} has no name")
    about = {**_parse_grub_name(name), **device}
    partition, scheme = about["partition"], _text(about, "scheme")
    if not isinstance(partition, int) or not 0 <= partition < 1 << 31:
        raise BadMachine(f"{name}: no number of a partition: {partition!r}")
    return Volume(
        **{word: _text(about, word) for word in _WORDS},
        partition=partition,
        scheme="gpt" if scheme == "gpt" else "msdos" if scheme == "msdos" else "",
    )


def _parse_grub_name(name: str) -> dict[str, Any]:
    """Take apart GRUB's name of a partition: disk, scheme, number, firmware path."""
    match = _GRUB_NAME.fullmatch(name)
    if match is None:
        return {"disk": name, "partition": 0}
    firmware = match["disk"].replace("\\,", ",").partition("ieee1275/")[2]
    return {
        "disk": match["disk"],
        "scheme": match["scheme"],
        "partition": int(match["number"]),
        "firmware_path": firmware,
    }


def _tree(device: Mapping[str, Any], name: str, folder: Path) -> Tree:
    texts = dict(_files(device, "files", name))
    texts = {p: _read_beside(folder, t, name) if t[:1] == "@" else t for p, t in texts.items()}
    texts |= dict(_files(device, "literal", name))
    sizes = _numbers(device, "sizes", name)
    directories = _texts(device, "directories")
    return Tree(
        texts=texts,
        sizes={clean(path): size for path, size in sizes.items() if clean(path) not in texts},
        directories=frozenset(map(clean, directories)),
        links=dict(_files(device, "links", name)),
        times={clean(path): time for path, time in _numbers(device, "times", name).items()},
        pieces=dict(_pieces(device, name)),
        defaults={path: clean(text) for path, text in _files(device, "defaults", name)},
    )


def _numbers(device: Mapping[str, Any], key: str, name: str) -> Mapping[str, int]:
    found = _mapping(device.get(key), f"{name}: {key}")
    if not all(isinstance(number, int) and number >= 0 for number in found.values()):
        raise BadMachine(f"{name}: {key} are whole numbers")
    return found


def _pieces(device: Mapping[str, Any], name: str) -> Iterator[tuple[str, dict[int, bytes]]]:
    """Read {path: [[offset, base64], …]}."""
    for path, pieces in _mapping(device.get("pieces"), f"{name}: pieces").items():
        yield clean(path), _parse_pieces(pieces, f"{name}: pieces of {path}")


def _parse_pieces(pieces: Any, what: str) -> dict[int, bytes]:
    """Read [[offset, base64], …]."""
    try:
        return {int(offset): b64decode(text, validate=True) for offset, text in pieces}
    except (TypeError, ValueError):
        raise BadMachine(f"{what}: no offsets with base64") from None


def _firmware(about: Mapping[str, Any]) -> Firmware:
    variables = about.get("variables")
    known = {name: _binary(text, name) for name, text in _mapping(variables, "variables").items()}
    clock = about.get("clock") or 0
    if not isinstance(clock, int) or not 0 <= clock < 1 << 40:
        raise BadMachine(f"clock: no seconds since 1970: {clock!r}")
    smbios = _binary(about.get("smbios") or "", "smbios")
    return Firmware(variables=known if variables is not None else None, smbios=smbios, clock=clock)


def _binary(text: object, what: str) -> bytes:
    try:
        return b64decode(text if isinstance(text, str) else "?", validate=True)
    except ValueError:
        raise BadMachine(f"{what}: no base64") from None


def _urls(about: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str | Download]]:
    for url, text in _mapping(about.get("urls"), "urls").items():
        if isinstance(text, dict):
            size = text.get("size")
            if size is not None and (not isinstance(size, int) or size < 0):
                raise BadMachine(f"{url}: the size is a whole number")
            pieces = _parse_pieces(text.get("pieces", ()), f"{url}: pieces")
            yield normalize(url), Download(size=size, pieces=pieces)
            continue
        if not isinstance(text, str):
            raise BadMachine(f"{url}: not a text")
        yield normalize(url), _read_beside(folder, text, url) if text[:1] == "@" else text


def _leases(about: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Read leases by interface. An interface without a name is eth0, eth1 …, by its index."""
    interfaces = about.get("network") or []
    if not isinstance(interfaces, list):
        raise BadMachine("network: not a list")
    leases: dict[str, dict[str, str]] = {}
    for number, item in enumerate(interfaces):
        interface = _mapping(item, f"network {number}")
        name = _text(interface, "device") or f"eth{number}"
        params = _mapping(interface.get("params"), f"{name}: params")
        said = {word: _text(params, word) for word in params}
        own = {"interface": name, "mac": _text(interface, "mac") or said.get("mac", "")}
        if name in leases:
            raise BadMachine(f"two devices are called {name}")
        leases[name] = said | own
    links = " ".join(f"{name}={lease['mac']}" for name, lease in leases.items())
    return {name: lease | {"links": links} for name, lease in leases.items()}


def _files(device: Mapping[str, Any], key: str, name: str) -> Iterator[tuple[str, str]]:
    for path, text in _mapping(device.get(key), f"{name}: {key}").items():
        if not isinstance(text, str):
            raise BadMachine(f"{name}: {path}: not a text")
        yield clean(path), text


def _read_beside(directory: Path, text: str, device: str) -> str:
    """Read a file beside the machine file; one elsewhere may be secret."""
    name = PurePosixPath(text[1:])
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise BadMachine(
            f"{device}: {text}: a machine file may only name files that lie in its own directory"
        )
    file = directory / name
    if not file.resolve().is_relative_to(directory.resolve()):
        raise BadMachine(f"{device}: {text}: leads away from the machine file")
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise BadMachine(f"{device}: {text}: {error.strerror}") from None


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadMachine(f"{what}: not an object")
    return value


def _texts(about: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = about.get(key) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadMachine(f"{key}: not a list of texts: {repr(value)[:60]}")
    return tuple(value)


def _text(about: Mapping[str, Any], key: str) -> str:
    value = about.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadMachine(f"{key}: not a text: {value!r}")
    return value
