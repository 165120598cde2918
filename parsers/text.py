"""A configuration's text, as every line format here wants it."""

from parsers.api import Files, Problem

MOST = 1 << 20  # characters; no boot loader of these reads as many


def read(files: Files, path: str, most: int = MOST) -> tuple[str, list[Problem]]:
    """The text with a plain newline at the end of each line and no byte order mark.

    Lines end at a carriage return, too: Macs and DOS wrote these files.
    """
    text = (files.read(path) or "").removeprefix("\ufeff")
    problems = []
    if len(text) > most:
        problems.append(Problem(path, 1, f"longer than {most} characters: the rest is not read"))
    return text[:most].replace("\r\n", "\n").replace("\r", "\n"), problems
