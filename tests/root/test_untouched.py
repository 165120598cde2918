"""Looking is free of side effects: not a byte of a disk changes."""

import asyncio
import os
from pathlib import Path

import pytest

from petipy.sandbox.client import Scanner
from petipy.state.model import File
from petipy.sys import block
from tests.root import disks


async def look(scanner: Scanner, node: str, fs: str) -> list[str]:
    """Scan, read the kernel, and say which entries there were."""
    device = disks.device(node, fs, "sda1")
    found = await scanner.scan(device, (), "ppc64le", 20)
    (kernel,) = await scanner.open([File(device="sda1", path="/boot/vmlinux")], [device], 20)
    assert os.read(kernel, len(disks.KERNEL)) == disks.KERNEL
    os.close(kernel)
    assert not found.missing
    assert not found.problems
    return [entry.title for _, entry in found.entries]


@pytest.mark.parametrize("fs", disks.KINDS)
def test_scanning_changes_no_byte(fs: str, tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    before = disks.digest(image)
    with disks.attached(image) as node:
        assert asyncio.run(look(scanner, node, fs)) == ["linux"]
    assert disks.digest(image) == before


@pytest.mark.parametrize("fs", ["ext4", "xfs", "btrfs", "f2fs"])
def test_scanning_a_crashed_machines_disk_changes_no_byte(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.crashed(disks.make(fs, tmp_path / "live", tree), tmp_path / "image")
    before = disks.digest(image)
    with disks.attached(image) as node:
        assert asyncio.run(look(scanner, node, fs)) == ["linux"]
    assert disks.digest(image) == before
    # The usual read-only mount does write to such a disk: the test can fail.
    with disks.attached(image) as node, disks.mounted(node, "ro"):
        pass
    assert disks.digest(image) != before


def test_damage_found_while_reading_is_not_noted_on_the_disk(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    """ext4 writes an error that it meets into the superblock, even of a read-only mount."""
    image = disks.ext4(tmp_path / "image", tree)
    disks.run("debugfs", "-w", "-R", "set_inode_field /boot/vmlinux block[0] 0xbad", image)
    disks.run("tune2fs", "-e", "panic", image)
    before = disks.digest(image)
    with disks.attached(image) as node:
        device = disks.device(node, "ext4", "sda1")
        found = asyncio.run(scanner.scan(device, (), "ppc64le", 20))
        assert found.missing
        wanted = [File(device="sda1", path="/boot/vmlinux")]
        with pytest.raises(OSError, match=r"Structure needs cleaning|Input/output error"):
            asyncio.run(scanner.open(wanted, [device], 20))
    assert disks.digest(image) == before


def test_the_device_stays_protected_until_someone_wants_to_write(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with disks.attached(image) as node:
        asyncio.run(look(scanner, node, "ext4"))
        assert disks.run("blockdev", "--getro", node) == "1"
        disks.until(lambda: disks.is_free(node))
        block.unprotect(node)
        with disks.mounted(node) as root:
            (root / "file").touch()


def test_a_device_that_is_mounted_elsewhere_keeps_working_there(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with disks.attached(image) as node, disks.mounted(node) as root:
        with pytest.raises(OSError, match="in use"):
            asyncio.run(look(scanner, node, "ext4"))
        assert disks.run("blockdev", "--getro", node) == "0"
        (root / "file").write_text("still writable")
        os.sync()


def test_on_a_machine_of_others_a_block_device_is_only_read(tmp_path: Path, tree: Path) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    guest = Scanner.start(own_machine=False)
    with disks.attached(image) as node, disks.mounted(node):
        os.sync()
        assert asyncio.run(look(guest, node, "ext4")) == ["linux"]
        assert disks.run("blockdev", "--getro", node) == "0"
    guest.close()


def test_an_image_file_needs_no_loop_device_of_ours_afterwards(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    before = disks.digest(image)
    assert asyncio.run(look(scanner, str(image), "ext4")) == ["linux"]
    scanner.close()
    disks.until(lambda: str(image) not in disks.run("losetup", "--list"))
    assert disks.digest(image) == before
