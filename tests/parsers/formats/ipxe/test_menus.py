"""iPXE's menus, other endings of scripts, and the search for scripts on the network."""

import json
import math
from pathlib import Path

import pytest

from parsers.api import Preferences
from parsers.formats import formats
from petipy.scan.lease import scan_lease
from tests.cases import find
from tests.fakes import Machine
from tests.parsers.formats.ipxe.scripts import entries, entry, expand, preferences, problems, reason

# Menus


MENU = """
:start
menu Systems
item --gap Linux
item --key d debian Debian  GNU/Linux
item tools ${x}Tools
item
item exit
choose --default DEFAULT --timeout 2500 what && goto ${what} || exit
:debian
kernel /vmlinuz what=${what}
boot
:tools
menu Tools
item --key 0x197e rescue Rescue
item back Back
choose what && goto ${what} || goto start
:rescue
kernel /rescue/vmlinuz
boot
:back
goto start
:exit
exit
"""


def test_each_item_of_a_menu_is_an_entry_with_a_menu_below_it_as_trail() -> None:
    got = entries(MENU)
    assert [(e.trail, e.title, e.name) for e in got] == [
        ((), "Debian GNU/Linux", "debian"),
        (("Tools",), "Rescue", "rescue"),
        (("Tools",), "Back", "back"),
        ((), "exit", "exit"),
    ]
    assert got[0].cmdline == "what=debian"
    assert [e.hotkey for e in got] == ["d", "f12", "", ""]
    assert [e.line for e in got] == [6, 16, 17, 9]


def test_many_items_with_much_to_do_are_no_loop_without_end() -> None:
    """Two items in three never end, and take their own parts of the budget."""
    items = "".join(f"item i{n} Item {n}\n" for n in range(300))
    work = "".join(f"set a{n} b\n" for n in range(30))
    text = f"menu M\n{items}choose w && goto ${{w}}\n"
    text += "".join(
        f":i{n}\n" + (":x\ngoto x\n" if n % 3 else work) + f"kernel /k{n}\nboot\n"
        for n in range(300)
    )
    got = entries(text)
    assert [e.name for e in got if e.kernel] == [f"i{n}" for n in range(0, 300, 3)]


def test_what_leads_back_to_the_menu_is_hidden() -> None:
    assert [(e.name, e.unbootable) for e in entries(MENU) if e.hidden] == [
        ("back", "it leads back to the menu")
    ]


@pytest.mark.parametrize(
    ("default", "marked"),
    [("debian", ["debian"]), ("tools", ["rescue"]), ("exit", ["exit"]), ("unknown", ["debian"])],
)
def test_the_default_is_found_through_menus(default: str, marked: list[str]) -> None:
    got = entries(MENU.replace("DEFAULT", default))
    assert [e.name for e in got if e.default] == marked


def test_a_menus_time_out_is_that_of_the_configuration() -> None:
    assert preferences(MENU.replace("DEFAULT", "debian")) == Preferences(timeout=2.5)


@pytest.mark.parametrize("timeout", ["", "--timeout 0", "--timeout ${unset}"])
def test_a_menu_without_a_time_out_waits_for_a_person(timeout: str) -> None:
    text = f"menu\nitem a\nchoose {timeout} x\n:a\nkernel /linux\nboot\n"
    assert preferences(text).timeout == math.inf


def test_when_the_default_is_no_linux_nothing_boots_alone() -> None:
    assert preferences(MENU.replace("DEFAULT", "exit")).elsewhere


def test_an_item_may_be_the_default_by_itself() -> None:
    text = "menu\nitem a\nitem --default b\nitem c\nchoose x\nkernel /linux ${x}\nboot\n"
    assert [e.default for e in entries(text)] == [False, True, False]


def test_a_menu_may_have_a_name_and_be_kept() -> None:
    text = """
menu --name one One
menu Other
item --menu one a
item b
choose --menu one --keep x
kernel /linux ${x}
boot
"""
    assert [e.cmdline for e in entries(text)] == ["a"]


def test_what_one_item_adds_to_a_kept_menu_another_does_not_see() -> None:
    text = (
        "menu M\nitem a A\nitem b B\nchoose --keep z\ngoto ${z}\n"
        ":a\nitem c C\nchoose x\ngoto boot\n:b\nitem d D\nchoose x\n"
        ":boot\nkernel /linux ${x}\nboot\n"
    )
    found = [(e.trail, e.cmdline) for e in entries(text)]
    assert found == [(("A",), x) for x in "abc"] + [(("B",), x) for x in "abd"]


