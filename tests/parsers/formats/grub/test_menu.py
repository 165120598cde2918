"""The menu's entries: keys, classes, users, other actions; and the environment block's part in
the next boot.
"""

import pytest

from parsers.api import Entry, Files, Password
from parsers.binary.envblock import read, write
from parsers.formats.grub.language.family import DEBIAN, FEDORA, NIXOS, SUSE, Family
from tests.parsers.formats.grub.runs import machine, offered, preferences, printed, problems

BLOCK = "# GRUB Environment Block\n".ljust(1024, "#")


@pytest.mark.parametrize(
    ("option", "hotkey"),
    [("x", "x"), ("f5", "f5"), ("delete", "delete"), ("long", "l"), ("F1", "F"), ("''", "")],
)
def test_a_hotkey_is_a_character_or_the_name_of_a_key(option: str, hotkey: str) -> None:
    (entry,) = offered(machine(f"menuentry A --hotkey={option} {{ linux /k }}"))
    assert entry.hotkey == hotkey


def test_classes_are_kept_in_their_order() -> None:
    (entry,) = offered(machine("menuentry --class a --class=b A --class c { linux /k }"))
    assert entry.classes == ("a", "b", "c")


HIDDEN = """
hiddenentry T --hotkey t { linux /t }
menuentry A { linux /a }
hiddenentry U { linux /u }
menuentry B { linux /b }
"""


@pytest.mark.parametrize(
    ("default", "chosen"),
    [("", "A"), ("0", "A"), ("1", "B"), ("B", "B"), ("T", "A"), ("U", "A"), ("2", "A")],
)
@pytest.mark.parametrize("family", [SUSE, NIXOS])
def test_a_hidden_entry_has_no_number_and_no_name_means_it(
    family: Family, default: str, chosen: str
) -> None:
    entries = offered(machine(f"set default={default}\n{HIDDEN}"), family=family)
    assert [(e.title, e.hidden, e.hotkey) for e in entries] == [
        ("T", True, "t"),
        ("A", False, ""),
        ("U", True, ""),
        ("B", False, ""),
    ]
    assert [e.title for e in entries if e.default] == [chosen]


def test_a_hidden_entry_may_be_extracted_from_an_untrusted_file() -> None:
    files = machine("extract_entries_source /in", {"/in": HIDDEN})
    assert [e.title for e in offered(files, family=SUSE)] == ["T", "A", "U", "B"]


def test_fallback_does_not_count_hidden_entries() -> None:
    assert preferences(machine(f"fallback='1 0'\n{HIDDEN}"), SUSE).fallback == ("B", "A")


def test_if_all_entries_are_hidden_none_is_the_default() -> None:
    entries = offered(machine("hiddenentry A { linux /a }"), family=SUSE)
    assert [(e.title, e.default) for e in entries] == [("A", False)]


def test_a_grub_without_hidden_entries_does_not_have_them() -> None:
    files = machine(f"set default=1\n{HIDDEN}")
    assert [(e.title, e.default) for e in offered(files)] == [("A", False), ("B", True)]
    assert problems(files) == [(3, "can't find command `hiddenentry'")]


SNAPSHOT = "menuentry 'Help on bootable snapshot #4' { true }\n"


@pytest.mark.parametrize(
    ("default", "chosen"),
    [("", "A"), ("0", "A"), ("1", "B"), ("2", "B"), ("B", "B"), ("none", "A"), ("9", "Help")],
)
def test_a_number_counts_from_the_entry_after_suses_help_on_a_snapshot(
    default: str, chosen: str
) -> None:
    menu = "menuentry A { linux /a }\nmenuentry B { linux /b }"
    files = machine(f"set default={default}\n{SNAPSHOT}{menu}")
    assert [e.title.split()[0] for e in offered(files, family=SUSE) if e.default] == [chosen]
    if default == "1":
        assert [e.title for e in offered(files) if e.default] == ["A"]


def test_suses_menu_may_be_free_for_all_but_the_entries_with_users() -> None:
    script = "set superusers=root\nset unrestricted_menu=y\npassword root x\n"
    menu = "menuentry A { linux /a }\nmenuentry B --users bob { linux /b }"
    assert [e.users for e in offered(machine(script + menu), family=SUSE)] == [
        None,
        ("bob", "root"),
    ]
    assert [e.users for e in offered(machine(script + menu))] == [("root",), ("bob", "root")]


@pytest.mark.parametrize("command", ["reboot", "halt", "fwsetup", "exit"])
def test_an_entry_that_starts_no_kernel_says_what_it_does(command: str) -> None:
    script = f"menuentry A {{ linux /k\n {command}\n linux /never }}\nmenuentry B {{ linux /b }}"
    first, second = offered(machine(script))
    assert (first.action, first.kernel) == (command, None)
    assert first.unbootable
    assert (second.action, second.unbootable) == ("", "")


