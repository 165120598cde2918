"""Settings stay in NVRAM over a reset and under other firmware, and other programs read them."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from initramfs import cpio
from initramfs.disks import Names
from initramfs.tree import file, lay_out
from parsers.binary.nvram import LONGEST
from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.console import Console
from tests.e2e.installed import Configured
from tests.e2e.powerpc_utils import programs
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Machine, start
from tests.parsers.binary.nvram import BLANK, SLOFS, Device, cut, prom_env, slof
from tests.trees import Content

pytestmark = pytest.mark.e2e

CONFIG = """\
set timeout=100
menuentry it {
	linux /boot/vmlinux root=UUID=@UUID@ ro @CMDLINE@
	initrd /boot/initrd.img /boot/nvram.img
}
"""
REPORT = b"""#!/bin/sh
/usr/sbin/nvram --print-config -p common | sort | xargs echo
"""


class Reporting(Configured):
    """A system that tells what powerpc-utils find in NVRAM."""

    def files(self) -> dict[str, Content]:
        tree = programs()
        tree.add("report", file(REPORT, executable=True))
        return {**super().files(), "/boot/nvram.img": cpio.write(tree, 0)}


def save(console: Console, down: int, value: str) -> None:
    """Save the setting that is so many rows down, in the screen of the settings."""
    console.type("S")
    console.shows("^Petipy .* - Settings", within=menu.SOON)
    console.press(*["down"] * down, "enter")
    console.shows("^Enter saves it in NVRAM, partition common", within=menu.SOON)
    console.type(f"\x15{value}\r")
    console.shows("saved in NVRAM, partition common", within=menu.SOON)


def test_a_saved_setting_outlasts_a_reset_and_qemu_and_is_read_under_slof_and_by_linux(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    system = Reporting(chosen, Names.new("root"), "/boot/grub/grub.cfg", CONFIG)
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(BLANK)
    machine = image.machine(Machine(drives=[("virtio", install(system))], nvram=nvram))
    with start(machine, tmp_path) as guest:
        menu.enter(guest.console)
        save(guest.console, 0, "47")
        guest.console.forget()
        guest.monitor.reset()
        guest.console.expect(r"4[0-7] s until it boots", within=menu.START)
        menu.enter(guest.console)
        save(guest.console, 0, "3")
    assert Device(nvram.read_bytes()).values == {"petipy,timeout": "3"}
    with start(replace(machine, firmware="slof"), tmp_path) as guest:
        guest.console.expect(r"\b[0-3] s until it boots", within=menu.START)
        said = wait_for_target(guest.console)
    assert "petipy,timeout=3" in said["nvram"].split()


def test_an_entry_of_a_persons_own_is_kept_and_boots_by_itself(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    text = CONFIG.replace("=100", "=30")
    system = Reporting(chosen, Names.new("root"), "/boot/grub/grub.cfg", text)
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(BLANK)
    machine = image.machine(Machine(drives=[("virtio", install(system))], nvram=nvram))
    with start(machine, tmp_path) as guest:
        console = guest.console
        menu.enter(console)
        console.type("e")
        console.shows("^Command line", within=menu.SOON)
        console.type(" mine\x13")
        console.shows("^Enter saves it in NVRAM, partition common", within=menu.SOON)
        console.type("\x15Mine\r")
        console.shows("^Mine: saved in NVRAM, partition common", within=menu.SOON)
        console.press("esc")
        console.shows(r"^    Mine \(own\)", within=menu.SOON)
        menu.move_to(console, "Mine")
        console.type("D")
        said = wait_for_target(console)
    assert said["cmdline"].endswith(f"BOOT_IMAGE=/boot/vmlinux {system.command_line()} mine]")
    assert set(Device(nvram.read_bytes()).values) == {"petipy,own1", "petipy,entry"}
    with start(machine, tmp_path) as guest:
        said = wait_for_target(guest.console)
    assert said["cmdline"].endswith(f"BOOT_IMAGE=/boot/vmlinux {system.command_line()} mine]")


def test_a_host_gives_settings_to_a_guest_without_any_tool(image: Image, tmp_path: Path) -> None:
    machine = Machine(prom_env=["petipy,debug=1", "petipy,timeout=soon"])
    with start(image.machine(machine), tmp_path) as guest:
        console = guest.console
        console.expect("NVRAM system: petipy,timeout takes SECONDS", within=menu.START)
        menu.enter(console, "^Petipy")
        save(console, 0, "never")
        console.shows(r"^>timeout +never +NVRAM common: petipy,timeout", within=menu.SOON)
        guest.console.press("end")
        console.shows(r"debug +1 +NVRAM system: petipy,debug", within=menu.SOON)


def test_setenv_of_slof_takes_every_other_setting_away_and_the_next_one_is_saved(
    tmp_path: Path,
) -> None:
    device = Device(slof())
    longest = "x" * (LONGEST - len("petipy,consoles="))
    for name, value in (("petipy,consoles", longest), ("petipy,timeout", "7")):
        device.change(name, value)
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(device.image)
    with start(Machine(firmware="slof", nvram=nvram, memory=512), tmp_path) as guest:
        guest.console.expect(r"^\s*0 > ", within=menu.START)
        assert Device(nvram.read_bytes()).values == device.values, "it reads them and boots"
        guest.console.type("setenv diag-file hello\r")
        guest.console.expect(r"ok\s*0 > ", within=menu.SOON)
    device = Device(nvram.read_bytes())
    own = dict(entry.split("=", 1) for entry in SLOFS) | {"diag-file": "hello"}
    assert device.values == own
    device.change("petipy,timeout", "8")
    assert device.values == own | {"petipy,timeout": "8"}


@pytest.mark.parametrize(
    ("before", "value"),
    [(BLANK, "7"), (prom_env(), "7"), (slof(), "7"), (slof("petipy,timeout=5"), "12345")],
)
def test_powerpc_utils_read_what_a_power_cut_has_left(
    before: bytes, value: str, tmp_path: Path
) -> None:
    lay_out(programs(), tmp_path)
    path = tmp_path / "nvram.img"

    def ask(*options: str) -> list[str]:
        size = ["--nvram-file", str(path), "--nvram-size", str(len(before))]
        program = ["qemu-ppc64le", "-L", str(tmp_path), f"{tmp_path}/usr/sbin/nvram", *size]
        done = subprocess.run([*program, *options], capture_output=True, check=False, text=True)
        return done.stdout.splitlines()

    def list_others() -> Sequence[str]:
        lines = ask("--print-config", "-p", "common")
        return [line for line in lines if line.partition("=")[0] in OTHERS]

    old = Device(before).values.get("petipy,timeout")
    there = bool(Device(before).values)
    for device in cut(before, Device(before).plan("petipy,timeout", value)):
        path.write_bytes(device.image)
        found = ask("--print-config=petipy,timeout", "-p", "common")
        assert {*found} <= {old, value}, "a setting may be there twice, with both values"
        assert found or not old
        assert not there or list_others() == [*SLOFS]
    assert found == [value]


OTHERS = {entry.partition("=")[0] for entry in SLOFS}
