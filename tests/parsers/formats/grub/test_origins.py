"""The origin of each part of a command line."""

from dataclasses import fields, is_dataclass

import pytest

from parsers.api import Origin
from parsers.formats.grub.configuration import items
from petipy.report.provenance import split_words
from tests.parsers.formats.grub.runs import CONFIG, machine, offered

SCRIPT = """\
load_env
set common="quiet splash"
if [ -n "$saved_entry" ]; then
  set rest="$common $extra"
fi
search --set=root --label ROOT
function kernel {
  linux /vmlinuz-$1 root=LABEL=ROOT $rest
}
menuentry "A $common" one {
  kernel 6.1
  initrd /initrd-$2 /micro
}
menuentry B { linux (hd0,msdos1)/vmlinuz plain }
menuentry C {
  for word in $common last; do set all="$all $word"; done
  eval "linux /v $all"
}
"""
BLOCK = "# GRUB Environment Block\nsaved_entry=0\nextra=debug\n#####"


def origins(script: str) -> list[list[Origin]]:
    files = {"/boot/grub/grubenv": BLOCK}
    return [list(entry.origins) for entry in offered(machine(script, files))]


def brief(found: list[Origin]) -> list[tuple[str, str, int]]:
    return [(o.what, o.value, o.line) for o in found]


def test_every_variable_that_went_into_a_command_line_is_followed_to_where_it_was_set() -> None:
    first, _, _ = origins(SCRIPT)
    assert brief(first) == [
        ("linux", "/vmlinuz-6.1", 8),
        ("kernel", "6.1", 11),
        ("$1", "6.1", 11),
        ("$rest", "quiet splash debug", 4),
        ("$root", "hd0,msdos1", 6),
        ("$common", "quiet splash", 2),
        ("$extra", "debug", 3),
        ("initrd", "/initrd-one /micro", 12),
        ("$2", "one", 10),
        ("$common", "quiet splash", 2),
    ]
    assert {o.config for o in first if o.what != "$extra"} == {CONFIG}
    assert [o.config for o in first if o.what == "$extra"] == ["/boot/grub/grubenv"]


def test_what_is_added_to_a_variable_that_is_not_set_comes_from_there_alone() -> None:
    script = 'all="$all a"\nall="$all b"\nmenuentry A { linux /v $all }\n'
    assert brief(origins(script)[0])[1:3] == [("$all", " a b", 2), ("$all", " a", 1)]
    assert all(origin.config == CONFIG for origin in origins(script)[0])


def test_a_command_line_without_variables_is_all_its_own() -> None:
    _, second, _ = origins(SCRIPT)
    assert brief(second) == [("linux", "(hd0,msdos1)/vmlinuz", 14)]


def test_variables_are_followed_through_eval_and_loops() -> None:
    _, _, third = origins(SCRIPT)
    found = brief(third)
    assert found[0] == ("linux", "/v", 17)
    assert ("$all", " quiet splash last", 16) in found
    assert ("$word", "last", 16) in found
    assert ("$common", "quiet splash", 2) in found


def test_a_variable_has_the_origin_that_it_had_when_it_was_used() -> None:
    script = (
        "set a=one\nset b=$a\nset a=two\nmenuentry A { linux /v $b }\n"
        "unset a\nsubmenu S { menuentry B { linux /v $a$c } }\nexport c\nset c=three\n"
    )
    first, second = origins(script)
    assert brief(first)[1:3] == [("$b", "one", 2), ("$a", "one", 1)]
    assert brief(second)[1:] == [("$c", "three", 8)]


def test_a_value_made_of_thousands_costs_no_more_than_a_few() -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9; do " * 3 + 'set a="$a $i"; ' + "done; " * 3
    (found,) = origins(f"{script}\nmenuentry A {{ linux /v $a }}\n")
    assert 1 < len(found) <= 52


F = "function f {\n"


