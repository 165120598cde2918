"""The verifier of OpenPGP signatures in an image: gpgv, and the keys that it trusts."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from initramfs.host import BuildError, say
from initramfs.tree import Tree, file
from petipy.boot.openpgp import KEYRING, PROGRAM

PROGRAMS: Mapping[str, tuple[str, ...]] = {"gpgv": (PROGRAM.lstrip("/"),)}
# A block of RFC 4880, section 6.2: headers, an empty line, the data, and perhaps a checksum.
_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)"
    rb"(?:^=[A-Za-z0-9+/]{4}\s*)?^-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL | re.MULTILINE,
)
_SECRET, _PUBLIC = 5, 6  # kinds of packets that begin a key (RFC 4880, section 4.3)
_INDEFINITE = 3


def read_keyring(path: Path) -> bytes:
    """Return public keys, as `gpg --export` writes them, with --armor or without.

    Print the fingerprint of each. Raise BuildError if the file has anything else.
    """
    try:
        data = path.read_bytes()
        if blocks := _ARMOR.findall(data):
            data = b"".join(map(base64.b64decode, blocks))
        found = [key for kind, key in _list_packets(data) if kind == _PUBLIC]
        if any(kind == _SECRET for kind, _ in _list_packets(data)):
            raise BuildError(f"{path}: a secret key; give the public ones, of gpg --export")
    except OSError as error:
        raise BuildError(f"{path}: {error.strerror}") from None
    except (ValueError, IndexError, binascii.Error):
        raise BuildError(f"{path}: not what gpg --export writes") from None
    if not found:
        raise BuildError(f"{path}: no public key of OpenPGP")
    for key in found:
        say(f"OpenPGP: the image trusts {_find_fingerprint(key)}")
    return data


def make_tree(keyring: bytes) -> Tree:
    """Return the files that the verifier needs, besides its program."""
    tree = Tree()
    tree.add(KEYRING.lstrip("/"), file(keyring))
    return tree


def _list_packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kind and the body of each packet. Raise ValueError or IndexError for none."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("no packet")
        if head & 0x40:
            kind, at, size = head & 0x3F, *_read_length(data, at + 1)
        else:
            kind, width = head >> 2 & 0xF, 1 << (head & 3)
            if head & 3 == _INDEFINITE:
                raise ValueError("a packet of unknown length")
            size, at = int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width
        if at + size > len(data):
            raise ValueError("a packet that is cut off")
        yield kind, data[at : at + size]
        at += size


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    """Return where a packet's body begins, and its length (RFC 4880, section 4.2.2)."""
    first = data[at]
    if first < 192:
        return at + 1, first
    if first < 224:
        return at + 2, (first - 192 << 8) + data[at + 1] + 192
    if first == 255:
        return at + 5, int.from_bytes(data[at + 1 : at + 5], "big")
    raise ValueError("a packet in pieces")


def _find_fingerprint(key: bytes) -> str:
    """Return the fingerprint of a key (RFC 4880, section 12.2; RFC 9580, section 5.5.4)."""
    if key[0] == 4:
        found = hashlib.sha1(b"\x99" + len(key).to_bytes(2, "big") + key, usedforsecurity=False)
        return found.hexdigest().upper()
    return f"a key of version {key[0]}, whose fingerprint is not known here"
