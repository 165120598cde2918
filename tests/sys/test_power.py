"""Requests to the firmware. A guest tests the restart itself."""

from pathlib import Path

import pytest

from petipy.sys import power

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


def test_firmware_that_has_no_settings_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="has no settings to open"):
        power.ask_for_settings(str(tmp_path / "none"))
    (tmp_path / f"OsIndicationsSupported-{GLOBAL}").write_bytes(bytes([6, 0, 0, 0, 2]) + bytes(7))
    with pytest.raises(OSError, match="has no settings to open"):
        power.ask_for_settings(str(tmp_path))


def test_efi_firmware_is_asked_for_its_settings_and_keeps_its_other_wishes(tmp_path: Path) -> None:
    (tmp_path / f"OsIndicationsSupported-{GLOBAL}").write_bytes(bytes([6, 0, 0, 0, 1]) + bytes(7))
    wishes = tmp_path / f"OsIndications-{GLOBAL}"
    power.ask_for_settings(str(tmp_path))
    assert wishes.read_bytes() == bytes([7, 0, 0, 0, 1]) + bytes(7)
    wishes.write_bytes(bytes([7, 0, 0, 0, 4]) + bytes(7))
    power.ask_for_settings(str(tmp_path))
    assert wishes.read_bytes() == bytes([7, 0, 0, 0, 5]) + bytes(7)
