"""Letters beyond ASCII: those that take the same cells on every terminal that can show them.

One character is one cell. A wide one, such as a Chinese letter, is followed by FILLER. All others
are left out by intent, and stand as in ASCII: letters that join or stack (Arabic, Thai), letters
that run to the left, emoji, whatever is not to be seen. Terminals disagree on their width, and
a title comes from a disk that may be hostile.
"""

import re

from petipy.ui.line.plain import FILLER, to_ascii, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.ui.line.terminal import Terminal

_NARROW = (
    *((0xA1, 0xAC), (0xAE, 0x24F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x58F)),
    *((0x10A0, 0x10FF), (0x1E00, 0x1FFF), (0x2010, 0x2027), (0x2030, 0x205E), (0x2070, 0x218F)),
    *((0x2190, 0x22FF), (0x2500, 0x25FF)),
)
_WIDE = ((0x3001, 0x3003), (0x3008, 0x3011), (0x3041, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3))
_LATIN = ((0xC0, 0x24F), (0x1E00, 0x1EFF))
_UNSEEN = {"Mn", "Me", "Mc", "Cf", "Cn", "Co", "Cc", "Zl", "Zp", "Zs"}
# A character that becomes several, and typing aids that to_ascii knows.
_SEVERAL = str.maketrans({"\u2026": "...", "\u00ae": "(R)", "\u00a9": "(C)", "\u2122": "(TM)"})
_WORD = re.compile(r"[^\W\d_]+")


def _is_in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges)


def is_narrow(character: str) -> bool:
    """Return True for a character beyond ASCII that takes one cell."""
    import unicodedata

    return _is_in(character, _NARROW) and unicodedata.category(character) not in _UNSEEN


def is_wide(character: str) -> bool:
    """Return True for a character that takes two cells."""
    import unicodedata

    return _is_in(character, _WIDE) and unicodedata.category(character) not in _UNSEEN


def to_cells(text: str) -> str:
    """Return a text as cells: what does not take one or two of them everywhere is as in ASCII."""
    import unicodedata

    # FILLER may be there: a text may be made of others.
    plain = unicodedata.normalize("NFC", drop_fillers(text).translate(_SEVERAL))
    return "".join(map(_to_cell, _WORD.sub(_disguise, plain)))


def drop_fillers(text: str) -> str:
    """Return a text without the second cells of its wide characters."""
    if FILLER not in text:
        return text
    pairs = zip(text, " " + text, strict=False)
    return "".join(c for c, last in pairs if not (c == FILLER and is_wide(last)))


def add_fillers(text: str) -> str:
    """Return a text whose wide characters have their second cells; all others are as they were."""
    if text.isascii():
        return text
    return "".join(c + FILLER if is_wide(c) else c for c in drop_fillers(text))


def _to_cell(character: str) -> str:
    if is_narrow(character):
        return character
    return character + FILLER if is_wide(character) else to_ascii(character)


def _disguise(word: re.Match[str]) -> str:
    """Return a word without the letters that may only look like the Latin ones beside them."""
    letters = word[0]
    foreign = {c for c in letters if not c.isascii() and is_narrow(c) and not _is_in(c, _LATIN)}
    if not foreign or not any(c.isascii() or _is_in(c, _LATIN) for c in letters):
        return letters
    return "".join("?" if c in foreign else c for c in letters)


def fold(text: str) -> str:
    """Return cells in ASCII, one character for each."""
    return text if text.isascii() else "".join(map(_fold, text))


def _fold(character: str) -> str:
    plain = to_ascii(character)
    if len(plain) == 1:
        return plain
    return plain[0] if plain and character.isalpha() else "?"


class Letters:
    """The characters that a terminal shows besides ASCII; None: all that take known cells."""

    def __init__(self, known: frozenset[str] | None = frozenset()) -> None:
        self._known = known

    def show(self, text: str) -> list[str]:
        """Return what to send for each cell of a text; nothing for the rest of a wide one."""
        if text.isascii() and text.isprintable():
            return [*text]
        cells: list[str] = []
        for character, following in zip(text, text[1:] + " ", strict=True):
            if character == FILLER:
                whole = bool(cells) and is_wide(cells[-1])
                cells.append("" if whole else "?")
            else:
                fits = is_narrow(character) or (is_wide(character) and following == FILLER)
                cells.append(character if fits and self._knows(character) else _fold(character))
        return cells

    def send(self, text: str) -> str:
        """Return a text of unknown origin as the terminal shows it."""
        return "".join(self.show(to_text(text)))

    def has(self, character: str) -> bool:
        """Return True if the terminal shows a character as it is."""
        if character.isascii():
            return True
        return (is_narrow(character) or is_wide(character)) and self._knows(character)

    def _knows(self, character: str) -> bool:
        return self._known is None or character in self._known


ASCII = Letters()


def find_letters(terminal: "Terminal") -> Letters:
    """Return the letters beyond ASCII that a terminal shows."""
    if not terminal.virtual:
        return Letters(None) if terminal.unicode else ASCII
    from petipy.sys import vt  # not at a line

    try:
        return Letters(vt.read_letters(terminal.path))
    except OSError:  # a screen without a font that can be read
        return ASCII
