import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from petipy.kexec.machines.ppc64le import trampoline
from petipy.kexec.machines.ppc64le.trampoline import Rtas

SOURCE = Path(trampoline.__file__).with_suffix(".S")
TOOLS = next(
    (p for p in ("powerpc64le-linux-gnu-", "powerpc64-linux-gnu-") if shutil.which(p + "as")), None
)


@pytest.mark.skipif(not TOOLS, reason="binutils-powerpc64le-linux-gnu is absent")
def test_the_bytes_are_what_the_source_assembles_to(tmp_path: Path) -> None:
    made, raw = tmp_path / "trampoline.o", tmp_path / "trampoline.bin"
    flags = ["-mbig", "-mpower7", "-a64"]
    subprocess.run([f"{TOOLS}as", *flags, SOURCE, "-o", made], check=True)
    copy = [f"{TOOLS}objcopy", "-O", "binary", "-j", ".text", str(made), str(raw)]
    subprocess.run(copy, check=True)
    assert raw.read_bytes() == trampoline.CODE


@pytest.mark.skipif(not TOOLS, reason="binutils-powerpc64le-linux-gnu is absent")
def test_the_slots_are_where_the_source_has_them(tmp_path: Path) -> None:
    made = tmp_path / "trampoline.o"
    subprocess.run([f"{TOOLS}as", "-mbig", "-mpower7", "-a64", SOURCE, "-o", made], check=True)
    listing = subprocess.run([f"{TOOLS}nm", made], capture_output=True, text=True, check=True)
    symbols = {name: int(at, 16) for at, _, name in map(str.split, listing.stdout.splitlines())}
    filled = trampoline.fill(
        origin=1, kernel=2, tree=3, secondaries=8, opal=(4, 5), rtas=Rtas(6, 7, ((9,),))
    )
    for value, name in enumerate(
        ("origin", "kernel", "tree", "opal_base", "opal_entry", "rtas_base", "rtas_entry"), 1
    ):
        assert struct.unpack_from(">Q", filled, symbols[name]) == (value,), name
    assert struct.unpack_from(">2I", filled, symbols["secondaries"]) == (8, 1)
    assert symbols["arguments"] == len(trampoline.CODE)
    # Linux enters there: the first 0x100 bytes are copied to address 0, the others come to 0x60.
    assert (symbols["secondary"], symbols["master"]) == (0x60, 0x100)


def test_the_first_word_is_a_branch_in_either_byte_order() -> None:
    assert trampoline.CODE[:4] == bytes.fromhex("08000048")  # tdi 0,0,0x48 | b .+8


def test_calls_of_the_firmware_are_laid_out_as_it_wants_them() -> None:
    calls = ((0x2029, 0x800, 1, 2), (0x2028, 3))
    filled = trampoline.fill(origin=0, kernel=0, tree=0, secondaries=0, rtas=Rtas(0, 0, calls))
    last_first = struct.pack(">8I", 0x2028, 1, 1, 3, 0, 0, 0, 0)
    assert filled[len(trampoline.CODE) :] == last_first + struct.pack(
        ">8I", 0x2029, 3, 1, 0x800, 1, 2, 0, 0
    )


def test_the_code_and_all_calls_fit_before_the_device_tree() -> None:
    from petipy.kexec.machines.ppc64le import layout

    calls = ((1, 2, 3, 4),) * trampoline.CALLS_MAX
    filled = trampoline.fill(origin=0, kernel=0, tree=0, secondaries=0, rtas=Rtas(0, 0, calls))
    assert len(filled) <= layout.TREE_AT
