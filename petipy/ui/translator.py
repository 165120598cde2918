"""The translation of what a person reads on a console.

English is the source text. Nothing is read before a console shows another language. The texts are
written where they are shown:

    phrase("Loading {name} ...", name=title)
    plural(count, "{number} problem", "{number} problems")
    mark("All lines")                        shown elsewhere by `phrase`

So are the texts of keys, screens, actions and settings. Braces in a text are those of str.format. A
test collects all texts and compares them with each catalogue.

The texts of other rooms are English. `translate` finds their templates in petipy.ui.templates.
"""

from collections.abc import Callable

from petipy.ui import catalogue
from petipy.ui.catalogue import BUILT_IN, Header, Messages
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.line.plain import to_text

Phrase = Callable[..., str]  # as str.format, which is the one for English
Translate = Callable[[str], str]  # as str, which is the one for English
_MOST = 500  # texts of other rooms whose translations are kept


def mark(text: str) -> str:
    """Return the text. It is for the catalogues, and translated later."""
    return text


def is_shown(header: Header, letters: Letters) -> bool:
    """Return True if a console with these letters can show a language."""
    return bool(header.substitutes) or all(map(letters.has, header.title))


class Translator:
    """The language of one console. It may change while the screens are open.

    `version` is another number after each change.
    """

    def __init__(self, letters: Letters) -> None:
        """`letters` are those that the console shows."""
        self.letters = letters
        self.header, self.version = BUILT_IN, 0
        self._messages: Messages = {}
        self._forms: dict[str, tuple[str, ...]] = {}  # of the texts that have been shown, in cells
        self._translated: dict[str, str] = {}  # texts of other rooms
        self._find_form: Callable[[int], int] = _find_english_form

    def phrase(self, text: str, /, *values: object, **named: object) -> str:
        """Return a text in the language, with the values in it."""
        return (self._find_forms(text) or (text,))[0].format(*values, **named)

    def plural(self, number: int, one: str, many: str, **named: object) -> str:
        """Return the form of a text for a number, which is {number} in it."""
        if forms := self._find_forms(one):
            return forms[self._find_form(number)].format(number=number, **named)
        return (one, many)[_find_english_form(number)].format(number=number, **named)

    def translate(self, text: str) -> str:
        """Return a text of another room in the language, as far as there are templates for it."""
        if not text or not self._messages:
            return text
        if text not in self._translated:
            from petipy.ui.templates import read_table  # English needs none

            if len(self._translated) >= _MOST:
                self._translated.clear()
            self._translated[text] = read_table().translate(text, self.phrase)
        return self._translated[text]

    def use(self, code: str) -> bool:
        """Change the language. Return False, and change nothing, if it cannot be shown here."""
        if not (found := catalogue.find_code(code)):
            return False
        header, messages = (BUILT_IN, {}) if found == BUILT_IN.code else catalogue.read(found)
        if not is_shown(header, self.letters):
            return False
        self._find_form = _read_rule(header.plural)
        self._messages, self._forms, self._translated = messages, {}, {}
        self.header, self.version = header, self.version + 1
        return True

    def _find_forms(self, text: str) -> tuple[str, ...]:
        """Return the translation of a text, all its forms; () without one."""
        if text not in self._messages:
            return ()
        if text not in self._forms:
            self._forms[text] = tuple(map(self._fit, self._messages[text]))
        return self._forms[text]

    def _fit(self, text: str) -> str:
        """Return a text in cells, with substitutes for the letters that the console lacks."""
        if text.isascii():
            return text
        found = self.header.substitutes
        lacking = {c for c in text if c in found and not self.letters.has(c)}
        return to_text("".join(found[c] if c in lacking else c for c in text))


def _read_rule(text: str) -> Callable[[int], int]:
    """Return the function that tells the form for a number, from the header of a catalogue."""
    if not text:
        return _find_english_form
    from gettext import c2py

    return c2py(text.partition("plural=")[2].strip(" ;"))


def _find_english_form(number: int) -> int:
    return int(number != 1)


ENGLISH = Translator(ASCII)
