"""Whatever bytes are saved, the terminal shows what a whole redraw would show."""

import re
from collections.abc import Sequence

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.ui.kit import theme
from petipy.ui.kit.display import Display
from petipy.ui.line.letters import Letters
from petipy.ui.line.plain import to_text
from tests.ui.kit.glass import Styled, expect, read
from tests.ui.wire import Wire, to_canvas

SIZE = COLUMNS, ROWS = 40, 8
KINDS: Sequence[str | None] = (None, None, "focus", "heading")

OTHERS = str.maketrans("日ä", "本a")
# The sequences that each type of terminal gets, as final bytes after CSI and as whole texts.
PLAIN = {*"ABCHJKm"}
OWN = {
    "ansi": PLAIN,
    "vt100": PLAIN | {"r", "\x1bM"},
    "vt102": PLAIN | {"r", "\x1bM"} | {*"LMP"},
    **dict.fromkeys(
        ("vt220", "linux", "xterm-256color", "screen.xterm", "tmux"),
        PLAIN | {"r", "\x1bM"} | {*"LMP@X"},
    ),
}
SEQUENCE = re.compile(r"\x1b\[[0-9;]*(.)|(\x1bM)|\x0f\x1b\(B|[\r\n\b]|[ -~]|(.)", re.DOTALL)


@st.composite
def rows(draw: st.DrawFn, letters: str = "abc  ") -> Styled:
    words = st.tuples(st.sampled_from(KINDS), st.text(letters, min_size=1, max_size=16))
    cells = [(kind, c) for kind, text in draw(st.lists(words, max_size=4)) for c in to_text(text)]
    return cells[:COLUMNS]


@st.composite
def frames(draw: st.DrawFn) -> list[list[Styled]]:
    """Draw a sequence of frames, most of them an earlier one that was edited."""
    frame = draw(st.lists(rows(), min_size=ROWS, max_size=ROWS))
    story = [frame]
    for edit in draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=6)):
        frame = [list(row) for row in frame]
        edit(frame, draw)
        story.append(frame)
    return story


def move_rows(frame: list[Styled], draw: st.DrawFn) -> None:
    """Take a row out and put another in elsewhere: the rows between move by one or more."""
    for _ in range(draw(st.integers(1, 3))):
        del frame[draw(st.integers(0, ROWS - 1))]
        frame.insert(draw(st.integers(0, ROWS - 1)), draw(rows()))


def move_cells(frame: list[Styled], draw: st.DrawFn) -> None:
    row = frame[draw(st.integers(0, ROWS - 1))]
    at, count = draw(st.integers(0, len(row))), draw(st.integers(1, 9))
    if draw(st.booleans()):
        del row[at : at + count]
    else:
        row[at:at] = [(draw(st.sampled_from(KINDS)), "x")] * count
        del row[COLUMNS:]


def blank_cells(frame: list[Styled], draw: st.DrawFn) -> None:
    row = frame[draw(st.integers(0, ROWS - 1))]
    at, count = draw(st.integers(0, len(row))), draw(st.integers(1, 30))
    row[at : at + count] = [(None, " ")] * len(row[at : at + count])


def change_looks(frame: list[Styled], draw: st.DrawFn) -> None:
    y = draw(st.integers(0, ROWS - 1))
    frame[y] = [(draw(st.sampled_from(KINDS)), c) for _, c in frame[y]]


def replace_row(frame: list[Styled], draw: st.DrawFn) -> None:
    frame[draw(st.integers(0, ROWS - 1))] = draw(rows())


EDITS = (move_rows, move_rows, move_cells, blank_cells, change_looks, replace_row)


