"""The story of a boot reaches the booted system through real initrds, without a device tree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from initramfs.archive import Archive
from initramfs.disks import Names, disk
from initramfs.host import REPOSITORY, default_cache, locked
from initramfs.tree import file, lay_out, read_package
from petipy.state import story
from tests.e2e.conftest import build
from tests.e2e.dracut import Initrds, Kind, make_initrds
from tests.e2e.target import BOOT, userland
from tests.e2e.vm import attached
from tests.trees import link_or_copy

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="dracut runs on this machine"),
]

PLACES: dict[Kind, str] = {"systemd": story.IN_RUN, "own": story.IN_DRACUT}
INIT = b"""\
#!/bin/sh
for place in /run/petipy /run/initramfs/petipy; do
	[ -f $place/story.json ] && echo "found: $place/story.json" && cat $place/story.json
	echo
done
echo "found: end"
poweroff -f
"""
GRUB_CFG = """\
set timeout=0
menuentry "Broken" {
	linux /etc/os-release
}
menuentry "The system" {
	linux /boot/vmlinuz root=UUID=@UUID@ ro console=ttyS0 quiet cryptomgr.notests
	initrd /boot/initrd
}
"""


@pytest.fixture(scope="session")
def initrds() -> Initrds:
    return make_initrds()


def make_disk(initrds: Initrds, init: Kind, room: Path) -> Path:
    """Make a disk with a system that prints the stories that it finds."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", "amd64")
        archive.update()
        busybox = archive.fetch(["busybox-static"])["busybox-static"].path
    names = Names.new("root")
    tree = userland(read_package(busybox), ("cat", "poweroff", "sh"))
    tree.add("bin/init", file(INIT, executable=True))
    # systemd goes on to a root directory only if it has this file.
    tree.add("etc/os-release", file(b"ID=petipy-test\n"))
    tree.add("boot/grub/grub.cfg", file(GRUB_CFG.replace("@UUID@", names.uuid).encode()))
    root = room / "root"
    lay_out(tree, root)
    for mounted in ("dev", "proc", "run", "sys"):
        (root / mounted).mkdir(exist_ok=True)
    link_or_copy(initrds.kernel, root / "boot/vmlinuz")
    link_or_copy(initrds.initrd(init), root / "boot/initrd")
    return disk(room / "disk.img", root, names)


@pytest.mark.parametrize("init", PLACES)
def test_the_booted_system_reads_what_was_found_chosen_and_tried(
    init: Kind, initrds: Initrds, tmp_path: Path
) -> None:
    image = build("tests/amd64-image", "--arch", "amd64")
    command = "qemu-system-x86_64 -accel tcg -M q35 -cpu max -m 1G -nodefaults -display none"
    command += f" -no-reboot -serial stdio -kernel {image}/vmlinuz"
    command += f" -initrd {image}/petipy.cpio.zst"
    command += f" -drive if=virtio,format=raw,file={make_disk(initrds, init, tmp_path)}"
    words = "console=ttyS0 quiet cryptomgr.notests petipy.timeout=0"
    with attached([*command.split(), "-append", words], tmp_path) as guest:
        said = guest.console.expect(r"found: ((?s:.)*?)found: end", within=BOOT)[1]
    place, text, *_ = said.replace("\r", "").splitlines()
    assert place == PLACES[init]
    told = json.loads(text)
    assert told["chosen"]["title"] == "The system"
    assert [tried["title"] for tried in told["failed"]] == ["Broken"]

    saved = tmp_path / "story.json"
    saved.write_text(text)
    argv = [sys.executable, "-m", "petipy", "story", str(saved)]
    words = subprocess.check_output(argv, cwd=REPOSITORY, text=True)
    assert words.startswith("Petipy 0.1 booted The system"), words
