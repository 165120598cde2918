"""A file on a FAT partition keeps settings, and a power cut leaves the old file or the new one."""

from pathlib import Path

import pytest

from initramfs.disks import Names
from tests.e2e import fat, menu, writes
from tests.e2e.conftest import Image, Install
from tests.e2e.installed import Configured
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Bus, Machine, start
from tests.parsers.binary.nvram import Device, slof

pytestmark = pytest.mark.e2e
CONFIG = """\
set timeout=100
menuentry it {
	linux /boot/vmlinux root=UUID=@UUID@ ro @CMDLINE@
	initrd /boot/initrd.img
}
"""
OLD = "# ours\ntimeout = 47\n"
NEW = '# ours\ntimeout = "0"\n'
STORE = "vda:/petipy/petipy.toml"


def test_settings_are_kept_on_fat_and_the_wish_for_a_menu_counts_once(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    system = Configured(chosen, Names.new("root"), "/boot/grub/grub.cfg", CONFIG)
    disk, log = (
        fat.make(tmp_path / "fat.img", {"/petipy/petipy.toml": OLD}, 20),
        tmp_path / "writes",
    )
    before, nvram = disk.read_bytes(), tmp_path / "nvram.img"
    log.touch()
    nvram.write_bytes(slof("petipy,menu=never"))
    drives: list[tuple[Bus, Path]] = [("virtio", disk), ("virtio", install(system))]
    machine = Machine(drives=drives, writes=log, nvram=nvram)
    machine = image.machine(machine, f"petipy.store={STORE}")
    with start(machine, tmp_path) as guest:
        console = guest.console
        console.expect("Ready - press Enter", within=menu.START)
        menu.enter(console)
        console.type("S")
        console.shows(rf"^>timeout +47 +{STORE}:2: timeout", within=menu.SOON)
        console.press("enter")
        console.shows(f"^Enter saves it in {STORE}", within=menu.SOON)
        console.type("\x150\r")
        console.shows(f"saved in {STORE}", within=menu.SOON)
        guest.console.forget()
        guest.monitor.reset()
        console.expect("Ready - press Enter", within=menu.START)
        menu.enter(console)
        console.press("enter")
        wait_for_target(console)
    states = [
        fat.Fat(state).file(fat.Fat(state).list("/petipy")["petipy.toml"]).decode()
        for state in writes.cut(before, writes.read(log))
    ]
    assert (states[0], states[-1], {*states}) == (OLD, NEW, {OLD, NEW})
    assert "petipy,menu" not in Device(nvram.read_bytes()).values
    with start(machine, tmp_path) as guest:
        assert wait_for_target(guest.console)["cmdline"]
