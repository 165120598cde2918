"""A search on a screen: letters narrow it down, Esc shows all of it again."""

from petipy.ui.kit.keys import Key
from petipy.ui.translator import Phrase

FIND = Key(("/",), "find entries, or lines of a text, by words", "{} find", in_submenus=False)
END_SEARCH = Key(("esc",), footer="{} show all")


class Search:
    """The text that a person searches for; None while no search is open."""

    def __init__(self, phrase: Phrase) -> None:
        self._phrase = phrase
        self.needle: str | None = None

    @property
    def is_open(self) -> bool:
        return self.needle is not None

    @property
    def note(self) -> str:
        return "" if self.needle is None else self._phrase("Find: {words}_", words=self.needle)

    def open(self) -> None:
        self.needle = ""

    def type(self, key: str) -> bool:
        """Take a key while the search is open; return False for a key that is not its own."""
        needle = self.needle or ""
        if key in END_SEARCH or (key == "backspace" and not needle):
            self.needle = None
        elif key == "backspace":
            self.needle = needle[:-1]
        elif key == "ctrl u":
            self.needle = ""
        elif len(key) == 1:
            self.needle = needle + key
        else:
            return False
        return True
