"""The size of the terminal at the other end of a line: asked once, after a person's key."""

import asyncio

from petipy.ui.line.keys import Decoder, Report
from petipy.ui.line.terminal import Terminal

PATIENCE = 0.15  # seconds for each of two questions, besides the line's own time
_BITS = 350  # of a question and its answer
# Move the cursor as far as it goes, then ask where it is. Every terminal since the VT100 answers.
_CORNER = "\x1b7\x1b[999;999H\x1b[6n\x1b8"
_WINDOW = "\x1b[18t"  # xterm's question; not the first, because tmux 3.3 answers columns;rows
_COLUMNS, _ROWS = (20, 500), (10, 200)  # the credible range


async def probe_size(terminal: Terminal, decoder: Decoder) -> tuple[int, int] | None:
    """Return (columns, rows), or None if the terminal does not answer.

    Keys that are typed meanwhile are lost. An answer that comes too late passes through `decoder`
    later, which does not take it for a key either: `read_size` is for it.
    """
    for question in (_CORNER, _WINDOW):
        terminal.write(question)
        if answer := await _read_answer(terminal, decoder):
            return answer
    return None


async def _read_answer(terminal: Terminal, decoder: Decoder) -> tuple[int, int] | None:
    try:
        async with asyncio.timeout(PATIENCE + _BITS / (terminal.speed or 9600)):
            while True:
                for report in decoder.feed(await terminal.read()):
                    if isinstance(report, Report) and (size := read_size(report)):
                        return size
    except TimeoutError:
        return None


def read_size(report: Report) -> tuple[int, int] | None:
    """Return (columns, rows) out of an answer; None if it is about something else."""
    match report:
        case Report("t", (8, rows, columns)) | Report("R", (rows, columns)):
            return _clamp(columns, _COLUMNS), _clamp(rows, _ROWS)
    return None


def _clamp(value: int, limits: tuple[int, int]) -> int:
    least, most = limits
    return max(least, min(most, value))
