"""Entries on the screen: hotkeys, hidden entries, actions, passwords."""

from dataclasses import replace
from typing import Any

import pytest

from parsers.api import FileRef, Password, SignatureRef
from petipy.state.boots import Attempt, Countdown
from petipy.state.model import Choice, Edit, File, Signature, Snapshot
from petipy.ui.line.countdown import CountdownLines
from petipy.ui.view import key_table
from tests.fakes import Kept
from tests.ui.driver import Driver
from tests.ui.fakes import DEBIAN, Machine, choice, looking

KEYS = (Password(user="root", secret="toor"), Password(user="bob", secret="bob's"))


def show(*choices: Choice, default: int = 0, **more: Any) -> Driver:
    machine = Machine()
    machine.store.update(choices=choices, default=choices[default].id, **more)
    return Driver(machine)


def titles_booted(driver: Driver) -> list[str]:
    return [id.rpartition("/")[2] for id, _ in driver.machine.booted]


# Hotkeys and hidden entries


def test_a_hotkey_boots_its_entry_and_the_row_shows_it() -> None:
    driver = show(choice("A"), choice("B", hotkey="b"), choice("C", hotkey="f2"))
    assert ">" not in driver.focused()[1:]
    assert "    B [b]" in driver.lines()
    assert titles_booted(driver.press("b", "f2")) == ["B", "C"]


def test_a_key_that_means_something_here_keeps_its_meaning_and_the_row_says_so() -> None:
    driver = show(choice("A"), choice("B", hotkey="e"), choice("C", hotkey="G"))
    assert "    B [e!]" in driver.lines()
    assert "    C [G!]" in driver.lines()
    assert "Edit A" in driver.press("e").lines()[0]
    assert titles_booted(driver) == []


def test_no_configuration_can_redefine_the_keys_of_the_menu() -> None:
    letters = {
        "e",
        "i",
        "/",
        "q",
        "h",
        "?",
        "l",
        "r",
        "x",
        "j",
        "k",
        "n",
        "p",
        "g",
        "G",
        " ",
        "N",
        "O",
    }
    cursor = {"up", "down", "left", "right", "home", "end", "page up", "page down"}
    upper = {"D", "I", "K", "L", "N", "O", "P", "R", "S"}
    others = {"enter", "esc", "backspace", "delete", "f1", "ctrl d", "ctrl l"}
    assert key_table().reserved == letters | upper | cursor | others


def test_of_two_entries_with_one_key_the_first_has_it() -> None:
    driver = show(choice("A", hotkey="z"), choice("B", "vdb1", hotkey="z"))
    assert "    B" in driver.lines()
    assert titles_booted(driver.press("z")) == ["A"]


def test_a_key_is_that_of_the_menu_that_is_shown() -> None:
    inner = choice("In", trail=("More",), hotkey="z")
    driver = show(choice("A", hotkey="a"), inner)
    assert titles_booted(driver.press("z")) == []
    driver.press("down", "enter")
    assert ">   In [z]" in driver.lines()
    assert titles_booted(driver.press("a", "z")) == ["More>In"]


def test_the_key_of_a_submenu_opens_it() -> None:
    inner = choice("In", trail=("More",), trail_keys=("1",))
    deeper = choice("B", trail=("More", "Old"), trail_keys=("1", ""), hotkey="2")
    driver = show(choice("A"), inner, deeper)
    assert "    More -> [1]" in driver.lines()
    driver.press("1")
    assert {">   In", "    Old ->"} < set(driver.lines())
    assert titles_booted(driver.press("1", "2")) == []


def test_a_key_only_leads_to_an_entry_whose_own_menu_would_do_no_more() -> None:
    label = replace(choice("B", hotkey="b"), hotkey_selects=True)
    driver = show(choice("A"), label)
    assert driver.press("b").focused() == ">   B [b]"
    assert titles_booted(driver) == []


