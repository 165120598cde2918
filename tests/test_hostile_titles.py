"""Titles are hostile: each trick goes through every output that people and programs see."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from petipy.boot.plan import plan
from petipy.commands.list import COMMAND as LIST
from petipy.control import answers
from petipy.log import Log
from petipy.network import syslog
from petipy.report.control import describe as describe_answer
from petipy.report.machine import write_report
from petipy.report.visible import escape
from petipy.state import story
from petipy.state.boots import Attempt, Countdown
from petipy.state.model import Choice, Snapshot, Source
from petipy.state.names import make_name
from petipy.ui.catalogue import list_headers
from petipy.ui.kit import theme
from petipy.ui.line.countdown import CountdownLines
from petipy.ui.line.letters import Letters
from tests.test_hostile_text import MADE_BY_PETIPY
from tests.trees import lay
from tests.ui.consoles import console_at, open_menu
from tests.ui.driver import Driver
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import PARTS, Machine, choice, device

TRICKS = {
    "an escape sequence": "Good\x1b[2J\x1b[1;1H\x1b]0;t\x07\x1bc",
    "C1 controls": "Good\x9b2J\x90q\x9c",
    "line ends": "Good\r\n> * Evil\n\x0b\x0c\x85\u2028\u2029",
    "bidi": "Good\u202e\u2066live\u2069\u200f\u061c",
    "zero width": "G\u200bo\u200co\u200dd\u2060\ufeff\u00ad",
    "look-alikes": "G\u043e\u043ed \uff27ood \U0001d406ood \u2024\u2044",
    "tags and private use": "Good\U000e0041\ue000\ufff9",
    "combining marks": "Go" + "\u0301" * 500 + "od",
    "wide": "Good\u6f22\u5b57\U0001f600",
    "backspaces": "Evil\b\b\b\bGood\x7f\x00",
    "no UTF-8": "Good\udcff\udc80",
    "10,000 characters": "Good " * 2000,
    "blanks": "Good" + " " * 500 + "\t\xa0\u3000!",
    "nothing": "\u200b",
}
ALL = "".join(TRICKS.values())
INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\u061c\ufeff\u00ad\udc80-\udcff]")


def make_snapshot(title: str) -> Snapshot:
    disk = device("vda2", "vda2: 20 GB ext4, label root")
    entries = (
        choice(title),
        choice("in a submenu", trail=(title,), number=1),
        choice(title, number=2, waits_for=title),
        choice(title, number=3, action="halt", unbootable=title),
    )
    attempt = Attempt(id=entries[0].id, title=entries[0].title, at=1, reason=f"{title} fails")
    return Snapshot(
        version=1,
        sources=(Source.of(disk, "ready"),),
        choices=entries,
        default=entries[0].id,
        settled=True,
        attempts=(attempt,),
    )


def make_log(title: str) -> Log:
    log = Log(files=())
    log.error(f"{title} did not boot: it is damaged")
    return log


# Every output that is text: each a function of a title.


def list_farewell(title: str) -> str:
    lines = CountdownLines()
    found = make_snapshot(title)
    return "".join(map(lines.add_line, plan(found.choices[0], None).lines()))


def list_countdown(title: str) -> str:
    found = make_snapshot(title)
    found = replace(found, countdown=Countdown(choice=found.default, until=10))
    return CountdownLines().update(found, make_log(title).lines, 0, True)


def list_log(title: str) -> str:
    return "".join(f"{line.text}\n" for line in make_log(title).lines)


def list_syslog(title: str) -> str:
    lines = make_log(title).lines
    return "".join(syslog.make_message(line, 0, "host", 0).decode() + "\n" for line in lines)


def list_story(title: str) -> str:
    found, log = make_snapshot(title), make_log(title)
    facts = {"petipy": "0", "by": "hvc0", "edited": False, "stages": {}, "lines": log.lines}
    return story.tell(found, found.choices[0], **facts).decode() + "\n"  # type: ignore[arg-type]


def list_names(title: str) -> str:
    return "".join(f"{make_name(choice)}\n" for choice in make_snapshot(title).choices)


def list_report(title: str) -> str:
    lines = write_report(PARTS, make_snapshot(title), make_log(title).lines)
    return "".join(f"{line}\n" for line in lines)


def list_ctl(title: str) -> str:
    found = make_snapshot(title)
    values = [("status", "result", answers.describe_status(found, 0))]
    values += [("entries", "item", entry) for entry in answers.list_entries(found, full=True)]
    values += [("log", "item", answers.describe_line(line)) for line in make_log(title).lines]
    lines = (line for name, kind, value in values for line in describe_answer(name, kind, value))
    return "".join(f"{escape(line)}\n" for line in lines)


def list_json(title: str) -> str:
    entries = answers.list_entries(make_snapshot(title), full=True)
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


OUTPUTS: list[Callable[[str], str]] = [
    *(list_farewell, list_countdown, list_log, list_syslog, list_story, list_names, list_report),
    *(list_ctl, list_json),
]


def check(text: str) -> None:
    """Fail if a text commands a terminal, hides or reorders something, or is absurdly long."""
    for line in text.replace("\r\n", "\n").removeprefix("\r").split("\n"):
        assert line.replace("\ufeff", "").isprintable(), ascii(line)
        assert not INVISIBLE.search(line.replace("\ufeff", "")), ascii(line)
    assert len(text) < 200_000


@pytest.mark.parametrize("trick", [*TRICKS, "all"])
@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.__name__)
def test_an_output_of_text(output: Callable[[str], str], trick: str) -> None:
    text = output(TRICKS.get(trick, ALL))
    check(text)
    # The same title without tricks takes as many lines: none was added.
    assert text.count("\n") == output("Good").count("\n")


@pytest.mark.parametrize("output", [list_farewell, list_countdown])
def test_a_long_title_does_not_keep_a_slow_line_busy(output: Callable[[str], str]) -> None:
    assert len(output("Good " * 2000)) - len(output("Good")) < 1000


def walk(driver: Driver) -> Iterator[list[str]]:
    """Yield the lines of every screen."""
    yield driver.lines()
    for opener in ("i", "e", "l", "h", "N", "I", "P", "O"):
        yield driver.press(opener).lines()
        for key in ("page down", "end"):
            yield driver.press(key).lines()
        driver.press("esc", "esc", "esc")
    yield driver.press("down", "enter").lines()
    yield driver.press("esc", "end", "i").lines()
    yield driver.press("esc", "/", *"good").lines()
    yield driver.press("x", "backspace", "esc", "r").lines()


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 60), (100, 45)])
@pytest.mark.parametrize("look", [theme.SERIAL, theme.VIRTUAL])
@pytest.mark.parametrize("trick", [*TRICKS, "all"])
def test_every_screen(trick: str, look: theme.Theme, size: tuple[int, int]) -> None:
    title = TRICKS.get(trick, ALL)
    machine = Machine()
    machine.store.snapshot = make_snapshot(title)
    machine.say(f"{title} did not boot", "error")
    machine.lines = [*make_log(title).lines]
    for lines in walk(Driver(machine, size, look)):
        assert len(lines) == size[1]
        for line in lines:
            assert len(line) <= size[0]
            assert line.isascii()
            assert line.isprintable()


@pytest.mark.parametrize("language", [found.code for found in list_headers()])
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
def test_every_screen_in_each_language(language: str, size: tuple[int, int]) -> None:
    machine = Machine()
    machine.store.snapshot = make_snapshot(ALL)
    machine.say(f"{ALL} did not boot", "error")
    machine.lines = [*make_log(ALL).lines]
    letters = Letters(None)
    driver = Driver(machine, size, letters=letters)
    assert driver.view.speak(language)
    for _ in walk(driver):
        lines = driver.view.render(size, focus=True).text
        assert len(lines) == size[1]
        for line in lines:
            shown = letters.show(line.decode())
            assert len(shown) <= size[0]
            assert "".join(shown).isprintable()
            assert not INVISIBLE.search("".join(shown))


def test_lines_without_cursor_motion() -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.store.snapshot = make_snapshot(ALL)
        machine.say(f"{ALL} did not boot", "error")
        async with console_at(machine, term="dumb") as (emulator, _):
            await emulator.until("menu")
            emulator.type("\r")
            await emulator.until(lambda: b"Boot menu" in emulator.received)
            await emulator.quiet()
            for command in ("", "i 1", "", "q", "e 1", "\x1b", "l", "q", "/good", "\x1b", "N", "q"):
                emulator.type(f"{command}\r")
                await emulator.until_read()
                await emulator.quiet()
            sent = emulator.received.decode("ascii")
        check(re.sub("[\r\b]+", "\n", sent.replace("\r\n", "\n")))

    run(scenario())


def test_a_row_that_copies_the_look_of_a_heading_or_of_the_default_is_still_a_row() -> None:
    machine = Machine()
    fake = choice("\nvda2: 20 GB ext4\n> * Debian", number=1)
    machine.store.update(choices=(choice("Debian"), fake))
    rows = [line for line in Driver(machine).lines() if "vda2" in line]
    assert rows == [
        "vda2: 20 GB ext4, label root",
        "    vda2: 20 GB ext4 > * Debian",
    ]


def test_at_a_terminal_and_in_the_last_lines_before_the_jump() -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.store.snapshot = make_snapshot(ALL)
        machine.say(f"{ALL} did not boot", "error")
        async with console_at(machine, Emulator(*(200, 60)), term="linux") as (emulator, console):
            await open_menu(emulator)
            for key in ("i", "q", "l", "q", "e", "\x1b", "/", "g", "o", "\x1b"):
                emulator.type(key)
                await emulator.until_read()
                await emulator.quiet()
            await console.release(plan(machine.store.snapshot.choices[0], None).lines())
            await emulator.quiet()
            sent = bytes(emulator.received)
        assert not re.findall(rb"[^ -~]", MADE_BY_PETIPY.sub(b"", sent).replace(b"\x1b[2B", b""))
        assert b"\x1b[2J" not in sent

    run(scenario())


def test_petipy_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    title = ALL.replace("\0", "").replace("'", "").encode(errors="surrogateescape")
    grub = b"menuentry '%s' { linux /boot/vmlinux }\n" % title
    root = lay(tmp_path, {"boot/vmlinux": "k", "boot/grub/grub.cfg": grub})
    LIST(["--machine", "ppc64le", str(root)])
    check(capsys.readouterr().out)


def test_each_entry_is_told_from_others_by_its_device() -> None:
    """A title may copy another one letter by letter: the device above it, and the id, differ."""
    machine = Machine()
    both: tuple[Choice, ...] = (choice("Debian"), choice("D\uff45bian", "sda3"))
    machine.store.update(choices=both)
    assert [line for line in Driver(machine).lines() if line.startswith(("vda2", "sda3"))] == [
        "vda2: 20 GB ext4, label root",
        "sda3: 100 GB xfs, label fedora",
    ]
