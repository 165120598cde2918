"""The menu in plain lines, on a terminal that can only print."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from parsers.api import Password
from petipy.state.settings import Settings
from petipy.ui.console import Console
from petipy.ui.screens import find_screens
from tests.fakes import Kept
from tests.ui.consoles import PROMPT, counting_machine, serve, start_countdown
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice
from tests.ui.screens.test_own import Discovering

OPENERS = [name for name, screen in find_screens().items() if screen.opener]


class Printer(Emulator):
    """A terminal that keeps what it has printed."""

    @property
    def paper(self) -> str:
        return self.received.decode("ascii")

    async def ask(self, *lines: str, wanted: str = "> ") -> str:
        """Type lines; return what is printed after the last one, up to `wanted`."""
        for line in lines:
            before = len(self.received)
            self.type(f"{line}\r")
            await self.until(lambda: wanted in self.paper[before + len(line) :])  # noqa: B023
            await self.quiet()
        return self.paper[before:].replace("\r", "")


@asynccontextmanager
async def printer(machine: Machine, term: str = "dumb") -> AsyncIterator[Printer]:
    """Serve a console at a printer, and open the menu there."""
    terminal = Printer()
    try:
        async with serve(Console(terminal.path, machine.session("ttyS0"), term=term)):
            await terminal.until(lambda: PROMPT in terminal.paper)
            terminal.type("\r")
            await terminal.until(lambda: terminal.paper.endswith("> "))
            yield terminal
        assert not set(terminal.paper) - {*"\r\n\b", *map(chr, range(32, 127))}
    finally:
        terminal.close()


def scene(machine: Machine, *lines: str, wanted: str = "> ") -> str:
    """Return what a printer prints after these lines."""
    said = ""

    async def scenario() -> None:
        nonlocal said
        async with printer(machine) as terminal:
            said = await terminal.ask(*lines, wanted=wanted)

    run(scenario())
    return said


def test_the_menu_is_a_numbered_list_under_the_devices() -> None:
    said = scene(Machine(), "")
    assert said.splitlines()[2:] == [
        "Boot menu",
        "vda2: 20 GB ext4, label root",
        f"  1 * {DEBIAN}",
        f"  2   {ADVANCED} ->",
        "  3 ! Memory test (it is a program for the firmware)",
        "sda3: 100 GB xfs, label fedora",
        "  4   Fedora Linux (6.11.4-301.fc41.ppc64le) 41 (Server Edition)",
        "  5 ! Fedora Linux (0-rescue) 41 (waits for the file system with UUID 4f1d)",
        "sr0: 600 MB iso9660, label Debian 13 ppc64el n",
        "  6   Default install",
        "  7   Expert install",
        "  8   Rescue mode",
        "",
        "NUMBER boot, e NUMBER edit, h help, I system information, i NUMBER info, L",
        "language, l log, N network, O open a URL, P power, r rescan, S settings, x",
        "shell, /WORDS find, Enter list again",
        "> ",
    ]


def test_a_line_that_knows_utf_8_has_the_letters_of_a_title() -> None:
    machine = Machine()
    machine.store.update(choices=(choice("Größe 日本"),), settings=Settings(encoding="utf-8"))
    said = ""

    async def scenario() -> None:
        nonlocal said
        terminal = Emulator()
        try:
            async with serve(Console(terminal.path, machine.session("ttyS0"), term="dumb")):
                await terminal.until(lambda: PROMPT.encode() in terminal.received)
                terminal.type("\r")
                await terminal.until(lambda: terminal.received.endswith(b"> "))
                said = terminal.received.decode()
        finally:
            terminal.close()

    run(scenario())
    assert "  1   Größe 日本\r\n" in said


def test_a_number_opens_a_submenu_and_boots() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            assert ADVANCED in await terminal.ask("2")
            assert "Boot menu" in await terminal.ask("q")
            await terminal.ask("2")
            terminal.type("3\r")
            await terminal.until(lambda: bool(machine.booted))
        assert [id[-24:] for id, _ in machine.booted] == ["6.12.43+deb13-powerpc64le"[-24:]]

    run(scenario())


def test_an_entry_is_edited_with_the_keys_of_the_editor() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            said = await terminal.ask("e 1", wanted="Command line: ")
            assert "\nKernel: (vda2)/boot/vmlinux\n" in said
            assert said.endswith("Command line: root=/dev/vda2 ro")
            terminal.type(" sinle\x7f\x7fgle\r")
            await terminal.until(lambda: bool(machine.booted))
            await terminal.quiet()
            assert "Command line: root=/dev/vda2 ro sinle\b \b\b \bgle" in terminal.paper
        ((_, edit),) = machine.booted
        assert edit is not None
        assert edit.cmdline == "root=/dev/vda2 ro single"

    run(scenario())


def test_a_change_is_kept_and_removed_by_its_number() -> None:
    async def scenario() -> None:
        machine = Discovering(kept=Kept())
        async with printer(machine) as terminal:
            await terminal.ask("e 1", wanted="Command line: ")
            terminal.type("x\x13")
            await terminal.until(
                lambda: terminal.paper.endswith("\nTitle: Debian GNU/Linux (changed)")
            )
            terminal.type("\x15Mine\r")
            await terminal.until(lambda: "Mine: saved in NVRAM" in terminal.paper)
            terminal.type("\x1b")
            await terminal.until(lambda: terminal.paper.endswith("> "))
            said = await terminal.ask("")
            number = re.findall(r"\n +(\d+) +Mine \(own\)\n", said)[0]
            assert "Remove Mine for good?" in await terminal.ask(f"R {number}")
            assert "Mine: not kept in NVRAM any more" in await terminal.ask("y")
        assert machine.store.snapshot.settings.own == ()

    run(scenario())


@pytest.mark.parametrize("command", ["i 4", "i4", "info 4", " info  4 "])
def test_commands_are_keys_or_their_words_with_a_number(command: str) -> None:
    said = scene(Machine(), command)
    assert "Fedora Linux (6.11.4-301.fc41.ppc64le) 41 (Server Edition)\n" in said
    assert "boot, e edit, /WORDS find, q back, Enter list again\n" in said


@pytest.mark.parametrize("name", OPENERS)
def test_every_screen_has_its_lines_and_a_way_back(name: str) -> None:
    screen = find_screens()[name]
    assert screen.opener
    key = next(key for key in screen.opener.names if len(key) == 1)
    wanted = {"editor": "Edit", "details": DEBIAN, "log": "Log"}.get(name, screen.title)

    async def scenario() -> None:
        async with printer(Machine()) as terminal:
            before = len(terminal.paper)
            terminal.type(f"{key} 1\r" if screen.of_entry else f"{key}\r")
            await terminal.until(lambda: wanted in terminal.paper[before:])
            await terminal.quiet()
            more = terminal.paper.endswith("ends > ")
            terminal.type("\x1b" if not more else "q\r\x1b")
            await terminal.until(lambda: "Boot menu" in terminal.paper[before:])

    run(scenario())


def test_words_find_entries() -> None:
    said = scene(Machine(), "/fed server")
    assert "  1   Fedora Linux (6.11.4-301.fc41.ppc64le) 41 (Server Edition)\n" in said
    assert "  2 " not in said
    said = scene(Machine(), "/rescue", "i 1")
    assert "It cannot be booted now" in said
    assert "  8   Rescue mode\n" in scene(Machine(), "/rescue", "q")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("99", "There is no number 99"),
        ("e 0", "There is no number 0"),
        ("e", "The command is e NUMBER"),
        ("dance", "There is no command dance; h is the help"),
        ("Z", "Z means nothing here; h is the help"),
        ("1 2 3", "There is no command 1 2; h is the help"),
    ],
)
def test_what_is_no_command_does_nothing(command: str, answer: str) -> None:
    machine = Machine()
    said = scene(machine, command)
    assert answer in said
    assert machine.booted == []


def test_a_number_means_what_was_printed_with_it() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            known = machine.store.snapshot.choices
            machine.store.update(choices=(choice("New"), *known))
            await terminal.until(lambda: "The list has changed: Enter prints it" in terminal.paper)
            said = await terminal.ask("i 6")
            assert "Default install" in said
            machine.store.update(choices=known[:3])
            await terminal.ask("q")
            machine.store.update(choices=known[3:])
            said = await terminal.ask("1")
            assert "The list has changed meanwhile" in said
            assert machine.booted == []

    run(scenario())


def test_news_leave_the_typed_text_as_it_is() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            terminal.type("i ")
            await terminal.until(lambda: terminal.paper.endswith("> i "))
            machine.say("vdb1: no file system\x1b[2J", "warning")
            await terminal.until(lambda: terminal.paper.endswith("[2J\r\n> i "))
            assert "\r\nvdb1: no file system?[2J\r\n> i " in terminal.paper
            assert DEBIAN in await terminal.ask("1")

    run(scenario())


def test_the_list_is_printed_in_pages() -> None:
    async def scenario() -> None:
        machine = Machine()
        many = tuple(choice(f"Linux {n}") for n in range(1, 51))
        machine.store.update(choices=many, default="")
        async with printer(machine) as terminal:
            assert terminal.paper.endswith(" 20   Linux 20\r\nMore: Enter goes on, q ends > ")
            said = await terminal.ask("")
            assert " 21   Linux 21\n" in said
            assert " 42 " not in said
            assert "NUMBER boot" in await terminal.ask("q")
            terminal.type("50\r")
            await terminal.until(lambda: [id for id, _ in machine.booted] == [many[-1].id])

    run(scenario())


def guarded_machine() -> Machine:
    machine = Machine()
    keys = (Password(user="root", secret="toor"),)
    shut = choice("Shut", users=("root",), superusers=("root",), passwords=keys)
    machine.store.update(choices=(shut,), default=shut.id)
    return machine


def test_a_password_is_asked_for_as_on_a_screen() -> None:
    async def scenario() -> None:
        machine = guarded_machine()
        async with printer(machine) as terminal:
            said = await terminal.ask("1", wanted="User: ")
            assert "Shut needs a password." in said
            await terminal.ask("root", wanted="Password: ")
            terminal.type("wr0ng\r")
            await terminal.until(lambda: "Checking the password" in terminal.paper)
            machine.answer()
            await asyncio.sleep(0)
            machine.say("a wrong password on ttyS0", "warning")
            await terminal.until(lambda: "Access denied" in terminal.paper)
            await terminal.quiet()
            terminal.type("toor\r")
            await terminal.until(lambda: bool(machine.answers))
            machine.answer()
            await terminal.until(lambda: bool(machine.booted))
            await terminal.quiet()
            assert "wr0ng" not in terminal.paper
            assert "toor" not in terminal.paper
            assert "Password: *****" in terminal.paper

    run(scenario())


@pytest.mark.parametrize("command", ["x", "e 1", "S"])
def test_rights_are_those_of_the_screens(command: str) -> None:
    machine = guarded_machine()
    said = scene(machine, command, wanted="User: " if command != "S" else "> ")
    assert ("needs a password" in said) == (command != "S")


def test_the_machine_restarts_only_after_a_yes() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            assert "1 Restart the machine\n" in await terminal.ask("power")
            said = await terminal.ask("1")
            assert "Restart the machine now?\ny yes, do it, n no, Enter list again\n" in said
            assert "NUMBER choose" in await terminal.ask("n")

    run(scenario())


def test_a_setting_is_changed() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            assert "  1 timeout " in await terminal.ask("S")
            said = await terminal.ask("1", wanted="petipy.timeout=SECONDS|never: ")
            assert "Built in: " in said
            terminal.type("soon\r")
            await terminal.until(lambda: terminal.paper.count("petipy.timeout=SECONDS|never") == 2)
            await terminal.quiet()
            terminal.type("\x157\x0e")  # Ctrl-U, and Ctrl-N: only now
            await terminal.until(lambda: machine.store.snapshot.settings.timeout == 7.0)

    run(scenario())


def test_the_setting_makes_lines_of_any_console() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        lines = replace(machine.store.snapshot.settings, ui="line")
        machine.store.update(settings=lines)
        async with printer(machine, term="vt220") as terminal:
            assert f"  1 * {DEBIAN}" in terminal.paper

    run(scenario())
    assert Settings().ui == "screen"


def test_a_countdown_comes_back_and_ends_the_talk() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            machine.clock.stop()
            machine.clock.forward(1000)
            start_countdown(machine, 61)
            await terminal.until(lambda: terminal.paper.endswith("any key stops\r\n"))
            await terminal.quiet()
            machine.clock.forward(1)
            await terminal.until(lambda: terminal.paper.count(PROMPT) == 2)
            machine.clock.forward(30)
            machine.say("half of it")
            machine.store.update()
            await terminal.until(lambda: "half of it" in terminal.paper)
            assert "\r\n60 s until it boots - " in terminal.paper
            assert "\r50 s" not in terminal.paper

    run(scenario())


def test_enter_after_a_pause_prints_and_boots_nothing() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            await terminal.ask("e 1", wanted="Command line: ")
            machine.clock.forward(61)
            said = await terminal.ask("", wanted="Command line: ")
            assert said.endswith("Command line: root=/dev/vda2 ro")
            assert machine.booted == []

    run(scenario())


@pytest.mark.parametrize(
    "noise", [b"\xff1\r", b"\x00", b"\x1b[24;80R", b"\x1b[?62;1;6c", b"\x1bOA"]
)
def test_noise_and_answers_are_no_commands(noise: bytes) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with printer(machine) as terminal:
            terminal.type(noise)
            await terminal.until_read()
            await asyncio.sleep(0.3)
            assert "Boot menu" in await terminal.ask("")
            assert machine.booted == []

    run(scenario())


def test_titles_are_printed_as_harmless_text() -> None:
    machine: Any = Machine()
    evil = choice("\x1b[2J\x9b31mWindows\r\n\u202e日本 e\u0301té" + 3000 * "x")
    machine.store.update(choices=(evil,), default=evil.id)
    assert "  1 * ?[2J?31mWindows? ????? etex" in scene(machine, "")


def test_the_lines_speak_the_language_of_the_settings_and_take_english_words_too() -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.store.update(settings=Settings(language="de"))
        async with printer(machine) as terminal:
            said = await terminal.ask("")
            assert "Startmenue" in said
            assert "NUMMER Start, e NUMMER Editor, h Hilfe" in " ".join(said.split())
            for word in ("Hilfe", "help"):
                # It is longer than a page.
                said = await terminal.ask(word, wanted="Mehr: Enter geht weiter, q beendet > ")
                assert "starten oder Untermenue oeffnen" in said
                await terminal.ask("q", "q")
            assert "Es gibt keinen Befehl Quark; h ist die Hilfe" in await terminal.ask("Quark")

    run(scenario())
