"""From grub.cfg to entries: submenus, the default, timeouts, effects, missing devices."""

import math

import pytest

from parsers.api import FileRef, Volume
from parsers.formats.grub.configuration import items
from parsers.formats.grub.run import state
from tests.parsers.formats.grub.runs import CONFIG, ROOT, machine, offered, preferences, problems

MENU = """
menuentry "Alpha one" --id a1 { linux /k1 }
submenu "Sub menu" --id sm {
 menuentry "Inner A" --id ia { linux /k2 }
 menuentry "Inner B" --id ib { linux /k3 }
}
menuentry "Gamma > three" --id g3 { linux /k4 }
menuentry "7" --id seven { linux /k5 }
"""


@pytest.mark.parametrize(
    ("default", "kernel"),
    [
        ("", "/k1"),
        ("0", "/k1"),
        (" 2", "/k4"),
        ("0x2", "/k4"),
        ("2abc", "/k4"),
        ("7", "/k1"),
        ("seven", "/k5"),
        ("1", "/k2"),
        ("1>1", "/k3"),
        ("sm>ib", "/k3"),
        ("Sub menu>Inner B", "/k3"),
        ("sm>nosuch", "/k2"),
        ("Gamma >> three", "/k4"),
        ("Inner B", "/k1"),
        ("nosuch", "/k1"),
        ("99", "/k1"),
        ("-1", "/k1"),
    ],
)
def test_exactly_the_entry_that_grub_would_boot_is_the_default(default: str, kernel: str) -> None:
    for script in (f'set default="{default}"\n{MENU}', f'{MENU}\nset default="{default}"\n'):
        entries = offered(machine(script))
        assert [e.kernel.path for e in entries if e.default and e.kernel] == [kernel]


def test_an_entry_knows_where_it_stands() -> None:
    entry = offered(machine(MENU))[2]
    assert (entry.title, entry.name, entry.trail) == ("Inner B", "ib", ("Sub menu",))
    assert (entry.config, entry.line) == (CONFIG, 5)


def test_an_entry_knows_the_keys_of_the_submenus_around_it() -> None:
    inner = "menuentry B { linux /v }\n submenu T --hotkey=f2 { menuentry C { linux /v } }"
    entries = offered(
        machine(f"menuentry A {{ true }}\nsubmenu R {{\n submenu S --hotkey=1 {{ {inner} }} }}")
    )
    assert [e.trail for e in entries] == [(), ("R", "S"), ("R", "S", "T")]
    assert [e.trail_keys for e in entries] == [(), ("", "1"), ("", "1", "f2")]


def test_names_are_unique_within_a_menu() -> None:
    entries = offered(machine("menuentry A { true }\n" * 3 + "submenu S { menuentry A { true } }"))
    assert [e.name for e in entries] == ["A", "A#2", "A#3", "A"]


@pytest.mark.parametrize(
    ("script", "timeout"),
    [
        ("", None),
        ("set timeout=5", 5.0),
        ("set timeout=5x", 5.0),
        ("set timeout=0x10", 16.0),
        ("set timeout=0", 0.0),
        ("set timeout=-1", math.inf),
        ("set timeout=abc", None),
        ("set timeout=", None),
    ],
)
def test_the_timeout(script: str, timeout: float | None) -> None:
    assert preferences(machine(f"{script}\n{MENU}")).timeout == timeout


def test_fallback_counts_entries_and_ends_at_the_first_that_is_not_there() -> None:
    assert preferences(machine(f'set fallback="2 0 9 3"\n{MENU}')).fallback == ("g3", "a1")


def test_a_submenu_sees_exported_variables_only() -> None:
    script = "a=1\nb=2\nexport b\nsubmenu S { menuentry E { linux /k [$a] [$b] } }"
    assert offered(machine(script))[0].cmdline == "BOOT_IMAGE=/k [] [2]"


def test_saving_the_default_names_the_entry_by_its_whole_path() -> None:
    script = (
        "submenu S --id s { menuentry E --id 'e>f' { saved_entry=$chosen\n save_env saved_entry\n"
        "linux /k } }"
    )
    files = machine(script, {"/boot/grub/grubenv": "# GRUB Environment Block\n" + "#" * 99})
    assert offered(files)[0].effects[0].values == (("saved_entry", "s>e>>f"),)


