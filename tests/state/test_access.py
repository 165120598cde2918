"""The locks before what the configurations of a machine keep for their users."""

from dataclasses import replace
from typing import Any

import pytest

from parsers.api import Password
from petipy.state import access
from petipy.state.access import Lock
from petipy.state.guards import Guard, Reach
from petipy.state.model import USB, Snapshot, Source, State
from petipy.state.settings import Settings
from tests.samples import choice, device, entry, guards

ROOT, BOB = Password(user="root", secret="r"), Password(user="bob", secret="b")
EVE = Password(user="eve", secret="e")
HASH = "$6$salt$hash"
IMAGE = Password(user="", secret=HASH, hashed=True, nameless=True)
LOCK, EVES = Lock((ROOT,)), Lock((EVE,))
OPEN = choice("open", superusers=("root",), passwords=(ROOT, BOB))
SHUT = replace(OPEN, id="shut", entry=entry("shut", users=("bob", "root")))
# Beside the locked grub.cfg of vda2: another format, another disk, a stick.
OTHER = choice("other", superusers=None)
SECOND = choice("second", "vdb1")
STICK = choice("stick", "sda1", own=False)
# A stick that brings superusers of its own.
HOSTILE = replace(STICK, superusers=("eve",), passwords=(EVE,), guarded=True)
STICKS_GUARD: tuple[Reach, Guard] = (
    "shell",
    Guard(device="sda1", config="/grub.cfg", superusers=("eve",), passwords=(EVE,)),
)
LOCKED = Snapshot(settled=True, guards=guards(OPEN))
UNLOCKED = Snapshot(settled=True)


def unread(name: str, state: State, **more: Any) -> Source:
    source = Source.of(device(name, **more), state, "Input/output error")
    return replace(source, given_up=state == "failed")


def with_unread(snapshot: Snapshot, *sources: Source) -> Snapshot:
    return replace(snapshot, unread=sources)


def setting(snapshot: Snapshot, **values: Any) -> Snapshot:
    return replace(snapshot, settings=Settings(**values))


# One configuration


def test_an_unrestricted_entry_boots_without_a_password_but_is_edited_with_one() -> None:
    assert access.find_boot_locks(OPEN, LOCKED) == ()
    assert access.find_edit_locks(OPEN, LOCKED) == (LOCK,)


def test_those_it_names_and_the_superusers_may_boot_an_entry() -> None:
    (lock,) = access.find_boot_locks(SHUT, LOCKED)
    assert lock.is_open({BOB})
    assert lock.is_open({ROOT})
    assert not lock.is_open({Password(user="bob", secret="other")})


def test_a_shell_is_for_superusers_where_there_are_any() -> None:
    assert access.find_shell_locks(UNLOCKED) == ()
    assert access.find_shell_locks(LOCKED) == (LOCK,)


def test_a_kernel_that_merely_lies_beside_a_guarded_configuration_is_guarded() -> None:
    found = replace(OPEN, entry=entry("k", guess=True), passwords=(ROOT,), guarded=False)
    assert access.find_boot_locks(found, LOCKED) == (LOCK,)
    assert access.find_boot_locks(found, setting(LOCKED, lock="own")) == (LOCK,)
    assert access.find_boot_locks(choice("k", entry=entry("k", guess=True)), UNLOCKED) == ()


def test_where_nobody_has_a_password_nobody_gets_in() -> None:
    (lock,) = access.find_boot_locks(choice("a", entry=entry("a", users=())), UNLOCKED)
    assert not lock.is_open({ROOT, BOB})


# A machine


@pytest.mark.parametrize("covered", [OTHER, SECOND, STICK], ids=lambda covered: covered.id)
def test_what_superusers_do_not_let_anybody_boot_needs_their_password(covered: Any) -> None:
    assert access.find_boot_locks(covered, UNLOCKED) == ()
    assert access.find_boot_locks(covered, LOCKED) == (LOCK,)
    assert access.find_edit_locks(covered, LOCKED) == (LOCK,)
    narrow = setting(LOCKED, lock="own")
    assert access.find_boot_locks(covered, narrow) == ()
    assert access.find_edit_locks(covered, narrow) == (LOCK,)
    assert access.find_shell_locks(narrow) == (LOCK,)


def test_a_stick_with_superusers_of_its_own_opens_nothing_and_shuts_no_disks_entry() -> None:
    both = replace(LOCKED, guards=(*LOCKED.guards, STICKS_GUARD))
    assert access.find_boot_locks(HOSTILE, both) == (LOCK,)
    assert access.find_boot_locks(SECOND, both) == (LOCK,)
    assert access.find_edit_locks(HOSTILE, both) == (EVES, LOCK)
    assert access.find_shell_locks(both) == (LOCK,)
    alone = replace(UNLOCKED, guards=(STICKS_GUARD,))
    assert access.find_boot_locks(SECOND, alone) == ()
    assert access.find_shell_locks(alone) == (EVES,)  # the locked system may be on the stick
    dead = with_unread(alone, unread("vda2", "failed"))
    assert not all(lock.is_open({EVE}) for lock in access.find_shell_locks(dead))


