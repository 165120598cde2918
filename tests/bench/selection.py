"""Choose ways and tables by words of their names."""

from collections.abc import Sequence


def is_chosen(name: str, only: Sequence[str]) -> bool:
    """Return True without a selection, or if one of them has its words all in the name."""
    words = [text.lower().split() for text in only]
    return not only or any(all(word in name.lower() for word in text) for text in words)
