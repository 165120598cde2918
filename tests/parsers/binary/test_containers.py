"""U-Boot's containers of images: mkimage's header and FIT."""

import random

import pytest

from parsers.api import FileRef
from parsers.binary import mkimage
from parsers.binary.fit import FitConfiguration, FitError, read_configuration
from tests.containers import RAMDISK, fit, several, with_header
from tests.fakes import Machine, MachineFiles

PATH = "/boot/image"
IMAGES = {"k": b"kernel", "r": b"ramdisk!", "d": b"tree", "o": b"overlay"}
ONE = {"one": {"kernel": ["k"], "ramdisk": ["r"], "fdt": ["d", "o"]}, "bare": {"kernel": ["k"]}}


def files(data: bytes) -> MachineFiles:
    return Machine({"sda1": {PATH: data}}).files("sda1")


def piece(data: bytes, file: FileRef) -> bytes:
    assert file.path == PATH
    return data[file.offset :][: file.size]


def read(data: bytes, name: str = "") -> FitConfiguration:
    return read_configuration(files(data), PATH, name)


def test_the_data_behind_a_header_is_the_image() -> None:
    data = with_header(b"070701 cpio", RAMDISK) + b"padding"
    (found,) = mkimage.read_images(files(data), PATH)
    assert piece(data, found) == b"070701 cpio"


def test_a_file_of_several_images_has_each_of_them() -> None:
    data = several(b"kernel", b"initrd!", b"dtb")
    found = mkimage.read_images(files(data), PATH)
    assert [piece(data, image) for image in found] == [b"kernel", b"initrd!", b"dtb"]


def test_other_files_have_no_header() -> None:
    for data in (b"", b"\x27\x05\x19\x56", b"070701" + bytes(100)):
        assert mkimage.read_images(files(data), PATH) == ()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (with_header(b"abc", size=4), "cut off: its data should end at byte 68"),
        (several(), "there is no image in it"),
        (several(*[b"x"] * 9), "it has more than 8 images"),
        (several(b"abcd")[:-1], "cut off"),
        (with_header(bytes((0, 0, 0, 9, 0, 0, 0, 0)), 4), "longer than its data"),
    ],
)
def test_a_damaged_header_is_told(data: bytes, why: str) -> None:
    with pytest.raises(mkimage.MkimageError, match=why):
        mkimage.read_images(files(data), PATH)


def test_a_configuration_names_the_images_that_boot_together() -> None:
    data = fit(IMAGES, ONE, "one")
    found = read(data)
    assert piece(data, found.kernel.file) == b"kernel"
    assert found.ramdisk is not None
    assert piece(data, found.ramdisk.file) == b"ramdisk!"
    assert [piece(data, tree.file) for tree in found.devicetrees] == [b"tree", b"overlay"]
    bare = read(data, "bare")
    assert (bare.ramdisk, bare.devicetrees) == (None, ())


def test_an_images_data_may_lie_behind_the_blob() -> None:
    size = {"data-size": (6).to_bytes(4, "big")}
    behind = fit(IMAGES, ONE, "one", {"k": {**size, "data-offset": (4).to_bytes(4, "big")}})
    behind += bytes(-len(behind) % 4) + b"1234kernel"
    assert piece(behind, read(behind).kernel.file) == b"kernel"
    absolute = fit(IMAGES, ONE, "one", {"k": {**size, "data-position": (4096).to_bytes(4, "big")}})
    absolute = absolute.ljust(4096, b"\0") + b"kernel"
    assert piece(absolute, read(absolute).kernel.file) == b"kernel"


def test_a_large_image_is_not_read() -> None:
    images = {**IMAGES, "k": bytes(3 << 20)}
    asked: list[int] = []

    class Counting(MachineFiles):
        def piece(self, path: str, offset: int, length: int) -> bytes:
            asked.append(length)
            return super().piece(path, offset, length)

    machine = Machine({"sda1": {PATH: fit(images, ONE, "one")}})
    assert read_configuration(Counting(machine, "sda1"), PATH).kernel.file.size == 3 << 20
    assert sum(asked) < 64 << 10


def test_compression_is_told() -> None:
    more = {"k": {"compression": b"gzip\0"}, "d": {"compression": b"none\0"}}
    found = read(fit(IMAGES, ONE, "one", more))
    assert (found.kernel.packed, found.devicetrees[0].packed) == ("gzip", "")


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"", "", "no device tree blob"),
        (b"\xd0\x0d\xfe\xed" + bytes(100), "", "its header is damaged"),
        (fit(IMAGES, ONE), "", "no default configuration"),
        (fit(IMAGES, ONE, "two"), "", "no configuration 'two'"),
        (fit(IMAGES, {"a": {"kernel": ["x"]}}, "a"), "", "no image 'x'"),
        (fit(IMAGES, {"a": {}}, "a"), "", "has no kernel"),
        (fit(IMAGES, ONE, "one")[:-1], "", "damaged"),
        (fit({**IMAGES, "k": b""}, ONE, "one"), "", "has no data"),
        (
            fit(IMAGES, ONE, "one", {"k": {"data-size": b"\0\0\0\x05", "data-offset": bytes(4)}}),
            "",
            "cut off",
        ),
    ],
)
def test_a_tree_without_what_is_asked_for_says_so(data: bytes, name: str, why: str) -> None:
    with pytest.raises(FitError, match=why):
        read(data, name)


def test_no_damage_raises_another_error() -> None:
    chance = random.Random(7)
    whole = fit(IMAGES, ONE, "one")
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 3, 4, 9, 0x7F, 0x80, 0xFF))
        try:
            found = read(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]))
        except FitError:
            continue
        assert found.kernel.file.offset + found.kernel.file.size <= len(data)
