from dataclasses import replace
from pathlib import Path

from petipy.kexec.machines.ppc64le import windows
from petipy.kexec.machines.ppc64le.tree import make_next
from tests.kexec.samples import MIB, cells, pci_bridge, pseries


def test_a_dma_window_is_reset_by_the_firmware_and_left_out_of_the_tree() -> None:
    tree = pseries(rtas=255 * MIB)
    tree.children[-1] = pci_bridge(window=True)
    rtas = windows.reset(tree)
    assert (rtas.base, rtas.entry) == (255 * MIB, 255 * MIB)
    assert rtas.calls == ((0x2029, 0x800, 0x8000000, 0x20000000),)
    bridge = make_next(tree, b"", None, {}).child("pci@800000020000000")
    assert bridge == pci_bridge()


def test_firmware_that_cannot_reset_is_asked_to_remove_the_window() -> None:
    tree = replace(
        pseries(), children=[*pseries().children[:-1], pci_bridge(window=True, reset=False)]
    )
    assert windows.reset(tree).calls == ((0x2028, 0x80000001),)


def test_loaders_that_copy_the_live_tree_are_kept_from_seeing_windows(tmp_path: Path) -> None:
    tree, written = pseries(), tmp_path / "ofdt"
    tree.children[-1] = pci_bridge(window=True)
    tree.children[-1].properties["phandle"] = cells(0x1234)
    assert list(windows.list_removals(tree)) == [
        "remove_property 4660 linux,direct64-ddr-window-info"
    ]
    assert windows.hide(tree, str(written)) == ""
    assert written.read_text() == "remove_property 4660 linux,direct64-ddr-window-info"
    absent = windows.hide(tree, f"{tmp_path}/absent/ofdt")  # not a pseries
    assert absent == "DMA windows stay as they are: No such file or directory"


def test_without_a_window_the_firmware_is_left_alone() -> None:
    assert windows.reset(pseries()).calls == ()
