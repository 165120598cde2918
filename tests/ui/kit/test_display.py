"""The display keeps to the budgets of a slow line and never shows a wrong cell."""

import asyncio
from collections.abc import Hashable
from dataclasses import replace

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import Password
from petipy.state.model import Source
from petipy.ui.kit import theme
from petipy.ui.kit.display import Display
from petipy.ui.kit.toolkit import TextCanvas
from petipy.ui.line.terminal import Terminal
from tests.ui.driver import Driver
from tests.ui.emulator import run
from tests.ui.fakes import Machine, choice, device

SIZE = (80, 24)
KINDS = st.sampled_from([None, "focus", "heading"])


class Wire(Terminal):
    """A terminal that only collects its output."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        super().__init__("/dev/hvc0")
        self.text, self._size = "", size

    def size(self) -> tuple[int, int]:
        return self._size

    def write(self, text: str) -> None:
        self.text += text

    def take(self) -> str:
        text, self.text = self.text, ""
        return text


def to_canvas(rows: list[list[tuple[str | None, str]]], columns: int) -> TextCanvas:
    texts = ["".join(text for _, text in row).encode() for row in rows]
    runs: list[list[tuple[Hashable, int]]] = [
        [(kind, len(text)) for kind, text in row] for row in rows
    ]
    return TextCanvas(texts, runs, maxcol=columns)


@st.composite
def frames(draw: st.DrawFn, columns: int = 12, rows: int = 6) -> list[TextCanvas]:
    """Draw a sequence of frames: unrelated ones, and ones that are scrolled a bit."""
    row = st.lists(st.tuples(KINDS, st.text("ab >", min_size=1, max_size=4)), max_size=3)
    story = draw(st.lists(row, min_size=rows, max_size=30))
    tops = draw(st.lists(st.integers(0, len(story) - rows), min_size=1, max_size=6))
    return [to_canvas(story[top : top + rows], columns) for top in tops]


@pytest.mark.parametrize("modes", [(), (pyte.modes.LNM,)], ids=["LF", "LF as CR LF"])
@given(story=frames())
@settings(deadline=None, max_examples=60)
def test_whatever_is_saved_the_glass_shows_the_frame(
    modes: tuple[int, ...], story: list[TextCanvas]
) -> None:
    """Some lines, QEMU's stdio among them, put a CR before each LF."""
    wire = Wire((12, 6))
    screen = Display(wire, theme.SERIAL)
    driver = pyte.Screen(12, 6)
    driver.set_mode(*modes)
    stream = pyte.Stream(driver)
    for canvas in story:
        screen.draw_screen((12, 6), canvas)
        stream.feed(wire.take())
        assert cells(driver) == expected(canvas)


Cell = tuple[str, bool, bool]  # character, reverse, bold


def cells(driver: pyte.Screen) -> list[Cell]:
    places = [(y, x) for y in range(driver.lines) for x in range(driver.columns)]
    found = [driver.buffer[y][x] for y, x in places]
    return [(cell.data, cell.reverse, cell.bold) for cell in found]


def expected(canvas: TextCanvas) -> list[Cell]:
    runs = [run for line in canvas.content() for run in line]
    found = [(chr(c), kind == "focus", kind == "heading") for kind, _, text in runs for c in text]
    return [*found[:-1], (" ", False, False)]  # the display leaves the last cell alone


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


def test_the_first_screen_takes_at_most_1500_bytes() -> None:
    assert len(Sketch(twelve()).draw()) <= 1500


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
    assert len(sketch.draw()) <= 1500
    assert len(sketch.draw("down")) <= 100
    sketch.draw("enter")
    assert all(len(sketch.draw(key)) <= 40 for key in "root")
    assert sketch.draw() == ""


@pytest.mark.parametrize("key", ["down", "end", "home", "j"])
def test_a_move_of_the_cursor_takes_at_most_100_bytes(key: str) -> None:
    sketch = Sketch(twelve())
    sketch.draw()
    sketch.draw("down", "down")
    assert 0 < len(sketch.draw(key)) <= 100


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
    assert max(sizes) <= 200


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
    assert "Windows? ??? ete" in text
    printable = text.replace("\x1b[", "").replace("\r", "").replace("\n", "").replace("\b", "")
    assert printable.replace("\x1bM", "").isprintable()
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
