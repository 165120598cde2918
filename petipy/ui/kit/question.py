"""A question before an act: only `y` right after it acts. Noise on a line has no such pair."""

from collections.abc import Callable, Sequence

from petipy.ui.kit.keys import Key

_YES = Key(("y",), footer="{} yes, do it")
_NO = Key(("n", "esc"), footer="{} no")


class Question:
    """The question of a screen, if it asks one. Each key but `y` takes it back."""

    def __init__(self) -> None:
        self.words = ""  # "" while nothing is asked
        self._act: Callable[[], None] = lambda: None

    @property
    def footer(self) -> Sequence[Key]:
        """The keys of the answers; none while nothing is asked."""
        return (_YES, _NO) if self.words else ()

    def ask(self, words: str, act: Callable[[], None]) -> None:
        self.words, self._act = words, act

    def answer(self, key: str) -> bool:
        """Take a key for the answer; return False while nothing is asked."""
        asked, self.words = self.words, ""
        if asked and key in _YES:
            self._act()
        return bool(asked)
