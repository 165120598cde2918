"""The firmware's answers in a machine file."""

from base64 import b64encode
from pathlib import Path

import pytest

from parsers.api import UNKNOWN, Firmware
from petipy.machinefile.read import BadMachine, parse

LAST = "LoaderEntryLastBooted-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"


def test_a_machine_file_says_what_the_firmware_answers() -> None:
    firmware = {"variables": {LAST: b64encode(b"a\0").decode()}, "smbios": "AQQ=", "clock": 7}
    about = {"devices": [{"name": "sda1"}], "firmware": firmware}
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
