import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.kexec import fdt, overlay
from petipy.kexec.fdt import MalformedTree, Node
from tests.kexec.samples import cells

BASE = """
/dts-v1/;
/memreserve/ 0x1000 0x2000;
/ {
    #address-cells = <1>;
    #size-cells = <1>;
    model = "a board";
    aliases { bus = "/soc"; };
    clock: clock { #clock-cells = <0>; };
    soc: soc {
        #address-cells = <1>;
        #size-cells = <1>;
        ranges;
        uart: serial@1000 { reg = <0x1000 0x10>; clocks = <&clock>; status = "disabled"; };
        i2c: i2c@2000 { reg = <0x2000 0x10>; #address-cells = <1>; #size-cells = <0>; };
    };
};
"""
HEAD = "/dts-v1/;\n/plugin/;\n"
# Name → the overlays that are applied in a row.
OVERLAYS = {
    "a label": ["&uart { status = \"okay\"; speed = <115200>; };"],
    "a path": ["&{/soc/serial@1000} { status = \"okay\"; };"],
    "a path without an address": ["/ { fragment@0 { target-path = \"/soc/serial\"; __overlay__ "
    "{ status = \"okay\"; }; }; };"],
    "an alias": ["/ { fragment@0 { target-path = \"bus/i2c\"; __overlay__ { a; b { c; }; }; }; };"],
    "the root": ["&{/} { model = \"another\"; led: led { label = \"x\"; }; };"],
    "phandles of both trees": [
        "&i2c { chip: chip@10 { reg = <0x10>; clocks = <&clock>, <&own>, <&clock>; };"
        " own: own@11 { reg = <0x11>; other = <&chip>; }; };\n"
        "&soc { user { chips = <1 &chip 2 &own>; mixed = \"text\", \"\\0a\", <&chip &uart>; }; };"
    ],
    "one overlay upon another": [
        "&i2c { hub: hub@20 { reg = <0x20>; #address-cells = <1>; #size-cells = <0>; }; };",
        "&hub { port: port@1 { reg = <1>; up = <&hub>; clocks = <&clock>; }; };",
        "&port { used; }; &hub { port@1 { used-twice; }; };",
        "&{/} { top: top { }; }; &{/soc} { low: low { to = <&port>; }; };",
        "&top { a; }; &low { to = <&top &low>; };",
    ],
    "a fragment upon another": [
        "/ { fragment@0 { target-path = \"/\"; __overlay__ { new { }; }; };"
        " fragment@1 { target-path = \"/new\"; __overlay__ { newer; }; };"
        " notes { of = \"nobody\"; }; };"
    ],
}  # fmt: skip
REFUSED = {
    "no such label": "&nothing { a; };",
    "no such path": "&{/soc/nothing} { a; };",
    "no target": "/ { fragment@0 { __overlay__ { a; }; }; };",
    "a wide target": "/ { fragment@0 { target = <1 2>; __overlay__ { a; }; }; };",
    "no such phandle": "/ { fragment@0 { target = <77>; __overlay__ { a; }; }; };",
    "a fixup of nothing": "/ { __fixups__ { uart = \"/x:y:0\"; }; };",
    "a fixup past the end": "/ { a = <1>; __fixups__ { uart = \"/:a:1\"; }; };",
    "a fixup without a number": "/ { a = <1>; __fixups__ { uart = \"/:a:\"; }; };",
    "a local fixup past the end": "/ { a = <1>; __local_fixups__ { a = <2>; }; };",
    "a local fixup of no property": "/ { __local_fixups__ { a = <0>; }; };",
    "a local fixup of no node": "/ { __local_fixups__ { a { b = <0>; }; }; };",
    "a local fixup that is cut off": "/ { a = <1>; __local_fixups__ { a = [00 00]; }; };",
    "a narrow phandle": "/ { a { phandle = [01]; }; };",
    "the last phandle": "/ { a { phandle = <0xfffffffe>; }; };",
}  # fmt: skip
needs_dtc = pytest.mark.skipif(
    not (shutil.which("dtc") and shutil.which("fdtoverlay")),
    reason="dtc and fdtoverlay (device-tree-compiler) are absent",
)


def compile_tree(source: str, target: Path) -> Path:
    command = ["dtc", "-q", "-@", "-f", "-I", "dts", "-O", "dtb", "-o", str(target)]
    subprocess.run(command, input=source, text=True, check=True)
    return target


def run_fdtoverlay(base: Path, overlays: list[Path], target: Path) -> int:
    command = ["fdtoverlay", *map(str, ("-i", base, "-o", target, *overlays))]
    return subprocess.run(command, capture_output=True, check=False).returncode


def flat(node: Node) -> object:
    """Return the node without the order of its properties and children."""
    return node.properties, {child.name: flat(child) for child in node.children}


@needs_dtc
@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_changes_the_tree_as_fdtoverlay_does(name: str, tmp_path: Path) -> None:
    base = compile_tree(BASE, tmp_path / "base")
    files = [
        compile_tree(HEAD + source, tmp_path / f"{number}")
        for number, source in enumerate(OVERLAYS[name])
    ]
    assert run_fdtoverlay(base, files, tmp_path / "wanted") == 0
    wanted, *head = fdt.parse((tmp_path / "wanted").read_bytes())
    blob = base.read_bytes()
    for file in files:
        blob = overlay.apply(blob, file.read_bytes())
    found, *ours = fdt.parse(blob)
    assert flat(found) == flat(wanted)
    assert ours == head == [[(0x1000, 0x2000)], 0]