def test_what_the_menu_itself_would_save_goes_with_every_entry() -> None:
    script = "next_entry=\nsave_env next_entry\nmenuentry A { linux /a }\nmenuentry B { linux /b }"
    files = machine(script, {"/boot/grub/grubenv": "# GRUB Environment Block\n" + "#" * 99})
    values = [effect.values for entry in offered(files) for effect in entry.effects]
    assert values == [(("next_entry", ""),)] * 2


SEARCH = "search --no-floppy --fs-uuid --set=root 1234-ABCD"


def test_an_entry_waits_for_a_file_system_that_is_not_there() -> None:
    entry = offered(machine(f"menuentry A {{\n {SEARCH}\n linux /k\n}}"))[0]
    assert entry.waits_for == "the file system with UUID 1234-ABCD"
    assert problems(machine(f"menuentry A {{\n {SEARCH}\n linux /k\n}}")) == []


def test_an_entry_waits_for_nothing_when_its_kernel_is_here_all_the_same() -> None:
    files = machine(f"menuentry A {{\n {SEARCH}\n linux /k\n}}", {"/k": ""})
    assert offered(files)[0].waits_for == ""


def test_a_root_that_is_set_after_a_search_ends_the_waiting() -> None:
    script = f"{SEARCH}\nmenuentry A {{\n set root=hd0,msdos1\n linux /k\n}}"
    assert offered(machine(script))[0].waits_for == ""


def test_a_kernel_on_another_volume_is_named_with_it() -> None:
    other = Volume(name="sdb1", uuid="1234-abcd", disk="sdb", partition=1)
    files = machine(f"menuentry A {{\n {SEARCH}\n linux /k\n}}", volumes=(ROOT, other))
    assert offered(files)[0].kernel == FileRef(path="/k", device="sdb1")


def test_a_configuration_elsewhere_is_followed_with_its_own_prefix_and_preferences() -> None:
    inner = "set timeout=7\nmenuentry In { linux /k $config_directory }"
    files = machine("configfile /x/y.cfg\nmenuentry Own { linux /own }", {"/x/y.cfg": inner})
    entries = offered(files)
    assert [(e.title, e.config) for e in entries] == [("In", "/x/y.cfg"), ("Own", CONFIG)]
    assert [e.default for e in entries] == [True, False]
    assert entries[0].cmdline == "BOOT_IMAGE=/k (hd0,msdos1)/x"
    assert preferences(files).timeout == 7


def test_a_configuration_that_is_listed_itself_is_not_followed() -> None:
    stub = machine("configfile /grub/grub.cfg", {"/grub/grub.cfg": MENU})
    assert list(items(stub, CONFIG)) == []


def test_a_configuration_behind_an_entry_is_its_submenu() -> None:
    files = machine("menuentry M { configfile /m.cfg }", {"/m.cfg": "menuentry E { linux /k }"})
    assert [(e.trail, e.title) for e in offered(files)] == [(("M",), "E")]


def test_a_script_that_boots_without_a_menu_is_an_entry() -> None:
    (entry,) = offered(machine("linux /k a\nboot\nmenuentry never { true }"))
    assert (entry.title, entry.cmdline, entry.default) == ("/k", "BOOT_IMAGE=/k a", True)


def test_a_kernel_that_nothing_boots_is_a_problem() -> None:
    assert problems(machine("linux /k\n")) == [(1, "a kernel is loaded, but never booted")]


def test_of_a_file_that_is_too_long_the_first_entries_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "LONGEST", 16 << 10)
    long = machine("menuentry E { linux /k }\n" * 1000)
    said = "/boot/grub/grub.cfg is too long for a boot configuration"
    assert (1, f"{said}: only its first 16 KiB are read") in problems(long)
    entries = offered(long)
    assert len(entries) == (16 << 10) // len("menuentry E { linux /k }\n")
    assert [entry.unbootable for entry in entries[:2]] == ["", ""]