@pytest.mark.parametrize("modes", [(), (pyte.modes.LNM,)], ids=["LF", "LF as CR LF"])
@pytest.mark.parametrize("term", OWN)
@given(story=frames(), cursor=st.tuples(st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1)))
@settings(deadline=None, max_examples=40)
def test_the_glass_shows_each_frame(
    term: str, modes: tuple[int, ...], story: list[list[Styled]], cursor: tuple[int, int]
) -> None:
    """Some lines, QEMU's stdio among them, put a CR before each LF."""
    wire = Wire(SIZE, term)
    display = Display(wire, theme.SERIAL)
    glass = pyte.Screen(COLUMNS, ROWS)
    glass.set_mode(*modes)
    stream = pyte.Stream(glass)
    for frame in story:
        display.draw_screen(SIZE, to_canvas(frame, COLUMNS, cursor))
        text = wire.take()
        stream.feed(text)
        assert read(glass) == expect(frame, COLUMNS)
        assert (glass.cursor.x, glass.cursor.y) == cursor
        assert find_sequences(text) <= OWN[term]


def find_sequences(text: str) -> set[str]:
    found = SEQUENCE.finditer(text)
    return {group for match in found for group in match.groups() if group}


@pytest.mark.parametrize("term", ["vt100", "linux"])
@given(story=st.lists(st.lists(rows("aä日本  "), min_size=ROWS, max_size=ROWS), max_size=5))
@settings(deadline=None, max_examples=40)
def test_letters_of_two_cells_stay_whole(term: str, story: list[list[Styled]]) -> None:
    wire, fresh = Wire(SIZE, term), Wire(SIZE, term)
    screens = [Display(end, theme.SERIAL, Letters(None)) for end in (wire, fresh)]
    glass, whole = pyte.Screen(COLUMNS, ROWS), pyte.Screen(COLUMNS, ROWS)
    for number, frame in enumerate(story):
        if number % 2:  # words that have other letters, but the same shape
            frame = [[(k, c.translate(OTHERS)) for k, c in row] for row in story[number - 1]]  # noqa: PLW2901
        for screen in screens:
            screen.draw_screen(SIZE, to_canvas(frame, COLUMNS, (0, 0)))
        screens[1].clear()
        pyte.Stream(glass).feed(wire.take())
        pyte.Stream(whole).feed(fresh.take())
        assert read(glass) == read(whole)


def test_a_wide_letter_at_the_last_cell_of_all_is_left_out_whole() -> None:
    wire = Wire(SIZE, "linux")
    display = Display(wire, theme.SERIAL, Letters(None))
    glass = pyte.Screen(COLUMNS, ROWS)
    full: list[Styled] = [[]] * (ROWS - 1)
    for row in (to_text("日" * (COLUMNS // 2)), to_text("a" * 4 + "日" * 16)):
        wide: Styled = [(None, c) for c in row]
        for frame in ([*full, wide], [*full, []]):
            display.draw_screen(SIZE, to_canvas(frame, COLUMNS, (0, 0)))
            pyte.Stream(glass).feed(wire.take())
            last = glass.buffer[ROWS - 1]
            assert [last[x].data for x in (COLUMNS - 2, COLUMNS - 1)] == [" ", " "]


@pytest.mark.parametrize("at", range(1, 9))
def test_a_letter_of_two_cells_with_two_looks_is_whole(at: int) -> None:
    wire = Wire(SIZE, "linux")
    display, glass = Display(wire, theme.SERIAL, Letters(None)), pyte.Screen(COLUMNS, ROWS)
    text = to_text("日本語の項目")
    row: Styled = [("focus" if x < at else None, c) for x, c in enumerate(text)]
    display.draw_screen(SIZE, to_canvas([row, *[[]] * (ROWS - 1)], COLUMNS, (0, 0)))
    pyte.Stream(glass).feed(wire.take())
    assert glass.display[0].rstrip() == "日本語の項目"
    assert [glass.buffer[0][x].reverse for x in range(12)] == [x < at + at % 2 for x in range(12)]


@given(story=frames())
@settings(deadline=None, max_examples=40)
def test_a_difference_never_takes_much_more_than_a_whole_redraw(story: list[list[Styled]]) -> None:
    wire, fresh = Wire(SIZE), Wire(SIZE)
    display, whole = Display(wire, theme.SERIAL), Display(fresh, theme.SERIAL)
    for frame in story:
        for screen in (display, whole):
            screen.draw_screen(SIZE, to_canvas(frame, COLUMNS, (0, 0)))
        whole.clear()
        assert len(wire.take()) <= len(fresh.take()) + 40
