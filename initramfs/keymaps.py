"""Convert X11's keyboard layouts, as Debian's console-setup does, for the virtual terminals.

ckbcomp, of the package console-setup, turns a layout of xkb-data into a table for loadkeys, and the
host's loadkeys turns that into numbers. A layout without Latin letters gets the American one as its
first group, so that the menu's keys and commands can be typed: Alt-Shift changes the group.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from initramfs.archive import Archive
from initramfs.host import REPOSITORY, BuildError, need, run, say, tool, write_whole
from initramfs.tree import Tree, file, lay_out, read_package
from petipy.ui.keymaps import KEYS, PLACE, Keymap, write

CHOICES = ("some", "all", "none")
TOOLS = {"loadkeys": "kbd", "perl": "perl"}
_PACKAGES = ("console-setup", "xkb-data")
_LIST = REPOSITORY / "initramfs/keymaps.txt"
_BASE = "us"
_TABLE = re.compile(r"unsigned short (\w+)_map\[NR_KEYS\] = \{(.*?)\};", re.S)
_ORDER = re.compile(r"key_maps\[MAX_NR_KEYMAPS\] = \{(.*?)\};", re.S)
_LETTERS = (*range(16, 26), *range(30, 39), *range(44, 51))  # keys with letters
_ENOUGH = 20  # of these 26 keys; the French keyboard types a comma by one of them
_ALTGR, _CONTROL, _ALT = 2, 4, 8  # bits in the number of a table


def make_tree(choice: str, target: Archive, cache: Path) -> Tree:
    """Return the file of layouts. `choice` is one of CHOICES."""
    tree = Tree()
    if choice == "none":
        return tree
    need(TOOLS)
    packages = target.fetch(_PACKAGES)
    paths = [packages[name].path for name in _PACKAGES]
    salt = [path.name.encode() for path in paths]  # their names have hashes
    salt += [run([_loadkeys(), "--version"]), Path(__file__).read_bytes(), _LIST.read_bytes()]
    kept = cache / f"keymaps/{hashlib.sha256(b' '.join([choice.encode(), *salt])).hexdigest()}"
    if not kept.exists():
        say("keyboard layouts")
        with tempfile.TemporaryDirectory(prefix="petipy-") as room:
            for path in paths:
                lay_out(read_package(path), Path(room))
            write_whole(kept, write(convert(choice, Path(room))))
    tree.add(PLACE.lstrip("/"), file(kept.read_bytes()))
    return tree


def convert(choice: str, room: Path) -> list[Keymap]:
    """Return the layouts, from the files of the packages below `room`."""
    titles = read_titles((room / "usr/share/X11/xkb/rules/base.lst").read_text())
    names = [name for line in _LIST.read_text().splitlines() for name in _split(line)]
    if wrong := [name for name in names if name not in titles]:
        raise BuildError(f"{_LIST.name} names {', '.join(wrong)}, which xkb-data does not have")
    wanted = [_BASE, *(name for name in (titles if choice == "all" else names) if name != _BASE)]
    with ThreadPoolExecutor() as pool:
        return [*pool.map(lambda name: _convert(name, titles[name], room), wanted)]


def _split(line: str) -> list[str]:
    return [] if line.startswith("#") else line.split()


def read_titles(text: str) -> dict[str, str]:
    """Return the titles of layouts and variants, by name, from X11's list of rules."""
    titles: dict[str, str] = {}
    part = ""
    for line in text.splitlines():
        if line.startswith("!"):
            part = line[1:].strip()
        elif part == "layout" and line.strip():
            name, title = line.split(maxsplit=1)
            if name != "custom":
                titles[name] = title
        elif part == "variant" and line.strip():
            variant, layout, title = line.split(maxsplit=2)
            titles[f"{layout.removesuffix(':')}-{variant}"] = title
    return dict(sorted(titles.items()))


def _convert(name: str, title: str, room: Path) -> Keymap:
    layout, _, variant = name.partition("-")
    tables = _compile(room, layout, variant)
    first = tables[0]
    letters = sum(chr(first[key] & 0xFF).isalpha() for key in _LETTERS if first[key] < 0xF00)
    if letters >= _ENOUGH:
        return Keymap(name, title, tables)
    tables = _compile(room, f"{_BASE},{layout}", f",{variant}", ["-option", "grp:alt_shift_toggle"])
    for table in tables:  # Ctrl and Alt with a letter are commands: they stay Latin
        if table & _ALTGR and table & (_CONTROL | _ALT):
            tables[table] = tables[table & ~_ALTGR]
    return Keymap(name, f"{title}; Alt-Shift changes between it and Latin", tables)


def _compile(
    room: Path, layout: str, variant: str, options: Sequence[str] = ()
) -> dict[int, list[int]]:
    """Return the symbols of a layout: the tables by their modifiers."""
    command: list[str | Path] = [
        "perl",
        room / "usr/bin/ckbcomp",
        f"-I{room}/usr/share/X11/xkb",
        "-compact",
    ]
    source = run([*command, "-layout", layout, "-variant", variant, *options])
    return read_tables(run([_loadkeys(), "--unicode", "--mktable", "-"], feed=source).decode())


def _loadkeys() -> str:
    return tool("loadkeys") or "loadkeys"


def read_tables(text: str) -> dict[int, list[int]]:
    """Return the tables of what loadkeys --mktable prints, a part of the kernel in C.

    The kernel stores a symbol with four bits turned over; programs do not.
    """
    found = {
        name: [int(number, 16) ^ 0xF000 for number in _numbers(body)][:KEYS]
        for name, body in _TABLE.findall(text)
    }
    order = _ORDER.search(text)
    if not order or "plain" not in found:
        raise BuildError("loadkeys printed no table")
    names = re.sub(r"/\*.*?\*/", "", order[1]).split(",")
    numbered = ((number, name.strip()) for number, name in enumerate(names))
    return {n: found[name.removesuffix("_map")] for n, name in numbered if name.endswith("_map")}


def _numbers(body: str) -> Iterator[str]:
    return (word.strip() for word in body.split(",") if word.strip())
