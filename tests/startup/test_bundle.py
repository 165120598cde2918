"""Import modules from one file; each program runs in a new Python."""

import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from initramfs.fast.bundle import write_bundle
from petipy.startup import bundle

TOP = Path(__file__).parents[2]
SOURCES = {
    "shop": ("import shop.bread\nname = shop.bread.name", True),
    "shop.bread": ("name = 'rye'", False),
    "shop.cellar": ("", True),
    "shop.cellar.wine": ("from shop import bread", False),
    "json": ("ours = True", False),
    "broken": ("1 / 0", False),
}


def group(names: list[str]) -> bytes:
    return marshal.dumps([compile(SOURCES[name][0], name, "exec") for name in names])


def run(tmp_path: Path, program: str) -> None:
    codes = {
        name: (marshal.dumps(compile(text, name, "exec")), package)
        for name, (text, package) in SOURCES.items()
    }
    place = tmp_path / "modules"
    groups = [(names, group(names)) for names in (["shop", "shop.bread"], ["broken"])]
    place.write_bytes(write_bundle(codes, ["json"], groups=groups))  # the others are packed
    start = "import sys\nfrom petipy.startup import bundle\nbundle.install(sys.argv[1])\n"
    subprocess.run([sys.executable, "-c", start + program, str(place)], cwd=TOP, check=True)


def test_packages_and_their_modules_are_imported(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import shop.cellar.wine
assert shop.name == "rye" and shop.cellar.wine.bread is shop.bread
assert shop.__spec__.submodule_search_locations and shop.bread.__package__ == "shop"
assert shop.bread.__file__.endswith("/shop.bread")
""",
    )


def test_without_locks_modules_are_what_importlib_makes_of_them(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
from petipy.startup import unlocked
unlocked.begin()
import shop.cellar.wine, json, colorsys
unlocked.end()
assert shop.name == "rye" and shop.cellar.wine.bread is shop.bread and colorsys.rgb_to_hsv
assert shop.__path__ == shop.__spec__.submodule_search_locations and json.ours
for module, package in ((shop, "shop"), (shop.bread, "shop"), (json, "")):
    assert module.__package__ == module.__spec__.parent == package, module
    assert module.__file__ == module.__spec__.origin and module.__loader__
from importlib import import_module
try:
    import_module("shop.nosuch")
except ModuleNotFoundError:
    pass
""",
    )


def test_without_locks_a_module_that_fails_is_not_there(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
from petipy.startup import unlocked
unlocked.begin()
for _ in range(2):
    try:
        import broken
    except ZeroDivisionError:
        assert "broken" not in sys.modules
    else:
        raise SystemExit(1)
""",
    )


def test_what_is_in_it_comes_before_what_lies_elsewhere_and_all_else_is_found(
    tmp_path: Path,
) -> None:
    run(tmp_path, "import json, colorsys\nassert json.ours and colorsys.rgb_to_hsv")


def test_pkgutil_finds_a_packages_modules(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import pkgutil, shop
found = [(m.name, m.ispkg) for m in pkgutil.iter_modules(shop.__path__, "shop.")]
assert found == [("shop.bread", False), ("shop.cellar", True)], found
""",
    )


def test_it_survives_that_every_descriptor_is_closed(tmp_path: Path) -> None:
    run(tmp_path, "import os\nos.closerange(3, 100)\nimport shop")


@pytest.mark.parametrize("at", [0, 2, 4, 8, 20, -1])
def test_a_damaged_bundle_or_that_of_another_python_is_not_used(at: int, tmp_path: Path) -> None:
    made = bytearray(
        write_bundle({"json": (marshal.dumps(compile("", "json", "exec")), False)}, [])
    )
    made[at] ^= 1
    (tmp_path / "modules").write_bytes(made if at >= 0 else made[:10])
    program = """
import sys
from petipy.startup import bundle
bundle.install(sys.argv[1])
import json
assert json.loads("[1]") == [1]
"""
    command = [sys.executable, "-c", program, str(tmp_path / "modules")]
    subprocess.run(command, cwd=TOP, check=True)


def test_what_a_start_imports_comes_first_and_as_it_is_and_all_else_is_packed() -> None:
    modules = {name: (name.encode() * 500, False) for name in ("apple", "bread", "cellar")}

    made = write_bundle(modules, ["cellar", "nosuch", "apple"])

    assert b"cellar" * 500 + b"apple" * 500 in made
    assert b"bread" * 500 not in made


def test_modules_larger_than_what_is_read_at_once_are_whole(tmp_path: Path) -> None:
    code = {
        name: (marshal.dumps(compile(f"data = {'x' * size!r}", name, "exec")), False)
        for name, size in (("one", 10), ("two", bundle.AHEAD), ("three", bundle.AHEAD * 2))
    }
    place = tmp_path / "modules"
    place.write_bytes(write_bundle(code, list(code)))

    found = bundle.Bundle(str(place))

    for name in ("three", "one", "two", "one"):
        assert found.get_code(name) == marshal.loads(code[name][0])


def test_a_module_of_a_group_can_be_had_again(tmp_path: Path) -> None:
    codes = {name: (b"", package) for name, (_, package) in SOURCES.items()}
    names = ["shop.bread", "json"]
    place = tmp_path / "modules"
    place.write_bytes(write_bundle(codes, names, groups=[(names, group(names))]))

    found = bundle.Bundle(str(place))

    for name in (*names, *names):
        assert found.get_code(name) == compile(SOURCES[name][0], name, "exec")


def test_what_starts_python_stays_outside() -> None:
    assert all(map(bundle.outside, ("os", "encodings.utf_8", "petipy", "petipy.startup.bundle")))
    assert not any(map(bundle.outside, ("posixpath", "petipy.app", "parsers")))
