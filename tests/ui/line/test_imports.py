"""The countdown works before urwid is imported."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import petipy.ui.line

MODULES = [module.name for module in pkgutil.iter_modules(petipy.ui.line.__path__)]


def test_no_module_of_the_countdown_imports_urwid_or_what_needs_it() -> None:
    program = "import sys\n" + "\n".join(f"import petipy.ui.line.{name}" for name in MODULES)
    program += "\nprint(*sys.modules)"
    out = subprocess.check_output([sys.executable, "-c", program], text=True)
    modules = out.split()
    assert {f"petipy.ui.line.{name}" for name in MODULES} <= set(modules)
    foreign = ("urwid", "wcwidth", "petipy.ui.kit", "petipy.ui.screens", "petipy.ui.view")
    assert not [name for name in modules if name.startswith(foreign)]


@pytest.mark.parametrize("name", MODULES)
def test_no_late_import_brings_urwid_either(name: str) -> None:
    (path,) = petipy.ui.line.__path__
    tree = ast.parse((Path(path) / f"{name}.py").read_text())
    found = {
        imported
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for imported in (
            [f"{node.module}."]
            if isinstance(node, ast.ImportFrom)
            else [f"{alias.name}." for alias in node.names]
        )
    }
    assert not [name for name in found if name.startswith(("urwid.", "petipy.ui.kit."))]
