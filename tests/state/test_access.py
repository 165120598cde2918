"""The locks before what a configuration keeps for its users."""

from parsers.api import Password
from petipy.state import access
from petipy.state.model import Snapshot
from tests.samples import choice, entry

ROOT, BOB = Password(user="root", secret="r"), Password(user="bob", secret="b")
OPEN = choice("open", superusers=("root",), passwords=(ROOT, BOB))
SHUT = choice(
    "shut",
    superusers=("root",),
    passwords=(ROOT, BOB),
    entry=entry("shut", users=("bob", "root")),
)
STICK = choice("stick", device="sdz1")


def test_an_unrestricted_entry_boots_without_a_password_but_is_edited_with_one() -> None:
    snapshot = Snapshot(choices=(OPEN,))
    assert access.find_boot_lock(OPEN) is None
    lock = access.find_edit_lock(OPEN, snapshot)
    assert lock
    assert lock.keys == (ROOT,)


def test_those_it_names_and_the_superusers_may_boot_an_entry() -> None:
    lock = access.find_boot_lock(SHUT)
    assert lock
    assert lock.is_open({BOB})
    assert lock.is_open({ROOT})
    assert not lock.is_open({Password(user="bob", secret="other")})


def test_a_shell_is_for_superusers_where_there_are_any() -> None:
    assert access.find_shell_lock(Snapshot(choices=(STICK,))) is None
    lock = access.find_shell_lock(Snapshot(choices=(STICK, OPEN)))
    assert lock
    assert not lock.is_open({BOB})
    assert lock.is_open({ROOT})


def test_what_has_no_superusers_is_edited_by_those_of_the_machine() -> None:
    """Else a stick's entry could be edited into the disk's kernel, with another init."""
    assert access.find_edit_lock(STICK, Snapshot(choices=(STICK,))) is None
    assert access.find_edit_lock(STICK, Snapshot(choices=(OPEN, STICK))) == access.Lock((ROOT,))


def test_the_first_devices_superusers_are_the_machines() -> None:
    mine = Password(user="me", secret="m")
    stick = choice("s", device="sdz1", superusers=("me",), passwords=(mine,))
    assert access.find_shell_lock(Snapshot(choices=(OPEN, stick))) == access.Lock((ROOT,))


def test_a_kernel_that_merely_lies_beside_a_guarded_configuration_is_guarded() -> None:
    found = choice("k", entry=entry("k", guess=True), superusers=("root",), passwords=(ROOT,))
    assert access.find_boot_lock(found) == access.Lock((ROOT,))
    assert access.find_boot_lock(choice("k", entry=entry("k", guess=True))) is None


def test_where_nobody_has_a_password_nobody_gets_in() -> None:
    lock = access.find_boot_lock(choice("a", entry=entry("a", users=())))
    assert lock
    assert not lock.is_open({ROOT, BOB})
