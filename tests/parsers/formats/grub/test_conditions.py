"""`test`, and GRUB's regular expressions."""

import pytest

from parsers.formats.grub.language.regex import Regex
from tests.fakes import Machine
from tests.parsers.formats.grub.runs import CONFIG, echoed, machine, printed, problems


@pytest.mark.parametrize(
    ("words", "true"),
    [
        ("", True),
        ("''", False),
        ("-n", True),
        ("a = a extra", True),
        ("a = b -a b = b -o c = c", True),
        ("a = a -o b = c -a c = d", True),
        ("! ( a = b )", True),
        ("0x10 -eq 16", True),
        ("12a -eq 12", True),
        ("abc12 -pgt abc7", True),
        ("a '<' b", True),
        ("-f /boot/grub/grub.cfg", True),
        ("-d /boot", True),
        ("-e /none", False),
        ("-s /empty", False),
        ("-f (hd0,msdos1)/empty", True),
        ("-f (hd7,9)/empty", False),
        ("/empty -nt /none", True),
        ("a = b -a ( c = c )", False),
        ("'' -o ( '' -a ( a ) -o b = b )", True),
        ("18446744073709551615 -eq -1", True),
        ("0 -pgt -1", False),
    ],
)
def test_what_is_true(words: str, true: bool) -> None:
    script = f"if [ {words} ]; then echo 1; else echo 0; fi"
    assert echoed(script, **{"/empty": ""}) == [str(int(true))]


@pytest.mark.parametrize(
    ("words", "true"),
    [
        ("/new -nt /old", True),
        ("/old -nt /new", False),
        ("/old -ot /new", True),
        ("/new -nt /new", False),
        ("/old -nt101 /new", True),
        ("/new -nt-101 /old", False),
        ("/new -nt /undated", False),
        ("/new -ot /none", False),
        ("/none -ot /new", True),
    ],
)
def test_which_file_is_newer(words: str, true: bool) -> None:
    script = f"[ {words} ]\necho $?"
    files = dict.fromkeys(("/new", "/old", "/undated"), "") | {CONFIG: script}
    host = Machine({"sda2": files}, times={"/new": 1100, "/old": 1000})
    assert printed(host.files("sda2")).split() == [str(int(not true))]


def test_regexp_puts_groups_into_variables() -> None:
    assert echoed("regexp --set 1:a --set 2:b '^(.*)-(.*)$' foo-bar\necho $a $b $?") == [
        "foo bar 0"
    ]
    assert echoed("a=old\nregexp --set=a z abc\necho $a $?") == ["old 1"]


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"\((.*)\)", "x(hd0)y", ["(hd0)", "hd0"]),
        ("^(a|bc)+$", "abca", ["abca", "a"]),
        ("[[:digit:]]{2,3}", "a12345", ["123"]),
        ("[^],]*", "ab,]", ["ab"]),
        ("a{2}(b?)", "aaa", ["aa", ""]),
        ("x", "abc", None),
        ("(a|ab)(c|bcd)(d*)", "abcd", ["abcd", "a", "bcd", ""]),
        ("(a|ab)*", "abab", ["abab", "ab"]),
        ("[^a]((a?|.){0,1})", "ab aba", ["b ", " ", " "]),
        ("(a*)(ab)*", "ab", ["ab", "", "ab"]),
        ("((c{1,2}|[^a]{0,1}){1,2}|1(1))", "ca", ["c", "c", "c", ""]),
        (r"\bb\w+\W\<x\>\s\S\'", "ab bb-x y", ["bb-x y"]),
        (r"\`a\Bb", "ab", ["ab"]),
        ("a{,2}b{,}", "aaab", ["aa"]),
        ("a)", "a)", ["a)"]),
        ("[]a][[.b.][=c=]]", "]c", ["]c"]),
        ("[[:alpha:]]", "é", None),
        ("^(.)$", "é", ["é", "é"]),
        ("|".join(f"a{n}" for n in range(200)), "xa199", ["a199"]),
        ("(a*)*b", "a" * 2000, None),
    ],
)
def test_expressions_match_and_always_end(
    pattern: str, text: str, groups: list[str] | None
) -> None:
    assert Regex(pattern).search(text) == groups


BAD = [
    *("[]", "[^]"),
    *(
        "[",
        "(a",
        "a\\",
        "((a{200}){200}){200}",
        "(" * 500,
        "*a",
        "(+a)",
        "a|?",
        "^*",
        "\\b*",
        "{1}",
    ),
    *("a{", "a{1", "a{x}", "a{2,1}", "[z-a]", "[[:foo:]]", "[[:alpha:]-z]", "[[.ab.]]", "(a)\\1"),
    "a{40000}",
]


@pytest.mark.parametrize("pattern", BAD)
def test_a_bad_expression_matches_nothing_and_is_told(pattern: str) -> None:
    script = f"regexp '{pattern}' a\necho $?"
    assert echoed(script) == ["1"]
    assert problems(machine(script))
