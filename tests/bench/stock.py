"""A menu as a program writes it with urwid or ncurses alone, to be measured beside Petipy's.

python -m tests.bench.stock raw|curses|ncurses ENCODING TITLE ...; the keys: up, down, and t for a
tick of the countdown.
"""

import curses
import sys
from collections.abc import Callable, Sequence
from typing import Any

TITLE, FOOTER = "Petipy 0.1 - Boot menu", "Enter boot  e edit  h help  i info  l log  r rescan"


def format_status(seconds: int) -> str:
    return f"{seconds} s until the default boots - any key stops"


def run_urwid(display: str, encoding: str, titles: Sequence[str]) -> None:
    import urwid

    urwid.set_encoding(encoding)
    screen: Any
    if display == "raw":
        from urwid.display.raw import Screen
    else:
        from urwid.display.curses import Screen  # type: ignore[assignment]
    screen = Screen()
    icons = [urwid.SelectableIcon(f"  {title}", 0) for title in titles]
    body: Any = urwid.ListBox([urwid.AttrMap(icon, None, "focus") for icon in icons])
    if encoding == "utf8":
        body = urwid.LineBox(body)  # its lines are single characters there, three bytes each
    status = urwid.Text(format_status(9))
    foot = urwid.Pile([status, urwid.Text(FOOTER)])
    seconds = iter(range(8, 0, -1))

    def press(key: Any) -> None:
        if key == "t":
            status.set_text(format_status(next(seconds)))

    palette = [("focus", "standout", "", "standout")]
    frame = urwid.Frame(body, urwid.Text(TITLE), foot)
    urwid.MainLoop(frame, palette, screen, handle_mouse=False, unhandled_input=press).run()


def run_ncurses(titles: Sequence[str]) -> None:
    """Draw as Petitboot does: a bar over the whole row, and refresh() after each key."""
    curses.wrapper(lambda window: _Menu(window, titles).run())


class _Menu:
    def __init__(self, window: "curses.window", titles: Sequence[str]) -> None:
        self._window, self._titles = window, titles
        self._rows, self._columns = window.getmaxyx()
        self._at = self._top = 0
        self._seconds = 9
        window.idlok(True)

    def run(self) -> None:
        keys: dict[int, Callable[[], None]] = {
            curses.KEY_DOWN: lambda: self._move(1),
            curses.KEY_UP: lambda: self._move(-1),
            ord("t"): self._tick,
        }
        while True:
            self._draw()
            keys.get(self._window.getch(), lambda: None)()

    def _move(self, by: int) -> None:
        self._at += by
        self._top = max(self._top, self._at - (self._rows - 4))
        self._top = min(self._top, self._at)

    def _tick(self) -> None:
        self._seconds -= 1

    def _draw(self) -> None:
        window, room = self._window, self._rows - 3
        window.erase()
        window.addstr(0, 0, TITLE)
        for y, title in enumerate(self._titles[self._top : self._top + room]):
            focus = self._top + y == self._at
            row = f"  {title}"[: self._columns - 1].ljust(self._columns - 1)
            window.addstr(1 + y, 0, row, curses.A_REVERSE if focus else 0)
        window.addstr(self._rows - 2, 0, format_status(self._seconds))
        window.addstr(self._rows - 1, 0, FOOTER)
        window.move(1 + self._at - self._top, 0)
        window.refresh()


def main(arguments: Sequence[str]) -> None:
    display, encoding, *titles = arguments
    if display == "ncurses":
        run_ncurses(titles)
    else:
        run_urwid(display, encoding, titles)


if __name__ == "__main__":
    main(sys.argv[1:])