def test_an_item_that_fails_and_comes_back_says_what_failed() -> None:
    text = ":start\nmenu M\nitem a\nchoose x && goto ${x}\n:a\nchain gone.ipxe || goto start\n"
    assert reason(text) == "http://boot.example.org/ipxe/gone.ipxe cannot be fetched"


def test_what_one_item_sets_another_does_not_see() -> None:
    text = "menu\nitem a\nitem b\nchoose x\nset y ${y}${x}\nkernel /linux ${y}\nboot\n"
    assert [e.cmdline for e in entries(text)] == ["a", "b"]


def test_an_item_without_a_menu_is_a_problem() -> None:
    assert problems("item a\n")[0] == (2, "item: there is no menu that it could be in")


def test_a_thousand_items_are_all_entries() -> None:
    lines = "".join(f"item i{n} Item {n}\n" for n in range(1000))
    labels = "".join(f":i{n}\nkernel /vmlinuz n={n}\nboot\n" for n in range(1000))
    got = entries(f"menu\n{lines}choose x\ngoto ${{x}}\n{labels}")
    assert [e.cmdline for e in got] == [f"n={n}" for n in range(1000)]


def test_the_default_is_what_choose_says() -> None:
    (marked,) = (e for e in entries(MENU.replace("DEFAULT", "tools")) if e.default)
    assert [(o.what, o.value, o.line) for o in marked.default_from] == [
        ("choose", "tools", 10),
        ("choose", "rescue", 18),
    ]


# Other commands


@pytest.mark.parametrize(
    ("line", "action"),
    [("exit", "exit"), ("reboot", "reboot"), ("poweroff", "halt"), ("sanboot", "exit")],
)
def test_what_a_script_does_instead_of_booting(line: str, action: str) -> None:
    got = entry(f"{line}\nkernel /linux\nboot\n")
    assert (got.action, bool(got.unbootable), got.kernel) == (action, True, None)


def test_nobody_presses_a_key_in_time_but_somebody_does_without_a_limit() -> None:
    text = "prompt --key 0x02 --timeout 2000 Press Ctrl-B && shell ||\nprompt Any key\n"
    assert expand(text, "ok") == "ok"


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", "x86_64"), ("ppc64le", "i386")])
def test_cpuid_knows_a_64_bit_pc(machine: str, arch: str) -> None:
    text = "cpuid --ext 29 && set arch x86_64 || set arch i386"
    assert expand(text, "${arch}", machine=machine) == arch


def test_the_network_is_up_where_there_is_a_lease() -> None:
    assert expand("dhcp\nifopen net0\nifconf -c dhcp net0 || shell", "${ip}") == "192.0.2.10"
    assert problems("dhcp\nexit\n", lease={}) == [
        (2, "nothing is known of the network here: what DHCP would say is left empty")
    ]


@pytest.mark.parametrize("line", ["sanhook iscsi:x", "login", "params", "present --form x ||"])
def test_what_cannot_be_done_is_a_problem_and_the_script_goes_on(line: str) -> None:
    text = f"{line}\nkernel /linux\nboot\n"
    assert entry(text).kernel
    assert problems(text)[0][0] == 2


# The search on the network


@pytest.mark.shared("petitboot")
@pytest.mark.parametrize("path", find("petitboot/pxe-ipxe*.json"), ids=lambda p: p.stem)
def test_petitboots_cases(path: Path) -> None:
    case = json.loads(path.read_text())
    urls = {url["url"]: url["text"] for url in case["urls"]}
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": case["network"]["params"]})
    scan = scan_lease(host.files("eth0"), formats())
    for step in case["steps"]:
        assert len(scan.entries) == step["expect"]["option_count"]
        for number, wanted in step["expect"]["options"].items():
            form, got = scan.entries[int(number)]
            facts = {
                "name": got.title,
                "kernel": {"url": got.kernel.url if got.kernel else ""},
                "initrd": {"url": got.initrds[0].url},
                "args": got.cmdline or None,
                "default": got.default,
            }
            assert form == "ipxe"
            assert {key: facts[key] for key in wanted} == wanted
