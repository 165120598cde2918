"""Image files on a disk, such as ISO files, each a device of its own. Pure over `Files`."""

from collections.abc import Iterator
from posixpath import basename

from parsers.api import Files, Problem, Volume
from parsers.binary.superblock import identify
from parsers.places.volumes import image_name
from petipy.scan.subvolumes import subvolumes
from petipy.state.model import IMAGE, Device, Image
from petipy.state.sizes import format_size

MOST = 32  # of a file system
_DIRECTORIES = {"iso", "isos", "images", "boot"}  # in any case
_IN_BOOT = _DIRECTORIES - {"boot"}


def images(files: Files) -> Iterator[Image | Problem]:
    """Find the ISO files where people put them: /, /iso, /isos, /images, and the same in /boot."""
    seen: set[tuple[str, int]] = set()
    for path in _paths(files):
        # A file with the same name and size is a link or a copy: one of them suffices.
        key = basename(path).lower(), files.size(path)
        if key in seen:
            continue
        if len(seen) == MOST:
            yield Problem(path, 0, f"more than {MOST} ISO files: this and the rest are left out")
            return
        seen.add(key)
        yield _image(files, path)


def image_volume(host: Volume, image: Image) -> Volume:
    """Return the image's volume, named as parsers.places.volumes.image does, with all its facts."""
    return Volume(
        name=image_name(host, image.path),
        uuid=image.uuid,
        label=image.label,
        fs=image.fs,
        disk=host.name,
        image=image.path,
    )


def image_device(host: Device, image: Image) -> Device:
    """Return the image as a device, which has no node."""
    volume = image_volume(host.volume, image)
    label = f", label {volume.label}" if volume.label else ""
    title = f"{volume.name}: {format_size(image.size)} {volume.fs}{label}"
    return Device(volume=volume, node="", kind=IMAGE, title=title)


def _paths(files: Files) -> Iterator[str]:
    for directory in _directories(files):
        for name in files.names(directory or "/"):
            path = f"{directory}/{name}"
            if name.lower().endswith(".iso") and files.kind(path) == "file":
                yield path


def _directories(files: Files) -> Iterator[str]:
    for root in ("", *subvolumes(files)):
        yield root
        for name in files.names(root or "/"):
            if name.lower() in _DIRECTORIES:
                yield f"{root}/{name}"
            if name.lower() == "boot":
                below = files.names(f"{root}/{name}")
                yield from (f"{root}/{name}/{n}" for n in below if n.lower() in _IN_BOOT)


def _image(files: Files, path: str) -> Image | Problem:
    found = identify(lambda offset, length: files.piece(path, offset, length))
    if found is None:
        return Problem(path, 0, "no file system that is known is in it; is it whole?")
    return Image(
        path=path, size=files.size(path), fs=found.kind, uuid=found.uuid, label=found.label
    )
