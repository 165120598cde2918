"""Published yaboot.conf and menu.lst files: every entry is found.

The files lie outside the repository. Without them the tests are skipped.
"""

import re
from pathlib import Path

import pytest

from parsers.api import Problem
from tests.cases import SHARED, find
from tests.parsers.one_file import entries, items

ROOT = SHARED / "corpus"
MENUS = find("corpus/menu.lst/**/*")
YABOOTS = find("corpus/yaboot/**/*")

pytestmark = pytest.mark.shared("corpus")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MENUS, ids=name)
def test_every_title_of_a_menu_comes_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    found = items("grub-legacy", text)
    lines = {n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*title\s+\S", line)}
    assert {entry.line for entry in entries(found)} == lines
    kernels = re.findall(r"^\s*kernel\s+(?:\(\w+\))?/?(\S+)", text, re.M)
    assert [e.kernel.path[1:] for e in entries(found) if e.kernel] == kernels
    assert not [item for item in found if isinstance(item, Problem)]


@pytest.mark.parametrize("path", YABOOTS, ids=name)
def test_every_image_of_yaboot_comes_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    found = items("yaboot", text)
    images = re.findall(r"^image\s*=\s*(\S+)", text, re.M)
    assert [e.kernel.path for e in entries(found) if e.kernel] == images
    assert not [item for item in found if isinstance(item, Problem)]
