"""A system beside hostile configurations, on its own disk and on others: it boots by itself."""

from pathlib import Path

import pytest

from initramfs.disks import Names, bare
from tests.e2e.conftest import Image
from tests.e2e.installed import Configured
from tests.e2e.target import BOOT, System, wait_for_target
from tests.e2e.vm import Machine, start
from tests.trees import Content, lay

pytestmark = pytest.mark.e2e

GOOD = """\
set timeout=3
menuentry "Good" {
	linux /boot/vmlinux root=UUID=@UUID@ ro @CMDLINE@
	initrd /boot/initrd.img
}
"""
REGEXPS = "while true; do regexp '" + "a" + "*" * 240 + "' a; done\n"
RETRIES = "#!ipxe\n:retry\ndhcp || goto retry\nchain http://10.0.0.1/boot.ipxe || goto retry\n"
HOSTILE: dict[str, Content] = {
    "/EFI/regexps/grub.cfg": REGEXPS,
    "/EFI/waits/grub.cfg": "while ! search --label --set=root none; do sleep 1; done\n",
    "/boot.ipxe": RETRIES,
    "/loader/entries/bad.conf": "nonsense here\n" * 2500,
    **{f"/boot/file-{number}": "" for number in range(3000)},
}
SNAPSHOTS = "".join(f"submenu {n} {{\nmenuentry {n} {{ linux /k {n} }}\n}}\n" for n in range(400))
NEIGHBOURS: tuple[dict[str, Content], ...] = (
    {"/boot/grub/grub.cfg": REGEXPS, **HOSTILE},
    {"/boot/grub/grub.cfg": "while true; do menuentry a { true; }; done\n", **HOSTILE},
    {"/boot/grub/grub.cfg": SNAPSHOTS, **HOSTILE},
)


def test_hostile_configurations_beside_a_good_one_cost_no_boot(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """Four disks at once: endless scripts, thousands of bad lines and of files.

    The good configuration is shown, and boots, while the scans of all four go on.
    """
    good = Configured(chosen, Names.new("root"), "/boot/grub/grub.cfg", GOOD)
    trees = [{**HOSTILE, **good.files()}, *NEIGHBOURS]
    names = [good.names, *(Names.new() for _ in NEIGHBOURS)]
    drives = [
        bare(tmp_path / f"disk{number}.img", lay(tmp_path / f"tree{number}", tree), names[number])
        for number, tree in enumerate(trees)
    ]
    machine = Machine(drives=[("virtio", drive) for drive in drives])
    with start(image.machine(machine), tmp_path) as guest:
        guest.console.expect(r"Default: Good \(vda\)", within=BOOT)
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[BOOT_IMAGE=/boot/vmlinux {good.command_line()}]"
