"""The interpreter: words, variables, status, loops, functions."""

import pytest

from parsers.formats.grub.language.errors import GrubError
from parsers.formats.grub.language.words import matches
from parsers.formats.grub.run.env import Environment, EnvironmentBlock
from tests.parsers.formats.grub.runs import echoed, machine, offered, problems


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ('x=" a b "; for i in pre${x}post; do echo "[$i]"; done', ["[prea]", "[bpost]"]),
        ('x="a  b"; echo "$x"; echo $x', ["a  b", "a b"]),
        ("x='a b'; y=$x; echo \"[$y]\"", ["[a]"]),
        ('function n { echo $#; }; n $none "" "$none" x$none', ["3"]),
        ('function f { for i in "a$@b"; do echo $i; done; }; f 1 2', ["a1", "2b"]),
        ("function f { echo $10$3; }; f 1 2 3 4 5 6 7 8 9 ten", ["ten3"]),
        ('c="echo hi"; $c', ["hi"]),
        ("v='a=5'; $v; echo $a", ["5"]),
        ("a=1 echo no; echo $a", ["1"]),
        ('set root=(hd0,1); set prefix=($root)/x; echo "$root $prefix"', ["hd0,1 (hd0,1)/x"]),
        ('if [ "$grub_platform" = ieee1275 ]; then echo $grub_cpu; fi', ["powerpc"]),
    ],
)
def test_words_expand_as_grub_expands_them(script: str, lines: list[str]) -> None:
    # A function needs a line of its own.
    assert echoed(script.replace("; n ", "\nn ").replace("; f ", "\nf ")) == lines


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("while false; do true; done\necho $?", ["1"]),
        ("until true; do true; done\necho $?", ["0"]),
        ("if false; then true; fi\necho $?", ["0"]),
        ("! false\necho $?", ["0"]),
        ("shift 5\nfunction f { shift 5; echo $?; }\nf a", ["18"]),
        ("for a in 1 2; do for b in x y; do echo $a$b; break 2; done; done", ["1x"]),
        ("for a in 1 2; do for b in x y; do echo $a$b; continue 2; done; done", ["1x", "2x"]),
        ("function f { break; echo f; }\nfor i in 1 2; do f; done", ["f", "f"]),
        ("function f { while true; do return 0; done; echo no; }\nf\necho $?", ["0"]),
        ("function true { echo shadow; }\ntrue\necho $?", ["0"]),
    ],
)
def test_status_and_control_flow(script: str, lines: list[str]) -> None:
    assert echoed(script) == lines


def test_an_unknown_command_is_told_once_and_succeeds() -> None:
    script = "if nosuch; then echo yes; fi\nnosuch\nnosuch\n"
    assert echoed(script)[1] == "yes"
    assert problems(machine(script)) == [(1, "can't find command `nosuch'")]


def test_a_function_of_another_file_tells_its_own_lines() -> None:
    files = machine("source /f.cfg\nf\n", {"/f.cfg": "function f {\n  true\n  bad\n}\n"})
    assert problems(files) == [(3, "can't find command `bad'")]


def test_a_file_that_is_not_there_is_nothing_to_source() -> None:
    assert problems(machine("source /none\n. /none\nconfigfile /none\n")) == []


def test_wildcards_stand_for_files() -> None:
    files = {"/boot/a.cfg": "echo a", "/boot/b.cfg": "echo b"}
    assert echoed("for f in /boot/?.cfg; do source $f; done", **files) == ["a", "b"]
    assert echoed('echo "/boot/?.cfg" /boot/x*', **files) == ["/boot/?.cfg /boot/x*"]


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        (["**"], "", True),
        (["a", "**", "b"], "axxb", True),
        (["a", "**", "b"], "axxbc", False),
        (["??", "**"], "", False),
        (["*", "??"], "*x", True),
        (["*", "??"], "ax", False),
    ],
)
def test_only_live_wildcards_match(pattern: list[str], name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits


def test_many_wildcards_take_no_time() -> None:
    assert not matches(["**", "a"] * 200 + ["b"], "a" * 255)


def test_only_exported_variables_are_inherited() -> None:
    env = Environment({"root": "hd0"})
    env["a"], env["b"] = "1", "2"
    env.export("b")
    assert [env.inherit().get(name) for name in ("root", "a", "b")] == ["hd0", None, "2"]
    assert env.copy().get("a") == "1"


BLOCK = "# GRUB Environment Block\n"


def test_an_environment_block_is_read() -> None:
    block = EnvironmentBlock.read(BLOCK + "a=x=y z\n#c=1\nno\nd=1\\\n2\ne=\\\\\n####")
    assert block.values == {"a": "x=y z", "d": "1\n2", "e": "\\"}


def test_a_block_without_its_signature_is_none() -> None:
    with pytest.raises(GrubError, match="invalid environment block"):
        EnvironmentBlock.read("a=1\n")


def test_a_block_takes_only_what_it_has_room_for() -> None:
    block = EnvironmentBlock.read(BLOCK + "a=1\n" + "#" * 8)
    assert block.with_values({"a": None, "b": "1234567"}).values == {"b": "1234567"}
    with pytest.raises(GrubError, match="too small"):
        block.with_values({"b": "123456789"})


def test_what_a_body_changes_stays_in_it() -> None:
    script = "v=1\nmenuentry A {\n v=2\n linux /a $v\n}\nmenuentry B {\n linux /b $v\n}\nv=3\n"
    assert [e.cmdline for e in offered(machine(script))] == ["BOOT_IMAGE=/a 2", "BOOT_IMAGE=/b 3"]