@needs_dtc
@pytest.mark.parametrize("name", REFUSED)
def test_an_overlay_that_fdtoverlay_refuses_is_refused(name: str, tmp_path: Path) -> None:
    base = compile_tree(BASE, tmp_path / "base")
    bad = compile_tree(
        (HEAD if "&" in REFUSED[name] else "/dts-v1/;\n") + REFUSED[name], tmp_path / "bad"
    )
    assert run_fdtoverlay(base, [bad], tmp_path / "result") != 0
    with pytest.raises(MalformedTree):
        overlay.apply(base.read_bytes(), bad.read_bytes())


def make_base() -> Node:
    bus = Node("bus", {"phandle": cells(3)}, [Node("disk@1", {"phandle": cells(7)})])
    symbols = Node("__symbols__", {"bus": b"/bus\0", "disk": b"/bus/disk@1\0"})
    return Node("", {"model": b"x\0"}, [bus, symbols])


def make_overlay() -> Node:
    content = Node("__overlay__", {"a": b"1"}, [
        Node("new", {"phandle": cells(1), "refs": cells(1, 0, 1)}),
        Node("disk@1", {"b": cells(0)}),
    ])  # fmt: skip
    fragment = Node("fragment@0", {"target": cells(0)}, [content])
    inner = "/fragment@0/__overlay__"
    fixups = {
        "bus": b"/fragment@0:target:0\0",
        "disk": f"{inner}/disk@1:b:0\0{inner}/new:refs:4\0".encode(),
    }
    local = Node("fragment@0", {}, [Node("__overlay__", {}, [Node("new", {"refs": cells(0, 8)})])])
    return Node("", {}, [
        fragment,
        Node("__fixups__", fixups),
        Node("__local_fixups__", {}, [local]),
        Node("__symbols__", {"fresh": f"{inner}/new\0".encode()}),
    ])  # fmt: skip


def blob(root: Node) -> bytes:
    return fdt.flatten(root).blob()


def test_phandles_are_renumbered_and_labels_resolved() -> None:
    found = fdt.parse(overlay.apply(blob(make_base()), blob(make_overlay())))[0]
    new = Node("new", {"phandle": cells(8), "refs": cells(8, 7, 8)})
    disk = Node("disk@1", {"phandle": cells(7), "b": cells(7)})
    labels = {"bus": b"/bus\0", "disk": b"/bus/disk@1\0", "fresh": b"/bus/new\0"}
    bus = Node("bus", {"phandle": cells(3), "a": b"1"}, [disk, new])
    assert found == Node("", {"model": b"x\0"}, [bus, Node("__symbols__", labels)])


def test_a_tree_without_labels_is_told() -> None:
    with pytest.raises(MalformedTree, match="no labels: it was made without dtc -@"):
        overlay.apply(blob(Node("", {}, [Node("bus")])), blob(make_overlay()))


def test_nodes_below_the_deepest_level_are_refused() -> None:
    root = node = Node()
    for _ in range(fdt.DEEPEST):
        node.children.append(node := Node("n"))
    fragment = Node("f", {"target-path": b"/n" * fdt.DEEPEST + b"\0"}, [
        Node("__overlay__", {}, [Node("n")])
    ])  # fmt: skip
    with pytest.raises(MalformedTree, match="too deep"):
        overlay.apply(blob(root), blob(Node("", {}, [fragment])))


def test_labels_cannot_blow_the_tree_up() -> None:
    content = Node("__overlay__", {}, [Node("n")])
    long = b"/" * 4000 + b"bus\0"
    fragment = Node("f", {"target-path": long}, [content])
    symbols = {f"l{number}": b"/f/__overlay__/n\0" for number in range(2000)}
    with pytest.raises(MalformedTree, match="too large"):
        overlay.apply(
            blob(make_base()), blob(Node("", {}, [fragment, Node("__symbols__", symbols)]))
        )


names = st.sampled_from([
    "", "a", "a@1", "f", "bus", "disk@1", "disk", "__overlay__", "__fixups__", "__symbols__",
    "__local_fixups__", "aliases", "/",
])  # fmt: skip
paths = st.sampled_from(["/", "/bus", "bus", "a/b", "/f/__overlay__", "/f/__overlay__/a", "/f", ""])
places = st.builds(
    "{}:{}:{}".format, paths, st.sampled_from(["a", "target", ""]), st.integers(-1, 9)
)
values = st.one_of(
    st.builds(cells, st.integers(0, 9)),
    st.builds(cells, st.integers(0, 2**32 - 1), st.integers(0, 9)),
    st.lists(st.one_of(paths, places), max_size=3).map(
        lambda texts: b"".join(text.encode() + b"\0" for text in texts)
    ),
    st.binary(max_size=9),
)
keys = st.sampled_from(["a", "bus", "disk", "target", "target-path", "phandle", "linux,phandle"])
nodes = st.recursive(
    st.builds(Node, names, st.dictionaries(keys, values, max_size=3)),
    lambda inner: st.builds(
        Node, names, st.dictionaries(keys, values, max_size=3), st.lists(inner, max_size=4)
    ),
    max_leaves=10,
)


@given(nodes, nodes)
def test_any_overlay_of_any_tree_gives_a_tree_or_is_refused(base: Node, added: Node) -> None:
    with contextlib.suppress(MalformedTree):
        fdt.parse(overlay.apply(blob(base), blob(added)))


@given(st.data())
def test_a_damaged_overlay_is_refused_or_gives_a_tree(data: st.DataObject) -> None:
    damaged = bytearray(blob(make_overlay()))
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedTree):
        fdt.parse(overlay.apply(blob(make_base()), bytes(damaged)))
