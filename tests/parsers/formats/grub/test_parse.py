"""The grammar of GRUB script, and how reading goes on after a mistake."""

import pytest

from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.language.syntax import Body, Command, For, Function, If, Mistake, While


def read(text: str) -> list[Body | Mistake]:
    return list(units(ScriptText(text)))


def mistakes(text: str) -> list[Mistake]:
    return [unit for unit in read(text) if isinstance(unit, Mistake)]


def names(text: str) -> list[object]:
    """Return the first words of the commands that were understood."""
    return [
        s.words[0]
        for u in read(text)
        if not isinstance(u, Mistake)
        for s in u
        if type(s) is Command
    ]


def test_a_line_is_a_unit_and_so_is_a_statement_over_several() -> None:
    assert [len(unit) for unit in read("a; b\nif c; then\n d\nfi\n e;\n")] == [2, 1, 1]


def test_statements_of_every_kind() -> None:
    text = (
        "if a; then b; elif c; then d; else e; fi; for i in x y; do f; done\n"
        "while g; do h; done; until i; do j; done\nfunction f {\n k\n}\n"
    )
    types = [type(s) for unit in read(text) if not isinstance(unit, Mistake) for s in unit]
    assert types == [If, For, While, While, Function]


def test_a_block_is_kept_as_written_and_as_read() -> None:
    (unit,) = read("menuentry 'A' {\n linux /k  \n}\n")
    assert isinstance(unit, tuple)
    command = unit[0]
    assert isinstance(command, Command)
    assert command.block
    assert command.block.source == "{\n linux /k  \n}"
    assert command.block.body == (Command(2, ("linux", "/k"), column=2),)


def test_reserved_words_are_words_as_arguments() -> None:
    assert read("echo if then fi for in do done function\n")[0] == (
        Command(1, ("echo", "if", "then", "fi", "for", "in", "do", "done", "function"), column=1),
    )


@pytest.mark.parametrize(
    "text",
    [
        ";",
        "a;; b",
        "a{b}c",
        "menuentry A { }",
        "menuentry A {\n# nothing\n}",
        "if a; then fi",
        "for x; do y; done",
        "for 'x' in y; do z; done",
        "function f { x }",
        "function a-b { x; }",
        "if a; then function f { x; }; fi",
        "select x in a; do y; done",
        "a { b } { c }",
        "echo }",
    ],
)
def test_what_grub_does_not_take_is_a_mistake(text: str) -> None:
    assert mistakes(text)


def test_reading_resumes_at_the_next_line_even_inside_a_block() -> None:
    text = "menuentry A {\n echo a\n echo x | y\n b\n}\nc\n"
    assert [m.line for m in mistakes(text)] == [3, 5]
    assert names(text) == ["b", "c"]


def test_a_unit_with_a_mistake_is_lost_whole() -> None:
    assert names("a; b; c | d\ne\n") == ["e"]


def test_a_string_that_nothing_closes_takes_the_rest() -> None:
    assert names('a\necho "b\nc\nd\n') == ["a"]
    assert [m.line for m in mistakes('a\necho "b\nc\nd\n')] == [2]


def test_a_string_that_begins_in_a_bad_line_is_cut_at_its_end() -> None:
    assert names("a | 'b\nc\nf\n") == ["c", "f"]


def test_a_mistake_says_what_and_where() -> None:
    assert mistakes("if true; then\n echo x | y\nfi\n")[0] == Mistake(
        2,
        "syntax error at '|'; it began in line 1, and GRUB runs the lines after this one as if"
        " they stood alone",
        9,
    )
    assert mistakes("if true then echo a; fi\n")[0].message == (
        "syntax error at 'fi', a command expected"
    )
    assert mistakes("menuentry 'x\n")[0].message == "syntax error at the ' that nothing completes"
    assert mistakes("if true\n x\n")[0].message == (
        "syntax error at the end of the file, a command expected; it began in line 1"
    )


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a\n# b\n\techo 'x' | y\n", 3, 11),
        ("a | b", 1, 3),
        ("\r\necho\r x | y\r\n", 2, 8),
        ("if a \\\n  b & c\n", 2, 5),
        ("function f {\n", 1, 13),
        ("if a; then # why\n  b\n", 2, 4),
        ("echo abc'd\n", 1, 9),
    ],
)
def test_a_mistake_knows_its_column(text: str, line: int, column: int) -> None:
    found = mistakes(text)[0]
    assert (found.line, found.column) == (line, column)


def test_a_backslash_at_the_end_of_the_file_is_a_mistake() -> None:
    assert mistakes("echo end\\")


def test_statements_nest_only_so_deep() -> None:
    assert not mistakes("if a; then " * 30 + "b" + "; fi" * 30 + "\n")
    assert mistakes("if a; then " * 3000 + "b" + "; fi" * 3000 + "\n")


def test_a_mistake_in_a_string_ends_with_the_word_that_it_is_in() -> None:
    assert names('a "x $ y\nb" c\nd\n') == ["d"]
    assert names("a \"x $ y\nb\"'c\n' d\ne\n") == ["e"]
    assert names('a "x $ y\nb"\'c\nd\n') == []
    assert names('a "x $ y\nb\nc\n') == []
    assert names('for x in y\nb"c\nd\n') == []
