"""What a scan gets to know of the machine's firmware."""

import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.api import UNKNOWN, Firmware
from petipy.machinefile.read import BadMachine, parse
from petipy.platforms.efi import firmware

HERE = os.uname().machine
LAST = "LoaderEntryLastBooted-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
TOKEN = "LoaderSystemToken-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"


def test_efi_variables_that_decide_what_boots_are_read_and_secrets_are_not(tmp_path: Path) -> None:
    variables = tmp_path / "efi/efivars"
    variables.mkdir(parents=True)
    (variables / LAST).write_bytes(b"\7\0\0\0a\0\0\0")
    (variables / TOKEN).write_bytes(b"\7\0\0\0secret")
    (tmp_path / "dmi/tables").mkdir(parents=True)
    (tmp_path / "dmi/tables/DMI").write_bytes(b"\1\4")
    told = firmware(HERE, str(tmp_path))
    assert told.variables == {LAST: b"a\0\0\0"}
    assert told.smbios == b"\1\4"
    assert told.clock > 1_700_000_000


def test_firmware_without_efi_and_another_machines_tell_nothing(tmp_path: Path) -> None:
    assert firmware(HERE, str(tmp_path)).variables is None
    assert firmware(HERE, str(tmp_path)).smbios == b""
    assert replace(firmware("vax", str(tmp_path)), clock=0) == UNKNOWN


def test_a_machine_file_says_what_firmware_told() -> None:
    told = {"variables": {LAST: b64encode(b"a\0").decode()}, "smbios": "AQQ=", "clock": 7}
    about = {"devices": [{"name": "sda1"}], "firmware": told}
    assert parse(about, Path()).firmware == Firmware(
        variables={LAST: b"a\0"}, smbios=b"\1\4", clock=7
    )
    assert parse({**about, "firmware": {}}, Path()).firmware == UNKNOWN


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"clock": "noon"}, "no seconds since 1970"),
        ({"smbios": "?"}, "smbios: no base64"),
        ({"variables": {LAST: 5}}, "no base64"),
    ],
)
def test_a_machine_file_with_senseless_firmware_is_refused(wrong: object, why: str) -> None:
    with pytest.raises(BadMachine, match=why):
        parse({"devices": [{"name": "sda1"}], "firmware": wrong}, Path())
