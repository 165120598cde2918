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
    """Return what the codec "unicode-escape" does: the image has no codec but the usual ones."""
    number = ord(character)
    if character in _LETTERS:
        return f"\\{_LETTERS[character]}"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


_LETTERS = {"\t": "t", "\n": "n", "\r": "r"}
