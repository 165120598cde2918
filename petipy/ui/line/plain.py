"""Text of unknown origin, made fit for any terminal: printable ASCII, one cell per character."""

from petipy.state.boots import Progress
from petipy.state.model import Choice, Snapshot, Source
from petipy.state.sizes import format_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.ui.translator import Phrase, Translate

FILLER = "\uf8ff"  # in the second cell of a wide character; private, so that no text has it
_NO_BEGINNING = "\u3001\u3002\u300d\u300f\uff09"  # of a line: Japanese commas, stops, brackets
# Those that NFKD does not know, European letters without a separate accent among them.
_SUBSTITUTES = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2026": "..."}
    | {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " "}
    | {"\u00df": "ss", "\u00ae": "(R)", "\u00a9": "(C)", "\u2122": "(TM)", "\t": " ", "\n": " "}
    | {"\u00c6": "AE", "\u00e6": "ae", "\u0152": "OE", "\u0153": "oe", "\u1e9e": "SS"}
    | {"\u00d8": "O", "\u00f8": "o", "\u0141": "L", "\u0142": "l", "\u0131": "i"}
    | {"\u0110": "D", "\u0111": "d", "\u00d0": "D", "\u00f0": "d", "\u00de": "Th"}
    | {"\u00fe": "th", "\u0126": "H", "\u0127": "h", "\u0166": "T", "\u0167": "t"}
)


def to_ascii(text: str) -> str:
    """Drop accents, and replace each other foreign letter and each control character by "?"."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    parts = unicodedata.normalize("NFKD", text.translate(_SUBSTITUTES))
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
    if len(text) <= width:
        return text
    return text[: find_cut(text, max(0, width - 3))] + "..."[: max(0, width)]


def find_cut(text: str, at: int) -> int:
    """Return the last place, up to `at`, that is not within a wide character."""
    return at - 1 if 0 < at < len(text) and text[at] == FILLER else at


def shorten(text: str, width: int) -> str:
    """Cut the text to `width` columns in its middle: titles differ at their ends."""
    if len(text) <= width or width < 12:
        return clip(text, width)
    head, tail = find_cut(text, width - width // 3 - 3), len(text) - width // 3
    tail += text[tail] == FILLER
    return f"{text[:head]}...{text[tail:]}"


def find_break(text: str, width: int) -> int:
    """Return the place at which a text is broken that does not fit into `width` columns."""
    blank = text.rfind(" ", width // 2, width + 1)
    if blank > 0:
        return blank
    cut = find_cut(text, width)
    while cut > 2 and text[cut] in _NO_BEGINNING:
        cut = find_cut(text, cut - 1)
    return cut


def wrap(text: str, width: int, most: int) -> list[str]:
    """Break the text at blanks into at most `most` lines; the last one is clipped."""
    lines: list[str] = []
    while len(text) > width and len(lines) < most - 1:
        lines.append(text[: find_break(text, width)])
        text = text[len(lines[-1]) :].lstrip()
    return [*lines, clip(text, width)]


def entry_title(choice: Choice, phrase: "Phrase" = str.format) -> str:
    """Return the entry's title for a person; never empty."""
    title = to_text(choice.title).strip() or to_text(choice.entry.name[:99])
    return title or phrase("(no title)")


def device_title(snapshot: Snapshot, name: str) -> str:
    """Return the source's title for a person. It begins with the source's name."""
    return source_title(snapshot.source(name), name)


def source_title(source: Source | None, name: str) -> str:
    """Return the title of a source that has been looked up by its name, as device_title does."""
    words, name = to_text(source.title) if source else "", to_text(name)
    return words if words.startswith(name) else f"{name}: {words}" if words else name


def describe_network(
    source: Source, phrase: "Phrase" = str.format, translate: "Translate" = str
) -> str:
    """Return the state of a network in words; "" if it is as a person expects it."""
    if source.reason:
        return to_text(translate(source.reason))
    if source.state == "scanning":
        return phrase("asking the servers")
    return phrase("its server wants the local disk") if source.elsewhere else ""


def describe_progress(
    progress: Progress | None, phrase: "Phrase" = str.format, translate: "Translate" = str
) -> str:
    """Return "12 of 45 MB, 3.1 MB/s, 11 s left", or as much of it as is known.

    While nothing comes, the reason takes the place of rate and time.
    """
    if progress is None:
        return ""
    if progress.total is not None:
        done, total = format_size(progress.done), format_size(progress.total)
        unit = total[total.index(" ") :]
        words = [phrase("{done} of {total}", done=done.removesuffix(unit), total=total)]
    else:
        words = [format_size(progress.done)] if progress.rate else []
    if progress.trouble:
        return ", ".join([*words, to_text(translate(progress.trouble))])
    if progress.rate:
        words.append(f"{format_size(progress.rate)}/s")
    if progress.left is not None:
        words.append(phrase("{time} left", time=_format_time(progress.left)))
    return ", ".join(words)


def _format_time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if minutes < 3 else f"{minutes} min"
