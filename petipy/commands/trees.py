"""Trees that commands read in their own process: directories, and ISO files in them."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from parsers.api import Files, Host, Volume
from parsers.places.volumes import image
from petipy.state.model import Device

if TYPE_CHECKING:
    from petipy.scan.files import TreeFiles

Trees = Iterator[tuple[Device, Files | OSError]]
_READABLE = ("iso9660",)  # file systems of images that are read without the right to mount


def is_readable(volume: Volume) -> bool:
    """Return True if the image of this volume can be read without the right to mount it."""
    return volume.fs in _READABLE


def explain(device: Device) -> str:
    """Return the reason why another user than root cannot look into an image."""
    return f"only root can look into it: it holds {device.volume.fs}"


def open_trees(found: Sequence[Device], known: Sequence[Device], machine: str) -> Trees:
    """Open directories and ISO files. Each is closed when the next one is asked for."""
    from petipy.platforms import read_firmware
    from petipy.scan.files import TreeFiles
    from petipy.scan.iso9660 import IsoFiles

    nodes = {device.name: device.node for device in known}
    volumes = [device.volume for device in known]

    def opener(name: str) -> list[int] | None:
        try:
            return [os.open(nodes[name], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
        except (KeyError, OSError):  # KeyError: a file on one of them
            return None

    for device in found:
        # Any other directory may be another machine's.
        known_firmware = read_firmware(machine if device.node == "/" else "")
        host = Host(machine=machine, volumes=volumes, firmware=known_firmware)
        try:
            if not Path(device.node).is_dir():
                with Path(device.node).open("rb", buffering=0) as disc:
                    yield device, IsoFiles(partial(_read, disc.fileno()), device.volume, host)
                continue
            files = TreeFiles(device.node, device.volume, host, opener, part=device.part)
        except OSError as error:
            yield device, error
            continue
        with closing(files):
            _open_images_in(files)
            yield device, files


def _read(descriptor: int, offset: int, length: int) -> bytes:
    return os.pread(descriptor, length, offset)


def open_images(found: Sequence[Device], known: Sequence[Device], machine: str) -> Trees:
    """Open images in known directories, as `open_trees` does."""
    for device in found:
        hosts = [host for host in known if host.name == device.volume.disk]
        for _, files in open_trees(hosts, known, machine):
            inner = None if isinstance(files, OSError) else files.host.on(device.name)
            yield device, inner or OSError(errno.EPERM, explain(device))


def _open_images_in(files: "TreeFiles") -> None:
    """Let `host.on` open images too, each once."""
    from parsers.binary.superblock import identify
    from petipy.scan.iso9660 import IsoFiles

    on, opened = files.host.on, dict[str, Files | None]()

    def find(name: str) -> Files | None:
        if name not in opened:
            opened[name] = on(name) or open_image(name)
        return opened[name]

    def open_image(name: str) -> Files | None:
        volume = image(name, files.host.volumes)
        tree = find(volume.disk) if volume else None
        if volume is None or tree is None:
            return None

        def read(offset: int, length: int) -> bytes:
            return tree.piece(volume.image, offset, length)

        known = identify(read)
        if known is None or known.kind not in _READABLE:
            return None
        about = replace(volume, fs=known.kind, uuid=known.uuid, label=known.label)
        return IsoFiles(read, about, files.host)

    files.host = replace(files.host, on=find)
