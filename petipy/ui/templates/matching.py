"""Find the template of a text. The work grows with the text's length and no faster."""

import re
from collections.abc import Iterable

from petipy.ui.translator import Phrase

_FIELD = re.compile(r"\{(\w+)\}")
_TRANSLATED = {"reason", "part", "more"}  # fields that have a template of their own
_NUMBER = re.compile(r"[0-9][0-9.,]{0,20}")
_ROW = "; "  # between texts in a row
_LONGEST = 4000  # characters; a longer text stays English
_DEEPEST = 6  # templates within each other, and parts of a text


class Template:
    """A text with fields. Between two fields there is always a literal text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.literals, self.names = (tuple(_FIELD.split(text)[start::2]) for start in (0, 1))
        self.weight = sum(map(len, self.literals))

    def match(self, text: str) -> dict[str, str] | None:
        """Return the fields, each as short as it can be but the last; None for another text.

        A field that comes as it is ends where the next text in a row begins.
        """
        first, *middle, last = self.literals
        if not (text.startswith(first) and text.endswith(last)) or len(text) < self.weight:
            return None
        at, end, values = len(first), len(text) - len(last), list[str]()
        for literal in middle:
            found = text.find(literal, at, end)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(literal)
        fields = dict(zip(self.names, [*values, text[at:end]], strict=True))
        plain = (value for name, value in fields.items() if name not in _TRANSLATED)
        if any(_ROW in value for value in plain):
            return None
        numbers = (value for name, value in fields.items() if name.startswith("number"))
        return fields if all(map(_NUMBER.fullmatch, numbers)) else None


class Table:
    """The templates. If several fit, the one with the most words of its own counts."""

    def __init__(self, texts: Iterable[str]) -> None:
        known = [Template(text) for text in texts]
        self._whole = {template.text for template in known if not template.names}
        fields = (template for template in known if template.names)
        self._templates = sorted(fields, key=lambda template: -template.weight)

    def translate(self, text: str, phrase: Phrase, depth: int = 0) -> str:
        """Return a text with its translation where there is a template, else as it is.

        A text may also be several, as in "vda2: no answer in time; it is looked at again soon".
        """
        if text in self._whole:
            return phrase(text)
        if depth > _DEEPEST or len(text) > _LONGEST:
            return text
        for template in self._templates:
            if (fields := template.match(text)) is not None:
                values = {
                    name: self.translate(value, phrase, depth + 1) if name in _TRANSLATED else value
                    for name, value in fields.items()
                }
                return phrase(template.text, **values)
        for sign in (_ROW, ": "):
            head, mark, tail = text.partition(sign)
            if mark:
                head, tail = (self.translate(part, phrase, depth + 1) for part in (head, tail))
                return f"{head}{sign}{tail}"
        return text
