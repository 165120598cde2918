"""Disk images as machines have them, made without root rights and without loop devices."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import run, tool

MIB = 1 << 20
FIRST = 8  # MiB: where the file system's partition begins
PREP = "9e1a2d38-c612-4316-aa26-8b49521e5a8b"  # what firmware looks for on PowerPC
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@dataclass(frozen=True)
class Names:
    """By what a file system is known."""

    uuid: str
    label: str = ""

    @staticmethod
    def new(label: str = "") -> "Names":
        return Names(str(uuid.uuid4()), label)


def size(tree: Path) -> int:
    """MiB that an ext4 file system needs for the tree, with room to spare."""
    total = sum(path.lstat().st_size for path in tree.rglob("*"))
    return total * 11 // 10 // MIB + 24


def disk(image: Path, tree: Path, names: Names, prep: bytes = b"") -> Path:
    """A GPT disk with a PReP boot partition (`prep` in it) and the tree as ext4."""
    room = size(tree)
    with image.open("wb") as file:
        file.truncate((FIRST + room + 1) * MIB)
    layout = "label: gpt\n"
    layout += f"start={MIB // 512}, size={(FIRST - 1) * MIB // 512}, type={PREP}\n"
    layout += f"start={FIRST * MIB // 512}, size={room * MIB // 512}, type={LINUX}\n"
    run([tool("sfdisk") or "sfdisk", "-q", image], feed=layout.encode())
    with image.open("r+b") as file:
        file.seek(MIB)
        file.write(prep)
    make_ext4(image, tree, names, FIRST, room)
    return image


def bare(image: Path, tree: Path, names: Names) -> Path:
    """The tree as ext4 on a disk without partitions."""
    room = size(tree)
    with image.open("wb") as file:
        file.truncate(room * MIB)
    make_ext4(image, tree, names, 0, room)
    return image


def make_ext4(image: Path, tree: Path, names: Names, start: int, room: int) -> None:
    options = f"-q -F -m 0 -U {names.uuid} -E offset={start * MIB},root_owner=0:0"
    labelled = ["-L", names.label] if names.label else []
    mkfs = tool("mkfs.ext4") or "mkfs.ext4"
    run([mkfs, *options.split(), *labelled, "-d", tree, image, f"{room}M"])


def cd(image: Path, tree: Path, label: str) -> Path:
    """An ISO 9660 CD with Rock Ridge names, as installation media are."""
    run(["xorriso", "-as", "mkisofs", "-quiet", "-r", "-V", label, "-o", image, tree])
    return image
