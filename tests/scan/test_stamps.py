"""A stamp tells a file from any that takes its place."""

import os
from pathlib import Path

import pytest

from petipy.scan.stamps import fits, make_stamp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vmlinux"
    path.write_text("kernel")
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_the_same_file_fits(file: Path) -> None:
    for fs in ("ext4", "vfat"):
        assert fits(make_stamp(file.stat(), fs), file.stat())


def test_a_file_that_was_written_to_does_not_fit(file: Path) -> None:
    stamp = make_stamp(file.stat(), "ext4")
    file.write_text("KERNEL")
    os.utime(file, ns=(10**18, 10**18))  # the time of change tells
    assert not fits(stamp, file.stat())


def test_a_file_that_took_its_place_does_not_fit(file: Path) -> None:
    stamp, fields = make_stamp(file.stat(), "ext4"), list(file.stat())
    fields[1] += 1  # st_ino
    times = {name: getattr(file.stat(), name) for name in ("st_mtime_ns", "st_ctime_ns")}
    assert not fits(stamp, os.stat_result(fields, times))


def test_on_fat_another_inode_is_the_same_file(file: Path) -> None:
    fields = list(file.stat())
    fields[1] += 1
    times = {name: getattr(file.stat(), name) for name in ("st_mtime_ns", "st_ctime_ns")}
    other = os.stat_result(fields, times)
    assert fits(make_stamp(file.stat(), "vfat"), other)
    fields[6] += 1  # st_size
    assert not fits(make_stamp(file.stat(), "vfat"), os.stat_result(fields, times))
