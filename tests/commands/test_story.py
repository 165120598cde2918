"""`petipy story`: the last boot, told on the booted system."""

import json
from pathlib import Path

import pytest

from petipy.commands.story import COMMAND
from petipy.state import story

TOLD = {
    "version": story.VERSION,
    "petipy": "0.1",
    "chosen": {
        "id": "vda2 grub 1",
        "title": "Debian\x1b[2J",
        "device": "vda2",
        "configuration": "/boot/grub/grub.cfg",
        "kernel": "(vda2)/vmlinux",
        "initrds": ["(vda2)/initrd"],
        "by": "automatic boot",
        "default": True,
        "edited": False,
    },
    "stages": {"udev": 4.5, "kexec": 7.25},
    "sources": [
        {"name": "vdb", "title": "vdb: 1 GB", "state": "failed", "reason": "EIO", "entries": 0}
    ],
    "problems": [{"device": "vda2", "file": "/boot/grub/grub.cfg", "line": 3, "says": "odd"}],
    "log": [{"at": 5.0, "level": "error", "says": "Fedora did not boot"}],
}


def test_the_story_is_printed_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kernel shows the text with the zero byte at its end."""
    (tmp_path / "petipy").write_bytes(json.dumps(TOLD).encode() + b"\0")
    assert COMMAND([str(tmp_path / "petipy")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        r"Petipy 0.1 booted Debian\x1b[2J",
        "  id             vda2 grub 1",
        "  configuration  (vda2)/boot/grub/grub.cfg",
        "  kernel         (vda2)/vmlinux",
        "  initrd         (vda2)/initrd",
        "  chosen by      automatic boot (default)",
        "Seconds since Petipy's kernel started:",
        "       4.5  udev",
        "      7.25  kexec",
        "Places:",
        "  vdb: 1 GB: failed (EIO), 0 entries",
        "Problems:",
        "  (vda2)/boot/grub/grub.cfg:3: odd",
        "Warnings and errors:",
        "        5.0  Fedora did not boot",
    ]


def test_programs_get_the_story_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "petipy").write_text(json.dumps(TOLD))
    assert COMMAND(["--json", str(tmp_path / "petipy")]) == 0
    assert json.loads(capsys.readouterr().out) == TOLD


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 99}', b"\xff", b"[" * 99999])
def test_anything_else_is_named_and_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "petipy").write_bytes(content)
    assert COMMAND([str(tmp_path / "petipy")]) == 2
    assert f"{tmp_path}/petipy: not a story" in capsys.readouterr().err


def test_without_a_story_the_places_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(story, "PLACES", ("/nowhere/petipy", "/nowhere/story.json"))
    assert COMMAND([]) == 2
    assert "neither /nowhere/petipy nor /nowhere/story.json exists" in capsys.readouterr().err
