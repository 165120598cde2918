"""The key of the ssh server as a setting: a line of text, short enough for NVRAM. Pure.

    setting = "" | "new" | base64 of ( pair, checksum ) ;
    pair    = ? 64 bytes: the private half of an Ed25519 key, the public half ? ;
    file    = size, "ssh-ed25519", size, pair ;     (* dropbear's; sizes have 4 bytes *)

With "new" the server makes one. The checksum is CRC-32, big-endian: a damaged key looks whole, but
no client could log in.
"""

import binascii
import zlib

NEW = "new"
_HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0\x40"
_PAIR = 64


def check(text: str) -> str:
    """Return a setting that is one. Raise ValueError, which does not quote it."""
    if text not in ("", NEW):
        unpack(text)
    return text


def pack(file: bytes) -> str:
    """Return the setting for dropbear's file of a key. Raise ValueError."""
    pair = file.removeprefix(_HEAD)
    if len(pair) != _PAIR or len(file) != len(_HEAD) + _PAIR:
        raise ValueError("not an Ed25519 key of dropbear")
    data = pair + zlib.crc32(pair).to_bytes(4, "big")
    return binascii.b2a_base64(data, newline=False).decode()


def unpack(text: str) -> bytes:
    """Return dropbear's file of the key in a setting. Raise ValueError, which does not quote it."""
    try:
        data = binascii.a2b_base64(text.encode(), strict_mode=True)
    except ValueError:
        raise ValueError("not a key of this server") from None
    pair = data[:_PAIR]
    if len(data) != _PAIR + 4 or zlib.crc32(pair).to_bytes(4, "big") != data[_PAIR:]:
        raise ValueError("not a key of this server")
    return _HEAD + pair
