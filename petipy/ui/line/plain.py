"""Text of unknown origin, made fit for any terminal: printable ASCII, one cell per character."""

from petipy.state.boots import Progress
from petipy.state.model import Choice, Snapshot, Source
from petipy.state.sizes import format_size

_DASHES_AND_QUOTES = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2026": "..."}
    | {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " "}
    | {"\u00df": "ss", "\u00ae": "(R)", "\u00a9": "(C)", "\u2122": "(TM)", "\t": " ", "\n": " "}
)


def to_ascii(text: str) -> str:
    """Drop accents, and replace each other foreign letter and each control character by "?"."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    parts = unicodedata.normalize("NFKD", text.translate(_DASHES_AND_QUOTES))
    kept = (c for c in parts if unicodedata.category(c) not in {"Mn", "Me"})
    return "".join(c if " " <= c <= "~" else "?" for c in kept)


def to_text(text: str) -> str:
    """Return a text with a character for each cell: petipy.ui.line.letters.

    It has letters beyond ASCII, where to_ascii has not. The display sends those that the terminal
    can show.
    """
    if text.isascii() and text.isprintable():
        return text
    from petipy.ui.line.letters import to_cells  # few titles have such letters

    return to_cells(text)


def clip(text: str, width: int) -> str:
    """Cut the text to `width` columns; a text that does not fit ends in three dots."""
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."[: max(0, width)]


def shorten(text: str, width: int) -> str:
    """Cut the text to `width` columns in its middle: titles differ at their ends."""
    if len(text) <= width or width < 12:
        return clip(text, width)
    tail = width // 3
    return f"{text[: width - tail - 3]}...{text[-tail:]}"


def wrap(text: str, width: int, most: int) -> list[str]:
    """Break the text at blanks into at most `most` lines; the last one is clipped."""
    lines: list[str] = []
    while len(text) > width and len(lines) < most - 1:
        blank = text.rfind(" ", width // 2, width + 1)
        lines.append(text[: blank if blank > 0 else width])
        text = text[len(lines[-1]) :].lstrip()
    return [*lines, clip(text, width)]


def entry_title(choice: Choice) -> str:
    """Return the entry's title for a person; never empty."""
    return to_text(choice.title).strip() or to_text(choice.entry.name[:99]) or "(no title)"


def device_title(snapshot: Snapshot, name: str) -> str:
    """Return the source's title for a person. It begins with the source's name."""
    return source_title(snapshot.source(name), name)


def source_title(source: Source | None, name: str) -> str:
    """Return the title of a source that has been looked up by its name, as device_title does."""
    words, name = to_text(source.title) if source else "", to_text(name)
    return words if words.startswith(name) else f"{name}: {words}" if words else name


def describe_network(source: Source) -> str:
    """Return the state of a network in words; "" if it is as a person expects it."""
    if source.reason:
        return to_text(source.reason)
    if source.state == "scanning":
        return "asking the servers"
    return "its server wants the local disk" if source.elsewhere else ""


def describe_progress(progress: Progress | None) -> str:
    """Return "12 of 45 MB, 3.1 MB/s, 11 s left", or as much of it as is known.

    While nothing comes, the reason takes the place of rate and time.
    """
    if progress is None:
        return ""
    if progress.total is not None:
        done, total = format_size(progress.done), format_size(progress.total)
        unit = total[total.index(" ") :]
        words = [f"{done.removesuffix(unit)} of {total}"]
    else:
        words = [format_size(progress.done)] if progress.rate else []
    if progress.trouble:
        return ", ".join([*words, to_ascii(progress.trouble)])
    if progress.rate:
        words.append(f"{format_size(progress.rate)}/s")
    if progress.left is not None:
        words.append(f"{_format_time(progress.left)} left")
    return ", ".join(words)


def _format_time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if minutes < 3 else f"{minutes} min"
