import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from petipy.boot import steps
from petipy.boot.plan import forget_stamps, plan
from petipy.kexec import fdt, overlay
from petipy.log import Log
from petipy.state.model import File
from petipy.sys.forked import ChildDied, Parent, Work, in_child
from tests.boot.test_steps import Machine, opener
from tests.samples import choice

DESCRIPTORS = Path("/proc/self/fd")
VMLINUX, TREE = (File(device="vda2", path=f"/{name}") for name in ("vmlinux", "dtb"))


def blob(root: fdt.Node) -> bytes:
    return fdt.flatten(root).blob([(1, 2)])


def added(name: str, target: str = "/") -> bytes:
    """Return an overlay that adds a node of the name."""
    content = fdt.Node("__overlay__", {}, [fdt.Node(name)])
    fragment = fdt.Node("fragment@0", {"target-path": f"{target}\0".encode()}, [content])
    return blob(fdt.Node("", {}, [fragment]))


class Reader(Machine):
    """Takes every kernel, and writes the device tree that it gets to a file."""

    def __init__(self, result: Path) -> None:
        super().__init__()
        self._result = os.open(result, os.O_CREAT | os.O_WRONLY)

    def take(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> None:
        assert devicetree is not None
        os.write(self._result, os.pread(devicetree, 1 << 23, 0))
        with open(f"/proc/self/fd/{devicetree}", "rb") as again:  # as kexec-tools reads it
            assert again.read() == os.pread(devicetree, 1 << 23, 0)

    def read(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> str:
        return f"a test with {len(initrds)} initrds"


def load(
    tmp_path: Path, files: dict[str, bytes], base: File = TREE, child: steps.InChild = in_child
) -> tuple[bytes, list[str]]:
    """Return the device tree that is loaded with the overlays, and the log."""
    (tmp_path / "vda2").mkdir()
    for name, content in {"vmlinux": b"KERNEL", **files}.items():
        (tmp_path / "vda2" / name).write_bytes(content)
    names = [name for name in files if name not in ("dtb", "fit")]
    added = tuple(File(device="vda2", path=f"/{name}") for name in names)
    todo = plan(choice("a", kernel=VMLINUX, devicetree=base, overlays=added), None)
    log, result = Log(files=()), tmp_path / "result"
    before = len(list(DESCRIPTORS.iterdir()))
    machine = Reader(result)
    asyncio.run(steps.load(todo, machine, opener(tmp_path), child, log, lambda _: None))
    assert len(list(DESCRIPTORS.iterdir())) == before + 1  # the machine's
    return result.read_bytes(), [line.text for line in log.lines]


def nodes(tree: bytes) -> list[str]:
    return [child.name for child in fdt.parse(tree)[0].children]


BASE = blob(fdt.Node("", {"model": b"x\0"}, [fdt.Node("soc")]))


def test_overlays_are_applied_in_their_order(tmp_path: Path) -> None:
    tree, lines = load(tmp_path, {"dtb": BASE, "b": added("led"), "a": added("light", "/led")})
    assert nodes(tree) == ["soc", "led"]
    assert [child.name for child in fdt.parse(tree)[0].children[1].children] == ["light"]
    assert fdt.parse(tree)[1] == [(1, 2)]
    assert lines == ["loaded (vda2)/vmlinux by a test with 0 initrds"]


def test_a_device_tree_within_a_file_takes_overlays(tmp_path: Path) -> None:
    base = File(device="vda2", path="/fit", offset=3, size=len(BASE))
    tree, _ = load(tmp_path, {"fit": b"..." + BASE + b"...", "a": added("led")}, base)
    assert nodes(tree) == ["soc", "led"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"", "damaged device tree"),
        (b"<html>" * 99, "no device tree, or one that is cut off"),
        (added("x", "/gone"), "the device tree has no target '/gone' of a fragment"),
        (bytes(5 << 20), "which is too large for a device tree"),
    ],
)
def test_a_damaged_overlay_is_left_out_and_told(tmp_path: Path, bad: bytes, why: str) -> None:
    files = {"dtb": BASE, "a": added("led"), "b": bad, "c": added("lamp")}
    tree, (warning, _) = load(tmp_path, files)
    assert nodes(tree) == ["soc", "led", "lamp"]
    assert warning.startswith("overlay (vda2)/b is left out: ")
    assert why in warning


def test_a_damaged_tree_is_left_to_the_loader(tmp_path: Path) -> None:
    tree, (warning, _) = load(tmp_path, {"dtb": b"<html>" * 9, "a": added("led")})
    assert tree == b"<html>" * 9
    assert warning.startswith("no overlay of (vda2)/dtb is applied: damaged device tree: ")


@pytest.mark.parametrize("report", ["", "1 x", "-1 x", "x"])
def test_senseless_answers_cost_the_overlays_alone(tmp_path: Path, report: str) -> None:
    async def child(work: Work, within: float, receive: Callable[[str], None]) -> str:
        if within == steps.LOADING:
            return await in_child(work, within, receive)

        def work_badly(link: Parent) -> str:
            link.report(report)
            return ""

        return await in_child(work_badly, within, receive)

    tree, (warning, _) = load(tmp_path, {"dtb": BASE, "a": added("led")}, child=child)
    assert tree == BASE
    assert "senseless report" in warning


def test_a_child_that_dies_costs_the_overlays_alone(tmp_path: Path) -> None:
    async def child(work: Work, within: float, receive: Callable[[str], None]) -> str:
        if within == steps.LOADING:
            return await in_child(work, within, receive)
        raise ChildDied(9)

    tree, (warning, _) = load(tmp_path, {"dtb": BASE, "a": added("led")}, child=child)
    assert tree == BASE
    assert warning == "no overlay of (vda2)/dtb is applied: the process died (SIGKILL)"


def test_the_largest_tree_has_room(tmp_path: Path) -> None:
    count = overlay.LARGEST // 12 - 99
    base = blob(fdt.Node("", {}, [fdt.Node("abc")] * count))
    tree, lines = load(tmp_path, {"dtb": base, "a": added("led")})
    assert len(lines) == 1
    assert nodes(tree)[-1] == "led"


def test_a_plan_shows_its_overlays_and_forgets_their_stamps() -> None:
    seen = File(device="vda2", path="/a.dtbo", stamp="1")
    todo = plan(choice("a", devicetree=TREE, overlays=(seen,)), None)
    assert todo.lines()[2:4] == ["  dtb     (vda2)/dtb", "  overlay (vda2)/a.dtbo"]
    assert todo.files[-2:] == [TREE, seen]
    assert forget_stamps(todo).overlays[0].stamp == ""
