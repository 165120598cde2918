"""The UUID that DHCP's servers are told."""

from pathlib import Path

import pytest

from petipy.platforms import make_uuid
from petipy.platforms.generic import Generic
from petipy.platforms.pseries import Pseries

TEXT = "8a04cbd4-2c4b-4a5b-9a1c-0123456789ab"
BIG = bytes.fromhex("8a04cbd42c4b4a5b9a1c0123456789ab")
LITTLE = bytes.fromhex("d4cb048a4b2c5b4a9a1c0123456789ab")


@pytest.mark.parametrize("name", ["vm,uuid", "ibm,partition-uuid"])
def test_a_guest_has_the_one_of_the_device_tree(tmp_path: Path, name: str) -> None:
    place = tmp_path / "proc/device-tree" / name
    place.parent.mkdir(parents=True)
    place.write_bytes(TEXT.encode() + b"\0")
    assert Pseries().read_uuid(str(tmp_path)) == BIG


def test_a_pc_sends_smbios_bytes_as_its_firmware_does(tmp_path: Path) -> None:
    place = tmp_path / "sys/class/dmi/id/product_uuid"
    place.parent.mkdir(parents=True)
    place.write_text(f"{TEXT}\n")
    assert Generic().read_uuid(str(tmp_path)) == LITTLE


@pytest.mark.parametrize("text", ["", "none", "00000000-0000-0000-0000-000000000000", TEXT[:-2]])
def test_a_machine_may_have_none(text: str) -> None:
    assert make_uuid(text) == b""
