"""An entry boots from the files that were scanned."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from petipy.sandbox.client import Scanner
from petipy.state.model import Choice
from petipy.state.resolve import choices
from tests.sandbox.scanners import PATIENCE, device

MENU = "menuentry A {\n linux /vmlinux quiet\n initrd /initrd\n}\n"
LOCKED = "set superusers=root\npassword root x\nsource /more.cfg\nmenuentry A --unrestricted {\n"
LOCKED += " linux /vmlinux\n}\n"


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    started = Scanner.start()
    yield started
    started.close()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    for name, text in ("grub.cfg", MENU), ("vmlinux", "kernel"), ("initrd", "one"):
        (tmp_path / name).write_text(text)
    (tmp_path / "more.cfg").write_text("true\n")
    return tmp_path


def look(scanner: Scanner, disk: Path) -> Choice:
    found = asyncio.run(scanner.scan(device(disk), (), "ppc64le", PATIENCE))
    return choices([(device(disk), found)])[0]


def open_all(scanner: Scanner, disk: Path, choice: Choice) -> int:
    """Return the number of the error, or 0."""
    assert choice.kernel
    files = choice.kernel, *choice.initrds
    try:
        opened = scanner.open(files, [device(disk)], PATIENCE, choice.configs)
        for descriptor in asyncio.run(opened):
            os.close(descriptor)
    except OSError as error:
        return error.errno or -1
    return 0


def replace(path: Path) -> None:
    """Put another file with the same contents and times in its place."""
    new = path.with_name("new")
    new.write_bytes(path.read_bytes())
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.replace(path)


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "#\n")


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [replace, edit, remove])
@pytest.mark.parametrize("name", ["grub.cfg", "vmlinux", "initrd"])
def test_what_changes_after_the_scan_is_not_opened(
    change: Callable[[Path], None], name: str, scanner: Scanner, disk: Path
) -> None:
    choice = look(scanner, disk)
    assert open_all(scanner, disk, choice) == 0
    change(disk / name)
    assert open_all(scanner, disk, choice) == errno.ESTALE
    if change is not remove:
        assert open_all(scanner, disk, look(scanner, disk)) == 0


@pytest.mark.parametrize("locked", [True, False])
def test_with_superusers_every_text_counts_that_was_read(
    locked: bool, scanner: Scanner, disk: Path
) -> None:
    (disk / "grub.cfg").write_text(LOCKED if locked else f"source /more.cfg\n{MENU}")
    choice = look(scanner, disk)
    edit(disk / "more.cfg")
    assert open_all(scanner, disk, choice) == (errno.ESTALE if locked else 0)
