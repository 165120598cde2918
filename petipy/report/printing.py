"""Printing of text from disks on any terminal, in any locale."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator


def terminal_width() -> int | None:
    """Return the columns of the terminal on stdout, at least 40; None for a file or a pipe."""
    return max(40, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def wrap(line: str, width: int | None) -> Iterator[str]:
    """Break a line at `width` columns. Continuations are indented by four more columns."""
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
    """Write to stdout. Return 0, or 1 if the reader has gone.

    Raw text goes out byte for byte as the disk had it.
    """
    try:
        if raw:
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        else:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
