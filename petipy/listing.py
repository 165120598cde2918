"""`petipy list`: what Petipy would show for directories, disk images and block devices."""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parsers.api import Effect, FileRef, Problem
from parsers.volumes import find
from petipy.model import Choice, Device, Scan, Snapshot
from petipy.policy import candidates
from petipy.resolve import choices
from petipy.targets import SETTABLE, BadUsage, Devices, Target

PATIENCE = 60.0  # seconds for one device; someone waits, but perhaps for a slow disk

EPILOG = """exit status: 0 with entries, 1 with none, 2 for bad usage.
Directories need no rights; disk images and block devices need root. Without PATH and --device:
all block devices for root, else the running system's /."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found, as both outputs need it."""

    devices: tuple[Device, ...]
    known: tuple[Device, ...]  # these, and others that entries may refer to
    choices: tuple[Choice, ...]
    problems: tuple[tuple[str, Problem], ...]  # with the device's name

    @property
    def default(self) -> Choice | None:
        """What would boot; when nothing can, what the configuration wants."""
        snapshot = Snapshot(devices=self.devices, choices=self.choices)
        wanted = (choice for choice in self.choices if choice.entry.default)
        return next(iter((*candidates(snapshot), *wanted)), None)


def main(argv: list[str]) -> int:
    try:
        options = _options(argv)
    except SystemExit as exit:  # argparse: 2 after its complaint, 0 after --help
        return exit.code if isinstance(exit.code, int) else 2
    devices = Devices()
    try:
        _collect(options, devices)
        listing = _listing(devices, options.machine)
    except BadUsage as error:
        sys.stderr.write(f"petipy list: {safe(str(error))}\n")
        return 2
    finally:
        devices.close()
    return _write(_json(listing) if options.json else _text(listing)) or not listing.choices


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "petipy list",
        description="Show what a directory, a disk image or a block device offers to boot.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", help="directory, image or device")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--device",
        metavar="NAME=PATH[,uuid=U]…",
        action="append",
        default=[],
        help=f"one more, under this name; may be repeated. Words: {', '.join(sorted(SETTABLE))}",
    )
    parser.add_argument(
        "--machine",
        default=os.uname().machine,
        help="as uname says: ppc64le, x86_64 … (default: this one)",
    )
    return parser.parse_args(argv)


def _collect(options: argparse.Namespace, devices: Devices) -> None:
    targets = [Target.parse(text) for text in options.device]
    if options.path is not None:
        targets.insert(0, Target.of_path(options.path))
    for target in targets:
        devices.add(target)
    if not targets and os.geteuid() == 0:
        devices.add_all_disks()
    elif not targets:
        devices.add_live_root()


def _listing(devices: Devices, machine: str) -> Listing:
    known = (*devices.found, *devices.others)
    problems = [(name, Problem("", 0, why)) for name, why in devices.failures]
    scans: list[tuple[Device, Scan]] = []
    scan_all = _read_directories if devices.are_directories else _mount_and_scan
    for device, result in scan_all(devices.found, known, machine):
        if isinstance(result, Scan):
            scans.append((device, result))
            problems += [(device.name, problem) for problem in result.problems]
        else:
            problems.append((device.name, Problem("", 0, result.strerror or str(result))))
    return Listing(
        devices=tuple(devices.found),
        known=known,
        choices=choices(scans, [device.volume for device in known]),
        problems=tuple(problems),
    )


Results = Iterator[tuple[Device, Scan | OSError]]


def _read_directories(found: Sequence[Device], known: Sequence[Device], machine: str) -> Results:
    """Here and now: what a person has in a directory needs no sandbox and no root rights."""
    from parsers import formats
    from petipy.files import TreeFiles
    from petipy.scan import scan_tree

    nodes = {device.name: device.node for device in known}
    volumes = [device.volume for device in known]

    def opener(name: str) -> int | None:
        try:
            return os.open(nodes[name], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None

    for device in found:
        try:
            files = TreeFiles(device.node, device.volume, volumes, machine, opener)
        except OSError as error:
            yield device, error
            continue
        try:
            yield device, scan_tree(files, formats())
        finally:
            files.close()


def _mount_and_scan(found: Sequence[Device], known: Sequence[Device], machine: str) -> Results:
    """In the sandbox, as on the machine itself: a stranger's file system goes into the kernel."""
    import asyncio

    from petipy.sandbox import Scanner

    scanner = Scanner.start(own_machine=False)

    async def scan(device: Device) -> Scan | OSError:
        others = [other for other in known if other.name != device.name]
        try:
            return await scanner.scan(device, others, machine, PATIENCE)
        except OSError as error:
            return error

    async def scan_all() -> list[Scan | OSError]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(scan(device)) for device in found]
        return [task.result() for task in tasks]

    try:
        yield from zip(found, asyncio.run(scan_all()), strict=True)
    finally:
        scanner.close()


