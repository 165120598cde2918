"""A question before an act: only `y` right after it acts. Noise on a line has no such pair."""

from collections.abc import Callable, Sequence

from petipy.ui.kit.keys import Key

_YES = Key(("y",), footer="{} yes, do it")
_NO = Key(("n", "esc"), footer="{} no")


class Question:
    """The question of a screen, if it asks one. Each key but `y` takes it back."""

    def __init__(self) -> None:
        self._ask: Callable[[], str] | None = None
        self._act: Callable[[], None] = lambda: None

    @property
    def words(self) -> str:
        """The question in the present language; "" while nothing is asked."""
        return self._ask() if self._ask else ""

    @property
    def footer(self) -> Sequence[Key]:
        """The keys of the answers; none while nothing is asked."""
        return (_YES, _NO) if self._ask else ()

    def ask(self, words: Callable[[], str], act: Callable[[], None]) -> None:
        self._ask, self._act = words, act

    def answer(self, key: str) -> bool:
        """Take a key for the answer; return False while nothing is asked."""
        asked, self._ask = self._ask is not None, None
        if asked and key in _YES:
            self._act()
        return asked
