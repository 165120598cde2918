"""Words of others in a log and on a terminal."""

import pytest

from petipy.report.visible import escape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Debian 13 \u00e4", "Debian 13 \u00e4"),
        ("\x1b[31m evil \x07", r"\x1b[31m evil \x07"),
        ("a\r\n\tb\0", r"a\r\n\tb\x00"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\udcff", r"\udcff"),
        ("\U000e0001\x85", r"\U000e0001\x85"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_escapes_are_those_of_python() -> None:
    for character in filter(lambda c: not c.isprintable(), map(chr, range(0x110000))):
        assert escape(character) == character.encode("unicode-escape", "surrogatepass").decode()