def test_the_question_for_firmware_settings_does_not_open_them() -> None:
    script = (
        'fwsetup --is-supported\nif [ "$?" = 0 ]; then menuentry F { fwsetup }\nfi\n'
        "menuentry B { true }"
    )
    assert [e.title for e in offered(machine(script))] == ["F", "B"]


def test_a_submenu_that_boots_or_ends_instead_of_making_a_menu_is_an_entry() -> None:
    script = (
        "submenu Off { halt }\nsubmenu L { linux /k }\nsubmenu W { chainloader /x.efi }\n"
        "set default=L\n"
    )
    off, linux, other = offered(machine(script))
    assert (off.title, off.action) == ("Off", "halt")
    assert (linux.title, linux.cmdline, linux.default) == ("L", "BOOT_IMAGE=/k", True)
    assert other.unbootable


def test_a_submenu_without_entries_is_a_problem() -> None:
    script = "menuentry A { linux /k }\nsubmenu S {\necho hi\n}\n"
    assert problems(machine(script)) == [(2, "the submenu 'S' has no entries")]
    deep = machine("submenu S {\n" * 17 + "menuentry A { linux /k }\n" + "}\n" * 17)
    words = "the submenu 'S' lies too deep in others"
    assert (offered(deep), problems(deep)) == ([], [(17, words)])


def test_submenus_may_lie_ten_deep() -> None:
    deep = machine("submenu S {\n" * 10 + "menuentry A { linux /k }\n" + "}\n" * 10)
    (entry,) = offered(deep)
    assert (entry.trail, problems(deep)) == (("S",) * 10, [])


def test_an_entry_within_an_entry_is_no_submenu() -> None:
    entries = offered(machine("menuentry A {\n menuentry B { linux /b }\n linux /a\n}"))
    assert [(e.trail, e.title, e.cmdline) for e in entries] == [((), "A", "BOOT_IMAGE=/a")]


def test_a_directory_of_which_nothing_is_known_is_the_root_if_it_has_the_kernel() -> None:
    script = (
        f"menuentry A {{\n set root=hd0,msdos1\n {SEARCH}\n linux /k\n initrd /i\n}}\n"
        f"menuentry B {{\n set root=hd0,msdos1\n {SEARCH}\n linux /none\n}}\n"
    )
    first, second = offered(machine(script, {"/k": ""}, volumes=(Volume(name="root"),)))
    assert (first.kernel, first.initrds) == (FileRef(path="/k"), (FileRef(path="/i"),))
    assert (first.waits_for, second.waits_for) == ("", "the file system with UUID 1234-ABCD")


@pytest.mark.parametrize(
    ("script", "line", "message"),
    [
        (f"set default=9\n{MENU}", 1, "the default '9' is no entry: the first is"),
        (f"{MENU}\nset default=gone\n", 10, "the default 'gone' is no entry: the first is"),
        (f'set default="sm>gone"\n{MENU}', 1, "the default 'gone' is no entry: the first is"),
        (f"set fallback='2 9'\n{MENU}", 1, "the fallback '9' is no entry of its menu"),
        (f"set fallback='a1'\n{MENU}", 1, "the fallback 'a1' is no entry of its menu"),
    ],
)
def test_a_default_or_fallback_that_fits_nothing_is_a_problem(
    script: str, line: int, message: str
) -> None:
    assert problems(machine(script)) == [(line, message)]


def test_a_default_that_the_environment_block_keeps_says_so_when_it_is_gone() -> None:
    block = "# GRUB Environment Block\nsaved_entry=old\n"
    script = f'load_env\nset default="$saved_entry"\n{MENU}'
    (found,) = problems(machine(script, {"/boot/grub/grubenv": block}))
    assert found == (
        2,
        "the default 'old', which is $saved_entry of /boot/grub/grubenv, line 2,"
        " is no entry: the first is",
    )


@pytest.mark.parametrize("default", ["", "0", "sm", "sm>ib", "Gamma >> three"])
def test_a_default_that_fits_is_none(default: str) -> None:
    assert not problems(machine(f'set default="{default}"\n{MENU}'))
