"""Text of unknown origin, made fit for any terminal: printable ASCII, one cell a character."""

from petipy.state.model import Choice, Snapshot

_DASHES_AND_QUOTES = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2026": "..."}
    | {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " "}
    | {"\u00df": "ss", "\u00ae": "(R)", "\u00a9": "(C)", "\u2122": "(TM)", "\t": " ", "\n": " "}
)


def plain(text: str) -> str:
    """Accents are dropped, other letters become "?", control characters disappear."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    parts = unicodedata.normalize("NFKD", text.translate(_DASHES_AND_QUOTES))
    kept = (c for c in parts if unicodedata.category(c) not in {"Mn", "Me", "Cc", "Cf"})
    return "".join(c if " " <= c <= "~" else "?" for c in kept)


def clip(text: str, width: int) -> str:
    """Within so many columns: what does not fit ends in three dots."""
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."[: max(0, width)]


def squeeze(text: str, width: int) -> str:
    """As `clip`, but what is missing was in the middle: titles differ at their ends."""
    if len(text) <= width or width < 12:
        return clip(text, width)
    tail = width // 3
    return f"{text[: width - tail - 3]}...{text[-tail:]}"


def wrapped(text: str, width: int, most: int) -> list[str]:
    """In at most so many lines, broken at blanks where there are any; the last one is clipped."""
    lines: list[str] = []
    while len(text) > width and len(lines) < most - 1:
        blank = text.rfind(" ", width // 2, width + 1)
        lines.append(text[: blank if blank > 0 else width])
        text = text[len(lines[-1]) :].lstrip()
    return [*lines, clip(text, width)]


def title(choice: Choice) -> str:
    """What a person calls the entry; never empty."""
    return plain(choice.entry.title).strip() or plain(choice.entry.name) or "(no title)"


def device_title(snapshot: Snapshot, name: str) -> str:
    """What a person calls the device, beginning with its name."""
    words = next((source.title for source in snapshot.sources if source.name == name), "")
    words = plain(words)
    return words if words.startswith(name) else f"{name}: {words}" if words else plain(name)
