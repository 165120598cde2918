"""Make dracut's two kinds of initrds from Debian's packages, for the machine that runs the tests.

dracut runs in a root directory of its own. Without systemd in it, the initrd has dracut's own init.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from initramfs.archive import MIRROR, Archive
from initramfs.host import default_cache, locked, need, run

Kind = Literal["systemd", "own"]

_PACKAGES = "dracut-core,systemd,systemd-sysv,udev,kmod,zstd,cpio"
_DRIVERS = "virtio_pci virtio_blk ext4"
_MAKE = """\
set -e
depmod @RELEASE@
dracut="dracut --force --no-hostonly --no-early-microcode --kver @RELEASE@"
$dracut --drivers "@DRIVERS@" /boot/systemd
omit=$(cd /usr/lib/dracut/modules.d && echo *systemd* | sed 's/[0-9][0-9]//g')
$dracut --drivers "@DRIVERS@" --omit "$omit" /boot/own
"""


@dataclass(frozen=True)
class Initrds:
    kernel: Path
    place: Path

    def initrd(self, init: Kind) -> Path:
        """Return the initrd whose init is systemd, or dracut's own."""
        return self.place / init


def make_initrds() -> Initrds:
    """Return initrds with a kernel of Debian stable; make them once for each of its kernels."""
    need({"mmdebstrap": "mmdebstrap"})
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", "amd64")
        archive.update()
        parts = archive.list_kernel("linux-image-amd64")
        packages = [package.path for package in archive.fetch(parts).values()]
    release = parts[0].removeprefix("linux-image-")
    key = hashlib.sha256(f"{release}{_PACKAGES}{_DRIVERS}{_MAKE}".encode()).hexdigest()[:16]
    place = default_cache() / "tests" / f"dracut-{key}"
    found = Initrds(place / "vmlinuz", place)
    with locked(place):
        if not found.initrd("own").exists():
            _make(place, release, packages)
    return found


def _make(place: Path, release: str, packages: list[Path]) -> None:
    root = place / "root"
    shutil.rmtree(root, ignore_errors=True)
    options = ["--variant=minbase", "--mode=root", f"--include={_PACKAGES}"]
    run(["mmdebstrap", *options, "stable", root, MIRROR])
    for package in packages:
        # dpkg-deb --extract replaces the links of the merged /usr.
        files = run(["dpkg-deb", "--fsys-tarfile", package])
        run(["tar", "-x", "--keep-directory-symlink", "-C", root], feed=files)
    script = _MAKE.replace("@RELEASE@", release).replace("@DRIVERS@", _DRIVERS)
    run(["chroot", root, "env", "PATH=/usr/sbin:/usr/bin", "sh", "-c", script])
    (root / f"boot/vmlinuz-{release}").rename(place / "vmlinuz")
    for name in ("systemd", "own"):
        (root / "boot" / name).rename(place / name)
    shutil.rmtree(root)
