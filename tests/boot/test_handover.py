"""The handover to the next system: its command line, and what the machine keeps."""

import asyncio
import os
import re
from typing import Any

import pytest

from petipy.boot import handover
from petipy.boot.plan import plan
from petipy.log import Log
from petipy.state import flapping
from petipy.state.settings import Origin, Settings
from petipy.sys import watchdog
from tests.fakes import Kept
from tests.samples import choice, entry


@pytest.mark.parametrize(
    ("cmdline", "settings", "alone", "watched", "expected"),
    [
        ("quiet", {}, True, False, "quiet"),
        ("quiet", {"panic": 10}, True, False, "quiet panic=10"),
        ("", {"panic": 10}, True, False, "panic=10"),
        ("quiet", {"panic": 10}, False, False, "quiet"),
        ("panic=-1 quiet", {"panic": 10}, True, False, "panic=-1 quiet"),
        ("panicky", {"panic": 10}, True, False, "panicky panic=10"),
        ("quiet", {"watchdog": 120}, False, True, "quiet watchdog.open_timeout=120"),
        ("quiet", {"watchdog": 120}, True, False, "quiet"),
    ],
)
def test_words_are_added_only_where_the_setting_and_the_entry_want_them(
    cmdline: str, settings: dict[str, Any], alone: bool, watched: bool, expected: str
) -> None:
    todo = plan(choice("a", entry=entry("a", cmdline=cmdline)), None)
    found = handover.add_words(todo, Settings(**settings), alone=alone, watched=watched)
    assert found.cmdline == expected


def keep(
    storage: Kept | None, alone: bool = True, now: float = 1.8e9, **settings: Any
) -> list[str]:
    origins = tuple(Origin(name, "machine", "NVRAM") for name in ("next", "menu"))
    given = Settings(origins=origins, **settings)
    log = Log(files=())
    keeping = handover.keep(storage, given, "a", log, alone=alone, clock=lambda: now)
    return asyncio.run(keeping)


def test_a_boot_by_itself_is_counted_and_a_persons_is_not() -> None:
    kept = Kept()
    assert keep(kept, flap=(3, 600.0), boots=((7, 1_700_000_000),)) == []
    boots = f"7@1700000000,{flapping.add((), 'a', 0)[0][0]:x}@1800000000"
    assert kept.writes == [("boots", boots)]
    kept = Kept()
    assert keep(kept, alone=False, flap=(3, 600.0)) == []
    assert kept.writes == []
    assert keep(None, flap=(3, 600.0), next="x") == []


def test_without_a_time_no_boot_is_counted_and_that_is_said() -> None:
    kept = Kept()
    words = "petipy.flap: this boot is not counted: the clock has lost its time"
    assert keep(kept, now=25.0, flap=(3, 600.0)) == [words]
    assert kept.writes == []


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_the_wish_for_a_menu_is_used_up(seconds: float) -> None:
    kept = Kept()
    assert keep(kept, alone=False, menu=seconds) == []
    assert kept.writes == [("menu", None)]


def test_what_the_machine_cannot_keep_is_said() -> None:
    assert keep(Kept(reason="it is full"), flap=(3, 600.0), next="x") == [
        "petipy.next stays for the next start: it is full",
        "petipy.flap: this boot is not counted: it is full",
    ]


def test_a_watchdog_is_stopped_when_the_jump_has_failed_or_words_say_that_it_is_not(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> list[str]:
        log = Log(files=())
        handover.stop_watchdog(log)
        return [line.text for line in log.lines]

    state = tmp_path / "state"
    monkeypatch.setattr(watchdog, "STATE", str(tmp_path))
    (tmp_path / "timeout").write_text("120\n")
    for goes_on in (False, True):
        device = tmp_path / f"watchdog{goes_on}"
        watchdog.OPEN.append(os.open(device, os.O_WRONLY | os.O_CREAT))
        state.write_text("active\n" if goes_on else "inactive\n")
        words = "petipy.watchdog: it goes on and resets the machine within 120 s"
        assert stop() == ([words] if goes_on else [])
        assert device.read_text() == "V"
    assert stop() == []  # none was started


def test_a_watchdog_that_is_none_is_an_error(tmp_path: Any) -> None:
    place = tmp_path / "watchdog"
    assert not watchdog.exists(str(place))
    place.touch()
    assert watchdog.exists(str(place))
    with pytest.raises(OSError, match=re.escape("Inappropriate ioctl")):
        watchdog.start(60, str(place))
