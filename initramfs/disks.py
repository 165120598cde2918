"""Make disk images without root rights and without loop devices."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import run, tool

MIB = 1 << 20
FIRST = 8  # MiB: start of the partition with the file system
# GPT's types of partitions: the boot partition that PowerPC firmware looks for, and Linux.
PREP = "9e1a2d38-c612-4316-aa26-8b49521e5a8b"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@dataclass(frozen=True)
class Names:
    """The names of a file system."""

    uuid: str
    label: str = ""

    @staticmethod
    def new(label: str = "") -> "Names":
        return Names(str(uuid.uuid4()), label)


def disk(image: Path, tree: Path, names: Names, prep: bytes = b"") -> Path:
    """Write a GPT disk: a PReP boot partition that holds `prep`, and the directory as ext4.

    The file is sparse. It appears only when it is complete.
    """
    room = _size(tree)
    part = _create(image, FIRST + room + 1)
    layout = "label: gpt\n"
    layout += f"start={MIB // 512}, size={(FIRST - 1) * MIB // 512}, type={PREP}\n"
    layout += f"start={FIRST * MIB // 512}, size={room * MIB // 512}, type={LINUX}\n"
    run([tool("sfdisk") or "sfdisk", "-q", part], feed=layout.encode())
    with part.open("r+b") as file:
        file.seek(MIB)
        file.write(prep)
    _make_ext4(part, tree, names, FIRST, room)
    return part.replace(image)


def bare(image: Path, tree: Path, names: Names) -> Path:
    """Write a disk without partitions: the directory as ext4."""
    room = _size(tree)
    part = _create(image, room)
    _make_ext4(part, tree, names, 0, room)
    return part.replace(image)


def _size(tree: Path) -> int:
    """Return the MiB that an ext4 file system needs for the directory, with room to spare."""
    total = sum(path.lstat().st_size for path in tree.rglob("*"))
    return total * 11 // 10 // MIB + 24


def _create(image: Path, size: int) -> Path:
    """Create an empty file of `size` MiB beside the image."""
    image.parent.mkdir(parents=True, exist_ok=True)
    part = image.with_suffix(".part")
    with part.open("wb") as file:
        file.truncate(size * MIB)
    return part


def _make_ext4(image: Path, tree: Path, names: Names, start: int, room: int) -> None:
    """Fill `room` MiB from `start` MiB on."""
    options = f"-q -F -m 0 -U {names.uuid} -E offset={start * MIB},root_owner=0:0"
    labelled = ["-L", names.label] if names.label else []
    mkfs = tool("mkfs.ext4") or "mkfs.ext4"
    run([mkfs, *options.split(), *labelled, "-d", tree, image, f"{room}M"])
