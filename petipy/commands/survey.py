"""Surveys of directories, disk images, block devices, and machines in a file."""

import argparse
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from parsers.api import DIALECTS, Format, Problem, Volume
from petipy.commands.base import BadUsage
from petipy.commands.targets import SETTABLE, OpenDevices, Target
from petipy.commands.trees import (
    Trees,
    explain,
    is_readable,
    open_images,
    open_trees,
)
from petipy.machinefile.machine import Machine
from petipy.machinefile.read import BadMachine, load
from petipy.scan.images import image_device
from petipy.state.model import (
    DISK,
    NETWORK,
    Choice,
    Device,
    Scan,
)
from petipy.state.resolve import choices
from petipy.state.survey import Survey, list_guards

if TYPE_CHECKING:
    from petipy.sandbox.client import Scanner

PATIENCE = 60.0  # seconds for one device; a person waits, but the disk may be slow

EPILOG = """Directories and ISO files need no rights; disk images and block devices need root.
Without PATH, --device and a machine file: all block devices for root, else the running system's
/."""


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a device and states its facts."""
    parser.add_argument(
        "--device",
        metavar="NAME=PATH[,uuid=U]…",
        action="append",
        default=[],
        help=f"one more, under this name; may be repeated. Words: {', '.join(sorted(SETTABLE))}",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to survey."""
    add_device(parser)
    parser.add_argument(
        "--machine",
        metavar="FILE|NAME",
        action="append",
        default=[],
        help="a machine file, as `petipy capture` writes it; or what uname says: ppc64le, x86_64 …"
        " (default: this machine's)",
    )