def test_letters_that_are_looked_for_boot_nothing() -> None:
    driver = show(choice("A", hotkey="z"), choice("Buzz"))
    assert titles_booted(driver.press("/", "z", "z")) == []
    assert "Buzz" in driver.text


def test_a_hidden_entry_is_found_by_its_key_or_looked_for() -> None:
    driver = show(choice("A"), choice("Text mode", hidden=True, hotkey="t"))
    assert "Text mode" not in driver.text
    assert titles_booted(driver.press("t")) == ["Text mode"]
    assert "Text mode" in driver.press("/", *"text").text


def test_a_hidden_entry_that_is_the_default_is_shown() -> None:
    driver = show(choice("A"), choice("Text mode", hidden=True, hotkey="t"), default=1)
    assert driver.focused() == "> * Text mode [t]"


# Actions: entries that do something else than boot


def test_an_entry_that_restarts_the_machine_can_be_chosen() -> None:
    off = choice("Off", action="halt", unbootable="it switches the machine off", kernel=None)
    driver = show(choice("A"), off)
    assert "    Off" in driver.lines()
    assert "It starts nothing: it switches the machine off." in driver.press("end", "i").text
    assert "Kernel" not in driver.text
    assert titles_booted(driver.press("enter")) == ["Off"]


# Passwords


def locked_entry(title: str = "Closed", users: tuple[str, ...] = ("root",)) -> Choice:
    return choice(title, users=users, superusers=("root",), passwords=KEYS)


def guarded_entry(title: str = "Open") -> Choice:
    return choice(title, superusers=("root",), passwords=KEYS)


def test_a_restricted_entry_boots_when_the_password_is_right() -> None:
    driver = show(locked_entry()).press("enter")
    assert "Closed needs a password." in driver.text
    assert titles_booted(driver) == []
    driver.press(*"root", "enter", *"toor")
    assert "toor" not in driver.text
    assert "****" in driver.text
    driver.press("enter")
    assert "Checking the password" in driver.text
    driver.answer()
    assert titles_booted(driver) == ["Closed"]
    assert driver.lines()[0] == "Petipy 0.1 - Boot menu"


@pytest.mark.parametrize(
    ("user", "password"), [("root", "nope"), ("bob", "bob's"), ("nobody", "toor"), ("", "toor")]
)
def test_whoever_is_not_let_in_is_not_told_why(user: str, password: str) -> None:
    driver = show(locked_entry()).press("enter", *user, "enter", *password, "enter")
    driver.answer()
    assert "Access denied" in driver.text
    assert titles_booted(driver) == []
    assert user in driver.text
    assert password not in driver.text


def test_a_user_that_the_entry_names_may_boot_it_but_not_change_it() -> None:
    driver = show(locked_entry(users=("bob", "root"))).press(
        "enter", *"bob", "enter", *"bob's", "enter"
    )
    driver.answer()
    assert titles_booted(driver) == ["Closed"]
    assert "Editing needs a password." in driver.press("e").text


def test_who_was_let_in_is_not_asked_again() -> None:
    driver = show(locked_entry("A"), locked_entry("B")).press(
        "enter", *"root", "enter", *"toor", "enter"
    )
    driver.answer()
    driver.press("down", "enter", "x")
    assert titles_booted(driver) == ["A", "B"]
    assert driver.shells == 1


def test_an_unrestricted_entry_boots_but_changing_it_and_a_shell_need_a_superuser() -> None:
    driver = show(guarded_entry())
    assert titles_booted(driver.press("enter")) == ["Open"]
    assert "Editing needs a password." in driver.press("e").text
    assert "A shell needs a password." in driver.press("esc", "x").text
    driver.press(*"root", "tab", *"toor", "enter")
    driver.answer()
    assert driver.shells == 1
    assert "Edit Open" in driver.press("e").lines()[0]