def test_a_default_that_leaves_grub_wants_another_disk_to_boot() -> None:
    script = "set default={}\nmenuentry Disk {{ exit }}\nmenuentry Install {{ linux /k }}"
    assert preferences(machine(script.format(0))).elsewhere
    assert not preferences(machine(script.format(1))).elsewhere


GUARDED = """
set superusers="root,admin"
password root secret
password_pbkdf2 bob grub.pbkdf2.sha512.10000.AB.CD
menuentry Free --unrestricted { linux /k }
menuentry Closed { linux /k }
menuentry Empty --users "" { linux /k }
menuentry Bob --users "bob;joe" { linux /k }
menuentry Both --unrestricted --users bob { linux /k }
"""


def who(files: Files) -> dict[str, tuple[str, ...] | None]:
    return {entry.title: entry.users for entry in offered(files)}


def test_with_superusers_only_unrestricted_entries_are_for_anybody() -> None:
    assert who(machine(GUARDED)) == {
        "Free": None,
        "Closed": ("admin", "root"),
        "Empty": ("admin", "root"),
        "Bob": ("admin", "bob", "joe", "root"),
        "Both": None,
    }


def test_without_superusers_nothing_is_asked() -> None:
    without = GUARDED.replace('set superusers="root,admin"', "")
    assert set(who(machine(without)).values()) == {None}
    assert preferences(machine(without)).superusers is None


def test_users_that_are_nobody_take_nothing_of_what_follows() -> None:
    script = "menuentry A --unrestricted --users $grub_users --id a { linux /k }"
    assert [(e.title, e.name, e.users) for e in offered(machine(script))] == [("A", "a", None)]


def test_superusers_and_passwords_are_told() -> None:
    wishes = preferences(machine(GUARDED))
    assert wishes.superusers == ("admin", "root")
    assert wishes.passwords == (
        Password(user="root", secret="secret"),
        Password(user="bob", secret="grub.pbkdf2.sha512.10000.AB.CD", hashed=True),
    )


def test_superusers_that_are_nobody_shut_everybody_out() -> None:
    files = machine("set superusers=\nmenuentry A { linux /k }")
    assert who(files) == {"A": ()}
    assert preferences(files).superusers == ()


def test_a_password_that_is_none_is_a_problem() -> None:
    script = "password_pbkdf2 a plain\npassword b\nmenuentry A { linux /k }"
    assert [line for line, _ in problems(machine(script))] == [1, 2]
    assert preferences(machine(script)).passwords == ()


@pytest.mark.parametrize(
    ("export", "submenu", "users"),
    [
        # As in GRUB, a user who may open the submenu may open all of it.
        ("", "", ("root",)),
        ("", "--unrestricted", None),
        ("export superusers", "", ("root",)),
        ("export superusers", "--unrestricted", ("bob", "root")),
        ("export superusers", "--users bob", ("bob", "root")),
        ("export superusers", "--users joe", ("root",)),
    ],
)
def test_a_submenu_guards_what_is_in_it(
    export: str, submenu: str, users: tuple[str, ...] | None
) -> None:
    script = (
        f"superusers=root\n{export}\n"
        f"submenu S {submenu} {{ menuentry A --users bob {{ linux /k }} }}"
    )
    assert who(machine(script)) == {"A": users}


@pytest.mark.parametrize(
    ("script", "style"),
    [
        ("timeout=5", ""),
        ("timeout=5\ntimeout_style=menu", "menu"),
        ("timeout=5\ntimeout_style=hidden", "hidden"),
        ("timeout=5\ntimeout_style=countdown", "countdown"),
        ("timeout=5\ntimeout_style=fancy", "menu"),
        ("timeout_style=hidden", ""),
    ],
)
def test_how_the_time_passes(script: str, style: str) -> None:
    assert preferences(machine(f"{script}\nmenuentry A {{ linux /k }}")).style == style


# The environment block from boot to boot.

DANCE = """
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
if [ "${prev_saved_entry}" ]; then
  set saved_entry="${prev_saved_entry}"
  save_env saved_entry
  set prev_saved_entry=
  save_env prev_saved_entry
  set boot_once=true
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
function recordfail {
  set recordfail=1
  if [ -n "${have_grubenv}" ]; then if [ -z "${boot_once}" ]; then save_env recordfail; fi; fi
}
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
fi
if [ "${recordfail}" = 1 ] ; then set timeout=30 ; else set timeout=5 ; fi
menuentry A --id a { savedefault
 recordfail
 linux /a }
submenu More --id more {
  menuentry B --id b { linux /b }
  menuentry C --id c { savedefault
   linux /c }
}
export boot_once
"""


