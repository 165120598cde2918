"""The platform that fits a machine is found, and it knows what differs there."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.api import UNKNOWN
from petipy import platforms
from petipy.platforms import Platform, powernv
from tests.trees import Content, lay

HERE = os.uname().machine
LAST = "LoaderEntryLastBooted-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
TOKEN = "LoaderSystemToken-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

# As QEMU 7.2 has it, under SLOF; without `openprom` under VOF.
VOF: Mapping[str, Content] = {
    "proc/device-tree/device_type": b"chrp\0",
    "proc/device-tree/compatible": b"qemu,pseries\0",
    "proc/device-tree/model": b"IBM pSeries (emulated by qemu)\0",
}
SLOF = {**VOF, "proc/device-tree/openprom/model": b"SLOF,HEAD\0"}
POWERVM = {**SLOF, "proc/device-tree/openprom/ibm,fw-vernum_encoded": b"FW950.40 (VL950_099)\0"}
POWERNV: Mapping[str, Content] = {
    "proc/device-tree/compatible": b"ibm,powernv\0",
    "proc/device-tree/model": b"9006-22P\0",
    "proc/device-tree/ibm,opal/firmware/version": b"skiboot-v6.7\0",
}
PC: Mapping[str, Content] = {
    "sys/firmware/dmi/tables/DMI": b"\1\4",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/class/dmi/id/product_name": "Standard PC (Q35 + ICH9, 2009)\n",
    "sys/class/dmi/id/bios_vendor": "EFI Development Kit II / OVMF\n",
    "sys/class/dmi/id/bios_version": "2022.11\n",
}
EFI = {**PC, f"sys/firmware/efi/efivars/{LAST}": b"\7\0\0\0a\0\0\0"}
BOARD: Mapping[str, Content] = {
    "proc/device-tree/model": b"Raspberry Pi 4 Model B\0",
    "proc/device-tree/compatible": b"raspberrypi,4-model-b\0brcm,bcm2711\0",
}


def found(room: Path, files: Mapping[str, Content]) -> tuple[Platform, str]:
    root = str(lay(room, files))
    return platforms.find(root), root


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (VOF, "pseries"),
        (SLOF, "pseries"),
        (POWERVM, "pseries"),
        (POWERNV, "powernv"),
        (PC, "generic"),
        (EFI, "EFI"),
        ({**BOARD, "sys/firmware/efi/fw_platform_size": "64\n"}, "EFI"),
        (BOARD, "generic"),
        ({}, "generic"),
    ],
)
def test_the_platform_that_fits_is_found(
    tmp_path: Path, files: Mapping[str, Content], name: str
) -> None:
    assert found(tmp_path, files)[0].name == name


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        (VOF, ["machine: IBM pSeries (emulated by qemu)"]),
        (SLOF, ["machine: IBM pSeries (emulated by qemu)", "firmware: SLOF,HEAD"]),
        (
            POWERVM,
            ["machine: IBM pSeries (emulated by qemu)", "firmware: FW950.40 (VL950_099)"],
        ),
        (
            EFI,
            [
                "machine: QEMU Standard PC (Q35 + ICH9, 2009)",
                "firmware: EFI EFI Development Kit II / OVMF 2022.11",
            ],
        ),
        (BOARD, ["machine: Raspberry Pi 4 Model B"]),
        ({}, []),
    ],
)
def test_machine_and_firmware_are_described_in_short_lines(
    tmp_path: Path, files: Mapping[str, Content], lines: list[str]
) -> None:
    assert platforms.describe(found(tmp_path, files)[1]) == lines


@pytest.mark.parametrize(
    ("files", "machine", "number"),
    [
        (SLOF, "ppc64le", 0xC),
        (PC, "x86_64", 0x0),
        (PC, "i686", 0x0),
        (EFI, "x86_64", 0x7),
        (EFI, "i686", 0x6),
        (EFI, "aarch64", 0xB),
        (EFI, "riscv64", 0x1B),
        (EFI, "ppc64le", None),
        (BOARD, "aarch64", 0xB),
        (POWERNV, "ppc64le", 0xE),
    ],
)
def test_a_dhcp_server_is_told_the_number_of_processor_and_firmware(
    tmp_path: Path, files: Mapping[str, Content], machine: str, number: int | None
) -> None:
    assert found(tmp_path, files)[0].dhcp_architecture(machine) == number


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        *((SLOF, False), (POWERVM, False), (POWERNV, False), (PC, False), (EFI, False)),
        ({**POWERNV, "proc/device-tree/ibm,opal/ipmi/name": b"ipmi\0"}, True),
        ({**PC, "sys/firmware/dmi/entries/38-0/raw": b"\x26"}, True),
        ({**EFI, "sys/bus/acpi/devices/IPI0001:00/status": "15\n"}, True),
    ],
)
def test_a_service_processor_is_known_by_what_the_firmware_says(
    tmp_path: Path, files: Mapping[str, Content], expected: bool
) -> None:
    platform, root = found(tmp_path, files)
    assert platform.has_bmc(root) is expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, False),
        ({"sys/firmware/opal/sysparams/next-boot-device": b"\xff"}, True),
        (
            {
                "sys/firmware/opal/sysparams/next-boot-device": b"\xff",
                "proc/device-tree/bmc/name": b"bmc\0",
            },
            False,
        ),
    ],
)
def test_opals_parameters_count_on_machines_without_a_bmc(
    tmp_path: Path, more: Mapping[str, Content], expected: bool
) -> None:
    _, root = found(tmp_path, {**POWERNV, **more})
    assert powernv.has_sysparams(root) is expected


def test_efi_variables_that_decide_what_boots_are_read_and_secrets_are_not(tmp_path: Path) -> None:
    secret = {f"sys/firmware/efi/efivars/{TOKEN}": b"\7\0\0\0secret"}
    _, root = found(tmp_path, {**EFI, **secret})
    answers = platforms.read_firmware(HERE, root)
    assert answers.variables == {LAST: b"a\0\0\0"}
    assert answers.smbios == b"\1\4"
    assert answers.clock > 1_700_000_000


def test_an_efi_machine_without_variables_has_none_of_them(tmp_path: Path) -> None:
    _, root = found(tmp_path, {"sys/firmware/efi/fw_platform_size": "64\n"})
    assert platforms.read_firmware(HERE, root).variables == {}


def test_firmware_without_efi_and_another_machines_answer_nothing(tmp_path: Path) -> None:
    assert platforms.read_firmware(HERE, str(tmp_path)).variables is None
    assert platforms.read_firmware(HERE, str(tmp_path)).smbios == b""
    assert replace(platforms.read_firmware("vax", str(tmp_path)), clock=0) == UNKNOWN


@pytest.mark.parametrize("files", [SLOF, PC, EFI, {}])
def test_a_platform_can_be_left(tmp_path: Path, files: Mapping[str, Content]) -> None:
    platform, _ = found(tmp_path, files)
    platform.before_boot()


def test_this_machine_has_a_platform() -> None:
    assert platforms.find() is platforms.find()
    assert all(": " in line for line in platforms.describe())


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, ()),
        (
            {"boot-list": b"/pci@800000020000000/scsi@2/disk@0,0 /vdevice/l-lan@71000002 HALT\0"},
            ("/pci@800000020000000/scsi@2/disk@0,0", "/vdevice/l-lan@71000002"),
        ),
        ({"boot-device": b"ncd\0"}, ("network", "disk", "optical")),
        ({"boot-device": b"/vdevice/l-lan@71000002\0"}, ("/vdevice/l-lan@71000002",)),
        ({"boot-list": b"HALT\0", "boot-device": b"xa\xff\0"}, ()),
    ],
)
def test_qemu_tells_a_pseries_guest_what_to_boot_first(
    tmp_path: Path, chosen: Mapping[str, bytes], names: tuple[str, ...]
) -> None:
    files = {f"proc/device-tree/chosen/qemu,{name}": text for name, text in chosen.items()}
    platform, root = found(tmp_path, {**VOF, **files})
    assert platform.read_host_order(root) == names


def test_other_machines_have_no_host_that_tells_what_to_boot(tmp_path: Path) -> None:
    platform, root = found(tmp_path, PC)
    assert platform.read_host_order(root) == ()
