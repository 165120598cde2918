"""Text of others made visible: it cannot command a terminal, end a line or reorder it. Pure."""


def escape(text: str) -> str:
    """Escape each character that is not printable.

    These are control characters, line ends, escapes, marks that change the direction of writing,
    and bytes that are no UTF-8 (as surrogates). Their escapes are Python's: \\x1b, \\u202e.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape_character(c) for c in text)


def _escape_character(character: str) -> str:
    return character.encode("unicode-escape", "surrogatepass").decode("ascii")