def test_an_editor_that_somebody_left_open_boots_nothing_for_the_next_person() -> None:
    driver = show(guarded_entry()).press("e", *"root", "enter", *"toor", "enter")
    driver.answer()
    driver.press(*" single")
    driver.session.forget()  # as when nobody has touched a key for long
    assert "Editing needs a password." not in driver.text
    assert "needs a password." in driver.press("enter").text
    assert titles_booted(driver) == []
    driver.press(*"root", "enter", *"toor", "enter")
    driver.answer()
    ((_, edit),) = driver.machine.booted
    assert isinstance(edit, Edit)
    assert edit.cmdline.endswith(" single")


def test_escape_gives_up_even_while_the_password_is_checked() -> None:
    driver = show(locked_entry()).press("enter", *"root", "enter", *"toor", "enter", "esc")
    assert driver.lines()[0] == "Petipy 0.1 - Boot menu"
    (check,) = driver.machine.answers
    assert check.cancelled()
    assert titles_booted(driver) == []


def test_where_nobody_has_a_password_that_is_said() -> None:
    driver = show(choice("A", users=(), superusers=())).press("enter")
    assert "Nobody may" in driver.text
    assert titles_booted(driver.press("enter", "x", "e", "esc")) == []
    assert driver.lines()[0] == "Petipy 0.1 - Boot menu"


def test_a_password_without_a_user_is_asked_for_alone() -> None:
    mine = Password(user="a", secret="s", nameless=True)
    master = Password(user="master", secret="m", nameless=True)
    other = Password(user="b", secret="t", nameless=True)
    locked = choice("A", users=("a",), superusers=("master",), passwords=(mine, other, master))
    for typed, boots in ("s", ["A"]), ("m", ["A"]), ("t", []):
        driver = show(locked).press("enter")
        assert "User" not in driver.text
        driver.press(typed, "enter")
        driver.answer()
        assert titles_booted(driver) == boots


def test_details_tell_who_may_boot_an_entry() -> None:
    text = show(locked_entry(), locked=True).press("i").text
    assert "This is the default: it waits for you." in text
    assert "root, with a password" in text
    mine = Password(user="", secret="s", nameless=True)
    assert (
        "who has the password" in show(choice("A", users=("",), passwords=(mine,))).press("i").text
    )
    assert "nobody" in show(choice("A", users=("a",), passwords=(mine,))).press("i").text


def test_a_shell_that_has_to_wait_says_for_what_and_opens_when_that_is_over() -> None:
    driver = show(choice("A"), unread=looking("vda2")).press("x")
    assert "A shell has to wait." in driver.text
    assert "vda2: still being looked at. It may want a password." in driver.text
    assert driver.press(*"root", "enter").shells == 0
    driver.machine.store.update(unread=())
    driver.lines()
    driver.press("shift")
    assert driver.shells == 1
    assert driver.lines()[0] == "Petipy 0.1 - Boot menu"


def test_a_shell_that_waited_wants_the_password_of_the_disk_that_it_waited_for() -> None:
    driver = show(choice("A"), unread=looking("vda2")).press("x")
    locked = choice("A", superusers=("root",), passwords=KEYS)
    driver.machine.store.update(unread=(), choices=(locked,))
    driver.lines()
    driver.press("shift")
    assert "A shell needs a password." in driver.text
    assert driver.shells == 0
    driver.press(*"root", "enter", *"toor", "enter")
    driver.answer()
    assert driver.shells == 1


def test_a_wait_for_a_disk_can_be_given_up() -> None:
    driver = show(choice("A"), unread=looking("vda2")).press("enter", "esc")
    assert driver.lines()[0] == "Petipy 0.1 - Boot menu"
    driver.machine.store.update(unread=())
    driver.lines()
    driver.press("shift")
    assert titles_booted(driver) == []


def test_a_disk_that_was_given_up_is_named_with_the_way_out() -> None:
    lost = replace(looking("vda2")[0], state="failed", reason="no answer in time", given_up=True)
    driver = show(choice("A"), unread=(lost,)).press("x")
    assert "A shell needs a password." in driver.text
    assert "vda2: no answer in time. It may want a password." in driver.text
    assert "petipy.shell=unscanned" in driver.text
    assert driver.shells == 0


