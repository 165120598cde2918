"""Where each part of a command line is written: the interpreter knows, and tells."""

from parsers.api import Origin
from tests.parsers.grub_runs import CONFIG, machine, offered

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
        ("$1", "6.1", 11),
        ("$rest", "quiet splash debug", 4),
        ("$root", "hd0,msdos1", 6),
        ("$common", "quiet splash", 2),
        ("$extra", "debug", 3),
        ("initrd", "/initrd-one /micro", 12),
        ("$2", "A quiet splash one", 10),
        ("$common", "quiet splash", 2),
    ]
    assert {o.config for o in first if o.what != "$extra"} == {CONFIG}
    assert [o.config for o in first if o.what == "$extra"] == ["/boot/grub/grubenv"]


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
