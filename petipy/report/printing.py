"""What commands print: whatever a disk says, for any terminal, in any locale."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator


def safe(text: str) -> str:
    """For a terminal: what a disk's titles and names say cannot command it."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode-escape", "surrogatepass").decode("ascii")


def width() -> int | None:
    """Columns of the terminal that reads; None for files and pipes, whose lines may be long."""
    return max(40, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def wrapped(line: str, width: int | None) -> Iterator[str]:
    """The line, in several where it is longer; what goes on stands four columns further right."""
    if width is None or len(line) <= width:
        yield line
        return
    indent = " " * (len(line) - len(line.lstrip()))
    yield from textwrap.wrap(
        line.lstrip(),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def write(text: str, *, raw: bool = False) -> int:
    """0, or 1 when nobody listens. Raw text goes out byte for byte as a disk had it."""
    try:
        if raw:
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        else:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
