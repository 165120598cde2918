"""A screen shows Petipy and then the next kernel: pictures of it."""

import gzip
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from initramfs import cpio
from initramfs.archive import Archive
from initramfs.disks import Names, disk
from initramfs.host import default_cache, locked
from initramfs.tree import Tree, file, read_package, read_packages
from tests.e2e.conftest import Image, build
from tests.e2e.monitor import Monitor
from tests.e2e.screen import Screen
from tests.e2e.target import modules, userland
from tests.e2e.vm import Guest, Machine, attached, start
from tests.trees import Content, lay

pytestmark = pytest.mark.e2e

OVMF = Path("/usr/share/OVMF")
INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo 1 >/proc/sys/kernel/printk
[ -d /lib/modules ] && modprobe bochs
echo "the second system is here" >/dev/tty0
echo "second: $(cat /proc/fb)" >/dev/console
sleep 1000
"""
GRUB_CFG = """set timeout=10
menuentry Second {
  linux /boot/vmlinuz console=tty0 console=@CONSOLE@ cryptomgr.notests
  initrd /boot/initrd
}
"""


def make_disk(kernel: Path, console: str, tree: Tree, room: Path) -> Path:
    """Make a disk with a system of this kernel and these files in its initrd."""
    tree.add("init", file(INIT.encode(), executable=True))
    files: dict[str, Content] = {
        "boot/vmlinuz": kernel.read_bytes(),
        "boot/initrd": gzip.compress(cpio.write(tree, 0)),
        "boot/grub/grub.cfg": GRUB_CFG.replace("@CONSOLE@", console),
    }
    return disk(room / "disk.img", lay(room / "tree", files), Names.new("root"))


def fetch_initrd(architecture: str, driver: str = "", kernel: str = "") -> Tree:
    """Return busybox, and the driver out of the newest kernel package if one is given."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", architecture)
        archive.update()
        parts = archive.list_kernel(kernel) if driver else []
        packages = archive.fetch([*parts, "busybox-static"])
    applets = ("cat", "modprobe", "mount", "sh", "sleep")
    tree = userland(read_package(packages["busybox-static"].path), applets)
    if driver:
        release = parts[0].removeprefix("linux-image-")
        package = read_packages(packages[name].path for name in parts)
        tree.update(modules(package, release, [driver]))
    return tree


@contextmanager
def start_pc(place: Path, room: Path) -> Iterator[tuple[Guest, Monitor]]:
    """Run a PC with UEFI and a VGA card that only the firmware has a driver for."""
    shutil.copy(OVMF / "OVMF_VARS_4M.fd", room / "vars.fd")
    control = room / "control"
    # No driver for the card: what it writes is on the screen only if that is still the firmware's.
    whole = make_disk(place / "vmlinuz", "ttyS0", fetch_initrd("amd64"), room)
    command = "qemu-system-x86_64 -accel tcg -M q35 -cpu max -m 1G -nodefaults -display none"
    command += f" -no-reboot -device VGA -serial stdio -qmp unix:{control},server=on,wait=off"
    flash = "-drive if=pflash,format=raw"
    command += f" {flash},unit=0,readonly=on,file={OVMF}/OVMF_CODE_4M.fd"
    command += f" {flash},unit=1,file={room}/vars.fd"
    command += f" -drive if=virtio,format=raw,snapshot=on,file={whole}"
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
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("amd64", ()),
        ("amd64-testing", ("--suite", "testing")),
        ("amd64-tailored", ("--kernel", "tailored")),
    ],
)
def test_after_the_jump_the_screen_of_uefi_shows_the_second_kernel(
    name: str, options: Sequence[str], image: Image, tmp_path: Path
) -> None:
    place = build(f"tests/{name}-image", "--arch", "amd64", *options)

    with start_pc(place, tmp_path) as (guest, monitor):
        # The font is the same on all architectures.
        screen = Screen(guest, image.kernel, tmp_path, monitor)
        guest.console.expect(r"\d+ s until it boots", within=300)
        screen.expect(" s until it boots")
        assert "EFI VGA" in guest.console.expect(r"second: ([^\r\n]+)[\r\n]", within=300)[1]
        screen.expect("the second system is here")


@pytest.mark.slow
def test_after_the_jump_a_screen_without_firmware_shows_the_second_kernel(
    image: Image, tmp_path: Path
) -> None:
    """Petipy loads the driver of the card, and the second kernel loads it again."""
    tree = fetch_initrd("ppc64el", "bochs", "linux-image-powerpc64le")
    whole = make_disk(image.kernel, "hvc0", tree, tmp_path)
    machine = image.machine(Machine(drives=[("virtio", whole)], screen=True), "console=tty0")

    with start(machine, tmp_path) as guest:
        screen = Screen(guest, image.kernel, tmp_path)
        guest.console.expect(r"\d+ s until it boots", within=300)
        screen.expect(" s until it boots")
        assert "bochs" in guest.console.expect(r"second: ([^\r\n]+)[\r\n]", within=300)[1]
        screen.expect("the second system is here")
