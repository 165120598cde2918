"""A bad disk costs itself and its patience, and nothing else."""

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.api import Files, Format, Item, Problem
from parsers.formats import formats
from petipy.sandbox import probe
from petipy.sandbox.client import Scanner
from petipy.state.model import File, Scan
from tests.root import disks, fuse

PATIENCE = 120.0
HUNG = 120.0  # seconds: no measure, only so that a run which hangs ends


async def scan_both(
    scanner: Scanner, bad: str | Path, good: Path, fs: str = "ext4", patience: float = 120.0
) -> Scan | OSError:
    """Return the scan of the bad disk, while the good one is scanned undisturbed."""
    async with asyncio.timeout(HUNG):
        trouble = asyncio.create_task(
            scanner.scan(disks.device(bad, fs, "bad"), (), "ppc64le", patience)
        )
        await asyncio.sleep(0.1)
        for _ in range(3):
            found = await scanner.scan(disks.device(good, "ext4", "good"), (), "ppc64le", PATIENCE)
            assert len(found.entries) == 1
        try:
            return await trouble
        except OSError as error:
            return error


@pytest.mark.parametrize("fs", ["ext4", "xfs", "btrfs", "squashfs"])
@pytest.mark.parametrize("seed", range(3))
def test_a_corrupt_file_system(
    fs: str, seed: int, tmp_path: Path, tree: Path, good: Path, scanner: Scanner
) -> None:
    image = disks.make(fs, tmp_path / "image", tree)
    chance = random.Random(seed)
    with image.open("r+b") as file:
        # Where superblocks, group descriptors and inode tables are, and at random.
        first = min(1 << 20, image.stat().st_size)
        for _ in range(200):
            file.seek(chance.randrange(1 << seed * 5, first))
            file.write(chance.randbytes(chance.choice([1, 4, 64])))
    before = disks.digest(image)
    with disks.attached(image) as node:
        asyncio.run(scan_both(scanner, node, good, fs))
    assert disks.digest(image) == before


def test_a_device_that_hangs(tmp_path: Path, good: Path, tree: Path, scanner: Scanner) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    with fuse.disk(image) as cable, disks.attached(cable.node) as node:
        cable.hang()
        Path("/proc/sys/vm/drop_caches").write_text("1")
        result = asyncio.run(scan_both(scanner, node, good, patience=5.0))
        assert str(result) == "[Errno 110] no answer within 5 seconds"
        scanner.close()  # even now
        cable.cut()


