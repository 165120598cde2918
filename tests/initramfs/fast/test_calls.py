"""Bind the calls of kernel modules; the tests assemble the modules."""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from initramfs import lists
from initramfs.elf import Elf
from initramfs.fast.calls import NOP, TAKE_TOC_BACK, bind_calls
from initramfs.fast.modules import speed_up
from initramfs.kernel import Kernel
from initramfs.tree import Tree, file

AS = shutil.which("powerpc64le-linux-gnu-as")
pytestmark = pytest.mark.skipif(not AS, reason="binutils-powerpc64le-linux-gnu is absent")

MODULE = """
	.abiversion 2
	.section .toc,"aw"
	.quad	table
	.text
first:	bl	outside
	nop
	bl	second
	bl	outside
	nop
	b	elsewhere
second:	addis	2,12,.TOC.-second@ha
	addi	2,2,.TOC.-second@l
	.localentry second,.-second
	bl	first
	bl	perhaps
	nop
	bl	traced
	li	3,0
	blr
	bl	_mcount
	nop
	.weak perhaps
	.section .text.places,"ax"
	addis	9,2,.LC0@toc@ha
	ld	9,.LC0@toc@l(9)
	addis	9,2,.LC1@toc@ha
	ldu	10,.LC1@toc@l(9)
	addi	9,9,.LC1@toc@l
	.section .toc,"aw"
.LC0:	.quad	table
	.space	0x12000
.LC1:	.quad	table
	.section .init.text,"ax"
	bl	first
	nop
	bl	outside
	nop
	.section __patchable_function_entries,"awo",@progbits,.text
	.quad	first
	.section _ftrace_events,"aw"
	.quad	table
	.data
table:	.quad	0
"""


@pytest.fixture
def module(tmp_path: Path) -> bytes:
    made = tmp_path / "module.o"
    subprocess.run(
        [str(AS), "-mpower8", "-a64", "-mlittle", "-o", made], input=MODULE.encode(), check=True
    )
    return made.read_bytes()


def words(elf: Elf, section: str) -> list[int]:
    return [word for (word,) in struct.iter_unpack("<I", elf.section(section))]


def open_places(elf: Elf, section: str) -> dict[int, tuple[int, str]]:
    """Return the places that the kernel fills in: offset → type of relocation, symbol."""
    symbols = list(struct.iter_unpack("<IBBHQQ", elf.section(".symtab")))
    names = elf.section(".strtab")

    def places() -> Iterator[tuple[int, tuple[int, str]]]:
        for offset, info, _ in struct.iter_unpack("<QQq", elf.section(f".rela{section}")):
            start = symbols[info >> 32][0]
            name = names[start : names.index(b"\0", start)].decode()
            yield offset, (info & 0xFFFFFFFF, name)

    return dict(places())


