"""The values of iPXE's settings: bytes, with a type that formats and parses them.

This follows src/core/settings.c.
"""

import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable
from typing import NamedTuple

_NUMBER = re.compile(r"(-?)(?:0x([0-9a-f]{1,16})|(0[0-7]{0,20})|([1-9][0-9]{0,18}))", re.I)
# RFC 3986 allows these characters in a fragment. iPXE escapes a uristring like a fragment.
_PLAIN = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@/?-]")


class Value(NamedTuple):
    raw: bytes
    type: str

    def text(self, type: str = "") -> str:
        """Format the bytes as a type, or as their own. Return "" if they are not of that type."""
        kind = TYPES.get(type or self.type)
        return (kind.format(self.raw) or "") if kind else ""


class Type(NamedTuple):
    parse: Callable[[str], bytes | None]
    format: Callable[[bytes], str | None]


def parse_value(text: str, type: str) -> Value | None:
    """Parse a text as a type. Return None if it is no such value, or if the type is unknown."""
    kind = TYPES.get(type)
    raw = kind.parse(text) if kind else None
    return None if raw is None else Value(raw, type)


def parse_integer(text: str) -> int | None:
    """Parse a number as strtoul does, also hexadecimal and octal. An empty text is 0."""
    if not text:
        return 0
    if not (m := _NUMBER.fullmatch(text)):
        return None
    digits, base = (m[2], 16) if m[2] else (m[3], 8) if m[3] else (m[4], 10)
    return -int(digits, base) if m[1] else int(digits, base)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _hex(delimiter: str) -> Type:
    def parse(text: str) -> bytes | None:
        digits = text.split(delimiter) if delimiter else re.findall("..?", text)
        if not all(re.fullmatch("[0-9A-Fa-f]{1,2}", pair) for pair in digits):
            return None
        return bytes(int(pair, 16) for pair in digits)

    return Type(parse, lambda raw: raw.hex(delimiter) if delimiter else raw.hex())


def _number(size: int, *, signed: bool) -> Type:
    def parse(text: str) -> bytes | None:
        number = parse_integer(text)
        if number is None:
            return None
        return (number % (1 << 8 * size)).to_bytes(size, "big")

    def format(raw: bytes) -> str | None:
        if len(raw) > 8:
            return None
        number = int.from_bytes(raw, "big", signed=signed)
        return str(number) if signed else f"{number:#x}"

    return Type(parse, format)


def _parse_ipv4(text: str) -> bytes | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) < 4 for p in parts):
        return None
    return bytes(map(int, parts)) if all(int(p) < 256 for p in parts) else None


def _format_ipv4(raw: bytes) -> str | None:
    return ".".join(map(str, raw[:4])) if len(raw) >= 4 else None


def _unescape(text: str) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), _bytes(text))


def _escape(raw: bytes) -> str:
    found = (raw[i : i + 1] for i in range(len(raw)))
    return "".join(c.decode() if _PLAIN.match(c) else f"%{c[0]:02X}" for c in found)


def _parse_base64(text: str) -> bytes | None:
    try:
        return a2b_base64(_bytes(text))
    except Error:
        return None


def _uuid(order: tuple[int, ...]) -> Type:
    """Return a type of UUID. `order` is the order of the bytes in the text.

    A GUID has its first three numbers in little endian.
    """

    def parse(text: str) -> bytes | None:
        digits = text.replace("-", "")
        if not re.fullmatch("[0-9A-Fa-f]{32}", digits):
            return None
        written = bytes.fromhex(digits)
        return bytes(written[order.index(i)] for i in range(16))

    def format(raw: bytes) -> str | None:
        if len(raw) != 16:
            return None
        digits = bytes(raw[i] for i in order).hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    return Type(parse, format)


TYPES: dict[str, Type] = {
    "string": Type(_bytes, _text),
    "ipv6": Type(_bytes, _text),  # no command calculates with these three
    "dnssl": Type(_bytes, _text),
    "busdevfn": Type(_bytes, _text),
    "uristring": Type(_unescape, _escape),
    "ipv4": Type(_parse_ipv4, _format_ipv4),
    "hex": _hex(":"),
    "hexhyp": _hex("-"),
    "hexraw": _hex(""),
    "base64": Type(_parse_base64, lambda raw: b2a_base64(raw, newline=False).decode()),
    "uuid": _uuid((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
    "guid": _uuid((3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)),
    **{f"int{8 * size}": _number(size, signed=True) for size in (1, 2, 4)},
    **{f"uint{8 * size}": _number(size, signed=False) for size in (1, 2, 4)},
}
