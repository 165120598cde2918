"""A field takes letters of two cells as one, and gives the text back as it was typed."""

import pytest

from petipy.ui.kit.input import InputField
from petipy.ui.line.letters import Letters, is_wide
from petipy.ui.line.plain import FILLER

ALL = Letters(None)
SIZE = (20,)


def type_into(text: str, *keys: str) -> InputField:
    field = InputField(text)
    for key in keys:
        field.keypress(SIZE, key)
    return field


def show(field: InputField, columns: int = 20) -> list[str]:
    lines = field.render((columns,)).text
    return ["".join(ALL.show(line.decode())).rstrip() for line in lines]


@pytest.mark.parametrize(
    ("text", "keys", "value"),
    [
        ("", ["日", "a", "本"], "日a本"),
        ("日本", ["backspace"], "日"),
        ("日本", ["home", "ctrl d"], "本"),
        ("日本", ["home", "delete"], "本"),
        ("日本", ["left", "x"], "日x本"),
        ("日本", ["home", "right", "x"], "日x本"),
        ("日本", ["ctrl b", "ctrl b", "ctrl f", "x"], "日x本"),
        ("日本 語", ["ctrl w"], "日本 "),
        ("日本", ["left", "ctrl k"], "日"),
        ("日本", ["backspace", "ctrl z"], "日本"),
        (f"a{FILLER}b", ["c"], f"a{FILLER}bc"),  # it is no half of a letter
    ],
)
def test_a_wide_letter_is_one(text: str, keys: list[str], value: str) -> None:
    field = type_into(text, *keys)
    assert field.value == value
    assert show(field) == [value.replace(FILLER, "?").rstrip()]


def test_a_text_with_wide_letters_is_given_back_and_shown_as_it_is() -> None:
    field = InputField("リカバリ\n{0}")
    assert field.value == "リカバリ\n{0}"
    assert show(InputField("日本語の")) == ["日本語の"]


def test_a_text_that_is_put_in_has_its_cells() -> None:
    field = InputField("日語")
    field.put(2, 2, "本")
    assert (field.value, field.value_before_cursor) == ("日本語", "日本")


def test_no_line_ends_within_a_wide_letter() -> None:
    field = InputField("a日本語日本語")
    assert show(field, 6) == ["a日本", "語日本", "語"]
    field.keypress((6,), "up")
    field.keypress((6,), "x")
    assert field.value.replace("x", "") == "a日本語日本語"


def test_lines_up_and_down_never_stop_within_a_letter() -> None:
    for at in range(12):
        field = type_into("ab日本語日本語cd日本", "home", *["right"] * at, "down", "up", "down")
        assert not is_wide(field.edit_text[: field.edit_pos][-1:] or "a")
