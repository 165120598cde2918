"""The words of GRUB script."""

from itertools import islice, takewhile

import pytest

from parsers.formats.grub.language.lexer import ScriptText, Token, word
from parsers.formats.grub.language.syntax import Text, Variable


def tokens(text: str) -> list[Token]:
    return list(takewhile(lambda token: token.kind != "end", ScriptText(text).tokens()))


def kinds(text: str) -> list[str]:
    return [token.kind for token in tokens(text)]


def words(text: str) -> list[str]:
    return [t.text for t in tokens(text) if t.kind in ("word", "parts")]


def test_blanks_and_signs_part_words() -> None:
    assert words("\techo a\tb;c {d}") == ["echo", "a", "b", "c", "d"]
    assert kinds("a;{") == ["word", "sign", "sign", "newline"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("echo a # b", ["echo", "a"]),
        ("echo a#b", ["echo", "a#b"]),
        ("echo x;#y", ["echo", "x"]),
        ('echo "a"#b', ["echo", '"a"#b']),
    ],
)
def test_a_comment_begins_where_a_word_could(text: str, left: list[str]) -> None:
    assert words(text) == left


def test_a_line_that_begins_with_a_hash_is_gone_even_inside_a_string() -> None:
    assert words('echo "1\n#2\n3"') == ["echo", '"1\n3"']


def test_a_continued_line_goes_on_after_a_comment_line() -> None:
    assert words("echo a \\\n# b\n echo c") == ["echo", "a", "\\\n", "echo", "c"]


def test_no_keyword_begins_a_continued_line() -> None:
    assert kinds("\\\nif") == ["parts", "newline"]
    assert word("\\\nif") == "if"
    assert word("\\\n") == ()  # and the rest of the line before is no argument


def test_a_file_cannot_end_in_a_continued_line() -> None:
    assert kinds("a\\") == kinds("a\\\n") == ["parts", "lone", "newline"]


def test_carriage_returns_do_not_count_and_a_nul_ends_its_line() -> None:
    assert words("echo a\rb\r\necho c\0d\n") == ["echo", "ab", "echo", "c"]


def test_form_feeds_and_wide_blanks_are_letters() -> None:
    assert words("echo\fa echo\xa0b") == ["echo\fa", "echo\xa0b"]


def test_lines_are_counted_as_in_the_file() -> None:
    source = ScriptText("# one\n# two\na\r\n\n# five\nb \\\n# seven\nc\nd")
    found = [t for t in islice(source.tokens(), 9) if t.kind in ("word", "parts")]
    lines = [(t.text, source.line(t.start)) for t in found]
    assert lines == [("a", 3), ("b", 6), ("\\\nc", 6), ("d", 9)]


def test_the_position_of_a_token_is_that_of_its_first_character() -> None:
    source = ScriptText("  echo   'a b' # c\n")
    assert [source.text[t.start : t.end] for t in islice(source.tokens(), 2)] == ["echo", "'a b'"]
    assert [t.start for t in islice(source.tokens(), 2)] == [2, 9]


def test_a_dollar_that_starts_no_variable_is_an_error_but_not_in_single_quotes() -> None:
    assert "lone" in kinds('echo "cost 5$"')
    assert "lone" in kinds("echo $")
    assert kinds("echo '$a $'") == ["word", "parts", "newline"]


@pytest.mark.parametrize("text", ["a & b", "a|b", "a<b", "a>b", "[[ a ]]"])
def test_what_other_shells_have_is_no_word(text: str) -> None:
    assert "bad" in kinds(text)


def test_tabs_in_quotes_stay_tabs() -> None:
    assert word("'a\tb'") == "a\tb"


def test_a_backslash_keeps_the_next_character_alone() -> None:
    assert word(r"a\ b\n") == "a bn"
    assert word(r'"\$ \" \\ \n"') == r"$ " + '" ' + r"\ \n"
    assert word(r"'\$ \n'") == r"\$ \n"


def test_a_word_is_cut_into_text_and_variables() -> None:
    assert word('a$b"c ${d}"') == (
        Text("a", False),
        Variable("b", False),
        Text("c ", True),
        Variable("d", True),
    )


def test_an_empty_pair_of_quotes_is_a_word() -> None:
    assert word("''") == ""
    assert word('""') == ""


def test_wildcards_live_outside_quotes_only() -> None:
    assert word("/a*") == (Text("/a*", False),)
    assert word("'/a*'") == "/a*"
    assert word(r"/a\*") == "/a*"
