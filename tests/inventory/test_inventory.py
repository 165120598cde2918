"""The parts of the machine are read from trees like those of real machines."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from petipy import inventory
from petipy.state.model import Kind, Snapshot, Source
from petipy.state.network import Link
from tests.trees import Content, lay

PPC: Mapping[str, Content] = {
    "proc/device-tree/device_type": b"chrp\0",
    "proc/device-tree/model": b"IBM pSeries (emulated by qemu)\0",
    "proc/device-tree/openprom/model": b"SLOF,HEAD\0",
    "proc/device-tree/hypervisor/compatible": b"linux,kvm\0",
    "proc/device-tree/chosen/qemu,boot-device": b"cdn\0",
    "proc/device-tree/ibm,secure-boot": b"\0\0\0\2",
    "proc/cpuinfo": (
        "processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n"
        "clock\t\t: 2200.000000MHz\nrevision\t: 2.0 (pvr 004e 1200)\n\n"
        "processor\t: 1\ncpu\t\t: POWER9 (architected), altivec supported\n"
        "clock\t\t: 2200.000000MHz\n\ntimebase\t: 512000000\n"
    ),
    "sys/devices/system/cpu/online": "0-1\n",
    "sys/devices/system/cpu/possible": "0-7\n",
    "proc/meminfo": "MemTotal:        1021440 kB\nMemFree: 1 kB\nMemAvailable:     812000 kB\n",
    "proc/cmdline": (
        "console=hvc0 petipy.timeout=5 petipy.password=$6$abc rd.password=geheim x=http://u:p@h/\n"
    ),
    "proc/uptime": "12.34 20.00\n",
    "proc/consoles": (
        "hvc0                 -W- (EC p  )  229:0\nttyS0                RW- (E  p  )    4:64\n"
    ),
    "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    "sys/class/tpm/tpm0/tpm_version_major": "2\n",
    "sys/class/block/vda/size": "41943040\n",
    "sys/class/block/vda/ro": "1\n",
    "sys/class/block/vda1/partition": "1\n",
    "sys/class/block/sr0/size": "0\n",
    "sys/class/block/sr0/removable": "1\n",
    "sys/class/block/sr0/device/vendor": "QEMU    \n",
    "sys/class/block/sr0/device/model": "QEMU CD-ROM     \n",
    "sys/class/block/loop0/size": "2048\n",
    "sys/class/net/lo/address": "00:00:00:00:00:00\n",
    "sys/class/net/eth0/device/vendor": "0x1af4\n",
    "sys/class/net/eth0/address": "52:54:00:12:34:56\n",
    "sys/class/net/eth0/carrier": "1\n",
    "sys/class/net/eth0/speed": "1000\n",
    "sys/bus/pci/devices/0000:00:03.0/class": "0x010802\n",
    "sys/bus/pci/devices/0000:00:03.0/vendor": "0x1b36\n",
    "sys/bus/pci/devices/0000:00:03.0/device": "0x0010\n",
    "sys/bus/pci/devices/0000:00:04.0/class": "0x030000\n",
}


def read(
    room: Path, files: Mapping[str, Content], snapshot: Snapshot | None = None
) -> dict[str, str]:
    """Return each fact as words, by the titles of its part and of its own."""
    parts = inventory.read(snapshot or Snapshot(), str(lay(room, files)))
    return {f"{part.title}/{name}": words for part in parts for name, words in part.facts}


def test_a_pseries_guest(tmp_path: Path) -> None:
    link = Link(index=2, name="eth0", addresses=("192.0.2.7/24",))
    source = Source(name="eth0", kind=Kind(name="network", rank=4), link=link)
    root = lay(tmp_path, PPC)
    (root / "sys/class/block/vda/device").mkdir(parents=True)
    (root / "sys/class/block/vda/device/driver").symlink_to("/sys/bus/virtio/drivers/virtio_blk")
    found = read(tmp_path, {}, Snapshot(sources=(source,), host=("/pci/scsi@1",)))
    clock, built = found.pop("Kernel/Clock"), found.pop("Kernel/Built")
    assert clock.endswith(" UTC")
    assert built == os.uname().version
    assert found.pop("Kernel/Version").startswith("Linux ")
    assert found == {
        "Machine/Model": "IBM pSeries (emulated by qemu)",
        "Machine/Platform": "pseries",
        "Machine/Firmware": "SLOF,HEAD",
        "Machine/Hypervisor": "linux,kvm",
        "Machine/Boot order of QEMU": "cdn",
        "Machine/Host boots first": "/pci/scsi@1",
        "Machine/Petipy": "0.1",
        "Processors/Model": "2 x POWER9 (architected), altivec supported",
        "Processors/Online": "2 of 8",
        "Processors/Clock": "2200 MHz",
        "Memory/For Linux": "1 GB",
        "Memory/Free": "831 MB",
        "Trust/Secure boot": "on",
        "Trust/Lockdown": "integrity",
        "Trust/TPM": "tpm0 (2.0)",
        "Kernel/Command line": (
            "console=hvc0 petipy.timeout=5 petipy.password=(secret) rd.password=(secret)"
            " x=http://h/"
        ),
        "Kernel/Running for": "12 s",
        "Consoles/hvc0": "output, /dev/console",
        "Consoles/ttyS0": "input, output",
        "Disks/sr0": "no medium, QEMU QEMU CD-ROM, removable",
        "Disks/vda": "21 GB, virtio_blk, read-only",
        "Network cards/eth0": "52:54:00:12:34:56, link, 1000 Mbit/s, 192.0.2.7/24",
        "Devices without a driver/0000:00:03.0": "disk controller, 0x1b36:0x0010",
    }


@pytest.mark.parametrize(
    ("cpuinfo", "words"),
    [
        ("processor : 0\nmodel name : AMD EPYC\ncpu MHz : 2596.9\n", "AMD EPYC"),
        ("processor : 0\nisa : rv64imafdc\nuarch : sifive,u74\n", "sifive,u74"),
        (
            "vendor_id : IBM/S390\n"
            "processor 0: version = FF,  identification = 1,  machine = 8561\n"
            "processor 1: version = FF,  identification = 1,  machine = 8561\n",
            "2 x IBM 8561",
        ),
        ("processor : 0\nCPU implementer : 0x41\n", None),
        ("", None),
    ],
)
def test_processors_of_other_architectures(tmp_path: Path, cpuinfo: str, words: str | None) -> None:
    assert read(tmp_path, {"proc/cpuinfo": cpuinfo}).get("Processors/Model") == words


@pytest.mark.parametrize(
    ("online", "possible", "words"),
    [("0", "0", "1 of 1"), ("0-3,8", "0-15", "5 of 16"), ("0", "", "1"), ("x", "0-7", None)],
)
def test_processors_are_counted(
    tmp_path: Path, online: str, possible: str, words: str | None
) -> None:
    place = "sys/devices/system/cpu"
    given = {f"{place}/online": online, f"{place}/possible": possible}
    assert read(tmp_path, given).get("Processors/Online") == words


GUID = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


@pytest.mark.parametrize(
    ("secure", "setup", "words"),
    [
        (b"\1", b"\0", "on"),
        (b"\0", b"\0", "off"),
        (b"\0", b"\1", "off, in setup mode: anybody may set its keys"),
        (None, None, "not known: its variable cannot be read"),
    ],
)
def test_secure_boot_of_efi(
    tmp_path: Path, secure: bytes | None, setup: bytes | None, words: str
) -> None:
    place, head = "sys/firmware/efi/efivars", b"\6\0\0\0"
    values = {"SecureBoot": secure, "SetupMode": setup}
    files = {f"{place}/{n}-{GUID}": head + v for n, v in values.items() if v is not None}
    found = read(tmp_path, {**files, "sys/firmware/efi/fw_platform_size": "64\n"})
    assert found["Trust/Secure boot"] == words
    assert found["Machine/EFI calls"] == "64 bits"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"proc/device-tree/ibm,secureboot/compatible": b"ibm,secureboot-v2\0"}, "off"),
        ({"proc/device-tree/ibm,secureboot/os-secureboot-enforcing": b""}, "on"),
        ({}, "the firmware tells of none"),
    ],
)
def test_secure_boot_of_openpower(tmp_path: Path, files: Mapping[str, Content], words: str) -> None:
    opal: Mapping[str, Content] = {
        "proc/device-tree/ibm,opal/firmware/version": b"skiboot-v6.7\0",
        "proc/device-tree/ibm,firmware-versions/hostboot": b"hb-1\0",
    }
    found = read(tmp_path, {**opal, **files})
    assert found["Trust/Secure boot"] == words
    assert found["Machine/Firmware hostboot"] == "hb-1"


def test_a_machine_with_thousands_of_disks_is_described_in_part(tmp_path: Path) -> None:
    files = {f"sys/class/block/sd{number:04}/size": "8\n" for number in range(1000)}
    disks = [name for name in read(tmp_path, files) if name.startswith("Disks/")]
    assert len(disks) == 65


def test_an_empty_tree_is_no_error(tmp_path: Path) -> None:
    found = read(tmp_path, {})
    assert found["Machine/Model"] == "not known"
    assert found["Trust/TPM"] == "none"


def test_this_machine_has_its_parts() -> None:
    assert [part.title for part in inventory.read(Snapshot())][:3] == [
        "Machine",
        "Processors",
        "Memory",
    ]
