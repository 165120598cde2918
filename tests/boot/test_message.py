"""The story on its way to the booted system."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from petipy.boot import message
from petipy.state import story

STORY = b'{"version":1}'


def test_the_device_tree_has_the_story_as_a_text() -> None:
    sent = message.write(STORY, b"Debian-0\n")
    assert sent.chosen == {"petipy": STORY + b"\0", "petipy-entries": b"Debian-0\n\0"}
    for descriptor in sent.initrds:
        os.close(descriptor)


def test_without_a_story_that_of_an_earlier_boot_goes_away() -> None:
    sent = message.write(b"")
    assert (sent.chosen, sent.initrds) == ({"petipy": None, "petipy-entries": None}, ())


def unpack(place: Path) -> None:
    sent = message.write(STORY)
    (archive,) = sent.initrds
    content = os.pread(archive, 1 << 16, 0)
    os.close(archive)
    # The kernel unpacks archives one after the other; cpio(1) stops at the end of the first.
    for part in content.split(b"TRAILER!!!\0")[:-1]:
        start = part.index(b"070701")
        whole = part[start:] + b"TRAILER!!!\0\0\0\0"
        subprocess.run(
            ["cpio", "-idmu", "--quiet"], input=whole, cwd=place, check=True, capture_output=True
        )


needs_cpio = pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio here")


@needs_cpio
def test_the_archive_has_the_story_where_initrds_keep_it(tmp_path: Path) -> None:
    unpack(tmp_path)
    for name in (".extra/petipy/story.json", "run/initramfs/petipy/story.json"):
        assert (tmp_path / name).read_bytes() == STORY
        assert f"/{name}" in (*story.PLACES, f"/{story.IN_ARCHIVE}")


@needs_cpio
def test_systemd_copies_the_story_out_of_the_archive(tmp_path: Path) -> None:
    unpack(tmp_path)
    rules = tmp_path / "etc/tmpfiles.d/petipy-story.conf"
    done = subprocess.run(
        ["systemd-tmpfiles", "--create", f"--root={tmp_path}", str(rules)],
        capture_output=True,
        text=True,
        check=False,
    )
    copy = tmp_path / story.IN_RUN[1:]
    assert copy.read_bytes() == STORY, done.stderr
    assert copy.stat().st_mode & 0o777 == 0o444
