"""A file of settings on a disk: it changes as a whole, and only where that is safe."""

import asyncio
from pathlib import Path

import pytest

from petipy.sandbox import settings_file
from petipy.sandbox.client import Scanner
from petipy.state.model import Change, File
from tests.root import disks

SETTINGS = "# ours\ntimeout = 5\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = disks.tree(tmp_path / "tree")
    (tree / "petipy.toml").write_text(SETTINGS)
    return tree


def save(
    scanner: Scanner, image: Path, fs: str, path: str = "/petipy.toml", **values: str | None
) -> str:
    """Save settings; return why they are not, or an empty text."""
    change = Change(file=File(device="sda1", path=path), values=tuple(values.items()), toml=True)
    with disks.attached(image) as node:
        try:
            asyncio.run(scanner.write(change, [disks.device(node, fs, "sda1")], 20))
        except OSError as error:
            return error.strerror or str(error)
        finally:
            disks.until(lambda: disks.is_free(node))
            assert disks.run("blockdev", "--getro", node) == "0"
    return ""


def read(image: Path, path: str = "petipy.toml") -> str:
    with disks.mounted(image, "ro") as root:
        assert not (root / f"{path}.new").exists()
        return (root / path).read_text()


@pytest.mark.parametrize("fs", ["vfat", "ext4", "ext2"])
def test_a_setting_is_saved_and_the_file_system_stays_sound(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    assert save(scanner, image, fs, timeout="9", order="disk,any") == ""
    assert read(image) == '# ours\ntimeout = "9"\norder = "disk,any"\n'
    assert save(scanner, image, fs, timeout=None) == ""
    assert read(image) == '# ours\norder = "disk,any"\n'
    check = ("fsck.vfat", "-n") if fs == "vfat" else ("e2fsck", "-fn")
    disks.run(*check, image)


@pytest.mark.parametrize("fs", ["vfat", "ext4"])
def test_a_new_file_is_made_in_a_directory_that_is_there(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    assert save(scanner, image, fs, "/boot/own.toml", timeout="9") == ""
    assert read(image, "boot/own.toml") == 'timeout = "9"\n'
    assert save(scanner, image, fs, "/none/own.toml", timeout="9") == "there is no directory /none"


def test_what_a_power_cut_has_left_is_replaced(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    (tree / "petipy.toml.new").write_text("half a li")
    image = disks.make("vfat", tmp_path / "image", tree)
    assert save(scanner, image, "vfat", timeout="9") == ""
    assert read(image) == '# ours\ntimeout = "9"\n'


def test_what_does_not_change_is_not_written(tmp_path: Path, tree: Path, scanner: Scanner) -> None:
    (tree / "petipy.toml").write_text('timeout = "5"\n')
    image = disks.make("vfat", tmp_path / "image", tree)
    with disks.mounted(image, "ro") as root:
        before = (root / "petipy.toml").stat()
    assert save(scanner, image, "vfat", timeout="5") == ""
    with disks.mounted(image, "ro") as root:
        after = (root / "petipy.toml").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_file_system_that_was_not_unmounted_is_left_alone(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.crashed(disks.make("ext4", tmp_path / "live", tree), tmp_path / "image")
    before = disks.digest(image)
    assert "was not unmounted" in save(scanner, image, "ext4", timeout="9")
    assert disks.digest(image) == before


@pytest.mark.parametrize("fs", ["xfs", "btrfs", "squashfs"])
def test_other_file_systems_take_no_settings(
    fs: str, tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    before = disks.digest(image)
    why = save(scanner, image, fs, timeout="9")
    assert why == f"settings are kept on FAT or ext, and this is {fs}"
    assert disks.digest(image) == before


def test_a_link_and_a_file_with_two_names_are_not_replaced(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    (tree / "link.toml").symlink_to("petipy.toml")
    (tree / "other").hardlink_to(tree / "petipy.toml")
    image = disks.make("ext4", tmp_path / "image", tree)
    assert "symbolic" in save(scanner, image, "ext4", "/link.toml", timeout="9")
    assert save(scanner, image, "ext4", timeout="9") == "petipy.toml is no file of its own"


def test_a_value_that_no_line_can_have_is_named(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.make("vfat", tmp_path / "image", tree)
    assert "both sorts of quotes" in save(scanner, image, "vfat", entry="a 'b' \"c\"")
    assert read(image) == SETTINGS


def test_superblocks_that_are_none_are_not_clean() -> None:
    for data in (b"", bytes(1024), b"\xff" * 1024):
        with pytest.raises(OSError, match="was not unmounted"):
            settings_file._check_clean(data)
