import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.kexec import fdt
from tests.kexec.samples import cells, pseries

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789,._+?#-", min_size=1, max_size=31)
properties = st.dictionaries(names, st.binary(max_size=70), max_size=6)
trees = st.recursive(
    st.builds(fdt.Node, names, properties),
    lambda inner: st.builds(fdt.Node, names, properties, st.lists(inner, max_size=4)),
    max_leaves=12,
)
reservations = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1)), max_size=4)


@given(trees, reservations, st.integers(0, 2**32 - 1))
def test_what_is_flattened_reads_back_the_same(
    tree: fdt.Node, reserved: list[fdt.Reservation], cpu: int
) -> None:
    flat = fdt.flatten(tree)
    blob = flat.blob(reserved, cpu)
    assert len(blob) == flat.size(len(reserved))
    assert fdt.parse(blob) == (tree, reserved, cpu)


@given(trees, st.data())
def test_a_damaged_tree_is_told_and_never_crashes_the_reader(
    tree: fdt.Node, data: st.DataObject
) -> None:
    blob = bytearray(fdt.flatten(tree).blob([(1, 1)]))
    for at in data.draw(st.lists(st.integers(0, len(blob) - 1), min_size=1, max_size=8)):
        blob[at] = data.draw(st.integers(0, 255))
    blob = blob[: data.draw(st.integers(0, len(blob)))]
    with contextlib.suppress(fdt.MalformedTree):
        fdt.parse(bytes(blob))


def test_strings_are_shared_between_nodes() -> None:
    tree = fdt.Node("", {"reg": b"1234"}, [fdt.Node("a", {"reg": b"5678"})])
    assert fdt.flatten(tree).strings == b"reg\0"


def test_the_live_tree_is_read_without_the_names_that_the_kernel_made(tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    (tmp_path / "name").write_bytes(b"\0")
    (tmp_path / "model").write_bytes(b"IBM pSeries\0")
    (chosen / "name").write_bytes(b"chosen\0")
    (chosen / "bootargs").write_bytes(b"quiet\0")
    (chosen / "large").write_bytes(bytes(10000))
    assert fdt.read_live(str(tmp_path)) == fdt.Node(
        "",
        {"model": b"IBM pSeries\0"},
        [fdt.Node("chosen", {"bootargs": b"quiet\0", "large": bytes(10000)})],
    )


def test_a_number_is_read_at_its_own_width() -> None:
    node = fdt.Node("", {"narrow": cells(7), "wide": cells(1, 0), "odd": b"123"})
    assert (node.cell("narrow"), node.cell("wide"), node.cell("odd", 5)) == (7, 1 << 32, 5)


@pytest.mark.skipif(not shutil.which("dtc"), reason="dtc (device-tree-compiler) is absent")
def test_the_device_tree_compiler_reads_it_too(tmp_path: Path) -> None:
    blob = tmp_path / "tree.dtb"
    blob.write_bytes(fdt.flatten(pseries()).blob([(0x1000, 0x2000)], 4))
    command = ["dtc", "-q", "-I", "dtb", "-O", "dts", os.fspath(blob)]
    source = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "/memreserve/\t0x0000000000001000 0x0000000000002000;" in source
    assert 'stdout-path = "/vdevice/vty@71000000";' in source
    assert "memory@0 {" in source
