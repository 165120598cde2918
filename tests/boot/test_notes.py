"""The note of a boot: it outlives a program that is killed, and nothing else."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from petipy.boot.notes import Note, Notes


def ended() -> int:
    """Return the number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def killed_during(path: Path, *ids: str) -> None:
    """Leave the file as a program does that is killed during each of the boots."""
    for id in ids:
        Notes(str(path)).begin(id, f"Linux {id}")
        leave_behind(path)


def leave_behind(path: Path) -> None:
    """Make the file that of a process that has ended."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "process": ended()}))


def test_a_boot_that_killed_the_program_is_known_to_the_next_one(tmp_path: Path) -> None:
    killed_during(tmp_path / "boots", "a", "b", "a")
    notes = Notes(str(tmp_path / "boots"))
    assert notes.fatal == {"a": Note("Linux a", 2), "b": Note("Linux b", 1)}
    assert notes.lines() == [
        "Linux a: Petipy was killed while it loaded this (2 times): all others are tried before",
        "Linux b: Petipy was killed while it loaded this: all others are tried before",
    ]


def test_a_boot_that_ends_leaves_no_note(tmp_path: Path) -> None:
    killed_during(tmp_path / "boots", "a", "b")
    notes = Notes(str(tmp_path / "boots"))
    notes.begin("a", "Linux a")
    notes.end("a")
    assert notes.fatal.keys() == {"b"}
    killed_during(tmp_path / "boots")
    assert json.loads((tmp_path / "boots").read_text())["boots"].keys() == {"b"}


def test_the_notes_of_a_program_that_still_runs_are_its_own(tmp_path: Path) -> None:
    """Two may run on a desktop, which have one /run."""
    Notes(str(tmp_path / "boots")).begin("a", "Linux a")
    content = json.loads((tmp_path / "boots").read_text())
    (tmp_path / "boots").write_text(json.dumps({**content, "process": os.getppid()}))
    assert Notes(str(tmp_path / "boots")).fatal == {}


def test_an_id_and_a_title_of_any_bytes_come_back(tmp_path: Path) -> None:
    id = "vda2\n\udcff"
    killed_during(tmp_path / "boots", id)
    assert Notes(str(tmp_path / "boots")).fatal == {id: Note(f"Linux {id}", 1)}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"process": 1}',
        '{"process": "x", "boots": {}}',
        '{"process": 0, "boots": {"a": {"name": "x"}}}',
        '{"process": 0, "boots": {"a": 5}}',
        '{"process": 0, "boots": [1]}',
        '{"process": 0, "boots": {"a": {"title": "x", "count": "1"}}}',
        '{"process": 0, "boots": {"a": {"title": 5}}}',
        '{"process": 1e999, "boots": {}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "boots").write_text(content)
    notes = Notes(str(tmp_path / "boots"))
    assert notes.fatal == {}
    notes.begin("a", "Linux a")
    assert json.loads((tmp_path / "boots").read_text())["process"] == os.getpid()


def test_without_a_place_to_write_there_is_no_note(tmp_path: Path) -> None:
    notes = Notes(f"{tmp_path}/none/boots")
    notes.begin("a", "Linux a")
    notes.end("a")
    assert notes.fatal == {}
