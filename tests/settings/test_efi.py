"""Settings are kept in EFI variables, and Petitboot's on arm64 are read."""

import asyncio
import math
import os
from pathlib import Path

import pytest

from petipy.settings.efi import GUID, PETITBOOT, SYSTEMD, EfiVariables
from petipy.settings.storage import load
from petipy.state.settings import Settings
from petipy.sys.attributes import set_immutable

NOWHERE = "/nonexistent/petipy.toml"
ATTRIBUTES = b"\x07\0\0\0"


def variables(room: Path) -> EfiVariables:
    return EfiVariables(lambda: os.open(room, os.O_RDONLY | os.O_DIRECTORY))


def read(room: Path) -> Settings:
    return load("", NOWHERE, variables(room))


def write(room: Path, name: str, text: str | None) -> None:
    asyncio.run(variables(room).write(name, text))


def test_what_is_written_is_read_and_can_be_taken_back(tmp_path: Path) -> None:
    write(tmp_path, "timeout", "7")
    assert (tmp_path / f"timeout-{GUID}").read_bytes() == ATTRIBUTES + b"7"
    got = read(tmp_path)
    assert (got.timeout, got.place("timeout")) == (7, "EFI variables: timeout")
    write(tmp_path, "timeout", None)
    assert not list(tmp_path.iterdir())
    write(tmp_path, "timeout", None)


def test_what_does_not_change_is_not_written(tmp_path: Path) -> None:
    write(tmp_path, "timeout", "7")
    path = tmp_path / f"timeout-{GUID}"
    path.chmod(0o400)
    os.utime(path, ns=(1, 1))
    write(tmp_path, "timeout", "7")
    assert path.stat().st_mtime_ns == 1


def test_others_variables_are_neither_read_nor_opened(tmp_path: Path) -> None:
    (tmp_path / "timeout-8be4df61-93ca-11d2-aa0d-00e098032b8c").write_bytes(ATTRIBUTES + b"9")
    (tmp_path / f"debug-{GUID}").write_bytes(b"\x07")
    got = read(tmp_path)
    assert (got.origins, got.complaints) == ((), ())


def test_a_variable_that_cannot_be_read_is_named_and_can_be_replaced(tmp_path: Path) -> None:
    (tmp_path / f"x-{GUID}").mkdir()
    (tmp_path / f"order-{GUID}").write_bytes(ATTRIBUTES + b"x" * 5000)
    (tmp_path / f"LoaderEntryOneShot-{SYSTEMD}").write_bytes(ATTRIBUTES + b"x\0" * 5000)
    (tmp_path / f"timeout-{GUID}").write_bytes(ATTRIBUTES + b"7")
    got = read(tmp_path)
    assert got.timeout == 7
    assert sorted(got.complaints) == [
        "EFI variables: LoaderEntryOneShot: not read: it has more than 1024 bytes",
        "EFI variables: order: not read: it has more than 1024 bytes",
        "EFI variables: x: not read: Is a directory",
    ]
    write(tmp_path, "order", "disk")
    write(tmp_path, "next", None)
    assert [str(item) for item in read(tmp_path).order] == ["disk"]
    assert not (tmp_path / f"LoaderEntryOneShot-{SYSTEMD}").exists()


def test_petitboots_variables_of_arm64_are_read(tmp_path: Path) -> None:
    (tmp_path / f"petitboot,timeout-{PETITBOOT}").write_bytes(ATTRIBUTES + b"20\0")
    (tmp_path / f"auto-boot?-{PETITBOOT}").write_bytes(ATTRIBUTES + b"true\0")
    got = read(tmp_path)
    assert (got.timeout, got.place("timeout")) == (20, "EFI variables: petitboot,timeout")
    write(tmp_path, "timeout", "7")
    assert read(tmp_path).timeout == 7


def test_systemds_wish_for_one_boot_is_read_and_used_up(tmp_path: Path) -> None:
    once = tmp_path / f"LoaderEntryOneShot-{SYSTEMD}"
    once.write_bytes(ATTRIBUTES + "fedora-6.11.conf\0".encode("utf-16-le"))
    got = read(tmp_path)
    assert (got.next, got.place("next")) == (
        "fedora-6.11",
        "EFI variables: LoaderEntryOneShot",
    )
    write(tmp_path, "timeout", "7")
    assert once.exists()
    write(tmp_path, "next", None)
    assert not once.exists()


@pytest.mark.parametrize(
    ("written", "expected"),
    [("20", 20), ("0", math.inf), ("menu-force", math.inf), ("menu-hidden", 0)],
)
def test_systemds_time_out_for_one_boot_is_read_and_used_up(
    tmp_path: Path, written: str, expected: float
) -> None:
    once = tmp_path / f"LoaderConfigTimeoutOneShot-{SYSTEMD}"
    once.write_bytes(ATTRIBUTES + f"{written}\0".encode("utf-16-le"))
    assert read(tmp_path).menu == expected
    write(tmp_path, "menu", None)
    assert not once.exists()


def test_a_wish_of_petipys_own_outranks_systemds(tmp_path: Path) -> None:
    once = tmp_path / f"LoaderEntryOneShot-{SYSTEMD}"
    once.write_bytes(ATTRIBUTES + b"a\0.\0\0")  # cut off
    write(tmp_path, "next", "Debian")
    assert read(tmp_path).next == "Debian"


def test_a_value_that_is_too_long_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="this takes 1025 bytes; an EFI variable of Petipy has 1024"):
        write(tmp_path, "consoles", "x" * 1025)
    assert not list(tmp_path.iterdir())


@pytest.mark.root
def test_an_immutable_variable_is_changed_and_removed(tmp_path: Path) -> None:
    write(tmp_path, "timeout", "7")
    path = tmp_path / f"timeout-{GUID}"
    try:
        set_immutable(str(path), True)
    except OSError:
        pytest.skip("this file system has no attributes")
    with pytest.raises(PermissionError):
        path.write_text("x")
    write(tmp_path, "timeout", "8")
    assert read(tmp_path).timeout == 8
    set_immutable(str(path), True)
    write(tmp_path, "timeout", None)
    assert not path.exists()
