"""Packets of TFTP: RFC 1350, with options as RFC 2347 has them.

    request = 0 1, name, 0, "octet", 0, { option, 0, value, 0 } ;
    data    = 0 3, block's number, bytes ;
    ack     = 0 4, block's number ;
    error   = 0 5, code, text, 0 ;
    oack    = 0 6, { option, 0, value, 0 } ;

Numbers have two bytes, the higher first. Values of options are decimal digits.
"""

import re
from dataclasses import dataclass

from petipy.report.visible import escape

READ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6
HEAD = 4  # bytes before the data of a block
PLAIN_BLOCK = 512  # bytes of a block without the option blksize
BLOCKS, WINDOWS = range(8, 65465), range(1, 65536)  # values of blksize and windowsize
LONGEST_REQUEST = 512  # bytes

# Codes of errors.
OTHER, ABSENT, DENIED, FULL, ILLEGAL, STRANGER, REFUSED_OPTIONS = 0, 1, 2, 3, 4, 5, 8
_CODES = {
    ABSENT: "there is no such file",
    DENIED: "access denied",
    FULL: "its disk is full",
    ILLEGAL: "it calls the request illegal",
    STRANGER: "it does not know the transfer",
    REFUSED_OPTIONS: "it refuses the options",
}
_LONGEST_TEXT = 200  # characters of a server's words
_NUMBER = re.compile(rb"[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a transfer. The defaults are those of one without options."""

    block: int = PLAIN_BLOCK  # bytes: blksize, RFC 2348
    window: int = 1  # blocks until an acknowledgement: windowsize, RFC 7440
    size: int | None = None  # bytes of the file: tsize, RFC 2349; None: not known


def make_request(name: bytes, wanted: Options | None) -> bytes:
    """Return the request to read a file; without `wanted`, one that any server understands.

    The server is to repeat what is lost after a second (timeout, RFC 2349). Raise ValueError if
    the name cannot be asked for.
    """
    if not name or b"\0" in name:
        raise ValueError("no server has a file of such a name")
    fields = [name, b"octet"]
    if wanted is not None:
        fields += [b"tsize", b"0", b"blksize", b"%d" % wanted.block, b"timeout", b"1"]
        if wanted.window > 1:
            fields += [b"windowsize", b"%d" % wanted.window]
    packet = b"\0\1" + b"".join(field + b"\0" for field in fields)
    if len(packet) > LONGEST_REQUEST:
        raise ValueError("the name is too long for TFTP")
    return packet


def make_ack(block: int) -> bytes:
    """Return the acknowledgement of a block, whose number is counted on beyond 65535."""
    return b"\0\4" + (block & 0xFFFF).to_bytes(2, "big")


def make_error(code: int, text: str) -> bytes:
    return b"\0\5" + code.to_bytes(2, "big") + text.encode() + b"\0"


def read_options(packet: bytes, wanted: Options) -> Options:
    """Return what an OACK agrees to. Raise ValueError if that is not what was asked for.

    A server may leave an option out, and lower the numbers of blksize and windowsize. Options that
    were not asked for change nothing.
    """
    if not packet.endswith(b"\0"):
        raise ValueError("the last option has no end")
    fields = packet[2:-1].split(b"\0") if len(packet) > 2 else []
    if len(fields) % 2:
        raise ValueError("an option has no value")
    values: dict[bytes, int] = {}
    for name, text in zip(fields[::2], fields[1::2], strict=True):
        if (option := name.lower()) not in (b"blksize", b"windowsize", b"tsize"):
            continue
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{option.decode()} is not a number")
        if option in values:
            raise ValueError(f"{option.decode()} comes twice")
        values[option] = int(text)
    block = values.get(b"blksize", PLAIN_BLOCK)
    window = values.get(b"windowsize", 1)
    if block not in BLOCKS or block > max(wanted.block, PLAIN_BLOCK):
        raise ValueError(f"blksize {block} for {wanted.block}")
    if window not in WINDOWS or window > wanted.window:
        raise ValueError(f"windowsize {window} for {wanted.window}")
    # Some servers say 0 if they do not know the size.
    return Options(block=block, window=window, size=values.get(b"tsize") or None)


def read_error(packet: bytes) -> tuple[int, str]:
    """Return the code of an error; and in words, with the server's own text made visible."""
    code = int.from_bytes(packet[2:4], "big")
    text = packet[HEAD:].partition(b"\0")[0].decode("utf-8", "replace")
    text = escape(text.strip())
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}…"
    words = _CODES.get(code, "")
    if text and words:
        return code, f'{words} ("{text}")'
    return code, words or (f'"{text}"' if text else f"error {code}")
