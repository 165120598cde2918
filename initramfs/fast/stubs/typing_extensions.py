"""Stand for the real module: urwid takes one name of it, which Python itself has since 3.13."""

from collections.abc import Callable
from typing import TypeVar

_Marked = TypeVar("_Marked")


def deprecated(message: str, **_: object) -> Callable[[_Marked], _Marked]:
    """Leave the function as it is: nobody reads the warnings."""
    return lambda marked: marked
