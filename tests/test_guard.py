"""Who may do what, and which password is the right one."""

import hashlib

import pytest

from parsers.api import Password
from petipy import guard
from petipy.model import Snapshot
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


def hashed(text: str, rounds: int, size: int = 64) -> Password:
    salt = b"salt" * 16
    made = hashlib.pbkdf2_hmac("sha512", text.encode(), salt, rounds, size)
    words = f"grub.pbkdf2.sha512.{rounds}.{salt.hex().upper()}.{made.hex().upper()}"
    return Password(user="root", secret=words, hashed=True)


@pytest.mark.parametrize("text", ["secret", "", "ÄÖÜ", "long" * 50])
@pytest.mark.parametrize(("rounds", "size"), [(1, 64), (2, 64), (100, 20), (100, 130)])
def test_a_hashed_password_is_told_from_any_other(text: str, rounds: int, size: int) -> None:
    key = hashed(text, rounds, size)
    assert guard.fits(key, text)
    assert not guard.fits(key, f"{text}x")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        # From openssl passwd -1.
        ("secret", "$1$ab./XY12$hYmODM1fUFiNfaYHHI7fY0"),
        ("", "$1$ab./XY12$XuaMSpgx8h1P9.YV7pwIr1"),
        ("ÄÖÜ", "$1$ab./XY12$CNnn8Epmhxz41ZuH6kBQU."),
        ("a password of more than sixteen bytes", "$1$ab./XY12$rgwyWtteEaCuoetXYZxDK/"),
        ("x", "$1$x$kCw8ui3ja7esI2X5jr68X0"),
    ],
)
def test_a_hash_of_crypts_md5_is_told_from_any_other(text: str, secret: str) -> None:
    key = Password(user="", secret=secret, hashed=True)
    assert guard.fits(key, text)
    assert not guard.fits(key, f"{text}x")
    assert not guard.fits(key, secret)


def test_a_password_in_plain_text_is_told_from_any_other() -> None:
    assert guard.fits(Password(user="a", secret="s"), "s")
    assert not guard.fits(Password(user="a", secret="s"), "S")


@pytest.mark.parametrize(
    "secret",
    ["", "x", "$1$", "$1$a", "$1$é$x", "$6$a$b", guard.HASH, f"{guard.HASH}1.AB",
     f"{guard.HASH}x.AB.CD", f"{guard.HASH}1.AB.", f"{guard.HASH}1.G.CD", f"{guard.HASH}0.AB.CD"],
)  # fmt: skip
def test_a_hash_that_is_none_fits_nothing(secret: str) -> None:
    key = Password(user="a", secret=secret, hashed=True)
    assert not any(guard.fits(key, text) for text in ("", secret, "x"))


def test_an_unrestricted_entry_boots_without_a_password_but_is_edited_with_one() -> None:
    snapshot = Snapshot(choices=(OPEN,))
    assert guard.of_booting(OPEN) is None
    lock = guard.of_editing(OPEN, snapshot)
    assert lock
    assert lock.keys == (ROOT,)


def test_those_it_names_and_the_superusers_may_boot_an_entry() -> None:
    lock = guard.of_booting(SHUT)
    assert lock
    assert lock.is_open({BOB})
    assert lock.is_open({ROOT})
    assert not lock.is_open({Password(user="bob", secret="other")})


def test_a_shell_is_for_superusers_where_there_are_any() -> None:
    assert guard.of_shell(Snapshot(choices=(STICK,))) is None
    lock = guard.of_shell(Snapshot(choices=(STICK, OPEN)))
    assert lock
    assert not lock.is_open({BOB})
    assert lock.is_open({ROOT})


def test_what_has_no_superusers_is_edited_by_those_of_the_machine() -> None:
    """Else a stick's entry could be edited into the disk's kernel, with another init."""
    assert guard.of_editing(STICK, Snapshot(choices=(STICK,))) is None
    assert guard.of_editing(STICK, Snapshot(choices=(OPEN, STICK))) == guard.Lock((ROOT,))


def test_the_first_devices_superusers_are_the_machines() -> None:
    mine = Password(user="me", secret="m")
    stick = choice("s", device="sdz1", superusers=("me",), passwords=(mine,))
    assert guard.of_shell(Snapshot(choices=(OPEN, stick))) == guard.Lock((ROOT,))


def test_a_kernel_that_merely_lies_beside_a_guarded_configuration_is_guarded() -> None:
    found = choice("k", entry=entry("k", guess=True), superusers=("root",), passwords=(ROOT,))
    assert guard.of_booting(found) == guard.Lock((ROOT,))
    assert guard.of_booting(choice("k", entry=entry("k", guess=True))) is None


def test_where_nobody_has_a_password_nobody_gets_in() -> None:
    lock = guard.of_booting(choice("a", entry=entry("a", users=())))
    assert lock
    assert not lock.is_open({ROOT, BOB})
