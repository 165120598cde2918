"""Superblocks that the tools which make file systems write; each test needs its own tool."""

import shutil
import subprocess
from pathlib import Path

import pytest

from parsers.binary.superblock import Read, Superblock, identify

UUID = "01234567-89ab-cdef-0123-456789abcdef"
MB = 1 << 20

MAKERS = [
    (f"mkfs.ext2 -q -U {UUID} -L name", Superblock("ext2", UUID, "name")),
    (f"mkfs.ext3 -q -U {UUID} -L name", Superblock("ext3", UUID, "name")),
    (f"mkfs.ext4 -q -U {UUID} -L Größe", Superblock("ext4", UUID, "Größe")),
    (f"mkfs.xfs -q -m uuid={UUID} -L name", Superblock("xfs", UUID, "name")),
    (f"mkfs.btrfs -q -U {UUID} -L name", Superblock("btrfs", UUID, "name")),
    (f"mkfs.f2fs -q -U {UUID} -l name", Superblock("f2fs", UUID, "name")),
    ("mkfs.vfat -F32 -i 1234abcd -n NAME", Superblock("vfat", "1234-ABCD", "NAME")),
    ("mkfs.vfat -F16 -i 1234abcd", Superblock("vfat", "1234-ABCD", "")),
]


def reader(path: Path) -> Read:
    data = path.read_bytes()
    return lambda offset, length: data[offset : offset + length]


def run(command: str, *more: str, text: str = "") -> None:
    name, *arguments = command.split()
    tool = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if tool is None:
        pytest.skip(f"{name} is not installed")
    argv = [tool, *arguments, *more]
    subprocess.run(argv, check=True, input=text.encode(), capture_output=True)


def empty(directory: Path, size: int) -> Path:
    path = directory / "image"
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize(("maker", "expected"), MAKERS, ids=[m.split()[0] for m, _ in MAKERS])
def test_file_systems_are_told_with_uuid_and_label(
    maker: str, expected: Superblock, tmp_path: Path
) -> None:
    image = empty(tmp_path, 320 * MB if "xfs" in maker else 120 * MB)
    run(maker, str(image))
    with image.open("rb") as file:
        # Sparse, and too large to hold in memory for nothing.
        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        assert identify(read) == expected


def test_a_cd_is_told_with_its_date_for_a_uuid(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    image = tmp_path / "image"
    date = "2024050112000000"
    options = ("-V", "MY CD", f"--modification-date={date}", "-o", str(image))
    run("xorriso -as mkisofs -quiet", *options, str(tmp_path / "tree"))
    assert identify(reader(image)) == Superblock("iso9660", "2024-05-01-12-00-00-00", "MY CD")


@pytest.mark.parametrize("data", [b"", b"\0" * 4096, b"XFSB", b"hsq", b"\xff" * 70000])
def test_anything_else_is_no_file_system(data: bytes) -> None:
    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    assert identify(read) is None
