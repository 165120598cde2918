"""Probing disk images that the tools of partition tables and file systems write."""

import ctypes
import errno
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from petipy.commands.targets import OpenDevices, Target
from petipy.sandbox import probe as probing
from petipy.sandbox.probe import Disk, FileSystem, Partition, probe
from petipy.sys import blkid
from tests.parsers.binary.test_superblock import MB, UUID, empty, run


def places(disk: Disk) -> list[tuple[int, int, int]]:
    return [(part.number, part.start, part.size) for part in disk.partitions]


@pytest.mark.parametrize("data", [b"", b"\0" * 4096, b"XFSB", b"hsq", b"\xff" * 70000])
def test_anything_else_is_no_file_system_and_no_partition_table(
    data: bytes, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(data)
    assert probe(str(image)) == Disk()


def test_gpt_gives_numbers_places_uuids_and_names(tmp_path: Path) -> None:
    image = empty(tmp_path, 64 * MB)
    text = f'label: gpt\nstart=2048,size=8M,uuid={UUID},name="my boot"\n\n3: size=8M\n'
    run("sfdisk -q", str(image), text=text)
    found = probe(str(image))
    assert found.scheme == "gpt"
    first = Partition(number=1, start=MB, size=8 * MB, uuid=UUID, label="my boot", fs=None)
    assert found.partitions[0] == first
    assert [p.number for p in found.partitions] == [1, 3]


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    image = empty(tmp_path, 16 * MB)
    run("sfdisk -q", str(image), text="label: gpt\n")
    assert probe(str(image)) == Disk(scheme="gpt")
    devices = OpenDevices()
    devices.add(Target("a", str(image)))
    assert (devices.found, devices.failures) == ([], [])


def test_mbr_gives_primary_and_logical_partitions(tmp_path: Path) -> None:
    image = empty(tmp_path, 64 * MB)
    text = (
        "label: dos\nlabel-id: 0x1234abcd\n1: size=4M\n2: size=40M,type=5\n"
        "5: size=4M\n6: size=4M\n7: size=4M\n4: size=4M\n"
    )
    run("sfdisk -q", str(image), text=text)
    found = probe(str(image))
    assert found.scheme == "msdos"
    assert [p.number for p in found.partitions] == [1, 4, 5, 6, 7]
    assert {p.size for p in found.partitions} == {4 * MB}
    assert found.partitions[0].uuid == "1234abcd-01"
    starts = [p.start for p in found.partitions]
    assert len(set(starts)) == len(starts)


def record(kind: int, start: int, size: int) -> bytes:
    place = start.to_bytes(4, "little") + size.to_bytes(4, "little")
    return bytes((0, 0, 0, 0, kind, 0, 0, 0)) + place


def sector(*records: bytes) -> bytes:
    return bytes(446) + b"".join(records).ljust(64, b"\0") + b"\x55\xaa"


def test_a_chain_of_logical_partitions_that_bites_its_tail_ends(tmp_path: Path) -> None:
    image = tmp_path / "image"
    disk = sector(record(5, 1, 100)) + sector(record(0x83, 1, 1), record(5, 1, 1)) * 2
    image.write_bytes(disk.ljust(MB, b"\0"))
    found = probe(str(image))
    assert found.scheme == "msdos"
    assert len(found.partitions) < 300


def test_a_slice_of_a_bsd_in_a_partition_is_no_partition(tmp_path: Path) -> None:
    label = bytearray(512)
    label[:4] = label[132:136] = (0x82564557).to_bytes(4, "little")
    label[138:140] = (1).to_bytes(2, "little")
    label[148:156] = (100).to_bytes(4, "little") + (2048).to_bytes(4, "little")
    image = tmp_path / "image"
    disk = sector(record(0xA5, 2048, 2048)).ljust(MB + 512, b"\0") + label
    image.write_bytes(disk.ljust(4 * MB, b"\0"))
    assert places(probe(str(image))) == [(1, MB, MB)]


def test_a_partitions_file_system_is_told(tmp_path: Path) -> None:
    image = empty(tmp_path, 64 * MB)
    run("sfdisk -q", str(image), text="label: gpt\nstart=2048,size=16M\nsize=16M\n")
    run(f"mkfs.ext4 -q -U {UUID} -L name -E offset={MB}", str(image), "16M")
    first, second = probe(str(image)).partitions
    assert first.fs == FileSystem(kind="ext4", uuid=UUID, label="name")
    assert second.fs is None


def test_a_damaged_table_costs_nothing_else(tmp_path: Path) -> None:
    image = empty(tmp_path, 8 * MB)
    run("sfdisk -q", str(image), text="label: gpt\nstart=2048,size=1M\nsize=1M\n")
    chance, whole = random.Random(1), image.read_bytes()
    for _ in range(20):
        damaged = bytearray(whole)
        for _ in range(20):
            damaged[chance.randrange(17 << 10)] = chance.randrange(256)
        image.write_bytes(damaged)
        assert len(probe(str(image)).partitions) < 300


def crash(fd: int, disk: blkid.OpenDisk) -> Disk:
    ctypes.string_at(8)
    return Disk()


def hang(fd: int, disk: blkid.OpenDisk) -> Disk:
    time.sleep(1000)
    return Disk()


def spin(fd: int, disk: blkid.OpenDisk) -> Disk:
    while True:
        pass


def devour(fd: int, disk: blkid.OpenDisk) -> Disk:
    kept = []
    while True:
        kept.append(bytes(1 << 24))


def refuse(fd: int, disk: blkid.OpenDisk) -> Disk:
    os.pread(fd, 1, -1)
    return Disk()


def break_out(fd: int, disk: blkid.OpenDisk) -> Disk:
    for attempt in (os.fork, lambda: os.open("/", os.O_RDONLY), lambda: os.kill(os.getppid(), 15)):
        try:
            attempt()
        except OSError:
            continue
        return Disk()
    raise OSError(errno.EPERM, "all is refused")


def lie(fd: int, disk: blkid.OpenDisk) -> Disk:
    return Disk(fs=FileSystem(kind="ext4", uuid="\ud800", label=""))


def flood(fd: int, disk: blkid.OpenDisk) -> Disk:
    return Disk(fs=FileSystem(kind="x" * (2 << 20), uuid="", label=""))


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (crash, "the process died"),
        (hang, "not read within 1 seconds"),
        (spin, "the process died"),
        (devour, "the process died"),
        (refuse, "Invalid argument"),
        (break_out, "all is refused"),
        (lie, "senseless answer: fs: uuid: .*surrogates"),
        (flood, "too long an answer"),
    ],
)
def test_a_child_that_misbehaves_costs_its_own_disk(
    look: Callable[[int, blkid.OpenDisk], Disk],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probing, "look", look)
    monkeypatch.setattr(probing, "_PROCESSOR", 1)
    if look is hang:
        monkeypatch.setattr(probing, "_PATIENCE", 1.0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match=words):
        probe(str(empty(tmp_path, MB)))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    monkeypatch.undo()
    assert probe(str(tmp_path / "image")) == Disk()


def test_without_libblkid_a_person_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise OSError(errno.ENOENT, blkid.MISSING)

    monkeypatch.setattr(blkid, "load", missing)
    devices = OpenDevices()
    devices.add(Target("a", str(empty(tmp_path, MB))))
    ((name, why),) = devices.failures
    assert name == "a"
    assert why.endswith(
        "libblkid.so.1 is missing, which reads partition tables: install util-linux"
    )
