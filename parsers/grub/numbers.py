"""Numbers as GRUB reads them (strtoul with base 0, in grub-core/kern/misc.c)."""

import re

from parsers.grub.errors import BAD_NUMBER, GrubError

_NUMBER = re.compile(r"[ \t\n\v\f\r]*(-?)(?:0[xX]([0-9a-fA-F]{1,16})|0([0-7]{1,21})|([0-9]{1,19}))")


def number(text: str) -> int:
    """The number that the text begins with: 0x1f, 017, 15; what follows it is ignored.

    Raises GrubError when there is none.
    """
    return leading_number(text)[0]


def leading_number(text: str) -> tuple[int, str]:
    """The number, and what follows it."""
    m = _NUMBER.match(text)
    if not m:
        raise GrubError(BAD_NUMBER, "unrecognized number")
    sign, hexadecimal, octal, decimal = m.groups()
    value = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
    return -value if sign else value, text[m.end() :]