class Disk:
    """A configuration and the environment block beside it."""

    def __init__(self, script: str, family: Family = DEBIAN, **values: str) -> None:
        self.script, self.block, self.family = script, write(BLOCK, values), family

    @property
    def files(self) -> Files:
        return machine(self.script, {"/boot/grub/grubenv": self.block})

    def default(self) -> str:
        return next(e.name for e in self.entries() if e.default)

    def entries(self) -> list[Entry]:
        return offered(self.files, family=self.family)

    def boot(self, name: str = "") -> str:
        """Boot an entry, by default the default: write what it would write."""
        entry = next(e for e in self.entries() if (e.name == name if name else e.default))
        for effect in entry.effects:
            assert effect.file.path == "/boot/grub/grubenv"
            self.block = write(self.block, dict(effect.values))
        return entry.name

    @property
    def values(self) -> dict[str, str]:
        return read(self.block)


def test_the_next_entry_boots_once() -> None:
    disk = Disk(DANCE, next_entry="more>b", saved_entry="a")
    assert disk.boot() == "b"
    assert disk.values == {"next_entry": "", "saved_entry": "a"}
    assert disk.boot() == "a"


def test_looking_does_not_use_the_next_entry_up() -> None:
    disk = Disk(DANCE, next_entry="more>b")
    assert [disk.default(), disk.default()] == ["b", "b"]


def test_a_default_is_saved_by_whoever_boots_it_but_not_by_one_that_boots_once() -> None:
    disk = Disk(DANCE)
    disk.boot("c")
    assert disk.values["saved_entry"] == "more>c"
    assert disk.default() == "c"
    disk.block = write(disk.block, {"next_entry": "a"})
    assert disk.boot() == "a"
    assert disk.values["saved_entry"] == "more>c"
    assert disk.default() == "c"


def test_what_was_saved_before_comes_back() -> None:
    disk = Disk(DANCE, prev_saved_entry="a", saved_entry="more>b")
    assert disk.boot() == "b"
    assert disk.values == {"prev_saved_entry": "", "saved_entry": "a"}
    assert disk.default() == "a"


def test_a_boot_that_does_not_say_that_it_went_well_gives_more_time_to_the_next() -> None:
    disk = Disk(DANCE)
    assert preferences(disk.files).timeout == 5
    disk.boot("a")
    assert disk.values["recordfail"] == "1"
    assert preferences(disk.files).timeout == 30


# As Fedora's 10_reset_boot_success and 12_menu_auto_hide do it.
AUTO_HIDE = """
if [ -s $prefix/grubenv ]; then load_env ; fi
set timeout=5
set timeout_style=menu
if [ "${boot_success}" = "1" -o "${boot_indeterminate}" = "1" ]; then
  set menu_hide_ok=1
else
  set menu_hide_ok=0
fi
if [ "${boot_success}" = "1" ]; then
  set boot_indeterminate=0
elif [ "${boot_indeterminate}" = "1" ]; then
  set boot_indeterminate=2
fi
set boot_success=0
save_env boot_success boot_indeterminate
if [ x$feature_timeout_style = xy ] ; then
  if [ "${menu_show_once}" ]; then
    unset menu_show_once
    save_env menu_show_once
    set timeout=60
  elif [ "${menu_auto_hide}" -a "${menu_hide_ok}" = "1" ]; then
    set timeout_style=hidden
    set timeout=1
  fi
fi
menuentry A --id a { linux /a }
"""


def hides(disk: Disk) -> tuple[str, float | None]:
    wishes = preferences(disk.files, family=disk.family)
    return wishes.style, wishes.timeout


def test_a_menu_that_hides_itself_comes_back_after_a_boot_that_did_not_go_well() -> None:
    disk = Disk(AUTO_HIDE, FEDORA, menu_auto_hide="1", boot_success="1")
    assert hides(disk) == ("hidden", 1)
    disk.boot()
    assert disk.values["boot_success"] == "0"
    assert hides(disk) == ("menu", 5)


def test_a_boot_of_which_nobody_knows_hides_the_menu_only_once_more() -> None:
    disk = Disk(AUTO_HIDE, FEDORA, menu_auto_hide="1", boot_indeterminate="1")
    assert hides(disk) == ("hidden", 1)
    disk.boot()
    assert disk.values["boot_indeterminate"] == "2"
    assert hides(disk) == ("menu", 5)


def test_a_menu_is_shown_once_when_asked_for() -> None:
    disk = Disk(AUTO_HIDE, FEDORA, menu_auto_hide="1", boot_success="1", menu_show_once="1")
    assert hides(disk) == ("menu", 60)
    disk.boot()
    assert "menu_show_once" not in disk.values


def test_return_in_an_entry_leaves_its_line_only() -> None:
    script = "menuentry A {\nreturn 0; echo a\necho b; echo c\nif true; then echo d; fi\necho e\n}"
    assert printed(machine(script)) == "b\ne\n"


def test_a_timeout_that_is_no_number_is_told_where_it_is_set() -> None:
    script = "set timeout=5\nset timeout=soon\nmenuentry A { linux /a }"
    words = "timeout 'soon' is no number of seconds: to GRUB there is none"
    assert problems(machine(script)) == [(2, words)]
    assert problems(machine("set timeout=-1\nmenuentry A { linux /a }")) == []
    assert problems(machine("set timeout=$none\nmenuentry A { linux /a }")) == []