def chains(script: str, cmdline: str) -> list[tuple[str, str]]:
    """Return the words of the first entry's command line with their sources: lines and names."""
    (entry, *_) = offered(machine(script, {"/boot/grub/grubenv": BLOCK}))
    assert entry.cmdline == f"BOOT_IMAGE={cmdline}"
    found = []
    for word, sources in split_words(entry):
        assert all(0 <= a < b <= len(entry.cmdline) for o in sources for a, b in o.spans)
        assert len({(o.config, o.line) for o in sources if o.what == "linux"}) <= 1
        place = {CONFIG: "", "": "GRUB's "}
        where = [f"{place.get(o.config, 'env ')}{o.line or ''}{o.what}" for o in sources]
        found.append((word, " ".join(where)))
    return found


@pytest.mark.parametrize(
    ("body", "cmdline", "expected"),
    [
        ("linux /v a b", "/v a b", {"a": "1linux", "b": "1linux"}),
        ("set x=q; linux /v a $x b", "/v a q b", {"a": "1linux", "q": "1$x", "b": "1linux"}),
        ("set x=q\nlinux /v a=$x", "/v a=q", {"a=q": "2linux 1$x"}),
        (
            "set c='q s'\nload_env\nset r=\"$c $extra ro\"\nlinux /v $r ro",
            "/v q s debug ro ro",
            {"q": "3$r 1$c", "s": "3$r 1$c", "debug": "3$r env 3$extra", "ro": "4linux"},
        ),
        ('x=q\ny="$x"\nz=$y\nlinux /v $z', "/v q", {"q": "3$z 2$y 1$x"}),
        ("set x='p q'\nlinux /v a=\"$x\" b", '/v "a=p q" b', {'"a=p q"': "2linux 1$x"}),
        (
            "set x=\"it's\"\nlinux /v '\"' a$x b",
            "/v \\\" ait\\'s b",
            {"ait\\'s": "2linux 1$x", "b": "2linux"},
        ),
        ("\nfor x in a b; do\n linux /v $x\ndone", "/v b", {"b": "2$x"}),
        ("set x='a b'\nfor w in $x; do\nlinux /v $w; done", "/v b", {"b": "2$w 1$x"}),
        ("set x='a b'\neval \"linux /v ro $x\"", "/v ro a b", {"ro": "2linux", "b": "1$x"}),
        ("set x=a.b\nregexp --set y '\\.(.*)' $x\nlinux /v $y", "/v b", {"b": "2$y 1$x"}),
        # Equal texts of different statements.
        ('set x=a\neval "linux /v a $x"', "/v a a", {"a": "1$x"}),
        ("x='q r'\ny='p q r'\neval \"linux /v $x $y\"", "/v q r p q r", {"p": "2$y", "r": "2$y"}),
        ("x='a\\nb'\neval \"linux /v '$x' $x\"", "/v a\\\\nb anb", {"anb": "1$x"}),
        (
            "x='a b'\nregexp -s y -s 2:z '(.) (.)' \"$x\"\nlinux /v $z$y",
            "/v ba",
            {"ba": "2$z 2$y 1$x"},
        ),
        ('x=ab\ntr -s y -U "$x"\nlinux /v $y', "/v AB", {"AB": "2$y 1$x"}),
        ("x=a\ny='v $x'\neval \"z=\\$x\"\nlinux /v $z", "/v a", {"a": "3$z 1$x"}),
        ('x=y\ny=q\neval "linux /v \\$$x"', "/v q", {"q": "2$y"}),
        (f"{F}linux /v $2 $1; }}\nf a 'b c'", "/v b c a", {"c": "3$2", "a": "3$1"}),
        (f"{F}linux /v $@ c; }}\nf a b", "/v a b c", {"b": "3$@", "c": "2linux"}),
        (f'{F}linux /v "$@" c; }}\nf a b', "/v a b c", {"b": "3$@", "c": "2linux"}),
        (f"{F}setparams x $1\nlinux /v $2; }}\nf a", "/v a", {"a": "2$2 4$1"}),
        (f"{F}shift; linux /v $1; }}\nf a b", "/v b", {"b": "3$1"}),
        ("linux /v $root a", "/v hd0,msdos1 a", {"hd0,msdos1": "GRUB's $root", "a": "1linux"}),
    ],
)
def test_every_word_of_a_command_line_has_its_writer(
    body: str, cmdline: str, expected: dict[str, str]
) -> None:
    found = dict(chains(f"{body}\nboot\n", cmdline))
    assert {word: found[word] for word in expected} == expected