def test_a_disk_that_hangs_costs_a_command_its_patience(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_PATIENCE", 2.0)
    monkeypatch.setattr(probe, "_REAPING", 0.1)
    image = disks.ext4(tmp_path / "image", tree)
    with fuse.disk(image) as cable, disks.attached(cable.node) as node:
        cable.hang()
        Path("/proc/sys/vm/drop_caches").write_text("1")
        with pytest.raises(OSError, match="not read within 2 seconds"):
            probe.probe(node)
        cable.cut()


def test_a_device_that_is_pulled_while_it_is_scanned(
    tmp_path: Path, good: Path, tree: Path
) -> None:
    (tree / "etc/large").write_bytes(os.urandom(12 << 20))
    image = disks.ext4(tmp_path / "image", tree)

    with fuse.disk(image) as cable, disks.attached(cable.node) as node:

        def pulled(files: Files, path: str) -> Iterator[Item]:
            if files.volume.name == "bad":
                cable.pull()
                try:
                    files.read("/etc/large")
                except OSError as error:
                    yield Problem(path, 1, str(error))
                assert files.names("/boot/none") == []

        scanner = Scanner.start(lambda: (*formats(), Format("pull", ("/etc/yaboot.conf",), pulled)))
        result = asyncio.run(scan_both(scanner, node, good))
        scanner.close()
    assert isinstance(result, Scan)
    assert [problem.message for problem in result.problems] == ["[Errno 5] Input/output error"]


def test_a_device_that_is_gone_before_it_is_looked_at(good: Path, scanner: Scanner) -> None:
    result = asyncio.run(scan_both(scanner, "/dev/not-there", good))
    assert "No such file or directory" in str(result)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A tree whose configurations are not what they seem."""
    root = tmp_path / "odd"
    (root / "boot/grub").mkdir(parents=True)
    (root / "etc").mkdir()
    return root


def scanned(scanner: Scanner, image: Path, good: Path) -> Scan:
    with disks.attached(image) as node:
        result = asyncio.run(scan_both(scanner, node, good))
    assert isinstance(result, Scan)
    return result


def test_a_configuration_of_100_mb(odd: Path, tmp_path: Path, good: Path, scanner: Scanner) -> None:
    with (odd / "boot/grub/grub.cfg").open("wb") as file:
        for _ in range(100):
            file.write(b"menuentry x { linux /y }\n" * 40_000)
    image = tmp_path / "image"
    disks.run("mkfs.ext4", "-q", "-d", odd, image, "160M")
    result = scanned(scanner, image, good)
    messages = [problem.message for problem in result.problems]
    assert "only its first 1536 KiB are read" in messages[0]
    assert {entry.title for _, entry in result.entries} == {"x"}


def test_a_link_out_of_the_file_system_leads_nowhere(
    odd: Path, tmp_path: Path, good: Path, scanner: Scanner
) -> None:
    outside = tmp_path / "outside.conf"
    outside.write_text(disks.MENU)
    (odd / "etc/yaboot.conf").symlink_to(outside)
    (odd / "boot/grub/grub.cfg").symlink_to("../" * 30 + str(outside).lstrip("/"))
    result = scanned(scanner, disks.ext4(tmp_path / "image", odd), good)
    assert (result.entries, result.problems) == ((), ())


def test_a_fifo_or_a_device_node_is_no_configuration(
    odd: Path, tmp_path: Path, good: Path, scanner: Scanner
) -> None:
    os.mkfifo(odd / "boot/grub/grub.cfg")
    os.mknod(odd / "etc/yaboot.conf", 0o20666, os.makedev(1, 5))  # /dev/zero
    result = scanned(scanner, disks.ext4(tmp_path / "image", odd), good)
    assert (result.entries, result.problems) == ((), ())


def test_another_volume_that_hangs_is_only_unreadable(tmp_path: Path, tree: Path) -> None:
    def asks(files: Files, path: str) -> Iterator[Item]:
        if files.volume.name == "asker":
            yield Problem(path, 1, f"{files.host.on('bad')}")
            other = files.host.on("good")
            yield Problem(path, 2, f"{other and other.kind('/boot/vmlinux')}")

    image = disks.ext4(tmp_path / "image", tree)
    other = disks.ext4(tmp_path / "other", tree)
    asker = disks.ext4(tmp_path / "asker", tree)
    scanner = Scanner.start(lambda: (Format("asks", ("/etc/yaboot.conf",), asks),))
    with fuse.disk(image) as cable, disks.attached(cable.node) as node:
        cable.hang()
        Path("/proc/sys/vm/drop_caches").write_text("1")
        others = [disks.device(node, name="bad"), disks.device(other, name="good")]
        found = asyncio.run(scanner.scan(disks.device(asker, name="asker"), others, "", 30))
        scanner.close()
        cable.cut()
    assert [problem.message for problem in found.problems] == ["None", "file"]


def test_files_are_readable_after_their_mount_is_gone(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    image = disks.ext4(tmp_path / "image", tree)
    wanted = [File(device="sda1", path="/boot/vmlinux")]
    with disks.attached(image) as node:
        device = disks.device(node, name="sda1")
        (kernel,) = asyncio.run(scanner.open(wanted, [device], 20))
        scanner.close()
        assert os.read(kernel, 100) == disks.KERNEL[:100]
        os.close(kernel)
