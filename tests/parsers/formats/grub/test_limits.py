"""No grub.cfg makes the parser hang, crash or grow.

Texts are shorter here than a file may be, and the budget is smaller by the same factor: the work
per character and per step is what counts.
"""

import pytest

from parsers.api import Entry, Item, Problem
from parsers.formats.grub.configuration import items
from parsers.formats.grub.run import machine as machine_of_grub
from tests.effort import at_most
from tests.parsers.formats.grub.runs import CONFIG, machine, printed

LENGTH = 40_000
STEPS = 20_000
CALLS = 1_400_000  # twice the calls of the worst of these
PIECES = [
    "a;", "a ", "a\n", "\n", " ", "a { ", "if ", "'", '"', "\\", "\\\n", "$", '"$', "| '\n",
    '& "\n', "a |\\\n", "#\n", "a\n#\n", "\0", "\r", "}", "[[ ", "menuentry a { true\n}\n",
    "submenu s { menuentry a { true\n}\n}\n",
]  # fmt: skip
SCRIPTS = {
    "loop": "while true; do true; done",
    "loops": "while true; do while true; do continue 2; done; done",
    "call": "function f { f; f; }\nf",
    "eval": "x='eval $x'\neval $x",
    "source": f"source {CONFIG}",
    "configfile": f"configfile {CONFIG}",
    "legacy": f"legacy_configfile {CONFIG}\nmenuentry A {{ legacy_source {CONFIG}\n}}",
    "syslinux": f"syslinux_configfile {CONFIG}\nmenuentry A {{ syslinux_source {CONFIG}\n}}",
    "own submenu": f"submenu a {{ source {CONFIG}\n}}\nsubmenu b {{ source {CONFIG}\n}}",
    "own entry": f"menuentry a {{ source {CONFIG}\n}}\n" * 3,
    "doubling": "a=xx\nwhile true; do a=$a$a; done",
    "long word": "a=" + "x" * 60000 + "\necho " + "$a" * 40_000,
    "splitting": 'a="' + "x " * 30000 + '"\n' + "echo $a\n" * 10000,
    "parameters": "function f { f $@ $@; }\nf a",
    "nesting": "submenu s { " * 50 + "true" + "\n}" * 50,
    "wildcards": "echo /*" + "*" * 10000 + "x\necho " + "/*" * 1000,
    "false parentheses": "while true; do [ '' -a ( a ) ]; done",
    "parentheses": "[ " + "( " * 100_000 + "]",
    "regexp": "regexp '" + "(a*)*" * 20 + "b' " + "a" * 4000,
    "regexps": "while true; do regexp 'a" + "*" * 240 + "' a; done",
    "brackets": "".join(f"regexp '{'[[:alpha:]]' * 20}{n}' a\n" for n in range(2000)),
    "groups": "while true; do regexp '" + "(a{0,9})" * 25 + "x' aaaa; done",
    "too big": "while true; do regexp '" + "(((a{1,99}){1,9}){1,9}){1,9}" + "' a; done",
    "optional": "regexp '[[:alpha:]]{0,399}b' " + "a" * 3000,
    "sleep": "while ! search --label x; do sleep 10; done",
    "lines": "while true; do menuentry a { true; }; done",
    "lines of submenus": "while true; do submenu a { menuentry b { true; } }; done",
    "digits": "echo $" + "1" * 9999 + "\nset default=" + "9" * 9999 + "\nbreak " + "9" * 9999,
    "problems": "".join(f"c{number}\n" for number in range(30000)),
    "bytes": bytes(range(256)).decode("utf-8", "surrogateescape") * 500,
}


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_of_grub, "STEPS", STEPS)
    monkeypatch.setattr(machine_of_grub, "_MOST_LINES", STEPS // 12)
    monkeypatch.setattr(machine_of_grub, "_LINES", STEPS // 50)


def parsed(script: str) -> list[Item]:
    with at_most(CALLS):
        return list(items(machine(script, {"/a/b/c": ""}), CONFIG))


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_repetition_without_end_ends(piece: str) -> None:
    parsed(piece * (LENGTH // len(piece)))


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_hostile_script_ends(name: str) -> None:
    found = parsed(SCRIPTS[name])
    assert sum(isinstance(item, Problem) for item in found) <= 102


def test_ten_thousand_entries_are_no_loop_without_end() -> None:
    text = "".join(f"menuentry E{n} {{\n linux /v{n} ro\n initrd /i\n}}\n" for n in range(10_000))
    found = list(items(machine(text), CONFIG))
    entries = [item for item in found if isinstance(item, Entry)]
    assert not [item for item in found if isinstance(item, Problem)]
    assert len([e for e in entries if e.initrds and not e.unbootable]) == 10_000


SNAPSHOT = """
if [ -f /.snapshots/{n}/grub.cfg ]; then
  set found=true
  set extra="rootflags=subvol=@/.snapshots/{n}/snapshot"
  if [ x$theme = x ]; then insmod btrfs; else insmod gfxterm; fi
fi
menuentry "  openSUSE (snapshot {n}, 2026-11-30 12:00, yast)" --class opensuse --id s{n} {{
  set gfxpayload=keep
  insmod btrfs
  search --no-floppy --fs-uuid --set=root 1234-abcd --hint-bios=hd0,gpt2 --hint-efi=hd0,gpt2
  echo 'Loading Linux 6.{n} ...'
  linux /.snapshots/{n}/snapshot/boot/vmlinuz root=UUID=1234-abcd rw quiet $extra
  initrd /.snapshots/{n}/snapshot/boot/initrd
}}
"""


@pytest.mark.parametrize("around", ["{}", "submenu Snapshots {{\n{}\n}}\n"])
def test_many_snapshots_are_no_loop_without_end(around: str) -> None:
    text = around.format("".join(SNAPSHOT.format(n=n) for n in range(1200)))
    found = list(items(machine(text), CONFIG))
    entries = [item for item in found if isinstance(item, Entry)]
    assert [item.message for item in found if isinstance(item, Problem)] == []
    assert len(entries) == 1200
    assert all(entry.initrds and not entry.unbootable for entry in entries)


def test_what_stands_before_the_end_of_the_budget_stays() -> None:
    endless = "while true; do true; done\n"
    text = f"submenu S {{\nmenuentry A {{ linux /k }}\n{endless}menuentry B {{ linux /k }}\n}}\n"
    found = parsed(f"{text}menuentry C {{ linux /k }}\n")
    assert [item.title for item in found if isinstance(item, Entry)] == ["A", "C"]
    assert [item.message for item in found if isinstance(item, Problem)] == [
        "it does not come to an end: given up"
    ]


def test_thousands_of_mistakes_cost_no_entry() -> None:
    text = "menuentry A { linux /k }\n" + "fi\n" * 5000 + "menuentry B { linux /k }\n"
    found = list(items(machine(text), CONFIG))
    assert [item.title for item in found if isinstance(item, Entry)] == ["A", "B"]
    assert sum(isinstance(item, Problem) for item in found) == 101


def test_the_end_of_the_budget_is_told_after_any_number_of_problems() -> None:
    text = "".join(f"c{number}\n" for number in range(200)) + "while true; do true; done\n"
    problems = [item for item in parsed(text) if isinstance(item, Problem)]
    assert "it does not come to an end: given up" in [problem.message for problem in problems]
    assert len(problems) == 102


def test_many_entries_that_do_not_end_cost_only_themselves() -> None:
    endless = "menuentry A { while true; do true; done }\n" * 20
    good = "".join(SNAPSHOT.format(n=n) for n in range(20))
    good = good.replace("insmod btrfs\n", "insmod btrfs\n" * 20)
    with at_most(4_000_000):
        found = list(items(machine(endless + good), CONFIG))
    entries = [item for item in found if isinstance(item, Entry)]
    assert [bool(entry.initrds) for entry in entries] == [False] * 20 + [True] * 20
    assert not [entry.unbootable for entry in entries[20:] if entry.unbootable]


def test_an_entry_that_does_not_end_costs_only_itself() -> None:
    found = parsed("menuentry A { while true; do true; done }\nmenuentry B { linux /k }\n")
    entries = [item for item in found if isinstance(item, Entry)]
    assert [entry.unbootable for entry in entries] == ["it does not come to an end: given up", ""]


@pytest.mark.parametrize("call", ["f", "eval f", "if true; then f; fi"])
def test_what_calls_itself_without_end_costs_only_its_command(call: str) -> None:
    found = parsed(
        f"menuentry A {{ linux /k }}\nfunction f {{ {call}; }}\nf\nmenuentry B {{ linux /k }}\n"
    )
    assert [item.title for item in found if isinstance(item, Entry)] == ["A", "B"]
    assert [item.message for item in found if isinstance(item, Problem)] == [
        "maximum recursion depth exceeded"
    ]


def test_bodies_lie_within_each_other_as_deep_as_in_grub() -> None:
    for body, rounds in ("f", 29), ("if true; then f; fi", 15), ("eval f", 15):
        script = f"function f {{ x=${{x}}x; {body}; }}\nf\necho $x\n"
        assert printed(machine(script)).splitlines()[1] == "x" * rounds
