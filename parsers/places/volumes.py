"""Volumes by any name in a configuration, and the names of files as other volumes see them.

name = tag, "=", [ mark ], value, [ mark ] | "/dev/disk/by-", tag, "/", escaped value
     | "/dev/", name of udev | firmware path, [ ":", digits ] | volume, ":", path of an image ;
tag  = "UUID" | "LABEL" | "PARTUUID" | "PARTLABEL" ;
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from parsers.api import Entry, FileRef, Origin, Volume
from parsers.places.references import move_references

# UUID=…, or udev's link for it. Many files have quotation marks around the value.
_TAG = re.compile(r"(UUID|LABEL|PARTUUID|PARTLABEL)=(.*)", re.I | re.S)
_LINK = re.compile(r"/dev/disk/by-(uuid|label|partuuid|partlabel)/(.*)", re.S)
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")
# Open Firmware: a path through the device tree, then the partition (decimal) after a colon.
_FIRMWARE = re.compile(r"(/[^:]*)(?::(\d{0,9})(?:,.*)?)?", re.S)
_DEEPEST = 8  # images within images, for a search
# GRUB's block list of a device: FIRST+COUNT, and further pairs after commas.
BLOCKS = re.compile(r"(?:\(([^()]*)\))?(?:[0-9]*\+[0-9]+,?)+")

_WORDS = {
    "uuid": "the file system with UUID",
    "label": "the file system labelled",
    "partuuid": "the partition with UUID",
    "partlabel": "the partition labelled",
}


def find(spec: str, volumes: Sequence[Volume]) -> Volume | None:
    """Return the first volume that `spec` means, or None.

    `spec` is UUID=, LABEL=, PARTUUID= or PARTLABEL= (with or without quotation marks),
    /dev/disk/by-…, /dev/NAME, /dev/mapper/NAME, /dev/GROUP/VOLUME, /dev/md/NAME, the kernel's bare
    name, an Open Firmware path such as /pci@8…/scsi@3/disk@0:2, or the name of an image (`image`).
    """
    spec = _strip_marks(spec)
    if tag := _tag(spec):
        return _find_tagged(*tag, volumes)
    name = spec.removeprefix("/dev/")
    for volume in volumes:
        if name and (volume.name == name or (name != spec and name in _links(volume))):
            return volume
    if spec.startswith("/") and name == spec and (match := _FIRMWARE.fullmatch(spec)):
        return _find_firmware_path(match[1], int(match[2] or 0), volumes)
    return image(spec, volumes)


def _links(volume: Volume) -> Iterator[str]:
    """Yield the volume's other names below /dev."""
    if volume.mapped:
        yield f"mapper/{volume.mapped}"
        yield f"disk/by-id/dm-name-{volume.mapped}"
    if volume.lvm:
        yield volume.lvm
    if volume.md:
        yield f"md/{volume.md}"
    if volume.md_uuid:
        yield f"disk/by-id/md-uuid-{volume.md_uuid}"
    yield from volume.udev_links.split()


def image(name: str, volumes: Sequence[Volume]) -> Volume | None:
    """Return the volume in an image file, named VOLUME:/PATH, or None without such a VOLUME.

    The image need not be among `volumes`, and the file need not exist: opening it will tell.
    """
    hosts = [volume for volume in volumes if name.startswith(f"{volume.name}:/")]
    if not hosts:
        return None
    # An image may lie in an image: the longest name is the innermost.
    host = max(hosts, key=lambda volume: len(volume.name))
    return Volume(name=name, disk=host.name, image=name[len(host.name) + 1 :])


def image_name(host: Volume, path: str) -> str:
    """Return the name of the volume in the image file at `path` on `host`."""
    return f"{host.name}:{path}"


def on_volume(name: str, path: str) -> str:
    """Return the name of another volume's file in an Entry or a Problem: (VOLUME)/PATH."""
    return path if path.startswith("(") else f"({name}){path}"


