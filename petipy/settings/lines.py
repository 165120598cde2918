"""Changes of a file of settings, line by line. Pure.

The other lines stay as they are, with their comments.
"""

from petipy.settings.storage import read_lines


def change(text: str, name: str, value: str | None) -> str:
    """Return the text of a file in which a setting has a value, or (None) is absent.

    The value takes the place of the last line that sets it, which is the one that counts. Raise
    ValueError, with a sentence, for a value that no line can have.
    """
    lines = text.splitlines()
    found = [(number, item) for number, item in read_lines(text) if isinstance(item, tuple)]
    places = [number for number, item in found if item[0] == name]
    if value is None:
        kept = [line for number, line in enumerate(lines, 1) if number not in places]
    elif places:
        kept = [*lines[: places[-1] - 1], write_line(name, value), *lines[places[-1] :]]
    else:
        kept = [*lines, write_line(name, value)]
    return "".join(f"{line}\n" for line in kept)


def write_line(name: str, value: str) -> str:
    """Return the line that gives a setting a value."""
    mark = "'" if '"' in value or "\\" in value else '"'
    if mark in value:
        raise ValueError(f"{name}: a file has no line for a value with both sorts of quotes")
    return f"{name} = {mark}{value}{mark}"
