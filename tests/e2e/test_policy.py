"""A machine with nobody there: failures, boots that come back, the host's order, wishes."""

import json
from pathlib import Path

import pytest

from initramfs.disks import Names, disk
from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.installed import Configured
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Firmware, Machine, start
from tests.parsers.binary.nvram import BLANK, Device, slof
from tests.trees import lay

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
BROKEN = """\
default broken
label broken
	kernel /etc/marker
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


# Forget a loaded kernel once, between its loading and the jump.
FORGET = """\
import time
from petipy.startup import bundle
bundle.install()
from petipy.kexec import syscalls
loaded = open("/sys/kernel/kexec_loaded")
while loaded.read(1) != "1":
    time.sleep(0.005)
    loaded.seek(0)
syscalls.kexec_load(0, [])
"""


def test_a_jump_that_fails_costs_its_entry_alone(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    """The scanner and udev, which end before a jump, are there for the next entry."""
    system = Configured(chosen, Names.new("root"), PLACE, WORKING)
    machine = Machine(drives=[("virtio", install(system))])
    settings = "petipy.timeout=never petipy.resume=20"
    with start(image.machine(machine, settings), tmp_path) as guest:
        menu.enter(guest.console)
        lines = " ".join(f"'{line}'" for line in FORGET.splitlines())
        forget = (
            f"printf '%s\\n' {lines} >/run/forget; setsid python3 -IS /run/forget >/dev/null 2>&1 &"
        )
        menu.shell(guest.console, f"{forget} sleep 1")
        menu.move_to(guest.console, "First")
        guest.console.press("enter")
        guest.console.expect("First did not boot: kexec: ", within=menu.START)
        guest.console.shows(menu.FOOTER, within=menu.START)
        assert "udevd" in menu.shell(guest.console, "cat /proc/[0-9]*/comm | sort -u")
        menu.move_to(guest.console, "Second")
        guest.console.press("enter")
        assert wait_for_target(guest.console)["cmdline"].endswith("second]")


def test_an_entry_that_boots_and_comes_back_loses_its_turn(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    config = WORKING.replace(" first\n", " first restart\n")
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(BLANK)
    system = Configured(chosen, Names.new("root"), PLACE, config)
    machine = Machine(drives=[("virtio", install(system))], nvram=nvram)
    settings = "petipy.timeout=0 petipy.flap=2:3600s"
    with start(image.machine(machine, settings), tmp_path) as guest:
        guest.monitor.survive_resets()
        for _ in range(2):
            assert wait_for_target(guest.console)["cmdline"].endswith("first restart]")
        guest.console.expect("First was booted 2 times within 3600 s and", within=menu.START)
        assert wait_for_target(guest.console)["cmdline"].endswith("second]")
        guest.ends(within=60)


def test_after_three_rounds_of_failures_the_machine_restarts(image: Image, tmp_path: Path) -> None:
    tree = lay(tmp_path / "tree", {PLACE: BROKEN, "/etc/marker": "no kernel"})
    whole = disk(tmp_path / "disk.img", tree, Names.new("root"))
    machine = Machine(drives=[("virtio", whole)], hasty=True)
    settings = "petipy.timeout=0 petipy.on_failure=reboot"
    with start(image.machine(machine, settings), tmp_path) as guest:
        guest.monitor.survive_resets()
        for _ in range(3):
            guest.console.expect("broken did not boot", within=menu.START)
        menu.greet(guest.console)
        guest.console.expect("broken did not boot", within=menu.START)


def test_a_machine_with_nothing_to_boot_goes_off(image: Image, tmp_path: Path) -> None:
    machine = image.machine(Machine(hasty=True), "petipy.on_failure=poweroff")
    with start(machine, tmp_path) as guest:
        guest.monitor.survive_resets()
        guest.ends(within=menu.START)


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
