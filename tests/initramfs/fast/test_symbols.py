"""Drop the symbols of kernel modules that only a backtrace shows; the tests assemble a module."""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from initramfs.elf import Elf
from initramfs.fast.symbols import SHT_RELA, SHT_SYMTAB, drop_symbols

AS = shutil.which("powerpc64le-linux-gnu-as") or shutil.which("as")
pytestmark = pytest.mark.skipif(not AS, reason="binutils is absent")

MODULE = """
	.globl	exported
	.weak	perhaps
	.text
unused:	.quad	outside
exported:
	.quad	perhaps
	.quad	table + 8
	.data
table:	.quad	exported
	.section .other,"a"
	.quad	table
	.quad	.text
"""


@pytest.fixture
def module(tmp_path: Path) -> bytes:
    made = tmp_path / "module.o"
    subprocess.run([str(AS), "-o", made], input=MODULE.encode(), check=True)
    return made.read_bytes()


def symbols(elf: Elf) -> list[tuple[str, int, int, int]]:
    """Return the name of each symbol, its info, section and value."""
    names = elf.section(".strtab")
    return [
        (names[name : names.index(b"\0", name)].decode(), info, section, value)
        for name, info, _, section, value, _ in struct.iter_unpack(
            elf.order + "IBBHQQ", elf.section(".symtab")
        )
    ]


def places(elf: Elf) -> Iterator[tuple[object, ...]]:
    """Yield each place that the kernel fills in, and what it fills in there."""
    known = symbols(elf)
    for number, section in enumerate(elf.sections):
        if section.type != SHT_RELA:
            continue
        content = elf.data[section.offset : section.offset + section.size]
        for offset, info, addend in struct.iter_unpack(elf.order + "QQq", content):
            name, kind, where, value = known[info >> 32]
            target = (name if kind >> 4 else "", where, value)
            yield number, offset, info & 0xFFFFFFFF, addend, target


def test_only_names_that_other_modules_know_stay(module: bytes) -> None:
    before, after = Elf.parse(module), Elf.parse(drop_symbols(module))

    assert {"unused", "table"} <= {name for name, *_ in symbols(before)}
    assert {name for name, *_ in symbols(after)} == {"", "outside", "exported", "perhaps"}
    assert b"table" not in after.section(".strtab")


def test_the_kernel_fills_in_the_same_as_before(module: bytes) -> None:
    before, after = list(places(Elf.parse(module))), list(places(Elf.parse(drop_symbols(module))))

    assert after == before
    assert len(before) == 6


def test_local_symbols_come_first_and_are_counted(module: bytes) -> None:
    elf = Elf.parse(drop_symbols(module))

    (table,) = (section for section in elf.sections if section.type == SHT_SYMTAB)
    kinds = [info >> 4 for _, info, _, _ in symbols(elf)]
    assert kinds == sorted(kinds, key=bool)
    assert table.info == kinds.count(0)


def test_a_file_without_symbols_stays_as_it_is(module: bytes) -> None:
    elf = Elf.parse(module)
    gone = {n: None for n, s in enumerate(elf.sections) if s.type in (SHT_SYMTAB, SHT_RELA)}
    bare = elf.rewrite(gone)

    assert drop_symbols(bare) == bare
