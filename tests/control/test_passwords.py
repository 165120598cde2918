"""Passwords are told from any other by what configurations keep of them."""

import hashlib

import pytest

from parsers.api import Password
from petipy.control.passwords import PBKDF2, fits, fits_hash

LONG = "a password that is longer than sixty-four bytes, which is what SHA-512 gives in one turn"


def hashed(text: str, rounds: int, size: int) -> str:
    salt = b"salt" * 16
    made = hashlib.pbkdf2_hmac("sha512", text.encode(), salt, rounds, size)
    return f"grub.pbkdf2.sha512.{rounds}.{salt.hex().upper()}.{made.hex().upper()}"


@pytest.mark.parametrize("text", ["secret", "", "ÄÖÜ", "long" * 50])
@pytest.mark.parametrize(("rounds", "size"), [(1, 64), (2, 64), (100, 20), (100, 130)])
def test_a_hash_of_grubs_is_told_from_any_other(text: str, rounds: int, size: int) -> None:
    secret = hashed(text, rounds, size)
    assert fits_hash(secret, text.encode())
    assert not fits_hash(secret, f"{text}x".encode())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        # From openssl passwd -1.
        ("secret", "$1$ab./XY12$hYmODM1fUFiNfaYHHI7fY0"),
        ("", "$1$ab./XY12$XuaMSpgx8h1P9.YV7pwIr1"),
        ("ÄÖÜ", "$1$ab./XY12$CNnn8Epmhxz41ZuH6kBQU."),
        ("a password of more than sixteen bytes", "$1$ab./XY12$rgwyWtteEaCuoetXYZxDK/"),
        ("x", "$1$x$kCw8ui3ja7esI2X5jr68X0"),
        # From openssl passwd -5.
        ("secret", "$5$ab./XY12$W.jetzGkNmUi0BCGqfZqm0pjYGAO13eZF73trxxOWc6"),
        ("ÄÖÜ", "$5$ab./XY12$25B8/LNn7Av/a1ErMdJ91AplbaFDKrtVfe7DBv5HDg0"),
        (LONG, "$5$x$Kdq3i/PZSzd1FebziZWy5wlGXxAWYU61mRbLzp4PDV1"),
        ("secret", "$5$rounds=1234$ab$kch607eajq6uaT..5d9jHAs59trjFjGeIZlHBrCvJ60"),
        ("x", "$5$sixteen.and.more$7rgevQ7dRB4iVkKSa3O/o7rymLUE.XIOVqnaq6ySZ/9"),
        ("", "$5$ab$qRq/oZkUn9lJUSIcgVT3NbpSDsjn.r137TBSoCt2kCA"),  # crypt(3)
        # From openssl passwd -6.
        ("secret", "$6$ab./XY12$xWj91jOgRu0cSeplp.UMEOHRjg7vRJSvmdmRFM96tcmgzcVt"
         "GwXdIEiDG2JPlXe/SvKxMIjvk6p/UjjjJx8br0"),
        ("ÄÖÜ", "$6$ab./XY12$G5mlweb7F4Oi/b86rjnW332HMXIvUTDENuUw.LPenD1yC3vt"
         "U4W4cfiW8qFuq39XsUjcRQQ18IfuNHqJoHqvd1"),
        (LONG, "$6$x$b.rNRoga30gPTcIurgk0XPmq4ysYmxfsTGsVuFVRlnYyYJp6lTuZSFL"
         "15.Ez3D8OSo.I4NlH1qPxd/THAc66K/"),
        ("secret", "$6$rounds=1234$ab$cdmU88t8vmoChk6GIJJPjvknVr9uReCj8z4pkwrXg."
         "75hB9gS4XDEKrMp9MLTjHbtG0H/Me28oeDuw7bsG9Tw0"),
        ("x", "$6$sixteen.and.more$Ws/.WLJlaFvxnavq4G5pLYhxJ.Sekplj1is1OqOT"
         "l4qGptRnUqXzCCbpRfBl68a51UonjMwoUmip0cHA9.okY0"),
        ("", "$6$ab$xnh5Qsr2NdbFw1PgdZie7nLON3gv.S.23iQDBqAzkdoXPtDnVSplud"
         "XkM5UWybQO3OI7hBj9wHg9Ow6sUWD60/"),  # crypt(3)
        # From crypt(3) of libxcrypt 4.4: yescrypt, gost-yescrypt, scrypt, bcrypt.
        ("secret", "$y$j9T$abcd$q0BC/1zAm1egDOA28ap7Pv/qqIp2.2/hfz8I9ccfx08"),
        ("secret", "$gy$j9T$abcd$wtnEhMpT3Szw0WWGlzeenA0B1Cum1o44pZlT747rQ09"),
        ("secret", "$7$6U..../....abcd$a/9N5eBIj9n7PLbFj474fit5ZUK3e79.t3hlKbaZlX8"),
        ("secret", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
        # As sha1pass prints it, and without what it need not have.
        ("secret", "$4$aGVsbG8gd28=$LnfEnx1CyE4wRtsqIEJhCTgUbqw$"),
        ("secret", "$4$XZo2fIPb$9XUZTgK1TwOEh/1w4uTHO8mFwLU"),
        ("", "$4$XZo2fIPb$rN2XNpCCbumV9BQLJQN2Gak7h08="),
        ("secret", "$4$5en6G6MezRroT3XKqkdPOmY/BfQ="),
    ],
)  # fmt: skip
def test_a_hash_of_another_kind_is_told_from_any_other(text: str, secret: str) -> None:
    assert fits_hash(secret, text.encode())
    assert not fits_hash(secret, f"{text}x".encode())
    assert not fits_hash(secret, secret.encode())


@pytest.mark.parametrize(
    "secret",
    ["", "x", "$4$", "$4$a$b", "$4$ä$ö", PBKDF2, f"{PBKDF2}1.AB", f"{PBKDF2}x.AB.CD",
     f"{PBKDF2}1.AB.", f"{PBKDF2}1.G.CD", f"{PBKDF2}0.AB.CD", "$1$", "$1$a", "$6$a$b", "$6$a"],
)  # fmt: skip
def test_a_hash_that_is_none_fits_nothing(secret: str) -> None:
    assert not any(fits_hash(secret, text.encode()) for text in ("", secret, "x"))


@pytest.mark.parametrize(
    "secret",
    ["$1$é$x", "$5$rounds=x$a$b", "$5$rounds=$a$b", "$5$rounds=1$a$b", "$2b$a$b", "$9$a$b", "$",
     "$$"],
)  # fmt: skip
def test_a_hash_that_libcrypt_refuses_fits_nothing_and_says_why(secret: str) -> None:
    for text in ("", secret, "x"):
        with pytest.raises(OSError, match="libcrypt refuses its "):
            fits_hash(secret, text.encode())


def test_a_zero_byte_ends_neither_what_was_typed_nor_a_hash() -> None:
    with pytest.raises(OSError, match="libcrypt refuses"):
        fits_hash("$1$x$kCw8ui3ja7esI2X5jr68X0\0", b"x")
    assert not fits_hash("$1$x$kCw8ui3ja7esI2X5jr68X0", b"x\0y")


def test_a_hashed_password_is_never_its_own_text() -> None:
    # From openssl passwd -1.
    key = Password(user="", secret="$1$x$kCw8ui3ja7esI2X5jr68X0", hashed=True)
    assert fits(key, "x")
    assert not fits(key, key.secret)


def test_a_password_in_plain_text_is_told_from_any_other() -> None:
    assert fits(Password(user="a", secret="s"), "s")
    assert not fits(Password(user="a", secret="s"), "S")
