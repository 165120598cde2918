"""`systemctl reboot` of an installed Debian chooses the entry of the next start, through NVRAM."""

from pathlib import Path

import pytest

from initramfs.disks import Names, disk
from tests.e2e import menu
from tests.e2e.conftest import Image
from tests.e2e.debian_root import make_root
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Machine, start
from tests.parsers.binary.nvram import BLANK, Device

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

GRUB_CFG = """\
set timeout=0
menuentry "Debian" {
	linux /boot/vmlinux root=/dev/vda2 console=hvc0 quiet cryptomgr.notests mitigations=off
	initrd /boot/initrd
}
menuentry "The other" {
	linux /boot/vmlinux root=UUID=@UUID@ console=hvc0 quiet cryptomgr.notests
	initrd /boot/other
}
"""
SCRIPT = """\
#!/bin/sh
cd /run/boot-loader-entries/loader/entries && set -- The-other-*.conf && echo "known: $*"
systemctl reboot @WORDS@ || echo "refused: $?"
"""
SERVICE = """\
[Unit]
After=petipy-next.service systemd-logind.service dbus.service
[Service]
Type=oneshot
ExecStart=/usr/local/bin/restart
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
"""
SLOW = 900.0  # seconds of systemd's start in an emulated machine


def make_disk(chosen: System, words: str, room: Path) -> Path:
    """Make a disk whose default system restarts by `systemctl reboot` with these words."""
    names = Names.new("root")
    root = make_root(chosen.kernel, chosen.release).copy(room / "root")
    units = root / "etc/systemd/system"
    texts = {
        "boot/grub/grub.cfg": GRUB_CFG.replace("@UUID@", names.uuid),
        "etc/marker": f"{names.uuid}\n",
        "usr/local/bin/restart": SCRIPT.replace("@WORDS@", words),
        "etc/systemd/system/restart.service": SERVICE,
        "etc/fstab": "",
    }
    for path, text in texts.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (root / "usr/local/bin/restart").chmod(0o755)
    (units / "multi-user.target.wants/restart.service").symlink_to("../restart.service")
    (units / "getty.target").symlink_to("/dev/null")
    (root / "boot/other").write_bytes(chosen.initrd.read_bytes())
    return disk(room / "disk.img", root, names)


def test_systemctl_chooses_the_entry_of_the_next_start_alone(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(BLANK)
    drive = make_disk(chosen, '--boot-loader-entry="$1"', tmp_path)
    machine = image.machine(Machine(drives=[("virtio", drive)], nvram=nvram), "cryptomgr.notests")
    with start(machine, tmp_path) as guest:
        guest.console.expect(r"known: The-other-[0-9a-f]{8}\.conf", within=SLOW)
        guest.ends(within=SLOW)
    wish = Device(nvram.read_bytes()).values
    assert [*wish] == ["petipy,next"]
    assert wish["petipy,next"].startswith("The-other-")
    with start(machine, tmp_path) as guest:
        assert wait_for_target(guest.console)["root"].startswith("vda2 ext4")
    assert not Device(nvram.read_bytes()).values, "the wish counts once"


def test_systemctl_asks_for_the_menu(image: Image, chosen: System, tmp_path: Path) -> None:
    nvram = tmp_path / "nvram.img"
    nvram.write_bytes(BLANK)
    drive = make_disk(chosen, "--boot-loader-menu=50s", tmp_path)
    machine = image.machine(Machine(drives=[("virtio", drive)], nvram=nvram), "cryptomgr.notests")
    with start(machine, tmp_path) as guest:
        guest.ends(within=2 * SLOW)
    with start(machine, tmp_path) as guest:
        guest.console.expect(r"\b[45][0-9] s until it boots", within=menu.START)
    # The next boot takes the wish away: tests/boot/test_attempt.py.
    assert Device(nvram.read_bytes()).values == {"petipy,menu": "50"}
