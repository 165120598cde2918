"""Who may do what: the passwords that a configuration's superusers and users are asked for. Pure.

As GRUB has it (its manual, "Authentication and authorisation"): where a configuration names
superusers, they alone may change its entries and use the command line, which is a shell here.
GRUB knows one configuration only; here that of the first device in the menu that names superusers
speaks for the machine, so that a stick which is plugged in cannot open what the disk has closed.
"""

from collections.abc import Collection
from dataclasses import dataclass

from parsers.api import Password
from petipy.model import Choice, Snapshot

HASH = "grub.pbkdf2.sha512."
_MD5_CRYPT = "$1$"  # what GRUB 0.97 and yaboot know
_BLOCK = 128  # bytes that SHA-512 works on at a time
_DIGEST = 64


@dataclass(frozen=True, slots=True)
class Lock:
    """`keys` are the passwords of those who may; without one nobody can."""

    keys: tuple[Password, ...]

    def is_open(self, known: Collection[Password]) -> bool:
        """To somebody who has given these passwords."""
        return any(key in known for key in self.keys)

    @property
    def named(self) -> bool:
        """Whether users have names; some configurations have passwords alone."""
        return not all(key.nameless for key in self.keys)

    def of(self, user: str) -> tuple[Password, ...]:
        """The passwords of which a user may give any."""
        return tuple(key for key in self.keys if key.nameless or key.user == user)


def of_booting(choice: Choice) -> Lock | None:
    """What keeps a choice from being booted; None: nothing."""
    return _lock(choice.users, choice)


def of_editing(choice: Choice, snapshot: Snapshot) -> Lock | None:
    """Of changing it: with a shell's rights, since any kernel and any command line may be typed."""
    if choice.superusers is not None:
        return _lock(choice.superusers, choice)
    return of_shell(snapshot)


def of_shell(snapshot: Snapshot) -> Lock | None:
    first = next((c for c in snapshot.choices if c.superusers is not None), None)
    return _lock(first.superusers, first) if first else None


def _lock(users: Collection[str] | None, choice: Choice) -> Lock | None:
    if users is None:
        return None
    allowed = {*users, *(choice.superusers or ())}
    return Lock(tuple(key for key in choice.passwords if key.user in allowed))


def fits(key: Password, typed: str) -> bool:
    """Whether this is the password. A hashed one takes seconds on a slow machine: never call it
    where something else waits."""
    secret = typed.encode(errors="surrogateescape")
    if not key.hashed:
        return secret == key.secret.encode(errors="surrogateescape")
    if key.secret.startswith(_MD5_CRYPT):
        grain = key.secret.removeprefix(_MD5_CRYPT).partition("$")[0][:8]
        made = _md5_crypt(secret, grain.encode(errors="surrogateescape"))
        return key.secret == f"{_MD5_CRYPT}{grain}${made}"
    parts = key.secret.removeprefix(HASH).split(".")
    try:
        rounds, salt, wanted = int(parts[0]), bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except (ValueError, IndexError):
        return False
    if not key.secret.startswith(HASH) or not wanted:
        return False
    return _pbkdf2(secret, salt, rounds, len(wanted)) == wanted


def _pbkdf2(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """PBKDF2 with HMAC-SHA-512 (RFC 8018). The standard library's own is OpenSSL's, five
    megabytes that the image does without; for GRUB's 10,000 rounds this takes 9 ms where that
    takes 4."""
    from hashlib import sha512

    if len(password) > _BLOCK:
        password = sha512(password).digest()
    padded = password.ljust(_BLOCK, b"\0")
    inner = sha512(bytes(byte ^ 0x36 for byte in padded))
    outer = sha512(bytes(byte ^ 0x5C for byte in padded))

    def mac(data: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(data)
        around.update(within.digest())
        return around.digest()

    key = b""
    while len(key) < size:
        last = mac(salt + (len(key) // _DIGEST + 1).to_bytes(4, "big"))
        total = int.from_bytes(last, "big")
        for _ in range(rounds - 1):
            last = mac(last)
            total ^= int.from_bytes(last, "big")
        key += total.to_bytes(_DIGEST, "big")
    return key[:size]


def _md5_crypt(password: bytes, salt: bytes) -> str:
    """The hash that crypt(3) puts behind $1$SALT$, after FreeBSD's description of it. Python has
    no crypt module any more."""
    from hashlib import md5

    size = len(password)
    once = md5(password + salt + password).digest()
    start = password + _MD5_CRYPT.encode() + salt + (once * (size // 16 + 1))[:size]
    # For every bit of the length, from the lowest: a zero, or the password's first character.
    start += b"".join(
        b"\0" if size >> bit & 1 else password[:1] for bit in range(size.bit_length())
    )
    last = md5(start).digest()
    for turn in range(1000):
        odd = turn & 1
        text = (password if odd else last) + (salt if turn % 3 else b"")
        text += (password if turn % 7 else b"") + (last if odd else password)
        last = md5(text).digest()
    mixed = b"".join(bytes((last[n], last[n + 6], last[n + 12 if n < 4 else 5])) for n in range(5))
    words = [int.from_bytes(mixed[n : n + 3], "big") for n in range(0, 15, 3)]
    return "".join(_sixty_four(word, 4) for word in words) + _sixty_four(last[11], 2)


def _sixty_four(number: int, count: int) -> str:
    """As crypt writes numbers: six bits a character, the lowest first."""
    digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return "".join(digits[number >> 6 * n & 63] for n in range(count))
