"""The file system of an image: read by a child without rights, whose answer is checked."""

import os
from pathlib import Path

import pytest

from parsers.binary.superblock import Superblock
from petipy.sandbox import mounter


def find_kind(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        return mounter._file_system(fd)
    finally:
        os.close(fd)


def test_the_kind_is_that_of_the_superblock(tmp_path: Path) -> None:
    assert find_kind(tmp_path / "image", b"hsqs") == "squashfs"


def test_an_image_without_a_file_system_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no file system that is known"):
        find_kind(tmp_path / "image", b"junk" * 5000)


@pytest.mark.parametrize("kind", ["evil", "fuse", "x" * 1000])
def test_the_kernel_is_asked_for_no_driver_that_a_child_invents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(mounter, "identify", lambda read: Superblock(kind))
    with pytest.raises(OSError, match="no file system that is known"):
        find_kind(tmp_path / "image", b"")


def test_the_child_that_reads_it_can_open_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identify(read: object) -> Superblock:
        os.open("/etc/passwd", os.O_RDONLY)
        return Superblock("ext4")

    monkeypatch.setattr(mounter, "identify", identify)
    with pytest.raises(OSError, match="no file system that is known"):
        find_kind(tmp_path / "image", b"")