def add_dialect(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses a dialect of GRUB's language."""
    parser.add_argument(
        "--dialect",
        choices=DIALECTS,
        help="whose GRUB a grub.cfg is for (default: as it looks)",
    )


def survey(options: argparse.Namespace, paths: Sequence[str]) -> Survey:
    """Find everything that can be booted. BadUsage for a request that makes no sense."""
    return survey_dialects(options, paths, (options.dialect,))[0]


def survey_dialects(
    options: argparse.Namespace, paths: Sequence[str], dialects: Sequence[str | None]
) -> list[Survey]:
    """Survey the same devices once for each dialect."""
    files = [word for word in options.machine if is_file(word)]
    names = [word for word in options.machine if not is_file(word)]
    if len(files) > 1 or len(names) > 1:
        raise BadUsage("--machine takes one file and one name")
    name = names[0] if names else ""
    if files:
        if paths or options.device:
            raise BadUsage("a machine file has its own devices: no PATH and no --device")
        machine = load_machine(files[0])
        return [replay(machine, name, dialect) for dialect in dialects]
    with closing(open_devices(paths, options.device)) as devices:
        return [
            _survey_devices(devices, name or os.uname().machine, dialect) for dialect in dialects
        ]


def is_file(word: str) -> bool:
    """Return True if --machine names a file, not a machine as uname prints it."""
    return "/" in word or word.endswith(".json") or Path(word).is_file()


def load_machine(path: str) -> Machine:
    """Read a machine file. BadUsage if it cannot be read or describes no machine."""
    try:
        return load(path)
    except OSError as error:
        raise BadUsage(f"{path}: {error.strerror}") from None
    except BadMachine as error:
        raise BadUsage(f"{path}: {error}") from None


def open_devices(paths: Sequence[str], named: Sequence[str] = ()) -> OpenDevices:
    """Open the devices that the paths and NAME=PATH… mean, else those of this machine.

    The caller closes the result.
    """
    targets = [*map(Target.of_path, paths), *map(Target.parse, named)]
    devices = OpenDevices()
    try:
        for target in targets:
            devices.add(target)
        if not targets and os.geteuid() == 0:
            devices.add_all_disks()
        if not targets and not devices.found:
            devices.failures.clear()  # in a container not even root may read a disk
            devices.add_live_root()
    except BaseException:
        devices.close()
        raise
    return devices


def replay(machine: Machine, name: str = "", dialect: str | None = None) -> Survey:
    """Scan the devices of a machine in a file.

    The device with the machine's configuration comes first, unless the file keeps their order.
    """
    from petipy.scan.tree import scan_tree

    name = name or machine.name or os.uname().machine
    scans = list(_replay_devices(machine, name, dialect))
    problems = [(device.name, p) for device, scan in scans for p in scan.problems]
    for device in _list_images(scans):
        if device.name not in machine.trees:
            words = "what is in it was not captured"
            problems.append((device.volume.disk, Problem(device.volume.image, 0, words)))
            continue
        machine = machine.with_volume(device.volume)
        scan = scan_tree(machine.files(device.name, name), choose_formats(dialect=dialect))
        scans.append((device, scan))
        problems += [(device.name, problem) for problem in scan.problems]
    found = tuple(device for device, _ in scans)
    return Survey(
        devices=found,
        known=found,
        choices=choices(scans, machine.volumes),
        guards=list_guards(scans),
        foreign=_foreign(scans, machine.volumes),
        problems=tuple(problems),
    )


def _replay_devices(
    machine: Machine, name: str, dialect: str | None
) -> Iterator[tuple[Device, Scan]]:
    """Scan all devices but images. Images follow when their disk has been scanned."""
    from petipy.scan.lease import scan_lease
    from petipy.scan.tree import scan_tree

    order = sorted(machine.volumes, key=lambda v: v.name != machine.root and not machine.captured)
    for volume in (volume for volume in order if not volume.image):
        lease = machine.leases.get(volume.name)
        title = machine.titles.get(volume.name) or _title(volume, lease)
        kind = DISK if lease is None else NETWORK
        device = Device(volume=volume, node="", kind=kind, title=title)
        config = machine.config if volume.name == machine.root else ""
        formats, files = choose_formats(config, dialect), machine.files(volume.name, name)
        yield device, (scan_tree if lease is None else scan_lease)(files, formats)


def _list_images(scans: Sequence[tuple[Device, Scan]]) -> list[Device]:
    return [image_device(device, image) for device, scan in scans for image in scan.images]


def _title(volume: Volume, lease: Mapping[str, str] | None) -> str:
    facts = [volume.fs, volume.label and f"label {volume.label}"]
    if lease is not None:
        facts = ["network", lease.get("ip", ""), lease.get("mac", "")]
    words = ", ".join(fact for fact in facts if fact)
    return f"{volume.name}: {words}" if words else volume.name


def choose_formats(config: str = "", dialect: str | None = None) -> Sequence[Format]:
    """Return all formats.

    Those with `any_path` also read the configuration at `config`; those with dialects read one.
    """
    from parsers.formats import formats

    def adapt(form: Format) -> Format:
        form = form.in_dialect(dialect or "")
        known = not (config and form.any_path) or config in form.paths
        return form if known else replace(form, paths=(config, *form.paths))

    return [adapt(form) for form in formats()]


def _survey_devices(devices: OpenDevices, machine: str, dialect: str | None) -> Survey:
    known = (*devices.found, *devices.others)
    problems = [(name, Problem("", 0, why)) for name, why in devices.failures]
    scans: list[tuple[Device, Scan]] = []
    formats = partial(choose_formats, dialect=dialect)

    def take(results: Results) -> None:
        for device, result in results:
            if isinstance(result, Scan):
                scans.append((device, result))
                problems.extend((device.name, problem) for problem in result.problems)
            else:
                problems.append((device.name, Problem("", 0, result.strerror or str(result))))

    if devices.are_directories:
        take(_scan_here(open_trees(devices.found, known, machine), formats))
    else:
        take(_mount_and_scan(devices.found, known, machine, formats))
    images = _list_images(scans)
    ours = [d for d in images if devices.are_directories and is_readable(d.volume)]
    others = [d for d in images if d not in ours]
    take(_scan_here(open_images(ours, known, machine), formats))
    if os.geteuid() == 0:
        take(_mount_and_scan(others, known, machine, formats) if others else iter(()))
    else:
        problems += [(d.volume.disk, Problem(d.volume.image, 0, explain(d))) for d in others]
        images = ours
    return make_survey((*devices.found, *images), scans, problems, (*known, *images))


def make_survey(
    devices: Sequence[Device],
    scans: Sequence[tuple[Device, Scan]],
    problems: Sequence[tuple[str, Problem]],
    known: Sequence[Device] | None = None,
) -> Survey:
    """Return what the scans of the devices found. `known` are the devices that are there."""
    known = devices if known is None else known
    volumes = [device.volume for device in known]
    return Survey(
        devices=tuple(devices),
        known=tuple(known),
        choices=choices(scans, volumes),
        guards=list_guards(scans),
        foreign=_foreign(scans, volumes),
        problems=tuple(problems),
    )


def _foreign(scans: Sequence[tuple[Device, Scan]], volumes: Sequence[Volume]) -> tuple[Choice, ...]:
    return tuple(c for c in choices(scans, volumes, foreign=True) if c.entry.foreign)


Results = Iterator[tuple[Device, Scan | OSError]]
Formats = Callable[[], Sequence[Format]]
_Answer = TypeVar("_Answer")


def _scan_here(trees: Trees, formats: Formats) -> Results:
    """Scan in this process: a person's own directory needs no sandbox and no root."""
    from petipy.scan.files import TreeFiles
    from petipy.scan.tree import scan_tree

    for device, files in trees:
        if isinstance(files, OSError):
            yield device, files
            continue
        scan = scan_tree(files, formats())
        unread = files.unread() if isinstance(files, TreeFiles) else ()
        yield device, replace(scan, problems=(*scan.problems, *unread))


def _mount_and_scan(
    found: Sequence[Device], known: Sequence[Device], machine: str, formats: Formats
) -> Results:
    def scan(scanner: "Scanner", device: Device, others: Sequence[Device]) -> Awaitable[Scan]:
        return scanner.scan(device, others, machine, PATIENCE)

    return ask_sandbox(found, known, formats, scan)


def ask_sandbox(
    found: Sequence[Device],
    known: Sequence[Device],
    formats: Formats,
    ask: "Callable[[Scanner, Device, Sequence[Device]], Awaitable[_Answer]]",
) -> Iterator[tuple[Device, _Answer | OSError]]:
    """Ask the sandbox about devices: their file systems are a stranger's and enter the kernel.

    `ask` gets the scanner, a device, and the other devices that it may refer to.
    """
    import asyncio

    from petipy.sandbox.client import Scanner

    scanner = Scanner.start(formats, own_machine=False)

    async def answer(device: Device) -> _Answer | OSError:
        others = [other for other in known if other.name != device.name]
        try:
            return await ask(scanner, device, others)
        except OSError as error:
            return error

    async def answers() -> list[_Answer | OSError]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(answer(device)) for device in found]
        return [task.result() for task in tasks]

    try:
        yield from zip(found, asyncio.run(answers()), strict=True)
    finally:
        scanner.close()
