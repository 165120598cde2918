"""Petipy's own image is recognised by its first bytes."""

import pytest

from initramfs import cpio
from initramfs.build import make_mark
from initramfs.tree import Tree, file
from parsers.binary.initrd import Read, is_petipy

PACKED = b"\x28\xb5\x2f\xfd" + bytes(range(256)) * 20


def archive(files: dict[str, bytes]) -> bytes:
    tree = Tree()
    for path, data in files.items():
        tree.add(path, file(data))
    return cpio.write(tree, 1)


MICROCODE = archive({"kernel/x86/microcode/GenuineIntel.bin": b"\x01" * 3001})


def reader(data: bytes) -> Read:
    return lambda at, length: data[at : at + length]


@pytest.mark.parametrize(
    "image",
    [
        make_mark() + PACKED,
        MICROCODE + make_mark() + PACKED,
        MICROCODE + bytes(512) + make_mark() + PACKED,
    ],
    ids=["alone", "after microcode", "after padding"],
)
def test_the_image_that_the_build_makes_is_known(image: bytes) -> None:
    assert is_petipy(reader(image))


@pytest.mark.parametrize(
    "image",
    [
        b"",
        PACKED,
        MICROCODE,
        MICROCODE + PACKED,
        archive({"etc/initrd-release": b"ID=debian\n"}) + PACKED,
        make_mark()[:200],
        b"070701" + b"?" * 200,
        b"070701" + b"0" * 200_000,
        b"\0" * 10_000,
    ],
)
def test_any_other_is_not(image: bytes) -> None:
    assert not is_petipy(reader(image))


def test_few_bytes_are_read() -> None:
    read: list[int] = []

    def take(at: int, length: int) -> bytes:
        read.append(length)
        return PACKED[at : at + length]

    assert not is_petipy(take)
    assert sum(read) < 512