def test_a_functions_parameters_are_those_of_its_caller() -> None:
    script = (
        "set extra='q s'\nfunction k {\n linux /v $2 $1\n}\n"
        'menuentry A x {\n set y=$2\n k "$extra" $y\n}\n'
    )
    found = dict(chains(script, "/v x q s"))
    assert found["x"] == "7$2 6$y 5$2"
    assert found["s"] == "7$1 1$extra"


def test_equal_words_that_different_statements_gave_are_told_apart() -> None:
    script = "x='q r'\ny='q r s'\neval \"linux /v q $x $y\"\nboot\n"
    assert chains(script, "/v q q r q r s")[1:] == [
        ("q", "3linux"),
        ("q", "1$x"),
        ("r", "1$x"),
        ("q", "2$y"),
        ("r", "2$y"),
        ("s", "2$y"),
    ]


def test_a_variable_in_a_pattern_is_known() -> None:
    (found,) = origins("d=/boot\nmenuentry A { linux $d/grub/grub.c* }\n")
    assert brief(found) == [("linux", CONFIG, 2), ("$d", "/boot", 1)]


def plain(value: object) -> bool:
    """Return True if no text in a value is an Expansion, which keeps all that it is made of."""
    if is_dataclass(value):
        return all(plain(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, list | tuple | frozenset):
        return all(map(plain, value))
    return not isinstance(value, str) or type(value) is str


def test_no_entry_holds_the_pieces_that_it_was_made_of() -> None:
    script = (
        "load_env\nt='T é'\nk=/vmlinuz\n"
        'menuentry "$t" --id "$t" --class $k --hotkey "$t" --users "$t" {\n'
        " set s=$t; save_env $t $extra; search --label $t --set=$extra; linux $k $t\n"
        " initrd $k newc:$extra:$k; devicetree $k; chainloader $k }\n"
        'eval "menuentry \'$t\' { linux $k $t }"\npassword $t $t\nset default="$t"\n'
    )
    found = list(items(machine(script, {"/boot/grub/grubenv": BLOCK}), CONFIG))
    assert len(found) > 2
    assert all(map(plain, found))


def reasons(script: str) -> list[tuple[str, str, int]]:
    found = offered(machine(script, {"/boot/grub/grubenv": BLOCK}))
    (default,) = (entry for entry in found if entry.default)
    assert not any(entry.default_from for entry in found if not entry.default)
    return brief(list(default.default_from))


MENU = "menuentry A { linux /v }\nsubmenu S { menuentry B { linux /v } }\n"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (MENU, []),
        (f"set default=0\n{MENU}", [("$default", "0", 1)]),
        (
            f'load_env\nset default="${{saved_entry}}"\n{MENU}',
            [("$default", "0", 2), ("$saved_entry", "0", 2)],
        ),
        (f"x=S\n{MENU}\ndefault=$x'>B'\n", [("$default", "S>B", 5), ("$x", "S", 1)]),
        (
            "set default=1\nmenuentry A { linux /v }\n"
            "submenu S {\nset default=1\nmenuentry B { linux /v }\nmenuentry C { linux /v }\n}\n",
            [("$default", "1", 1), ("$default", "1", 4)],
        ),
    ],
)
def test_what_makes_an_entry_the_default_is_known(
    script: str, expected: list[tuple[str, str, int]]
) -> None:
    assert reasons(script) == expected
