"""A machine with nobody there: failures, the host's order, wishes that the machine keeps."""

import json
from pathlib import Path

import pytest

from initramfs.disks import Names
from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.installed import Configured
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Firmware, Machine, start
from tests.parsers.binary.nvram import Device, slof

pytestmark = pytest.mark.e2e

ENTRIES = """\
default broken
label broken
	kernel /etc/marker
label first
	menu label First
	kernel ../vmlinux
	initrd ../initrd.img
	append root=UUID=@UUID@ ro @CMDLINE@ first
label second
	menu label Second
	kernel ../vmlinux
	initrd ../initrd.img
	append root=UUID=@UUID@ ro @CMDLINE@ second
"""
WORKING = ENTRIES.replace("default broken", "default first")
PLACE = "/boot/extlinux/extlinux.conf"


def test_alone_it_boots_the_next_entry_when_the_first_choice_fails(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    system = Configured(chosen, Names.new("root"), PLACE, ENTRIES)
    machine = Machine(drives=[("virtio", install(system))])
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        guest.console.expect("broken did not boot", within=menu.START)
        said = wait_for_target(guest.console)
    assert said["cmdline"].endswith("first]")
    (failed,) = json.loads(said["story"])["failed"]
    assert failed["title"] == "broken"
    assert failed["says"].startswith("broken did not boot: (vda2)/etc/marker: ")


@pytest.mark.parametrize("firmware", ["vof", "slof"])
def test_the_disk_with_a_bootindex_boots_first(
    firmware: Firmware, image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    first, second = (Installation([chosen], Names.new(name)) for name in ("first", "second"))
    machine = Machine(
        drives=[("virtio", install(first)), ("virtio-scsi", install(second))],
        first=1,
        firmware=firmware,
    )
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        assert wait_for_target(guest.console)["root"].endswith(f"[{second.names.uuid}]")


def test_a_wish_for_one_boot_counts_once(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    system = Configured(chosen, Names.new("root"), PLACE, WORKING)
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(slof("petipy,next=Second", "petipy,timeout=0"))
    machine = Machine(drives=[("virtio", install(system))], nvram=nvram)
    for ends in "second", "first":
        with start(image.machine(machine), tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"].endswith(f"{ends}]")
        assert "petipy,next" not in Device(nvram.read_bytes()).values
