"""Make a root directory with Debian's systemd for a pseries guest, without a maintainer script."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from initramfs import cpio
from initramfs.archive import MIRROR, Archive
from initramfs.host import REPOSITORY, default_cache, locked, need, run
from initramfs.tree import file, read_package, read_packages
from tests.e2e.target import modules, userland
from tests.trees import link_or_copy

_PACKAGES = (
    "base-files,base-passwd,bash,coreutils,dash,dbus,grep,kmod,libc-bin,mount,powerpc-ibm-utils,sed"
    ",systemd-sysv,udev,util-linux"
)
_DRIVERS = ("virtio_pci", "virtio_blk", "ext4", "crc32c_generic")
_INIT = b"""\
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
modprobe -aq virtio_pci virtio_blk ext4
tries=0
until mount -t ext4 /dev/vda2 /mnt || [ $tries = 40 ]; do
	tries=$((tries + 1))
	sleep 0.5
done
for place in proc sys dev; do mount --move /$place /mnt/$place; done
exec switch_root /mnt /sbin/init
"""
_APPLETS = ("mount", "modprobe", "sh", "sleep", "switch_root")


@dataclass(frozen=True)
class Root:
    """A directory to copy, its kernel, and an initrd that mounts the second part of vda."""

    place: Path

    @property
    def kernel(self) -> Path:
        return self.place / "vmlinux"

    @property
    def initrd(self) -> Path:
        return self.place / "initrd"

    def copy(self, to: Path) -> Path:
        """Return a copy of the root directory: kernel and initrd in /boot, our unit installed."""
        shutil.copytree(self.place / "root", to, symlinks=True, copy_function=link_or_copy)
        for path in (self.kernel, self.initrd):
            link_or_copy(path, to / "boot" / path.name)
        run(["env", f"DESTDIR={to}", "sh", REPOSITORY / "initramfs/installed/install"])
        return to


def make_root(kernel: Path, release: str) -> Root:
    """Return the root directory for this kernel of Debian stable; make it once."""
    need({"mmdebstrap": "mmdebstrap"})
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", "ppc64el")
        archive.update()
        parts = archive.list_kernel("linux-image-powerpc64le")
        packages = archive.fetch([*parts, "busybox-static"])
    made_of = [release.encode(), Path(__file__).read_bytes()]
    key = hashlib.sha256(b"\0".join(made_of)).hexdigest()[:16]
    found = Root(default_cache() / "tests" / f"systemd-{key}")
    with locked(found.place):
        if not found.initrd.exists():
            package = read_packages(packages[name].path for name in parts)
            _make_directory(found.place / "root")
            link_or_copy(kernel, found.kernel)
            tree = userland(read_package(packages["busybox-static"].path), _APPLETS)
            tree.add("init", file(_INIT, executable=True))
            tree.update(modules(package, release, _DRIVERS))
            found.initrd.write_bytes(cpio.write(tree, 0))
    return found


def _make_directory(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    options = ["--variant=extract", "--mode=root", "--architectures=ppc64el"]
    run(["mmdebstrap", *options, f"--include={_PACKAGES}", "stable", root, MIRROR])
    shutil.rmtree(root / "dev")
    (root / "dev").mkdir()
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    (root / "etc/machine-id").write_text("6a9857a393724b7a981ebb5b8495b9ea\n")