def test_an_entry_that_another_configuration_guards_names_those_who_may_boot_it() -> None:
    guard = choice("B", superusers=("root",), passwords=KEYS)
    driver = show(choice("A"), guard).press("i")
    assert "root, with a password" in driver.text
    driver.press("esc", "enter")
    assert "A needs a password." in driver.text


# Before anybody is there


def countdown_text(snapshot: Snapshot) -> str:
    return CountdownLines().update(snapshot, [], 0.0, invite=True)


def test_a_default_that_needs_a_password_says_so_instead_of_counting() -> None:
    default = choice(DEBIAN, users=("root",))
    snapshot = Snapshot(choices=(default,), default=default.id, locked=True)
    assert countdown_text(snapshot) == (
        f"Default: {DEBIAN} (vda2)\r\n"
        "It waits for a password - press Enter or a letter for the menu"
    )


def test_a_hidden_countdown_does_not_count() -> None:
    default = choice(DEBIAN, style="hidden")
    countdown = Countdown(choice=default.id, until=9.5)
    snapshot = Snapshot(choices=(default,), default=default.id, countdown=countdown)
    lines = CountdownLines()
    assert lines.update(snapshot, [], 0.0, invite=True).endswith(
        "\r\nBooting - press Enter or a letter for the menu"
    )
    assert lines.update(snapshot, [], 7.0, invite=True) == ""


def test_an_entry_that_nobody_can_check_says_so_in_its_row_and_details() -> None:
    why = "its signature cannot be checked here"
    driver = show(choice("A"), choice("B", unchecked=why))
    assert any("B" in line and why in line for line in driver.lines())
    assert f"It does not boot by itself: {why}." in driver.press("end", "i").text


def test_an_entry_with_signatures_names_them_and_what_is_lacking_to_check_them() -> None:
    ref = SignatureRef(file=FileRef(path="/vmlinuz"), place=FileRef(path="/v.sig"), signer="Bob")
    file = File(device="vda2", path="/vmlinuz")
    signed = choice("B", signatures=(ref,))
    signed = replace(signed, signatures=(Signature(file, file, "Bob", ""),))
    driver = show(choice("A"), signed)
    why = "it is signed, but petipy.ca names no authority"
    assert any("B" in line and why in line for line in driver.lines())
    shown = driver.press("end", "i").text
    assert why in " ".join(shown.split())
    assert "/vmlinuz by /v.sig (Bob)" in shown


# The default of the machine


def test_d_keeps_the_entry_as_the_default_and_boots_it() -> None:
    kept = Kept()
    machine = Machine(kept=kept)
    machine.store.update(choices=(choice("A"), choice("B")), default=choice("A").id)
    driver = Driver(machine).press("down", "D")
    assert kept.values == {"entry": choice("B").id}
    assert titles_booted(driver.press("home")) == ["B"]


def test_a_default_that_the_machine_cannot_keep_is_said_and_nothing_boots() -> None:
    driver = show(choice("A"), choice("B")).press("down", "D", "ctrl l")
    assert titles_booted(driver) == []
    driver = show(choice("A"), choice("B")).press("down", "D")
    assert "until the next start alone: this machine keeps no settings" in driver.text
    assert driver.machine.store.snapshot.settings.entry == choice("B").id


def test_a_default_needs_the_right_to_change_settings() -> None:
    driver = show(choice("A", superusers=("root",), passwords=KEYS))
    driver.press("D", *"root", "enter", *"toor", "enter").answer()
    assert driver.machine.store.snapshot.settings.entry == choice("A").id


def test_details_tell_of_boots_that_failed() -> None:
    failed = Attempt(id=choice("A").id, title="A", at=12.3, reason="A did not boot: no kernel")
    driver = show(choice("A"), attempts=(failed,)).press("i")
    assert "12 s after the start: A did not boot: no kernel" in driver.text
