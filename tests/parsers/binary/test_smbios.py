"""SMBIOS, and the formats that use it."""

import pytest

from parsers.api import UNKNOWN, Entry, Firmware, Format, Problem
from parsers.binary import smbios
from parsers.binary.smbios import BOARD, CHASSIS, SYSTEM
from parsers.formats.ipxe import FORMAT as IPXE
from parsers.formats.syslinux import FORMAT as SYSLINUX
from tests.fakes import Machine

UUID = "00112233-4455-6677-8899-aabbccddeeff"
TABLE = (
    b"\x00\x06\x00\x00\x01\x02SeaBIOS\0" + b"rel 1.16\0\0"
    b"\x01\x1b\x00\x01\x01\x02\x03\x04"
    + bytes.fromhex("33221100554477668899aabbccddeeff")
    + b"\x06\x05\x06QEMU\0Standard PC  (Q35)\0pc-q35\0\xc3\xa9 1\0sku\0 \0\0"
    b"\x02\x09\x01\x02\x01\x02\x00\x03\x04Board Inc\0X\0B-7\0A-1\0\0"
    b"\x03\x09\x01\x03\x00\x00\x00\x00\x01C-9\0\0"
    b"\x7f\x04\x02\x7f\0\0"
)


def entry(
    form: Format, text: str, table: bytes = TABLE, lease: dict[str, str] | None = None
) -> tuple[str, list[str]]:
    """Return the command line and the problems."""
    path = form.paths[0]
    firmware = Firmware(smbios=table) if table else UNKNOWN
    host = Machine(
        {"sda1": {path: text, "/v": ""}},
        machine="x86_64",
        firmware=firmware,
        leases={"sda1": lease or {}},
    )
    found = list(form.parse(host.files("sda1"), path))
    (only,) = (item for item in found if isinstance(item, Entry))
    return only.cmdline, [item.message for item in found if isinstance(item, Problem)]


def test_a_string_is_that_of_the_first_structure_of_its_type() -> None:
    assert smbios.text(TABLE, SYSTEM, 4) == "QEMU"
    assert smbios.text(TABLE, BOARD, 8) == "A-1"
    assert smbios.text(TABLE + TABLE, CHASSIS, 8) == "C-9"
    assert smbios.text(TABLE, BOARD, 6) == smbios.text(TABLE, 9, 4) == ""
    assert smbios.text(TABLE, CHASSIS, 99) == ""


@pytest.mark.parametrize(
    ("table", "uuid"),
    [
        (TABLE, UUID),
        (b"", ""),
        (b"\x01\x08\x00\x01\x00\x00\x00\x00\0\0", ""),
        (b"\x01\x18\x00\x01\x00\x00\x00\x00" + bytes(16) + b"\0\0", ""),
        (b"\x01\x18\x00\x01\x00\x00\x00\x00" + b"\xff" * 16 + b"\0\0", ""),
    ],
)
def test_a_uuid_of_which_nothing_is_known_is_none(table: bytes, uuid: str) -> None:
    assert smbios.system_uuid(table) == uuid


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ("0x4", f"SYSUUID={UUID}"),
        ("0x10", "SYSVENDOR=QEMU"),
        ("0x20", "SYSPRODUCT=Standard_PC_(Q35)"),
        ("0xc0", "SYSVERSION=pc-q35 SYSSERIAL=é_1"),
        ("0x300", "SYSSKU=sku"),
        ("0x7c00", "MBVENDOR=Board_Inc MBPRODUCT=X MBSERIAL=B-7 MBASSET=A-1"),
        ("0x18000", "BIOSVENDOR=SeaBIOS BIOSVERSION=rel_1.16"),
    ],
)
def test_sysappend_asks_the_firmware(bits: str, words: str) -> None:
    assert entry(SYSLINUX, f"LABEL a\nLINUX /v\nAPPEND x\nSYSAPPEND {bits}\n") == (f"x {words}", [])


def test_sysappend_tells_what_the_machine_cannot_answer() -> None:
    text = "LABEL a\nLINUX /v\nSYSAPPEND 0x18\n"
    words = "SYSAPPEND asks for what only a BIOS tells ({}): left out"
    assert entry(SYSLINUX, text) == ("SYSVENDOR=QEMU", [words.format("0x8")])
    assert entry(SYSLINUX, text, table=b"") == ("", [words.format("0x18")])


def test_the_uuid_that_the_lease_says_goes_before() -> None:
    lease = {"uuid": "B8945908-D6A6-41A9-AC51-3A3F7A3D5F4E"}
    text = "LABEL a\nLINUX /v\nSYSAPPEND 4\n"
    assert entry(SYSLINUX, text, lease=lease)[0] == f"SYSUUID={lease['uuid'].lower()}"


def test_ipxe_has_settings_of_the_machine() -> None:
    names = ("uuid", "manufacturer", "product", "serial", "asset", "board-serial")
    words = " ".join(f"{name}=${{{name}}}" for name in names)
    cmdline, problems = entry(IPXE, f"#!ipxe\nkernel /v {words}\nboot\n")
    assert cmdline == (
        f"uuid={UUID} manufacturer=QEMU product=Standard PC  (Q35) serial=é 1 asset=C-9"
        " board-serial=B-7"
    )
    assert problems == []
    assert entry(IPXE, "#!ipxe\nkernel /v a=${asset}\nboot\n", table=b"")[0] == "a="
