"""Make the system that the tests boot: a Debian kernel, an initrd with busybox and drivers."""

import hashlib
import lzma
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from initramfs import cpio
from initramfs.archive import Archive
from initramfs.elf import modinfo
from initramfs.fast.modules import strip, strip_signature
from initramfs.host import default_cache, locked, run, tool, write_whole
from initramfs.kernel import find_image
from initramfs.tree import DIRECTORY, Tree, file, link, read_package, read_packages
from tests.e2e.console import Console
from tests.trees import lay

APPLETS = "cat find modprobe mount nproc poweroff reboot sh sleep sort umount uname xargs"
DRIVERS = (
    "virtio_pci virtio_blk virtio_scsi ibmvscsi nvme xhci_pci usb_storage uas sd_mod sr_mod"
    " ext4 crc32c_generic isofs loop"
)
INIT = Path(__file__).with_name("target-init")
BOOT = 300.0  # seconds from power-on to the target's report, on a busy emulated machine


@dataclass(frozen=True)
class System:
    """A kernel for QEMU or kexec, and its initrd."""

    release: str  # uname -r
    kernel: Path
    initrd: Path


def system(suite: str = "stable") -> System:
    """Return the target with the suite's kernel; make it once for each version of its parts."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", suite, "ppc64el")
        archive.update()
        parts = archive.list_kernel("linux-image-powerpc64le")
        packages = archive.fetch([*parts, "busybox-static"])
    made_of = [*(p.path.name.encode() for p in packages.values()), INIT.read_bytes()]
    made_of.append(Path(__file__).read_bytes())
    key = hashlib.sha256(b"\0".join(made_of)).hexdigest()[:16]
    release = parts[0].removeprefix("linux-image-")
    place = default_cache() / "tests" / f"target-{release}-{key}"
    found = System(release, place / "vmlinux", place / "initrd")
    with locked(place):
        if not found.initrd.exists():
            package = read_packages(packages[name].path for name in parts)
            write_whole(found.kernel, package[find_image(package)[0]].data)
            tree = userland(read_package(packages["busybox-static"].path), APPLETS.split())
            tree.add("init", file(INIT.read_bytes(), executable=True))
            tree.update(modules(package, release, DRIVERS.split()))
            write_whole(found.initrd, cpio.write(tree, 0))
    return found


def wait_for_target(console: Console) -> dict[str, str]:
    """Wait until the target switches off; return its report by the first word of each line."""
    said = console.expect(r"target: init((?s:.)*?)target: end", within=BOOT)[1]
    return dict(re.findall(r"target: (\w+) (.*)", said.replace("\r", "")))


def userland(busybox: Tree, applets: Iterable[str]) -> Tree:
    """Return a root directory with nothing but busybox."""
    tree = Tree()
    for directory in ("proc", "sys", "dev", "mnt", "etc", "tmp"):
        tree.add(directory, DIRECTORY)
    tree.add("bin/busybox", file(busybox["usr/bin/busybox"].data, executable=True))
    for applet in applets:
        tree.add(f"bin/{applet}", link("busybox"))
    tree.add("sbin", link("bin"))
    tree.add("lib", link("usr/lib"))
    return tree


def drivers(package: Tree, names: Iterable[str]) -> dict[str, bytes]:
    """Return modules of a kernel package and their dependencies, in an order for insmod.

    They are decompressed: not every busybox can do that.
    """
    paths = {
        canonical(Path(path).name.partition(".")[0]): path for path in package if ".ko" in path
    }
    ordered: dict[str, bytes] = {}

    def take(name: str) -> None:
        if name in ordered or name not in paths:  # built in
            return
        data = package[paths[name]].data
        data = lzma.decompress(data) if paths[name].endswith(".xz") else data
        for needed in modinfo(data).get("depends", []):
            for other in needed.split(","):
                take(canonical(other))
        ordered[name] = strip(strip_signature(data))

    for name in names:
        take(name)
    return ordered


def canonical(name: str) -> str:
    """Return the kernel's name of a module: file names may have dashes for underscores."""
    return name.replace("-", "_")


def modules(package: Tree, release: str, names: Iterable[str]) -> Tree:
    """Return the modules, and the indexes for modprobe."""
    home = f"usr/lib/modules/{release}"
    tree = Tree()
    for name, data in drivers(package, names).items():
        tree.add(f"{home}/{name}.ko", file(data))
    with tempfile.TemporaryDirectory(prefix="petipy-") as place:
        room = Path(place)
        lay(room, {path: node.data for path, node in tree.items() if node.is_file})
        (room / "lib").symlink_to("usr/lib")
        run([tool("depmod") or "depmod", "-b", room, release])
        for index in ("modules.dep", "modules.alias"):
            tree.add(f"{home}/{index}", file((room / home / index).read_bytes()))
    return tree
