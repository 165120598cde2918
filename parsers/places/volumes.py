"""A volume by any name that a configuration may give it, and files as another volume names them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from parsers.api import Entry, FileRef, Origin, Volume

# UUID=…, or the link that udev makes of it. The value is quoted in many files.
_TAG = re.compile(r"(UUID|LABEL|PARTUUID|PARTLABEL)=(.*)", re.I | re.S)
_LINK = re.compile(r"/dev/disk/by-(uuid|label|partuuid|partlabel)/(.*)", re.S)
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")
# Open Firmware: a path through the device tree, then the partition (decimal) after a colon.
_FIRMWARE = re.compile(r"(/[^:]*)(?::(\d{0,9})(?:,.*)?)?", re.S)
# GRUB's list of a device's blocks: FIRST+COUNT, and more.
BLOCKS = re.compile(r"(?:\(([^()]*)\))?(?:[0-9]*\+[0-9]+,?)+")

_WORDS = {
    "uuid": "the file system with UUID",
    "label": "the file system labelled",
    "partuuid": "the partition with UUID",
    "partlabel": "the partition labelled",
}


def find(spec: str, volumes: Sequence[Volume]) -> Volume | None:
    """The first volume that `spec` means; None when no volume of these is meant.

    Takes UUID=, LABEL=, PARTUUID= and PARTLABEL= (quoted or not), /dev/disk/by-…, /dev/NAME,
    /dev/mapper/NAME, /dev/GROUP/VOLUME, /dev/md/NAME, the kernel's bare name, and Open Firmware
    paths such as /pci@8…/scsi@3/disk@0:2. An image has a name alone: see `image`.
    """
    spec = _unquoted(spec)
    if tag := _tag(spec):
        return _tagged(*tag, volumes)
    name = spec.removeprefix("/dev/")
    for volume in volumes:
        if name and (volume.name == name or (name != spec and name in _links(volume))):
            return volume
    if spec.startswith("/") and name == spec and (match := _FIRMWARE.fullmatch(spec)):
        return _in_firmware(match[1], int(match[2] or 0), volumes)
    return image(spec, volumes)


def _links(volume: Volume) -> Iterator[str]:
    """What else udev calls it below /dev."""
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
    """The volume in a file that is called VOLUME:/PATH; None when there is no such volume.

    It need not be among `volumes`, nor does the file need to be there: whoever opens it will see.
    """
    hosts = [volume for volume in volumes if name.startswith(f"{volume.name}:/")]
    if not hosts:
        return None
    host = max(hosts, key=lambda volume: len(volume.name))  # an image in an image, if there is one
    return Volume(name=name, disk=host.name, image=name[len(host.name) + 1 :])


def image_name(host: Volume, path: str) -> str:
    """What the volume is called that is in the file at `path` on `host`."""
    return f"{host.name}:{path}"


def on_volume(name: str, path: str) -> str:
    """A file of another volume, as an Entry or a Problem names it."""
    return path if path.startswith("(") else f"({name}){path}"


def seen_from(entry: Entry, there: str, here: str) -> Entry:
    """An entry of the volume `there`, its files named as a configuration on `here` names them."""

    def moved(ref: FileRef) -> FileRef:
        device = ref.device or there
        return replace(ref, device="" if device == here else device)

    def named(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
        return tuple(replace(o, config=on_volume(there, o.config)) for o in origins)

    if there == here:
        return entry
    return replace(
        entry,
        config=on_volume(there, entry.config),
        kernel=moved(entry.kernel) if entry.kernel else None,
        initrds=tuple(map(moved, entry.initrds)),
        origins=named(entry.origins),
        default_from=named(entry.default_from),
    )


def describe(spec: str) -> str:
    """What a person calls the volume that `spec` means: "the file system with UUID 1234"."""
    spec = _unquoted(spec)
    if tag := _tag(spec):
        kind, value = tag
        return f"{_WORDS[kind]} {value}"
    if spec.startswith("/") and not spec.startswith("/dev/"):
        return f"the firmware's device {spec}"
    if ":/" in spec:
        host, _, path = spec.partition(":/")
        return f"the file /{path} on the device {host}"
    return f"the device {spec.removeprefix('/dev/')}"


def loader(name: str, root: str) -> str:
    """What GRUB's chainloader starts, as a person says it: a file, or blocks of a device, `root` if
    it names none."""
    if not (blocks := BLOCKS.fullmatch(name)):
        return f"another boot loader ({name})" if name else "another boot loader"
    device = blocks[1] or root
    return f"the boot sector of ({device})" if device else "a boot sector"


def _unquoted(spec: str) -> str:
    spec = spec.strip()
    if len(spec) > 1 and spec[0] == spec[-1] and spec[0] in "\"'":
        spec = spec[1:-1]
    return spec


def _tag(spec: str) -> tuple[str, str] | None:
    if match := _TAG.fullmatch(spec):
        return match[1].lower(), _unquoted(match[2])
    if match := _LINK.fullmatch(spec):
        # udev writes what cannot stand in a file name as \xHH, byte by byte.
        raw = match[2].encode("utf-8", "surrogateescape")
        raw = _ESCAPED.sub(lambda m: bytes.fromhex(m[1].decode()), raw)
        return match[1], raw.decode("utf-8", "surrogateescape")
    return None


def _tagged(kind: str, value: str, volumes: Sequence[Volume]) -> Volume | None:
    fold = str.lower if kind.endswith("uuid") else str
    for volume in volumes:
        if value and not volume.image and fold(getattr(volume, kind)) == fold(value):
            return volume
    return None


def _in_firmware(path: str, partition: int, volumes: Sequence[Volume]) -> Volume | None:
    path = path.rstrip("/").lower()
    for volume in volumes:
        known = volume.firmware_path.rstrip("/:").lower()
        if known and known == path and volume.partition == partition:
            return volume
    return None
