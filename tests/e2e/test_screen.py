"""The firmware's screen shows Petipy and then the next kernel: pictures of it."""

import gzip
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from initramfs import cpio
from initramfs.archive import Archive
from initramfs.disks import Names, disk
from initramfs.host import REPOSITORY, default_cache, locked, run
from initramfs.tree import file, read_package
from tests.e2e.conftest import Image, find_last_change
from tests.e2e.monitor import Monitor
from tests.e2e.picture import font, text
from tests.e2e.target import userland
from tests.e2e.vm import Guest, attached
from tests.trees import Content, lay

pytestmark = pytest.mark.e2e

OVMF = Path("/usr/share/OVMF")
# Loads no driver: what it writes is on the screen only if that is still the firmware's.
INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo 1 >/proc/sys/kernel/printk
echo "the second system is here" >/dev/tty0
echo "second: $(cat /proc/fb)" >/dev/ttyS0
sleep 1000
"""
GRUB_CFG = """set timeout=10
menuentry Second {
  linux /boot/vmlinuz console=tty0 console=ttyS0 cryptomgr.notests
  initrd /boot/initrd
}
"""


@pytest.fixture(scope="module")
def place() -> Path:
    """Return the directory of an image for PCs."""
    place = default_cache() / "tests/amd64-image"
    with locked(default_cache() / "tests"):
        made = place / "petipy.cpio.zst"
        if not made.exists() or made.stat().st_mtime < find_last_change():
            run([REPOSITORY / "initramfs/build", "--arch", "amd64", "--output", place])
    return place


def make_disk(place: Path, room: Path) -> Path:
    """Make a disk with a system that has the image's kernel and an initrd of its own."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", "amd64")
        archive.update()
        busybox = archive.fetch(["busybox-static"])["busybox-static"]
    tree = userland(read_package(busybox.path), ("cat", "mount", "sh", "sleep"))
    tree.add("init", file(INIT.encode(), executable=True))
    files: dict[str, Content] = {
        "boot/vmlinuz": (place / "vmlinuz").read_bytes(),
        "boot/initrd": gzip.compress(cpio.write(tree, 0)),
        "boot/grub/grub.cfg": GRUB_CFG,
    }
    return disk(room / "disk.img", lay(room / "tree", files), Names.new("root"))


@contextmanager
def start_pc(place: Path, room: Path) -> Iterator[tuple[Guest, Monitor]]:
    """Run a PC with UEFI and a VGA card that only the firmware has a driver for."""
    shutil.copy(OVMF / "OVMF_VARS_4M.fd", room / "vars.fd")
    control = room / "control"
    command = "qemu-system-x86_64 -accel tcg -M q35 -cpu max -m 1G -nodefaults -display none"
    command += f" -no-reboot -device VGA -serial stdio -qmp unix:{control},server=on,wait=off"
    flash = "-drive if=pflash,format=raw"
    command += f" {flash},unit=0,readonly=on,file={OVMF}/OVMF_CODE_4M.fd"
    command += f" {flash},unit=1,file={room}/vars.fd"
    command += f" -drive if=virtio,format=raw,snapshot=on,file={make_disk(place, room)}"
    command += f" -kernel {place}/vmlinuz -initrd {place}/petipy.cpio.zst -append"
    words = "console=tty0 console=ttyS0 quiet cryptomgr.notests"
    with attached([*command.split(), words], room) as guest:
        guest.until(guest.console, control.exists, 60, "QEMU's monitor")
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(control))
            monitor = Monitor(line)
            try:
                yield guest, monitor
            finally:
                monitor.close()


@pytest.mark.slow
@pytest.mark.skipif(not OVMF.exists(), reason="no OVMF here")
def test_after_the_jump_the_screen_of_uefi_shows_the_second_kernel(
    image: Image, place: Path, tmp_path: Path
) -> None:
    glyphs = font(image.kernel.read_bytes())  # the same on all architectures

    with start_pc(place, tmp_path) as (guest, monitor):

        def show(wanted: str) -> None:
            rows: list[str] = []
            for _ in range(60):
                rows = text(monitor.picture(tmp_path / "screen.ppm"), glyphs)
                if any(wanted in row for row in rows):
                    return
                guest.console.listen(1)
            raise AssertionError(f"no {wanted!r} on the screen:\n" + "\n".join(rows))

        guest.console.expect(r"Booting in \d+ s", within=300)
        show("Booting in")
        assert "EFI VGA" in guest.console.expect(r"second: ([^\r\n]*)\r", within=300)[1]
        show("the second system is here")
