"""The rules of the tree: what may import what, and a reviewed list of every plug-in."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules

import pytest

from parsers.formats import formats
from petipy import platforms
from petipy.kexec import machines
from petipy.ui import screens

TOP = Path(__file__).parent.parent
FORMATS = [
    *("grub", "bls", "uki", "grub-legacy", "ipxe", "kboot", "lilo", "native", "pxe", "silo"),
    *("syslinux", "yaboot", "zipl", "foreign", "found"),
]
PLATFORMS = ["efi", "generic", "pseries"]
ARCHITECTURES = [
    *("aarch64", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x", "x86_64"),
]
SCREENS = ["details", "editor", "help", "log", "menu", "prompt"]
PURE = [*(TOP / "parsers").rglob("*.py")]
# petipy modules that decide and do no I/O.
DECIDING = [
    TOP / "petipy/state/access.py",
    TOP / "petipy/scan/images.py",
    TOP / "petipy/state/model.py",
    TOP / "petipy/state/policy.py",
    TOP / "petipy/state/resolve.py",
    TOP / "petipy/scan/subvolumes.py",
    TOP / "petipy/sandbox/codec.py",
]
KEXEC = [*(TOP / "petipy/kexec").rglob("*.py")]
IO = {"os", "io", "socket", "subprocess", "pathlib", "shutil", "tempfile", "ctypes", "fcntl"}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", PURE, ids=lambda p: str(p.relative_to(TOP)))
def test_parsers_do_no_io_and_know_nothing_of_petipy(path: Path) -> None:
    assert not tops(path) & (IO | {"petipy", "pyudev", "urwid"})
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    named = {c.func.id for c in calls if isinstance(c.func, ast.Name)}
    assert not named & {"open", "eval", "exec", "__import__", "compile"}


@pytest.mark.parametrize("path", DECIDING, ids=lambda p: p.name)
def test_what_decides_does_no_io(path: Path) -> None:
    assert not tops(path) & (IO | {"asyncio", "pyudev", "urwid", "time"})


@pytest.mark.parametrize("path", KEXEC, ids=lambda p: p.name)
def test_kexec_stands_alone(path: Path) -> None:
    used = {name for name in imported(path) if name.partition(".")[0] in {"petipy", "parsers"}}
    assert all(name.startswith("petipy.kexec") for name in used)


def test_what_a_parser_imports_late_is_there_when_it_starts() -> None:
    """A scan has given up the right to read modules by then."""
    late = {
        name
        for path in PURE
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert late
    load = "import sys; from parsers.formats import formats; formats(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", load], cwd=TOP, check=True, capture_output=True, text=True
    )
    assert late <= set(done.stdout.split())


def test_ctypes_and_ioctl_live_in_sys_and_kexec_alone() -> None:
    elsewhere = [
        path.relative_to(TOP)
        for path in (TOP / "petipy").rglob("*.py")
        if tops(path) & {"ctypes", "fcntl", "termios"}
        and path.relative_to(TOP).parts[1] not in {"sys", "kexec"}
    ]
    assert not elsewhere


def names_used(path: Path) -> set[str]:
    """Return the modules that a file imports, and the attributes that it reads."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return tops(path) | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_programs_are_started_by_one_module_and_kexec_alone() -> None:
    starters = (
        *("subprocess", "pty", "multiprocessing", "execv", "execl", "spawn", "posix_spawn"),
        *("system", "popen", "create_subprocess"),
    )
    elsewhere = [
        (str(path.relative_to(TOP)), name)
        for path in (TOP / "petipy").rglob("*.py")
        if path != TOP / "petipy/sys/process.py" and path.relative_to(TOP).parts[1] != "kexec"
        for name in names_used(path)
        if name.startswith(starters)
    ]
    assert not elsewhere


def test_every_format_is_on_the_reviewed_list() -> None:
    assert [form.name for form in formats()] == FORMATS


def test_every_platform_is_on_the_reviewed_list() -> None:
    assert [module.name for module in iter_modules(platforms.__path__)] == PLATFORMS


def test_every_architecture_that_kexec_knows_is_on_the_reviewed_list() -> None:
    assert [module.name for module in iter_modules(machines.__path__)] == ARCHITECTURES


def test_every_screen_is_on_the_reviewed_list() -> None:
    assert [module.name for module in iter_modules(screens.__path__)] == SCREENS


@pytest.mark.parametrize("heavy", ["urwid", "pyparsing", "pathlib", "pyudev"])
def test_the_headless_path_does_not_import(heavy: str) -> None:
    done = f"import sys, petipy.app; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", done], cwd=TOP, check=False).returncode == 0
