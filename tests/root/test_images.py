"""File systems in files: ISO images, and a btrfs with more than one root."""

import asyncio
import os
from pathlib import Path

import pytest

from parsers.api import FileRef, Volume
from petipy.commands import capture, list
from petipy.sandbox.client import Scanner
from petipy.state.model import IMAGE, Device, File, Scan
from tests.root import disks
from tests.trees import lay

PATIENCE = 20.0
INSTALLER = "image=/boot/vmlinux\n\tlabel=install\n"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A disk with a file on it that is a file system, too."""
    medium = tmp_path / "medium"
    disks.tree(medium)
    (medium / "etc/yaboot.conf").write_text(INSTALLER)
    tree = tmp_path / "stick"
    (tree / "isos").mkdir(parents=True)
    disks.make("squashfs", tree / "isos/live.iso", medium)
    return disks.ext4(tmp_path / "stick.img", tree)


def scan(scanner: Scanner, device: Device, *others: Device) -> Scan:
    return asyncio.run(scanner.scan(device, others, "ppc64le", PATIENCE))


def test_a_file_on_a_device_is_mounted_read_only_and_leaves_no_trace(
    scanner: Scanner, stick: Path
) -> None:
    before = disks.digest(stick)
    with disks.attached(stick) as node:
        host = disks.device(node, name="sda1")
        inner = Volume(name="sda1:/isos/live.iso", image="/isos/live.iso", disk="sda1")
        found = scan(scanner, Device(volume=inner, node="", kind=IMAGE), host)
        assert [entry.name for _, entry in found.entries] == ["install"]
        assert not found.missing
        kernel = File(device="sda1:/isos/live.iso", path="/boot/vmlinux")
        (fd,) = asyncio.run(scanner.open([kernel], [host], PATIENCE))
        assert os.pread(fd, 100_000, 0) == disks.KERNEL
        os.close(fd)
        disks.until(lambda: disks.is_free(node))
    assert disks.digest(stick) == before
    assert str(stick.parent) not in disks.run("losetup", "--list")


def test_what_is_no_file_system_or_not_there_is_told(scanner: Scanner, stick: Path) -> None:
    with disks.attached(stick) as node:
        host = disks.device(node, name="sda1")
        for name, words in (("sda1:/none.iso", "no such file"), ("sdb1:/a", "no such device")):
            with pytest.raises(OSError, match=words):
                asyncio.run(scanner.open([File(device=name, path="/a")], [host], PATIENCE))


def test_a_btrfs_is_seen_from_its_top_and_from_its_default_subvolume(
    scanner: Scanner, tmp_path: Path
) -> None:
    image = disks.empty("btrfs", tmp_path / "btrfs.img")
    with disks.mounted(image) as root:
        disks.run("btrfs", "subvolume", "create", root / "@")
        disks.run("btrfs", "subvolume", "create", root / "@/snapshot")
        disks.run("cp", "-a", f"{disks.tree(tmp_path / 'tree')}/.", root / "@/snapshot")
        disks.run("btrfs", "subvolume", "set-default", root / "@/snapshot")
        (root / "@/menu").write_text("of the top")
    with disks.attached(image) as node:
        found = scan(scanner, disks.device(node, "btrfs", "sda1"))
        ((_, entry),) = found.entries
        assert entry.kernel == FileRef(path="/boot/vmlinux")
        assert not found.missing
        paths = "/boot/vmlinux", "/@/snapshot/boot/vmlinux", "/@/menu"
        host = disks.device(node, "btrfs", "sda1")
        files = [File(device="sda1", path=path) for path in paths]
        opened = asyncio.run(scanner.open(files, [host], PATIENCE))
        assert [os.read(fd, 10) for fd in opened] == [*[disks.KERNEL[:10]] * 2, b"of the top"]
        for fd in opened:
            os.close(fd)
        disks.until(lambda: disks.is_free(node))


# As SUSE's GRUB reads it: in the default subvolume, or in the one that is chosen.
RELATIVE = """
set btrfs_relative_path=y
menuentry Today { linux /boot/vmlinux }
menuentry Snapshot {
 btrfs_subvol=/@/.snapshots/2/snapshot
 linux /boot/vmlinux
}
menuentry Bad {
 btrfs_subvol=/@/.snapshots/3/snapshot
 linux /boot/vmlinux
}
"""


def test_a_path_in_one_subvolume_of_a_btrfs_is_not_read_in_another(
    scanner: Scanner, tmp_path: Path
) -> None:
    image = disks.empty("btrfs", tmp_path / "btrfs.img")
    default, snapshot = "@/.snapshots/1/snapshot", "@/.snapshots/2/snapshot"
    with disks.mounted(image) as root:
        for name in ("@", "@/.snapshots"):
            disks.run("btrfs", "subvolume", "create", root / name)
        for name in (default, snapshot):
            (root / name).parent.mkdir()
            disks.run("btrfs", "subvolume", "create", root / name)
        disks.run("btrfs", "subvolume", "set-default", root / default)
        lay(root / default, {"boot/grub2/grub.cfg": RELATIVE, "boot/vmlinux": b"today"})
        lay(root / snapshot, {"boot/vmlinux": b"old"})
        # Of a system that was there before.
        left = "menuentry Left { linux /boot/vmlinux old }"
        lay(root, {"boot/vmlinux": b"top", "boot/grub2/grub.cfg": left})
    with disks.attached(image) as node:
        host = disks.device(node, "btrfs", "sda1")
        found = scan(scanner, host)
        kernels = {entry.title: entry.kernel for _, entry in found.entries if entry.kernel}
        assert found.missing == (kernels["Bad"],)
        assert [*kernels] == ["Today", "Snapshot", "Bad", "Left"]
        wanted = ("Today", "Snapshot", "Left")
        files = [File(device="sda1", path=kernels[title].path) for title in wanted]
        opened = asyncio.run(scanner.open(files, [host], PATIENCE))
        assert [os.read(fd, 10) for fd in opened] == [b"today", b"old", b"top"]
        assert files[0].path == f"/{default}/boot/vmlinux"
        for fd in opened:
            os.close(fd)
        disks.until(lambda: disks.is_free(node))


def test_a_configuration_in_a_subvolume_finds_its_files_there(
    scanner: Scanner, tmp_path: Path
) -> None:
    image = disks.empty("btrfs", tmp_path / "btrfs.img")
    with disks.mounted(image) as root:
        disks.run("btrfs", "subvolume", "create", root / "@rootfs")
        disks.run("cp", "-a", f"{disks.tree(tmp_path / 'tree')}/.", root / "@rootfs")
    with disks.attached(image) as node:
        found = scan(scanner, disks.device(node, "btrfs", "sda1"))
        ((_, entry),) = found.entries
        assert entry.config == "/@rootfs/etc/yaboot.conf"
        assert entry.kernel == FileRef(path="/@rootfs/boot/vmlinux")
        assert not found.missing
        disks.until(lambda: disks.is_free(node))


def test_list_looks_into_images_and_a_captured_machine_has_them(
    stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list.COMMAND([str(stick)]) == 0
    shown = capsys.readouterr().out
    assert "stick:/isos/live.iso: " in shown
    assert "kernel    /boot/vmlinux" in shown
    assert capture.COMMAND([str(stick)]) == 0
    (tmp_path / "machine.json").write_text(capsys.readouterr().out)
    assert list.COMMAND(["--machine", str(tmp_path / "machine.json")]) == 0
    assert capsys.readouterr().out == shown


def test_an_image_in_a_directory_is_for_root_to_look_into(
    tmp_path: Path, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    disks.make("squashfs", stick / "live.iso", tree)
    assert list.COMMAND([str(stick)]) == 0
    assert "stick:/live.iso: " in capsys.readouterr().out
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    os.seteuid(65534)
    try:
        assert list.COMMAND([str(stick)]) == 1
    finally:
        os.seteuid(0)
    assert "(stick)/live.iso: only root can look into it" in capsys.readouterr().out