def rename_files(entry: Entry, there: str, here: str) -> Entry:
    """Return an entry of the volume `there` with file names as seen from the volume `here`."""

    def rename(ref: FileRef) -> FileRef:
        device = ref.device or there
        return replace(ref, device="" if device == here else device)

    def rename_origins(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
        return tuple(replace(o, config=on_volume(there, o.config)) for o in origins)

    if there == here:
        return entry
    return replace(
        move_references(entry, rename),
        config=on_volume(there, entry.config),
        origins=rename_origins(entry.origins),
        default_from=rename_origins(entry.default_from),
    )


# A name of a volume, after the sort of name: ("uuid", "1234-abcd"), ("link", "mapper/vg-root").
Name = tuple[str, str]


def list_names(volume: Volume) -> Iterator[Name]:
    """Yield every name that `find` knows the volume by, for an index of many volumes."""
    for kind in _WORDS if not volume.image else ():
        if value := getattr(volume, kind):
            yield kind, _fold(kind, value)
    yield "name", volume.name
    for link in _links(volume):
        yield "link", link
    if path := volume.firmware_path.rstrip("/:").lower():
        yield "firmware", f"{path}:{volume.partition}"


def list_searches(spec: str) -> Iterator[tuple[tuple[Name, ...], str]]:
    """Yield the searches that `find` makes one after the other until one has a result.

    Each has names, and the result is the first volume that has any of them. With a text beside
    them, these are names of a volume that may hold an image, and the text is the image's own.
    """
    spec = _strip_marks(spec)
    if tag := _tag(spec):
        if tag[1]:
            yield ((tag[0], _fold(*tag)),), ""
        return
    if name := spec.removeprefix("/dev/"):
        yield (("name", name), ("link", name)) if name != spec else (("name", name),), ""
    match = _FIRMWARE.fullmatch(spec) if name == spec else None
    if match and (path := match[1].rstrip("/").lower()):
        yield (("firmware", f"{path}:{int(match[2] or 0)}"),), ""
    # Each one is as long as the text before it: a text of 40 kB could take 400 MB.
    if hosts := [spec[: m.start()] for m in islice(re.finditer(":/", spec), _DEEPEST)]:
        yield tuple(("name", host) for host in hosts), spec


def make_index(volumes: Iterable[Volume]) -> Callable[[str], str | None]:
    """Return a function that gives the name of the volume that `find` finds among these.

    A search costs the same however many volumes there are.
    """
    known: dict[Name, tuple[int, str]] = {}  # the first volume with the name, by its number
    for number, volume in enumerate(volumes):
        for name in list_names(volume):
            known.setdefault(name, (number, volume.name))

    def search(spec: str) -> str | None:
        for names, inner in list_searches(spec):
            if found := min((known[name] for name in names if name in known), default=None):
                return inner or found[1]
        return None

    return search


def describe(spec: str) -> str:
    """Return words for the volume that `spec` means: "the file system with UUID 1234"."""
    spec = _strip_marks(spec)
    if tag := _tag(spec):
        kind, value = tag
        return f"{_WORDS[kind]} {value}"
    if spec.startswith("/") and not spec.startswith("/dev/"):
        return f"the firmware's device {spec}"
    if ":/" in spec:
        host, _, path = spec.partition(":/")
        return f"the file /{path} on the device {host}"
    return f"the device {spec.removeprefix('/dev/')}"


def describe_loader(name: str, root: str) -> str:
    """Return words for the target of GRUB's chainloader: a file, or blocks of a device.

    The device is `root` if the block list names none.
    """
    if not (blocks := BLOCKS.fullmatch(name)):
        return f"another boot loader ({name})" if name else "another boot loader"
    device = blocks[1] or root
    return f"the boot sector of ({device})" if device else "a boot sector"


def _strip_marks(spec: str) -> str:
    spec = spec.strip()
    if len(spec) > 1 and spec[0] == spec[-1] and spec[0] in "\"'":
        spec = spec[1:-1]
    return spec


def _tag(spec: str) -> tuple[str, str] | None:
    if match := _TAG.fullmatch(spec):
        return match[1].lower(), _strip_marks(match[2])
    if match := _LINK.fullmatch(spec):
        # udev writes a byte that cannot stand in a file name as \xHH.
        raw = match[2].encode("utf-8", "surrogateescape")
        raw = _ESCAPED.sub(lambda m: bytes.fromhex(m[1].decode()), raw)
        return match[1], raw.decode("utf-8", "surrogateescape")
    return None


def _find_tagged(kind: str, value: str, volumes: Sequence[Volume]) -> Volume | None:
    value = _fold(kind, value)
    for volume in volumes:
        if value and not volume.image and _fold(kind, getattr(volume, kind)) == value:
            return volume
    return None


def _fold(kind: str, value: str) -> str:
    """Return a tag's value as it is compared: a UUID in small letters."""
    return value.lower() if kind.endswith("uuid") else value


def _find_firmware_path(path: str, partition: int, volumes: Sequence[Volume]) -> Volume | None:
    path = path.rstrip("/").lower()
    for volume in volumes:
        known = volume.firmware_path.rstrip("/:").lower()
        if known and known == path and volume.partition == partition:
            return volume
    return None