def test_of_two_locked_disks_each_lets_its_own_entries_boot_and_the_shell_needs_both() -> None:
    second = replace(OPEN, id="b", device="vdb1", superusers=("eve",), passwords=(EVE,))
    both = replace(LOCKED, guards=guards(OPEN, second))
    assert access.find_boot_locks(OPEN, both) == access.find_boot_locks(second, both) == ()
    assert access.find_boot_locks(replace(SHUT, passwords=(BOB,)), both) == (Lock((BOB,)),)
    assert access.find_shell_locks(both) == (LOCK, EVES)
    assert access.find_boot_locks(STICK, both) == (LOCK, EVES)
    assert access.find_edit_locks(second, both) == (EVES, LOCK)


def test_a_password_of_the_image_guards_the_shell_and_media_and_opens_every_lock() -> None:
    plain, locked = (setting(snapshot, password=HASH) for snapshot in (UNLOCKED, LOCKED))
    for snapshot in plain, locked:
        assert access.find_shell_locks(snapshot) == (Lock((IMAGE,)),)
        assert access.find_boot_locks(STICK, snapshot) == (Lock((IMAGE,)),)
    assert access.find_boot_locks(SECOND, plain) == ()
    everything = (
        *access.find_boot_locks(SHUT, locked),
        *access.find_boot_locks(OTHER, locked),
        *access.find_edit_locks(HOSTILE, locked),
    )
    assert all(lock.is_open({IMAGE}) for lock in everything)
    assert not access.find_shell_locks(locked)[0].is_open({ROOT})


def test_a_password_that_the_machine_keeps_guards_the_shell_and_opens_nothing_else() -> None:
    kept = Password(user="", secret="$6$kept$hash", hashed=True, nameless=True)
    plain, locked = (setting(s, machine_password=kept.secret) for s in (UNLOCKED, LOCKED))
    assert access.find_shell_locks(plain) == (Lock((kept,)),)
    assert Lock((kept,)) in access.find_edit_locks(SECOND, plain)
    shell = access.find_shell_locks(locked)
    assert not all(lock.is_open({kept}) for lock in shell)
    assert not all(lock.is_open({ROOT}) for lock in shell)
    assert all(lock.is_open({kept, ROOT}) for lock in shell)
    assert access.find_boot_locks(STICK, plain) == access.find_boot_locks(STICK, UNLOCKED)
    assert not any(lock.is_open({kept}) for lock in access.find_boot_locks(SHUT, locked))
    assert access.find_shell_locks(setting(plain, password=HASH)) == (Lock((IMAGE,)),)


# No knowledge, no password


def test_nothing_opens_until_every_disk_is_there_and_read() -> None:
    busy = with_unread(UNLOCKED, unread("vda2", "scanning"))
    for snapshot in busy, replace(UNLOCKED, settled=False):
        for (lock,) in (
            access.find_shell_locks(snapshot),
            access.find_edit_locks(SECOND, snapshot),
            access.find_boot_locks(SECOND, snapshot),
            access.find_boot_locks(STICK, snapshot),
        ):
            assert lock.waits
            assert not lock.is_open({ROOT})
    assert access.find_shell_locks(busy)[0].reason.startswith("vda2: still being looked at.")
    assert access.find_boot_locks(OPEN, busy) == ()


def test_a_stick_that_is_being_read_keeps_the_shell_shut_only_if_no_disk_has_a_lock() -> None:
    stick = unread("sda1", "scanning", kind=USB)
    assert [lock.waits for lock in access.find_shell_locks(with_unread(UNLOCKED, stick))] == [True]
    assert access.find_shell_locks(with_unread(LOCKED, stick)) == (LOCK,)
    assert access.find_boot_locks(SECOND, with_unread(UNLOCKED, stick)) == ()


def test_a_disk_that_cannot_be_read_is_named_and_the_image_says_how_to_go_on() -> None:
    dead = with_unread(UNLOCKED, unread("vda2", "failed"), unread("vdb1", "failed"))
    (lock,) = access.find_shell_locks(dead)
    assert not lock.waits
    assert lock.keys == ()
    assert lock.reason.startswith("vda2, and 1 more: Input/output error. It may want a password.")
    assert access.find_edit_locks(SECOND, dead) == (lock,)
    assert access.find_boot_locks(SECOND, dead) == ()  # a medium may be the way to repair it
    again = with_unread(UNLOCKED, replace(unread("vda2", "failed"), given_up=False))
    (lock,) = access.find_shell_locks(again)
    assert lock.waits
    assert lock.reason.startswith("vda2 (Input/output error): still being looked at.")
    assert access.find_boot_locks(STICK, again) == ()
    assert access.find_shell_locks(setting(dead, shell="unscanned")) == ()
    assert access.find_shell_locks(setting(dead, password=HASH)) == (Lock((IMAGE,)),)


def test_the_setting_for_unread_disks_opens_no_lock_that_is_known_or_may_yet_come() -> None:
    dead = with_unread(LOCKED, unread("vdb1", "failed"))
    assert access.find_shell_locks(dead) == (LOCK,)
    assert access.find_shell_locks(setting(dead, shell="unscanned")) == (LOCK,)
    busy = with_unread(UNLOCKED, unread("vda2", "scanning"), unread("vdb1", "failed"))
    assert [lock.waits for lock in access.find_shell_locks(setting(busy, shell="unscanned"))] == [
        True
    ]
