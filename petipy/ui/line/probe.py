"""How large is the terminal at the other end of a line? Asked once, after a person's key."""

import asyncio

from petipy.ui.line.keys import Decoder, Report
from petipy.ui.line.terminal import Terminal

_PATIENCE = 0.15  # seconds for each of two questions
# The cursor as far as it goes, and where is it now? Every terminal since the VT100 knows that.
_CORNER = "\x1b7\x1b[999;999H\x1b[6n\x1b8"
_WINDOW = "\x1b[18t"  # xterm's question; not the first, because tmux 3.3 answers columns;rows
_COLUMNS, _ROWS = (20, 500), (10, 200)  # what is believed


async def probe(terminal: Terminal, decoder: Decoder) -> tuple[int, int] | None:
    """(columns, rows), or None when the terminal does not answer. What is typed meanwhile is lost.

    An answer that comes too late meets `decoder` later and is no key there either.
    """
    for question in (_CORNER, _WINDOW):
        terminal.write(question)
        if answer := await _answer(terminal, decoder):
            return answer
    return None


async def _answer(terminal: Terminal, decoder: Decoder) -> tuple[int, int] | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                for report in decoder.feed(await terminal.read()):
                    if isinstance(report, Report) and (size := _size(report)):
                        return size
    except TimeoutError:
        return None


def _size(report: Report) -> tuple[int, int] | None:
    match report:
        case Report("t", (8, rows, columns)) | Report("R", (rows, columns)):
            return _clamp(columns, _COLUMNS), _clamp(rows, _ROWS)
    return None


def _clamp(value: int, limits: tuple[int, int]) -> int:
    least, most = limits
    return max(least, min(most, value))
