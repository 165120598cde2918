"""Changes of a booted entry: the bytes of one file change on the disk, and no others."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.api import Volume
from parsers.binary import envblock
from petipy.sandbox import effects
from petipy.sandbox.client import Scanner
from petipy.sandbox.mounter import Mounter
from petipy.state.model import Change, Device, File
from petipy.sys import mount
from tests.root import disks

GRUBENV = "/boot/grub/grubenv"
BLOCK = envblock.write(
    "# GRUB Environment Block\n".ljust(1024, "#"), {"saved_entry": "a", "next_entry": "b"}
)
IN_PLACE = ["ext4", "ext2", "xfs", "vfat"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = disks.tree(tmp_path / "tree")
    (tree / "boot/grub").mkdir()
    (tree / "boot/grub/grubenv").write_text(BLOCK)
    return tree


def written(scanner: Scanner, device: Device, change: Change) -> str:
    """Why it was not, or an empty text."""
    try:
        asyncio.run(scanner.write(change, [device], 20))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def change(name: str = "sda1", **values: str | None) -> Change:
    return Change(file=File(device=name, path=GRUBENV), values=tuple(values.items()))


def write(scanner: Scanner, image: Path, fs: str, wanted: Change) -> str:
    with disks.attached(image) as node:
        return written(scanner, disks.device(node, fs, "sda1"), wanted)


@pytest.mark.parametrize("fs", IN_PLACE)
def test_the_block_changes_where_it_lies_and_nothing_else_does(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    before = image.read_bytes()
    assert before.count(BLOCK.encode()) == 1
    assert write(scanner, image, fs, change(next_entry="", saved_entry=None)) == ""
    new = envblock.write(BLOCK, {"next_entry": "", "saved_entry": None})
    assert image.read_bytes() == before.replace(BLOCK.encode(), new.encode())
    with disks.mounted(image, "ro") as root:
        assert envblock.read((root / GRUBENV[1:]).read_text()) == {"next_entry": ""}


@pytest.mark.parametrize("fs", ["ext4", "xfs"])
def test_after_a_crash_the_journal_stays_as_it_is(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.crashed(disks.make(fs, tmp_path / "live", tree), tmp_path / "image")
    before = image.read_bytes()
    assert write(scanner, image, fs, change(recordfail="1")) == ""
    new = envblock.write(BLOCK, {"recordfail": "1"})
    assert image.read_bytes() == before.replace(BLOCK.encode(), new.encode())
    with disks.mounted(image) as root:  # which replays it
        assert (root / GRUBENV[1:]).read_text() == new
        assert (root / "etc/late").read_text() == "written just before the end"


def test_a_scan_before_and_the_protection_after(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with disks.attached(image) as node:
        device = disks.device(node, "ext4", "sda1")
        asyncio.run(scanner.scan(device, (), "ppc64le", 20))
        assert written(scanner, device, change(next_entry="")) == ""
        assert disks.run("blockdev", "--getro", node) == "1"
        found = asyncio.run(scanner.open([File(device="sda1", path=GRUBENV)], [device], 20))
        assert envblock.read(os.read(found[0], 2000).decode())["next_entry"] == ""
        os.close(found[0])


def test_what_is_there_already_is_not_written(tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with disks.attached(image) as node, disks.mounted(node):
        # Nobody could write to it now.
        device = Device(volume=Volume(name="sda1", fs="ext4"), node=node)
        other = Scanner.start(own_machine=False)
        assert written(other, device, change(saved_entry="a")) == ""
        other.close()


def test_a_device_that_someone_else_has_mounted_is_left_alone(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with disks.attached(image) as node, disks.mounted(node, "ro"):
        device = disks.device(node, "ext4", "sda1")
        assert "in use" in written(scanner, device, change(next_entry=""))
    assert BLOCK.encode() in image.read_bytes()


def refused(scanner: Scanner, image: Path, fs: str, wanted: Change) -> str:
    """Why; and that not a byte of the image has changed."""
    before = disks.digest(image)
    why = write(scanner, image, fs, wanted)
    assert disks.digest(image) == before
    return why


@pytest.mark.parametrize("fs", ["btrfs", "f2fs", "squashfs", "iso9660"])
def test_where_blocks_cannot_be_written_in_place_nothing_is(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    why = refused(scanner, image, fs, change(next_entry=""))
    assert why == f"a {fs} file system cannot be written to in place"


@pytest.mark.parametrize(
    ("volume", "what"),
    [
        (Volume(name="sda1", fs="ext4", lvm="vg/root"), "LVM (vg/root)"),
        (Volume(name="sda1", fs="ext4", md="boot"), "RAID (boot)"),
        (Volume(name="sda1", fs="ext4", crypt_uuid="1-2"), "an encrypted volume (1-2)"),
        (Volume(name="sda1", fs="ext4", mapped="mpatha"), "a mapped device (mpatha)"),
    ],
)
def test_nothing_is_written_to_what_is_made_of_several_devices(
    volume: Volume, what: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with disks.attached(image) as node:
        device = Device(volume=volume, node=node)
        why = written(scanner, device, change(next_entry=""))
    assert why == f"it is on {what}, where GRUB writes nothing"
    assert BLOCK.encode() in image.read_bytes()


def test_a_block_without_room_stays_as_it_is(tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    why = refused(scanner, image, "ext4", change(long="x" * 1100))
    assert why == "environment block too small"


def test_what_is_no_environment_block_stays_as_it_is(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    (tree / "boot/grub/grubenv").write_text("# something else\n")
    image = disks.ext4(tmp_path / "image", tree)
    assert "invalid environment block" in refused(scanner, image, "ext4", change(a="1"))


@pytest.mark.parametrize(
    ("file", "device", "why"),
    [("/none", "sda1", "there is no such file"), (GRUBENV, "sdz9", "there is no such device")],
)
def test_what_is_not_there_is_told(
    file: str, device: str, why: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    wanted = Change(file=File(device=device, path=file), values=(("a", "1"),))
    assert refused(scanner, image, "ext4", wanted) == why


def test_a_file_with_a_hole_is_not_written(tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    os.truncate(tree / "boot/grub/grubenv", 40_000)
    image = disks.make("xfs", tmp_path / "image", tree)
    with disks.mounted(image) as root:
        disks.run("fallocate", "--dig-holes", root / GRUBENV[1:])
    assert refused(scanner, image, "xfs", change(a="1")) == "has holes"


def test_a_file_that_lies_within_its_inode_is_not_written(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    (tree / "boot/grub/grubenv").write_text("# GRUB Environment Block\n".ljust(60, "#"))
    image = disks.ext4(tmp_path / "image", tree, "-O", "inline_data")
    assert refused(scanner, image, "ext4", change(a="1")) == "lies within its inode"


def test_a_file_that_shares_its_blocks_is_not_written(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make("xfs", tmp_path / "image", tree)
    with disks.mounted(image) as root:
        disks.run("cp", "--reflink=always", root / GRUBENV[1:], root / "copy")
    assert refused(scanner, image, "xfs", change(a="1")) == "shares its blocks with a copy"


def test_blocks_that_hold_something_else_by_now_are_not_written(tmp_path: Path, tree: Path) -> None:
    """Act as after a crash: without its journal, the file system believes a file is elsewhere."""
    old, new = disks.ext4(tmp_path / "old", tree), tmp_path / "new"
    new.write_bytes(old.read_bytes().replace(BLOCK.encode(), b"someone else's data".ljust(1024)))
    before = disks.digest(new)
    with (
        disks.attached(old) as believed,
        disks.attached(new) as node,
        pytest.raises(OSError, match="not where its file system says"),
    ):
        effects.set_variables(
            disks.device(node),
            GRUBENV,
            {"a": "1"},
            lambda _: mount.open_root(believed, "ext4"),
        )
    assert disks.digest(new) == before


ENTRY = File(device="sda1", path="/EFI/Linux/a+3.efi")


@pytest.fixture
def esp(tmp_path: Path, tree: Path) -> Path:
    (tree / "EFI/Linux").mkdir(parents=True)
    (tree / "EFI/Linux/a+3.efi").write_bytes(b"MZ")
    return disks.make("vfat", tmp_path / "esp", tree)


def names(image: Path) -> list[str]:
    with disks.mounted(image, "ro") as root:
        return sorted(path.name for path in (root / "EFI/Linux").iterdir())


def test_a_file_counts_its_tries_in_its_name(esp: Path, scanner: Scanner) -> None:
    with disks.attached(esp) as node:
        device = disks.device(node, "vfat", "sda1")
        asyncio.run(scanner.scan(device, (), "ppc64le", 20))
        assert written(scanner, device, Change(file=ENTRY, rename="a+2-1.efi")) == ""
        disks.until(lambda: disks.is_free(node))
        assert disks.run("blockdev", "--getro", node) == "1"
    assert names(esp) == ["a+2-1.efi"]
    disks.run("fsck.vfat", "-n", esp)


def test_no_file_is_renamed_over_another(esp: Path, scanner: Scanner) -> None:
    with disks.mounted(esp) as root:
        (root / "EFI/Linux/a+2-1.efi").write_bytes(b"other")
    wanted = Change(file=ENTRY, rename="a+2-1.efi")
    assert "already" in write(scanner, esp, "vfat", wanted)
    assert names(esp) == ["a+2-1.efi", "a+3.efi"]


def test_an_empty_file_that_a_power_cut_has_left_gives_way(esp: Path, scanner: Scanner) -> None:
    with disks.mounted(esp) as root:
        (root / "EFI/Linux/a+2-1.efi").touch()
    assert write(scanner, esp, "vfat", Change(file=ENTRY, rename="a+2-1.efi")) == ""
    assert names(esp) == ["a+2-1.efi"]


def test_files_are_renamed_on_fat_only(tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    wanted = Change(file=ENTRY, rename="a+2-1.efi")
    assert refused(scanner, image, "ext4", wanted) == (
        "files are renamed on FAT only, and this is ext4"
    )


def test_a_mounter_of_images_writes_to_none(tmp_path: Path, tree: Path) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    device = disks.device(image, "ext4", "sda1")
    with pytest.raises(OSError, match="is no block device"):
        effects.set_variables(device, GRUBENV, {"a": "1"}, Mounter(own_machine=False).root)


def test_the_block_that_grub_keeps_on_a_btrfs_outside_of_its_files(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    """Read when it is scanned; written where it lies, and the file system does not mind."""
    own = "# GRUB Environment Block\nenv_block=512+1\n".ljust(1024, "#")
    (tree / "boot/grub/grubenv").write_text(own)
    (tree / "boot/grub/grub.cfg").write_text(
        "load_env\nset env_block=($root)$env_block\nload_env -f $env_block\n"
        "menuentry A {\n linux /k\n save_env next_entry\n"
        " saved_entry=A\n save_env -f $env_block saved_entry\n}\n"
        "menuentry B {\n linux /k $saved_entry\n}\n"
    )
    image = disks.make("btrfs", tmp_path / "image", tree)
    with image.open("r+b") as disk:
        disk.seek(256 << 10)
        disk.write("# GRUB Environment Block\nsaved_entry=old\n".ljust(512, "#").encode())
    before = image.read_bytes()
    with disks.attached(image) as node:
        device = disks.device(node, "btrfs", "sda1")
        scan = asyncio.run(scanner.scan(device, (), "ppc64le", 20))
        assert not scan.problems
        first, second = (entry for form, entry in scan.entries if form == "grub")
        assert second.cmdline.endswith(" old")
        (effect,) = first.effects
        file = File(device="sda1", offset=effect.file.offset, size=effect.file.size)
        wanted = Change(file=file, values=effect.values)
        assert str(wanted) == "(sda1)blocks 512+1: saved_entry=A"
        assert written(scanner, device, wanted) == ""
        elsewhere = replace(file, offset=1 << 20)
        assert "not there" in written(scanner, device, replace(wanted, file=elsewhere))
    new = "# GRUB Environment Block\nsaved_entry=A\n".ljust(512, "#").encode()
    assert image.read_bytes() == before[: 256 << 10] + new + before[(256 << 10) + 512 :]
    disks.run("btrfs", "check", str(image))


def test_what_is_no_block_is_not_written_over(tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    image = disks.make("btrfs", tmp_path / "image", tree)
    before = image.read_bytes()
    kept = Change(file=File(device="sda1", offset=256 << 10, size=512), values=(("a", "1"),))
    assert write(scanner, image, "btrfs", kept) == "invalid environment block"
    assert image.read_bytes() == before
