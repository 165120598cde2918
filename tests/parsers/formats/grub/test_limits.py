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
    "digits": "echo $" + "1" * 9999 + "\nset default=" + "9" * 9999 + "\nbreak " + "9" * 9999,
    "problems": "".join(f"c{number}\n" for number in range(30000)),
    "bytes": bytes(range(256)).decode("utf-8", "surrogateescape") * 500,
}


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_of_grub, "STEPS", STEPS)


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
    assert sum(isinstance(item, Problem) for item in found) <= 101


def test_ten_thousand_entries_are_no_loop_without_end() -> None:
    text = "".join(f"menuentry E{n} {{\n linux /v{n} ro\n initrd /i\n}}\n" for n in range(10_000))
    found = list(items(machine(text), CONFIG))
    entries = [item for item in found if isinstance(item, Entry)]
    assert not [item for item in found if isinstance(item, Problem)]
    assert len([e for e in entries if e.initrds and not e.unbootable]) == 10_000


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
