"""Build the image, make two disks with systems on them, boot a guest."""

import argparse
import gzip
import hashlib
import os
import sys
import tempfile
from pathlib import Path

from initramfs import cpio
from initramfs.archive import MIRROR, Archive, age
from initramfs.build import IMAGE, KERNELS, build
from initramfs.disks import Names, disk
from initramfs.host import (
    REPOSITORY,
    BuildError,
    default_cache,
    locked,
    need,
    run_to_end,
    say,
    tool,
    write_whole,
)
from initramfs.kernel import tailored
from initramfs.tree import DIRECTORY, Tree, file, lay_out, link, read_package

ARCHITECTURE = "ppc64el"
OWN = REPOSITORY / "initramfs/demonstration"
SOURCES = ("petipy", "parsers", "initramfs", "pyproject.toml")
NVRAM = 64 << 10  # bytes, QEMU's default
WEEK = 7 * 24 * 3600  # seconds until an image is built anew
TOOLS = {
    "qemu-system-ppc64": "qemu-system-ppc",
    "mkfs.ext4": "e2fsprogs",
    "sfdisk": "fdisk",
}
# Emulation does not have the mitigations that pseries asks for by default.
MACHINE = "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"
APPLETS = "cat cttyhack dmesg free ls mkdir mount poweroff ps reboot setsid sh sleep uname vi"


def prepare(cache: Path, suite: str, mirror: str) -> Path:
    """Return the directory with kernel, image and disks; make them anew only if necessary."""
    room = cache / "demo"
    done = room / "done"
    kernels = tailored.list_cached(ARCHITECTURE, cache)  # a new one makes another image
    wanted = " ".join([suite, mirror, fingerprint(), *kernels])
    with locked(room):
        if done.exists() and done.read_text() == wanted and age(done) < WEEK:
            return room
        done.unlink(missing_ok=True)
        say("building kernel and image; the first time this takes some minutes")
        archive = Archive(cache / "apt", suite, ARCHITECTURE, mirror)
        archive.update()
        own = tailored.is_cached(archive, cache)  # to compile one would take too long
        build(ARCHITECTURE, room, suite=suite, cache=cache, mirror=mirror, own_kernel=own)
        say("making the first disk: the Debian installer")
        write_disk(room / "installer.img", installer(archive), "installer")
        say("making the second disk: a system with a yaboot.conf")
        write_disk(room / "yaboot.img", yaboot_system(archive, room), "demo")
        write_whole(done, wanted.encode())
    return room


def write_disk(image: Path, tree: Tree, label: str) -> None:
    with tempfile.TemporaryDirectory(prefix="petipy-") as temporary:
        lay_out(tree, Path(temporary))
        disk(image, Path(temporary), Names.new(label))


def fingerprint() -> str:
    """Return a hash of everything in the repository that goes into the image and the disks."""
    digest = hashlib.sha256()
    for name in SOURCES:
        source = REPOSITORY / name
        paths = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def installer(archive: Archive) -> Tree:
    """Return Debian's netboot installer at the paths that its configuration uses."""
    name = next(
        (name for number in range(20, 12, -1) if archive.stanzas([name := netboot(number)])), None
    )
    if name is None:
        raise BuildError("the suite has no netboot installer for ppc64el")
    tree = Tree()
    for path, node in read_package(archive.fetch([name])[name].path).items():
        _, here, below = path.partition("/text/")
        if here and node.is_file:
            tree.add(below, node)
    # Some releases of the package lack the configuration of the installer's media.
    if not tree.match("*grub.cfg"):
        tree.add("boot/grub/grub.cfg", file((OWN / "grub.cfg").read_bytes()))
    return tree


def netboot(number: int) -> str:
    return f"debian-installer-{number}-netboot-{ARCHITECTURE}"


def yaboot_system(archive: Archive, room: Path) -> Tree:
    """Return a system with the kernel of the image and an initrd that greets."""
    tree = Tree()
    tree.add("etc/yaboot.conf", file((OWN / "yaboot.conf").read_bytes()))
    tree.add("boot/vmlinux", file((room / KERNELS[ARCHITECTURE][1]).read_bytes()))
    package = archive.fetch(["busybox-static"])["busybox-static"]
    initrd = Tree()
    for name in ("proc", "sys", "dev", "etc", "mnt", "tmp"):
        initrd.add(name, DIRECTORY)
    busybox = read_package(package.path)["usr/bin/busybox"]
    initrd.add("bin/busybox", file(busybox.data, executable=True))
    for applet in APPLETS.split():
        initrd.add(f"bin/{applet}", link("busybox"))
    initrd.add("init", file((OWN / "init").read_bytes(), executable=True))
    tree.add("boot/demo.gz", file(gzip.compress(cpio.write(initrd, 1), mtime=0)))
    return tree


def make_nvram(room: Path) -> Path:
    """Return the file that keeps the guest's NVRAM."""
    path = room / "nvram.img"
    if not path.exists():
        path.write_bytes(bytes(NVRAM))
    return path


def guest(room: Path, *, firmware: str, memory: str, headless: bool) -> list[str]:
    """Return the command that runs the guest on this terminal."""
    machine = MACHINE + (",x-vof=on" if firmware == "vof" else "")
    timeout = "5" if headless else "never"
    argv = f"-M {machine} -cpu power10 -smp 1 -m {memory} -accel tcg,thread=multi".split()
    argv += ["-nodefaults", "-nographic", "-serial", "mon:stdio", "-no-reboot"]
    argv += ["-kernel", str(room / KERNELS[ARCHITECTURE][1]), "-initrd", str(room / IMAGE)]
    argv += ["-append", f"console=hvc0 quiet cryptomgr.notests petipy.timeout={timeout}"]
    # Settings stay from run to run. Two guests at once may share the file: the last one writes it.
    argv += ["-drive", f"if=pflash,format=raw,file={make_nvram(room)},file.locking=off"]
    # Nothing boots from the network, and not every QEMU package brings the ROM.
    argv += ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
    for number, name in enumerate(("installer", "yaboot")):
        # QEMU drops what the guest writes: the next run finds the disks as they were.
        drive = f"if=none,id=disk{number},format=raw,snapshot=on,file={room / name}.img"
        argv += ["-drive", drive, "-device", f"virtio-blk-pci,drive=disk{number}"]
    return [tool("qemu-system-ppc64") or "qemu-system-ppc64", *argv]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="initramfs/demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="let it boot by itself after 5 s")
    parser.add_argument("--firmware", choices=("vof", "slof"), default="vof")
    parser.add_argument("--memory", default="1G", help="a multiple of 256M (default: 1G)")
    parser.add_argument("--suite", default="stable", help="of Debian (default: stable)")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")
    parser.add_argument("--mirror", default=MIRROR, metavar="URL")
    return parser


def main() -> None:
    options = arguments().parse_args()

    def work() -> None:
        need(TOOLS)
        room = prepare(options.cache.absolute(), options.suite, options.mirror)
        firmware, memory = options.firmware, options.memory
        argv = guest(room, firmware=firmware, memory=memory, headless=options.headless)
        say("starting the guest: Ctrl-A X leaves it, Ctrl-A H shows what else QEMU knows")
        sys.stderr.flush()
        os.execv(argv[0], argv)

    sys.exit(run_to_end(work))


if __name__ == "__main__":
    main()
