"""Numbers as GRUB reads them (strtoul and strtol with base 0, in grub-core/kern/misc.c)."""

import re

from parsers.formats.grub.language.errors import BAD_NUMBER, OUT_OF_RANGE, GrubError

# After "0x" without a digit, GRUB has read the prefix and then finds no number.
_NUMBER = re.compile(r"[ \t\n\v\f\r]*(-?)(?:0[xX]([0-9a-fA-F]+)|(?!0[xX])(?:0([0-7]+)|([0-9]+)))")
_LARGEST = (1 << 64) - 1
_LONGEST = 40  # digits that count, with or without a leading 0


def number(text: str) -> int:
    """Return the number that a text begins with: 0x1f, 017, 15. The rest is ignored.

    Raise GrubError if there is none.
    """
    return split_number(text)[0]


def split_number(text: str) -> tuple[int, str]:
    """Return the number that a text begins with, and the rest."""
    m = _NUMBER.match(text)
    if not m:
        raise GrubError(BAD_NUMBER, "unrecognized number")
    sign, hexadecimal, octal, decimal = m.groups()
    digits = hexadecimal or octal or decimal
    if len(digits.lstrip("0")) > _LONGEST:
        raise GrubError(OUT_OF_RANGE, "overflow is detected")
    value = int(digits, 16 if hexadecimal else 8 if octal else 10)
    if value > _LARGEST:
        raise GrubError(OUT_OF_RANGE, "overflow is detected")
    return -value if sign else value, text[m.end() :]


def count(text: str) -> int:
    """Return a number without a sign."""
    if text.lstrip().startswith("-"):
        raise GrubError(BAD_NUMBER, "unrecognized number")
    return number(text)
