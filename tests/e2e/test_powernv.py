"""OpenPOWER bare metal, as QEMU has it with skiboot: settings stay in the NVRAM of its flash."""

import struct
from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from initramfs.host import tool_there
from tests.e2e import menu
from tests.e2e.conftest import Image
from tests.e2e.test_nvram import save
from tests.e2e.vm import attached

SKIBOOT = "/usr/share/qemu/skiboot.lid"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(not tool_there(SKIBOOT), reason="no skiboot here"),
]

BLOCK, BLOCKS = 4096, 32768  # of the flash: QEMU takes 128 MiB
NVRAM = 16, 144  # the first block, and how many
DATA, TABLE = 1, 3  # types of partitions


def make_flash(path: Path) -> None:
    """Write a flash with an empty NVRAM; its table of partitions is that of libflash's ffs.h."""
    head = struct.pack(">7I16x", int.from_bytes(b"PART"), 1, 1, 128, 2, BLOCK, BLOCKS)
    table = add_sum(head) + describe(1, b"part", (0, 1), TABLE) + describe(2, b"NVRAM", NVRAM, DATA)
    with path.open("wb") as file:
        file.write(table.ljust(BLOCK, b"\xff"))
        file.truncate(BLOCK * BLOCKS)


def describe(number: int, name: bytes, blocks: tuple[int, int], kind: int) -> bytes:
    """Return the table's entry for a partition without a parent."""
    size = blocks[1] * BLOCK
    facts = struct.pack(">16s7I", name, *blocks, 0xFFFFFFFF, number, kind, 0, size)
    return add_sum(facts.ljust(124, b"\0"))


def add_sum(data: bytes) -> bytes:
    """Add the exclusive or of all words."""
    words = struct.unpack(f">{len(data) // 4}I", data)
    return data + struct.pack(">I", reduce(xor, words))


def test_a_saved_setting_is_there_at_the_next_start(image: Image, tmp_path: Path) -> None:
    flash = tmp_path / "flash.img"
    make_flash(flash)
    # With -nodefaults, skiboot finds no flash.
    command = "qemu-system-ppc64 -accel tcg -M powernv9 -cpu power9 -m 2G -nic none -monitor none"
    command += f" -parallel none -display none -no-reboot -serial stdio -kernel {image.kernel}"
    command += f" -initrd {image.initrd} -drive if=mtd,format=raw,file={flash}"
    argv = [*command.split(), "-append", "console=hvc0 quiet cryptomgr.notests"]
    with attached(argv, tmp_path) as guest:
        menu.enter(guest.console, "^Petipy")
        save(guest.console, 0, "47")
    with attached(argv, tmp_path) as guest:
        menu.enter(guest.console, "^Petipy")
        guest.console.type("S")
        guest.console.shows(r"^>timeout +47 +NVRAM common: petipy,timeout", within=menu.SOON)