def _json(listing: Listing) -> str:
    default = listing.default
    timeout = default.timeout if default else None
    answer = {
        "entries": [_entry(choice, listing) for choice in listing.choices],
        "problems": [
            {"device": device, "config": p.config, "line": p.line, "message": p.message}
            for device, p in listing.problems
        ],
        "default": default.id if default else None,
        "timeout": None if timeout == math.inf else timeout,
    }
    return json.dumps(answer, indent=1) + "\n"


def _entry(choice: Choice, listing: Listing) -> dict[str, Any]:
    entry = choice.entry

    def file(ref: FileRef) -> dict[str, str]:
        """Where it is; the configuration's own words for a device that is not there."""
        if ref.url:
            return {"url": ref.url}
        volume = find(ref.device, [device.volume for device in listing.known])
        name = volume.name if volume else ref.device or choice.device
        return {"device": name, "path": ref.path}

    def effect(effect: Effect) -> dict[str, Any]:
        renamed = {"rename": effect.rename} if effect.rename else {}
        return {"file": file(effect.file), "values": dict(effect.values)} | renamed

    refs = [ref for ref in (entry.kernel, *entry.initrds, entry.devicetree) if ref]
    files = {f"({f['device']}){f['path']}": f for f in map(file, refs) if "path" in f}
    return {
        "id": choice.id,
        "title": entry.title,
        "trail": list(entry.trail),
        "format": choice.format,
        "device": choice.device,
        "config": entry.config,
        "line": entry.line,
        "kernel": file(entry.kernel) if entry.kernel else None,
        "initrds": [file(ref) for ref in entry.initrds],
        "devicetree": file(entry.devicetree) if entry.devicetree else None,
        "cmdline": entry.cmdline,
        "default": entry.default,
        "effects": [effect(e) for e in entry.effects],
        "missing": [files[name] for name in choice.missing],
        "waits_for": choice.waits_for or None,
        "action": entry.action or None,
        "hotkey": entry.hotkey or None,
        "classes": list(entry.classes),
        "users": None if entry.users is None else list(entry.users),
        "hidden": entry.hidden,
    }


def _text(listing: Listing) -> str:
    return "".join(f"{safe(line)}\n" for line in _lines(listing))


def _lines(listing: Listing) -> Iterator[str]:
    default = listing.default
    for device in listing.devices:
        yield device.title
        mine = [choice for choice in listing.choices if choice.device == device.name]
        if not mine:
            yield "  nothing to boot"
        for choice in mine:
            yield from _choice(choice, choice is default)
        yield ""
    if default and default.timeout is not None:
        wait = default.timeout
        yield "waits for a person" if wait == math.inf else f"boots * after {wait:g} seconds"
    for name, problem in listing.problems:
        place = f"({name}){problem.config}:{problem.line}" if problem.line else name
        yield f"{place}: {problem.message}"


def _choice(choice: Choice, default: bool) -> Iterator[str]:
    entry = choice.entry
    yield f"{'*' if default else ' '} {' > '.join((*entry.trail, entry.title))}"
    yield f"    from      {entry.config}:{entry.line} ({choice.format})"
    refs = [("kernel", entry.kernel), *(("initrd", ref) for ref in entry.initrds)]
    for name, ref in (*refs, ("devicetree", entry.devicetree)):
        if ref:
            yield f"    {name:<10}{_shown(ref)}"
    if entry.cmdline:
        yield f"    cmdline   {entry.cmdline}"
    for effect in entry.effects:
        words = [
            f"{key}={value}" if value is not None else f"no {key}" for key, value in effect.values
        ]
        words += [f"renamed to {effect.rename}"] if effect.rename else []
        yield f"    writes    {_shown(effect.file)}: {', '.join(words)}"
    if choice.obstacle:
        yield f"    ! {choice.obstacle}"


def _shown(ref: FileRef) -> str:
    return ref.url or (f"({ref.device}){ref.path}" if ref.device else ref.path)


def safe(text: str) -> str:
    """For a terminal: what a disk's titles and names say cannot command it."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode-escape", "surrogatepass").decode("ascii")


def _write(text: str) -> int:
    """0, or 1 when nobody listens."""
    try:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
