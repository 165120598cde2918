"""Disk images as crashed machines leave them, and loop devices over them."""

import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parsers.api import Volume
from petipy.state.model import Device
from petipy.sys import block

MENU = "image=/boot/vmlinux\n\tlabel=linux\n\tappend=quiet\n"
KERNEL = b"\x7fELF kernel" * 1000


def run(*command: str | Path) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def tree(root: Path) -> Path:
    (root / "etc").mkdir(parents=True)
    (root / "boot").mkdir()
    (root / "etc/yaboot.conf").write_text(MENU)
    (root / "boot/vmlinux").write_bytes(KERNEL)
    (root / "boot/vmlinux").chmod(0o600)  # as Ubuntu's
    return root


def ext4(image: Path, tree: Path, *options: str) -> Path:
    run("mkfs.ext4", "-q", "-d", tree, "-L", "root", *options, image, "24M")
    return image


def ext2(image: Path, tree: Path) -> Path:
    run("mkfs.ext2", "-q", "-d", tree, image, "8M")
    return image


def squashfs(image: Path, tree: Path) -> Path:
    run("mksquashfs", tree, image, "-quiet", "-noappend", "-no-progress")
    return image


def iso9660(image: Path, tree: Path) -> Path:
    run("genisoimage", "-quiet", "-R", "-o", image, tree)
    return image


# File systems that no tool fills: MiB, and the command that makes an empty one.
_EMPTY = {
    "xfs": (300, ["mkfs.xfs", "-q"]),
    "btrfs": (120, ["mkfs.btrfs", "-q", "-M"]),
    "f2fs": (100, ["mkfs.f2fs", "-q"]),
    "vfat": (16, ["mkfs.vfat"]),
}
_FILLED: dict[str, Callable[[Path, Path], Path]] = {
    maker.__name__: maker for maker in (ext4, ext2, squashfs, iso9660)
}
KINDS = (*_FILLED, *_EMPTY)


def make(fs: str, image: Path, tree: Path) -> Path:
    """Make an image of the file system; skip the test if this kernel cannot mount one."""
    if fs in _EMPTY:
        return filled(empty(fs, image), tree)
    _want(fs)
    return _FILLED[fs](image, tree)


def empty(fs: str, image: Path) -> Path:
    """Make an empty image, as `make` does."""
    _want(fs)
    size, command = _EMPTY[fs]
    with image.open("wb") as file:
        file.truncate(size << 20)
    run(*command, image)
    return image


def _want(fs: str) -> None:
    if f"\t{fs}\n" not in Path("/proc/filesystems").read_text():
        subprocess.run(["modprobe", "-q", fs], check=False)
    if f"\t{fs}\n" not in Path("/proc/filesystems").read_text():
        pytest.skip(f"this kernel cannot mount {fs}")


def filled(image: Path, tree: Path) -> Path:
    with mounted(image) as root:
        run("cp", "-a", f"{tree}/.", root)
    return image


@contextmanager
def mounted(source: Path | str, *options: str) -> Iterator[Path]:
    """Mount the usual way, by path."""
    point = Path(f"{source}.mounted" if "/dev/" not in str(source) else f"/tmp/{Path(source).name}")
    point.mkdir(exist_ok=True)
    loop = [] if "/dev/" in str(source) else ["loop"]
    run("mount", "-o", ",".join(["noatime", *loop, *options]), source, point)
    try:
        yield point
    finally:
        run("umount", point)
        point.rmdir()


def crashed(image: Path, copy: Path) -> Path:
    """Leave the image as a power cut does: with a journal to replay, and an orphaned file.

    A program still had that file open when it was deleted.
    """
    with mounted(image) as root:
        (root / "etc/late").write_text("written just before the end")
        with (root / "etc/deleted").open("w") as file:
            file.write("orphan" * 1000)
            file.flush()
            os.fsync(file.fileno())
            (root / "etc/deleted").unlink()
            directory = os.open(root / "etc", os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)
            run("sync", "-f", root)
            (root / "etc/last").write_text("in the log only")
            with (root / "etc/last").open() as last:
                os.fsync(last.fileno())
            loop = run("findmnt", "-no", "SOURCE", root)
            run("dd", f"if={loop}", f"of={copy}", "bs=1M", "iflag=direct", "conv=sparse")
    return copy


def until(condition: Callable[[], bool]) -> None:
    """Wait: the kernel lets go of mounts and loop devices a little later, a busy one much later."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_free(node: str) -> bool:
    """Return True if no mount uses the block device: a child's mount ends a little after it."""
    try:
        os.close(os.open(node, os.O_RDONLY | os.O_EXCL))
    except OSError:
        return False
    return True


@contextmanager
def attached(image: Path) -> Iterator[str]:
    """Make a loop device that can be written to, as a disk can."""
    node = run("losetup", "--find", "--show", image)
    try:
        yield node
    finally:
        block.unprotect(node)  # the flag would outlive the image
        run("losetup", "--detach", node)
        # A mount of it that lives on would keep it.
        until(lambda: not run("losetup", "--list", "--noheadings", node, "--output", "BACK-FILE"))


def device(node: Path | str, fs: str = "ext4", name: str = "") -> Device:
    return Device(volume=Volume(name=name or Path(node).name, fs=fs), node=str(node))


def digest(image: Path) -> str:
    with image.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
