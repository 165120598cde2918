"""A person or a program makes an entry the default, and the machine keeps that."""

from dataclasses import replace
from pathlib import Path

import pytest

from initramfs.disks import Names
from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.control import ctl
from tests.e2e.installed import Configured
from tests.e2e.target import System, wait_for_target
from tests.e2e.test_policy import PLACE, WORKING
from tests.e2e.vm import Machine, start
from tests.parsers.binary.nvram import BLANK, Device

pytestmark = pytest.mark.e2e


def test_the_default_that_a_person_has_chosen_stays_under_other_firmware(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    system = Configured(chosen, Names.new("root"), PLACE, WORKING)
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(BLANK)
    machine = Machine(drives=[("virtio", install(system))], nvram=nvram)
    with start(image.machine(machine), tmp_path) as guest:
        menu.enter(guest.console)
        menu.move_to(guest.console, "Second")
        guest.console.press("D")
        assert wait_for_target(guest.console)["cmdline"].endswith("second]")
    assert Device(nvram.read_bytes()).values["petipy,entry"].endswith("#second")
    machine = image.machine(replace(machine, firmware="slof"), "petipy.timeout=0")
    with start(machine, tmp_path) as guest:
        assert wait_for_target(guest.console)["cmdline"].endswith("second]")


def test_the_default_that_a_program_on_the_host_has_chosen_boots_after_a_reset(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    system = Configured(chosen, Names.new("root"), PLACE, WORKING)
    place = tmp_path / "ctl"
    machine = Machine(drives=[("virtio", install(system))], control=place)
    with start(image.machine(machine, "petipy.timeout=20"), tmp_path) as guest:
        guest.console.expect(r"\d+ s until it boots", within=menu.START)
        done = ctl(place, "prefer", "Second")
        assert "NVRAM" in done.stdout, done.stderr
        guest.monitor.reset()
        assert wait_for_target(guest.console)["cmdline"].endswith("second]")
