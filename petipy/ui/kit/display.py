"""A display for slow lines: it sends only the cells that differ, in the fewest bytes.

The display uses only sequences that the type of terminal has. It asks the terminal nothing and
switches nothing on. It never writes the last cell of the last row, which would scroll some
terminals.
"""

from collections.abc import Callable

from petipy.ui.kit.abilities import find_abilities
from petipy.ui.kit.difference import Frame, write_difference
from petipy.ui.kit.output import BLANK, Cells, Output
from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import BaseScreen, Canvas
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.line.terminal import Terminal

_UTF_8 = "\x1b%G"  # switches a virtual terminal to it, if the kernel was told otherwise
Runs = tuple[tuple[object, bytes], ...]  # one row of a canvas: kind of text, text


class Display(BaseScreen):
    """A terminal as a urwid MainLoop draws on it. urwid calls it a screen."""

    def __init__(self, terminal: Terminal, theme: Theme, letters: Letters = ASCII) -> None:
        super().__init__()
        self._terminal, self._theme, self._letters = terminal, theme, letters
        self._frame: Frame | None = None  # on the terminal now; None: unknown
        self._known: dict[Runs, Cells] = {}  # rows of the last canvas
        self._output = Output(find_abilities(terminal.term))
        self.skipped = False  # a frame was not drawn because the line is busy

    # The methods that a MainLoop calls. The console passes input to the loop by itself.

    def hook_event_loop(self, loop: object, callback: Callable[..., object]) -> None:
        """Do nothing: input comes from the console, which tells a person from noise."""

    def unhook_event_loop(self, loop: object) -> None: ...

    def get_cols_rows(self) -> tuple[int, int]:
        return self._terminal.size()

    def clear(self) -> None:
        """Draw the next frame as a whole."""
        self._frame = None

    def _start(self, *args: object, **kwargs: object) -> None:
        self._frame = None
        if self._terminal.virtual:
            self._terminal.write(_UTF_8)

    def _stop(self) -> None:
        """Move the cursor to a new line at the bottom. The cursor was never hidden."""
        self._output.text = []
        rows = self._terminal.size()[1]
        self._terminal.write(f"\x1b[m\x1b[{rows};1H\r\n")
        self._frame = None

    def draw_screen(self, size: tuple[int, int], canvas: Canvas) -> None:
        if self._terminal.busy:  # a slow reader, or none: only the latest frame is drawn, later
            self.skipped = True
            return
        self.skipped = False
        if self._frame is None or len(self._frame) != size[1] or len(self._frame[0]) != size[0]:
            self._output.erase(size)
            self._known.clear()
            self._frame = [[BLANK] * size[0]] * size[1]
        new = self._read(size, canvas)
        write_difference(self._output, self._frame, new)
        self._output.set_sgr("")
        if canvas.cursor is not None:
            self._output.move(*canvas.cursor)
        self._frame = new
        self._terminal.write(self._output.take())

    def _read(self, size: tuple[int, int], canvas: Canvas) -> Frame:
        """Return the cells of a canvas. A row that was there before is the same list."""
        known, self._known = self._known, {}
        frame: Frame = []
        for line in canvas.content():
            runs = tuple((kind, text) for kind, _, text in line)
            self._known[runs] = known.get(runs) or self._cells(runs, size[0])
            frame.append(self._known[runs])
        # The half of a wide character that would be left goes, too.
        cut = 2 if frame[-1][-1][1] == "" else 1
        frame[-1] = [*frame[-1][:-cut], *[BLANK] * cut]
        return frame

    def _cells(self, runs: Runs, columns: int) -> Cells:
        """Return the cells of a row. A wide letter in two runs has the look of the first."""
        texts = [text.decode("utf-8", "replace") for _, text in runs]
        looks = [
            look
            for (kind, _), text in zip(runs, texts, strict=True)
            for look in [self._theme.sgr_for(kind)] * len(text)
        ]
        shown = self._letters.show("".join(texts))
        cells = [(looks[at - (c == "")], c) for at, c in enumerate(shown)]
        return (cells + [BLANK] * (columns - len(cells)))[:columns]
