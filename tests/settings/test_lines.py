"""Lines of a file of settings change, and the others stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.settings import lines
from petipy.settings.storage import read_lines

TEXT = "# ours\ntimeout = 5  # soon\n\n[bad\norder = ['disk', 'usb']\ntimeout = 7\n"
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=60)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("timeout", "9", TEXT.replace("timeout = 7", 'timeout = "9"')),
        ("order", "any", TEXT.replace("order = ['disk', 'usb']", 'order = "any"')),
        ("entry", 'a "b"', TEXT + "entry = 'a \"b\"'\n"),
        ("timeout", None, "# ours\n\n[bad\norder = ['disk', 'usb']\n"),
        ("entry", None, TEXT),
    ],
)
def test_one_line_changes(name: str, value: str | None, expected: str) -> None:
    assert lines.change(TEXT, name, value) == expected


def test_a_file_without_a_last_newline_gets_one() -> None:
    assert lines.change("timeout = 5", "debug", "1") == 'timeout = 5\ndebug = "1"\n'


def test_a_value_that_no_line_can_have_is_named() -> None:
    with pytest.raises(ValueError, match="entry: a file has no line for a value with both sorts"):
        lines.change("", "entry", 'it\'s "quoted"')


@given(PRINTABLE, st.text(max_size=200))
def test_what_is_written_is_read_again(value: str, before: str) -> None:
    if "'" in value and ('"' in value or "\\" in value):
        return
    text = lines.change(before, "entry", value)
    assert [item for _, item in read_lines(text) if item[:1] == ("entry",)][-1][1] == value
    gone = lines.change(text, "entry", None)
    assert not [item for _, item in read_lines(gone) if item[:1] == ("entry",)]
