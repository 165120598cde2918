"""Passwords, compared with the text or the hash that a configuration keeps.

The hashes are crypt(3)'s, made by libcrypt, GRUB's (its manual, password_pbkdf2), and SYSLINUX's
$4$ (utils/sha1pass). A hash comes from a disk, and may ask for a billion rounds or for
all memory: check one only in a child that can be killed (petipy.control.checker).
"""

import errno

from parsers.api import Password
from petipy.sys import crypt

PBKDF2 = "grub.pbkdf2.sha512."
_SHA1 = "$4$"
_BLOCK = 128  # bytes that SHA-512 works on at a time
_DIGEST = 64  # bytes


def load() -> None:
    """Load all modules and libraries, if they are there: later nothing can be opened."""
    import binascii  # noqa: F401
    import hashlib  # noqa: F401

    try:
        crypt.load()
    except OSError:
        return


def fits(key: Password, typed: str) -> bool:
    """Return True if this is the password. Raise OSError with a sentence if nobody can tell.

    A text that is no hash fits nothing.
    """
    secret = typed.encode(errors="surrogateescape")
    if key.hashed:
        return fits_hash(key.secret, secret)
    return secret == key.secret.encode(errors="surrogateescape")


def fits_hash(secret: str, typed: bytes) -> bool:
    """Return True if `secret` is a hash of the typed text. Raise OSError as `fits` does."""
    if secret.startswith(PBKDF2):
        return _fits_pbkdf2(secret.removeprefix(PBKDF2), typed)
    if secret.startswith(_SHA1):
        return _fits_sha1(secret.removeprefix(_SHA1), typed)
    return secret.startswith("$") and b"\0" not in typed and _fits_crypt(secret, typed)


def _fits_crypt(secret: str, typed: bytes) -> bool:
    try:
        made = crypt.crypt(typed, _encode(secret))
    except OSError as error:
        if error.errno == errno.ERANGE:  # a text that is longer than any password
            return False
        kind = secret[: secret.find("$", 1) + 1]
        words = f"libcrypt refuses its {kind} hash: it is damaged, unknown or takes too much memory"
        if error.errno == errno.ENOPKG:
            words = f"this system has no libcrypt, which its {kind} hash needs"
        raise OSError(error.errno, words) from None
    # libcrypt cuts a salt that is too long, so the two may differ before the digest.
    digest = _encode(secret.rpartition("$")[2])
    return bool(digest) and made.rpartition(b"$")[2] == digest


def _fits_pbkdf2(rest: str, typed: bytes) -> bool:
    try:
        rounds, salt, wanted = rest.split(".")[:3]
        key = bytes.fromhex(wanted)
        return bool(key) and pbkdf2(typed, bytes.fromhex(salt), int(rounds), len(key)) == key
    except ValueError:
        return False


def pbkdf2(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """Derive a key of `size` bytes with HMAC-SHA-512 (RFC 8018).

    hashlib has this function from OpenSSL only, and the image does without those five megabytes.
    For GRUB's 10,000 rounds OpenSSL takes 4 ms, this function 9 ms.
    """
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


def _fits_sha1(rest: str, typed: bytes) -> bool:
    """Check $4$SALT$HASH$: one turn, in base64 without its padding. The salt may be absent."""
    from binascii import Error, a2b_base64
    from hashlib import sha1

    salt, dollar, wanted = rest.partition("$")
    if not dollar:
        salt, wanted = "", rest
    wanted = wanted.partition("$")[0].rstrip("=")
    try:
        return a2b_base64(_encode(wanted) + b"==") == sha1(_encode(salt) + typed).digest()
    except Error:
        return False


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
