"""The hashes that configurations keep of passwords. Pure; slow by intent, and here slower.

GRUB's (its manual, password_pbkdf2), those of crypt(3): $1$, $5$ and $6$, and one that only
SYSLINUX has, $4$. The standard library has no crypt any more, and its PBKDF2 is OpenSSL's.
"""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING

from parsers.api import Password

if TYPE_CHECKING:
    from hashlib import _Hash

PBKDF2 = "grub.pbkdf2.sha512."
_BLOCK = 128  # bytes that SHA-512 works on at a time
_DIGEST = 64
_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 5000  # of $5$ and $6$, where the hash does not say
_FEWEST, _MOST = 1000, 999_999_999


def fits(key: Password, typed: str) -> bool:
    """Return True if this is the password.

    A hashed one takes seconds on a slow machine, and a disk may ask for years: call this in a
    child only.
    """
    secret = typed.encode(errors="surrogateescape")
    if key.hashed:
        return fits_hash(key.secret, secret)
    return secret == key.secret.encode(errors="surrogateescape")


def fits_hash(secret: str, typed: bytes) -> bool:
    """Return True if `secret` is a hash of the typed text; False if no such hash is known."""
    if secret.startswith(PBKDF2):
        return _fits_pbkdf2(secret.removeprefix(PBKDF2), typed)
    kind, _, rest = secret.removeprefix("$").partition("$")
    check = _KINDS.get(kind) if secret[:1] == "$" else None
    return check is not None and check(rest, typed)


def _fits_pbkdf2(rest: str, typed: bytes) -> bool:
    try:
        rounds, salt, wanted = rest.split(".")[:3]
        key = bytes.fromhex(wanted)
        return bool(key) and pbkdf2(typed, bytes.fromhex(salt), int(rounds), len(key)) == key
    except ValueError:
        return False


def pbkdf2(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """With HMAC-SHA-512 (RFC 8018). OpenSSL would be five megabytes that the image does without;
    for GRUB's 10,000 rounds this takes 9 ms where that takes 4."""
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


def _fits_md5(rest: str, typed: bytes) -> bool:
    salt, _, wanted = rest.partition("$")
    return bool(wanted) and wanted == _md5_crypt(typed, _raw(salt[:8]))


def _md5_crypt(password: bytes, salt: bytes) -> str:
    """After FreeBSD's description of it."""
    from hashlib import md5

    size = len(password)
    once = md5(password + salt + password).digest()
    start = password + b"$1$" + salt + _repeated(once, size)
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
    triples = [(n, n + 6, n + 12 if n < 4 else 5) for n in range(5)]
    return _written(last, triples, (11,), 2)


def _fits_sha1(rest: str, typed: bytes) -> bool:
    """SYSLINUX's $4$SALT$HASH$ (utils/sha1pass): one turn, in base64 without its padding."""
    from binascii import Error, a2b_base64
    from hashlib import sha1

    salt, dollar, wanted = rest.partition("$")
    if not dollar:
        salt, wanted = "", rest
    wanted = wanted.partition("$")[0].rstrip("=")
    try:
        return a2b_base64(_raw(wanted) + b"==") == sha1(_raw(salt) + typed).digest()
    except Error:
        return False


def _fits_sha256(rest: str, typed: bytes) -> bool:
    from hashlib import sha256

    triples = [_turned((n, n + 10, n + 20), 2 * n) for n in range(10)]
    return _fits_sha2(rest, typed, sha256, lambda made: _written(made, triples, (31, 30), 3))


def _fits_sha512(rest: str, typed: bytes) -> bool:
    from hashlib import sha512

    triples = [_turned((n, n + 21, n + 42), n) for n in range(21)]
    return _fits_sha2(rest, typed, sha512, lambda made: _written(made, triples, (63,), 2))


New = Callable[[bytes], "_Hash"]


def _fits_sha2(rest: str, typed: bytes, new: New, written: Callable[[bytes], str]) -> bool:
    rounds = _ROUNDS
    if rest.startswith("rounds="):
        said, _, rest = rest.removeprefix("rounds=").partition("$")
        if not (said.isascii() and said.isdecimal()):
            return False
        rounds = min(max(int(said[:20]), _FEWEST), _MOST)
    salt, _, wanted = rest.partition("$")
    return bool(wanted) and wanted == written(_sha2_crypt(typed, _raw(salt)[:16], rounds, new))


def _sha2_crypt(password: bytes, salt: bytes, rounds: int, new: New) -> bytes:
    """After Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512"."""
    size = len(password)
    once = new(password + salt + password).digest()
    start = new(password + salt + _repeated(once, size))
    for bit in range(size.bit_length()):
        start.update(once if size >> bit & 1 else password)
    last = start.digest()
    whole = new(b"")
    for _ in range(size):
        whole.update(password)
    key = _repeated(whole.digest(), size)
    grain = _repeated(new(salt * (16 + last[0])).digest(), len(salt))
    for turn in range(rounds):
        odd = turn & 1
        text = (key if odd else last) + (grain if turn % 3 else b"")
        text += (key if turn % 7 else b"") + (last if odd else key)
        last = new(text).digest()
    return last


_KINDS = {"1": _fits_md5, "4": _fits_sha1, "5": _fits_sha256, "6": _fits_sha512}


def _raw(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _repeated(piece: bytes, size: int) -> bytes:
    return bytes(islice(cycle(piece), size))


def _turned(triple: tuple[int, int, int], by: int) -> tuple[int, ...]:
    by %= 3
    return (*triple[by:], *triple[:by])


def _written(made: bytes, triples: Sequence[Sequence[int]], rest: Sequence[int], count: int) -> str:
    """The bytes at these places, as crypt writes them; those of the rest are `count` digits."""
    found = [_sixty_four(bytes(made[n] for n in triple), 4) for triple in triples]
    return "".join(found) + _sixty_four(bytes(made[n] for n in rest), count)


def _sixty_four(piece: bytes, count: int) -> str:
    """Six bits a character, the lowest first."""
    number = int.from_bytes(piece, "big")
    return "".join(_DIGITS[number >> 6 * n & 63] for n in range(count))
