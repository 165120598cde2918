"""The story of a boot, as JSON."""

import json
from dataclasses import replace
from typing import Any

from parsers.api import Problem
from petipy.state import story
from petipy.state.boots import Attempt
from petipy.state.model import Choice, File, Snapshot, Status
from petipy.state.names import make_name
from tests.samples import choice, device, entry, sources


def tell(snapshot: Snapshot, chosen: Choice, lines: tuple[Status, ...] = ()) -> dict[str, Any]:
    stages = {"scan-first-entry": 5.25, "load": 6.0004}
    text = story.tell(
        snapshot, chosen, petipy="0.1", by="hvc0", edited=False, stages=stages, lines=lines
    )
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_story_names_what_was_found_chosen_and_wrong() -> None:
    chosen = choice("a", entry=entry("Debian", cmdline="rd.luks.key=secret"))
    snapshot = Snapshot(
        sources=sources(device("vda2"), device("vdb")),
        choices=(chosen, choice("b")),
        default="a",
        problems=(("vda2", Problem("/boot/grub/grub.cfg", 7, "unknown command: boott")),),
        attempts=(Attempt(id="b", title="Old", at=2.5, reason="b did not boot: no kernel"),),
    )
    lines = (
        Status(at=1.0, level="info", text="found vda2"),
        Status(at=2.5, level="error", text="b did not boot: no kernel"),
    )
    told = tell(snapshot, chosen, lines)
    assert told["version"] == story.VERSION
    assert told["chosen"] == {
        "id": "a",
        "title": "Debian",
        "device": "vda2",
        "configuration": "/boot/grub/grub.cfg",
        "format": "grub",
        "kernel": "(vda2)/vmlinux",
        "initrds": [],
        "default": True,
        "by": "hvc0",
        "edited": False,
    }
    assert told["stages"] == {"scan-first-entry": 5.25, "load": 6.0}
    assert [(s["name"], s["state"], s["entries"]) for s in told["sources"]] == [
        ("vda2", "ready", 2),
        ("vdb", "ready", 0),
    ]
    place = {"device": "vda2", "file": "/boot/grub/grub.cfg", "line": 7}
    assert told["problems"] == [place | {"says": "unknown command: boott"}]
    reason = "b did not boot: no kernel"
    assert told["failed"] == [{"id": "b", "title": "Old", "at": 2.5, "says": reason}]
    assert told["log"] == [{"at": 2.5, "level": "error", "says": "b did not boot: no kernel"}]


def test_a_story_has_no_command_line_and_no_password_of_a_url() -> None:
    kernel = File(url="http://user:secret@192.0.2.1/vmlinuz")
    chosen = choice("a", kernel=kernel, entry=entry("Debian", cmdline="password=secret"))
    failed = Status(at=1, level="error", text="https://me:secret@host/x: 404")
    text = json.dumps(tell(Snapshot(choices=(chosen,)), chosen, (failed,)))
    assert "192.0.2.1/vmlinuz" in text
    assert "secret" not in text


def test_thousands_of_disks_and_endless_titles_make_a_short_story() -> None:
    chosen = choice("a", entry=entry("x" * 100_000))
    many = tuple(device(f"sd{n}") for n in range(5000))
    problems = tuple((d.name, Problem("/grub.cfg", 1, "y" * 10_000)) for d in many)
    snapshot = Snapshot(sources=sources(*many), choices=(chosen,), problems=problems)
    failed = tuple(replace(source, reason="z" * 9999) for source in snapshot.sources)
    snapshot = replace(snapshot, sources=failed)
    line = Status(at=1, level="error", text="w" * 4000)
    assert len(json.dumps(tell(snapshot, chosen, (line,) * 2000))) < 150_000


def test_every_program_that_reads_json_can_read_a_title_of_any_bytes() -> None:
    chosen = choice("a", entry=entry("D\udcffbian"))
    assert tell(Snapshot(choices=(chosen,)), chosen)["chosen"]["title"] == "D?bian"


def test_the_names_of_entries_that_can_boot_are_listed() -> None:
    choices = choice("a", entry=entry("Debian")), choice("b", kernel=None)
    names = story.list_names(Snapshot(choices=choices)).decode()
    assert names == f"{make_name(choices[0])}\n"
