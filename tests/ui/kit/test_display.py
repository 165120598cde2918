"""The display keeps to the budgets of a slow line and never shows a wrong cell."""

import asyncio
import re
from dataclasses import replace

import pytest

from parsers.api import Password
from petipy.state.boots import Progress
from petipy.state.model import Source
from petipy.ui.kit import theme
from petipy.ui.kit.display import Display
from tests.ui.consoles import start_countdown
from tests.ui.driver import Driver
from tests.ui.emulator import run
from tests.ui.fakes import Machine, choice, device
from tests.ui.wire import Wire

SIZE = (80, 24)


class Sketch:
    """A view and a display."""

    def __init__(self, machine: Machine, size: tuple[int, int] = SIZE) -> None:
        self.wire = Wire(size)
        self.size = size
        self.display = Display(self.wire, theme.SERIAL)
        self.driver = Driver(machine, size)

    def draw(self, *keys: str) -> str:
        """Return the bytes that the display sends after these keys."""
        view = self.driver.press(*keys).view
        self.display.draw_screen(self.size, view.render(self.size, focus=True))
        return self.wire.take()


def twelve() -> Machine:
    """Return a machine with twelve long titles, as distributions write them."""
    machine = Machine()
    entries = [
        choice(f"Debian GNU/Linux, with Linux 6.12.{n}+deb13-powerpc64le (recovery mode)")
        for n in range(12)
    ]
    machine.store.update(choices=tuple(entries), default=entries[0].id)
    return machine


def test_the_first_screen_takes_at_most_1300_bytes() -> None:
    assert len(Sketch(twelve()).draw()) <= 1300


def test_hotkeys_and_passwords_keep_to_the_budget() -> None:
    machine = twelve()
    keys = (Password(user="root", secret="toor"),)
    entries = [
        replace(
            one,
            entry=replace(one.entry, hotkey=chr(65 + number), users=("root",)),
            superusers=("root",),
            passwords=keys,
        )
        for number, one in enumerate(machine.store.snapshot.choices)
    ]
    machine.store.update(choices=tuple(entries))
    sketch = Sketch(machine)
    assert len(sketch.draw()) <= 1300
    assert len(sketch.draw("down")) <= 40
    sketch.draw("enter")
    assert all(len(sketch.draw(key)) <= 40 for key in "root")
    assert sketch.draw() == ""


@pytest.mark.parametrize("key", ["down", "up", "end", "j"])
def test_a_move_of_the_cursor_takes_at_most_40_bytes(key: str) -> None:
    sketch = Sketch(twelve())
    sketch.draw()
    sketch.draw("down", "down")
    assert 0 < len(sketch.draw(key)) <= 40


def test_a_move_sends_the_first_words_of_two_rows() -> None:
    sketch = Sketch(twelve())
    sketch.draw()
    sketch.draw("down")
    assert sketch.draw("down") == "    Debian\r\n\x1b[7m>   Debian\x1b[m\r"


@pytest.mark.parametrize("rows", [24, 60])
def test_a_tick_of_the_countdown_takes_at_most_12_bytes(rows: int) -> None:
    machine = twelve()
    machine.clock.stop()
    start_countdown(machine, 30)
    sketch = Sketch(machine, (80, rows))
    assert " boots - any key stops" in sketch.draw()
    for seconds in (10, 10, 5, 1):
        machine.clock.forward(seconds)
        sketch.driver.view.show(machine.store.snapshot)
        assert 0 < len(sketch.draw()) <= 12


def test_a_transfer_takes_at_most_50_bytes_a_step() -> None:
    machine = twelve()
    sketch = Sketch(machine)
    sketch.draw()
    for done in range(1, 60):
        progress = Progress(what="i", done=done * 10**6, total=60 * 10**6, rate=3e6)
        machine.store.update(booting=machine.store.snapshot.default, progress=progress)
        sketch.driver.view.show(machine.store.snapshot)
        assert len(sketch.draw()) <= (50 if done > 1 else 200)


def test_nothing_is_sent_when_nothing_changes() -> None:
    sketch = Sketch(twelve())
    sketch.draw()
    assert sketch.draw() == ""


def test_a_new_status_sends_that_line_only() -> None:
    machine = twelve()
    sketch = Sketch(machine)
    sketch.draw()
    machine.say("sdb: the disk does not answer", "error")
    sketch.driver.view.show(machine.store.snapshot)
    assert len(sketch.draw()) <= 60


def test_a_list_that_scrolls_by_one_is_moved_by_the_terminal() -> None:
    machine = Machine()
    entries = [choice(f"An entry with a title of some length, number {n}") for n in range(60)]
    machine.store.update(choices=tuple(entries), default="")
    sketch = Sketch(machine)
    sketch.draw()
    sketch.draw(*["down"] * 18)
    sizes = [len(sketch.draw("down")) for _ in range(10)]
    assert max(sizes) <= 110
    sketch.draw(*["up"] * 18)
    sizes = [len(sketch.draw("up")) for _ in range(10)]
    assert max(sizes) <= 110


def test_a_device_that_appears_moves_the_rows_below_it() -> None:
    machine = twelve()
    entries = machine.store.snapshot.choices
    sketch = Sketch(machine)
    sketch.draw()
    machine.store.update(choices=(*entries[:6], choice("Another system"), *entries[6:]))
    sketch.driver.view.show(machine.store.snapshot)
    assert len(sketch.draw()) <= 60


def test_a_letter_in_the_middle_of_a_command_line_moves_the_rest() -> None:
    machine = Machine()
    long = choice("Linux", cmdline="root=/dev/vda2 ro console=hvc0 splash=silent mitigations=auto")
    machine.store.update(choices=(long,), default=long.id)
    sketch = Sketch(machine)
    sketch.draw("e", "home")
    assert len(sketch.draw("x")) <= 12
    assert len(sketch.draw("ctrl d")) <= 8


def test_the_terminal_is_asked_nothing_and_told_to_switch_nothing() -> None:
    text = Sketch(twelve()).draw()
    assert "\x1b[?" not in text
    assert not any(question in text for question in ("\x1b[c", "\x1b[6n", "\x1b]", "\x1bP"))
    assert text.isascii()


def test_control_characters_of_a_disk_never_reach_the_terminal() -> None:
    machine = Machine()
    evil = choice("\x1b[2J\x9b31mWindows\r\n\u202e日本 e\u0301té", cmdline="\x1b]0;x\x07 \udcff")
    disk = Source.of(device("vda2", "vda2: \x1b[5m label \t"), "ready")
    machine.store.update(choices=(evil,), default=evil.id, sources=(disk,))
    sketch = Sketch(machine)
    text = sketch.draw() + sketch.draw("i") + sketch.draw("esc", "e")
    assert "Windows? ????? ete" in text
    printable = re.sub(r"\x1b\[|\x1bM|\x0f\x1b\(B|[\r\n\b]", "", text)
    assert printable.isprintable()
    assert "\x1b[2J" not in text
    assert "\x1b[5m" not in text


def test_a_frame_waits_while_the_line_is_busy() -> None:
    class Stuck(Wire):
        @property
        def busy(self) -> bool:
            return True

    async def scenario() -> None:
        await asyncio.sleep(0)
        sketch = Sketch(twelve())
        sketch.display = Display(wire := Stuck(), theme.SERIAL)
        sketch.wire = wire
        assert sketch.draw() == ""
        assert sketch.display.skipped

    run(scenario())