def branch(code: list[int], at: int) -> int:
    """Return the target of the branch at that offset."""
    word = code[at // 4]
    assert word >> 26 == 18
    distance = word & 0x03FFFFFC
    return at + distance - ((distance & 0x02000000) << 1)


def called(elf: Elf, section: str, stub: int) -> str:
    """Return the function outside the module that a stub jumps to."""
    store, high, low, move, go = words(elf, section)[stub // 4 : stub // 4 + 5]
    assert (store, move, go) == (0xF8410018, 0x7D8903A6, 0x4E800420)
    assert (high >> 16, low >> 16) == (0x3D82, 0xE98C)
    signed = (((high & 0xFFFF) ^ 0x8000) - 0x8000 << 16) + (((low & 0xFFFF) ^ 0x8000) - 0x8000)
    type, name = open_places(elf, ".toc")[signed + 0x8000]
    assert type == 38  # R_PPC64_ADDR64
    return name


def test_a_call_out_of_the_module_goes_by_a_stub_and_takes_its_toc_back(module: bytes) -> None:
    elf = Elf.parse(bind_calls(module))

    code = words(elf, ".text")
    assert called(elf, ".text", branch(code, 0)) == "outside"
    assert code[1] == TAKE_TOC_BACK
    assert branch(code, 12) == branch(code, 0), "one stub for all calls of a function"


def test_a_call_that_does_not_come_back_takes_nothing_back(module: bytes) -> None:
    elf = Elf.parse(bind_calls(module))

    code = words(elf, ".text")
    assert called(elf, ".text", branch(code, 20)) == "elsewhere"
    assert code[5] & 1 == 0
    assert code[6] == words(Elf.parse(module), ".text")[6]


def test_a_call_within_a_section_goes_straight_to_the_local_entry(module: bytes) -> None:
    code = words(Elf.parse(bind_calls(module)), ".text")

    assert branch(code, 8) == 24 + 8  # second, past the two instructions that set r2
    assert branch(code, 32) == 0


def test_what_cannot_be_bound_is_left_to_the_kernel(module: bytes) -> None:
    before, after = Elf.parse(module), Elf.parse(bind_calls(module))

    left = {offset: name for offset, (type, name) in open_places(after, ".text").items()}
    # A weak function may be absent; a call without a nop behind it is no ordinary call, and
    # neither is that of the kernel's tracer.
    calls = {36: "perhaps", 44: "traced", 56: "_mcount"}
    assert {offset: left[offset] for offset in calls} == calls
    assert set(calls) == {o for o, (type, _) in open_places(after, ".text").items() if type == 10}
    assert words(after, ".text")[10] == NOP
    assert {o: p for o, p in open_places(before, ".text").items() if p[0] != 10} == {
        o: p for o, p in open_places(after, ".text").items() if p[0] != 10
    }


def test_each_section_of_code_has_stubs_of_its_own(module: bytes) -> None:
    elf = Elf.parse(bind_calls(module))

    code = words(elf, ".init.text")
    assert called(elf, ".init.text", branch(code, 8)) == "outside"
    assert code[3] == TAKE_TOC_BACK
    assert 0 in open_places(elf, ".init.text"), "a call into another section stays open"


def test_what_was_in_the_toc_stays_where_it_was(module: bytes) -> None:
    before, after = Elf.parse(module), Elf.parse(bind_calls(module))

    assert open_places(after, ".toc")[0] == open_places(before, ".toc")[0]
    assert sorted(name for _, name in open_places(after, ".toc").values() if name) == [
        "elsewhere",
        "outside",
    ]


def test_a_module_of_another_machine_stays_as_it_is(module: bytes) -> None:
    other = module[:18] + struct.pack("<H", 62) + module[20:]

    assert bind_calls(other) == other


@pytest.mark.parametrize("signed", [False, True])
def test_the_image_takes_modules_bound_but_those_whose_signature_stays(
    module: bytes, signed: bool
) -> None:
    home = "usr/lib/modules/6.1-test"
    package = Tree()
    package.add("boot/vmlinux-6.1-test", file(b"kernel"))
    package.add(f"{home}/modules.builtin", file(b""))
    package.add(f"{home}/kernel/disk.ko", file(module))

    taken = (
        Kernel(package, change=None if signed else speed_up)
        .select(lists.parse("[a]\ndisk"), "ppc64el")
        .taken
    )

    calls = [type for type, _ in open_places(Elf.parse(taken["disk"][1]), ".text").values()]
    assert calls.count(10) == (7 if signed else 3)


def test_the_kernel_finds_no_function_of_a_module_to_trace(module: bytes) -> None:
    before, after = Elf.parse(module), Elf.parse(speed_up(module))

    for name in ("__patchable_function_entries", "_ftrace_events"):
        assert before.section(name)
        assert not after.section(name)
        assert not after.section(f".rela{name}"), "no relocation points into nothing"
    assert after.section(".data") == before.section(".data")


def test_places_in_the_toc_are_filled_in(module: bytes) -> None:
    before, after = Elf.parse(module), Elf.parse(bind_calls(module))

    high, load, high_1, load_1, add_1 = words(after, ".text.places")
    assert len(open_places(before, ".text.places")) == 5
    assert open_places(after, ".text.places") == {}
    # .LC0 lies at 8: the first word of the TOC is `table`. r2 is 0x8000 past the beginning.
    assert (high & 0xFFFF, load & 0xFFFF) == (0, 0x8008)
    # .LC1 lies at 0x12010, 0xA010 past r2, which is 1 times 65,536 and -0x5FF0.
    assert (high_1 & 0xFFFF, load_1 & 0xFFFF, add_1 & 0xFFFF) == (1, 0xA011, 0xA010)
