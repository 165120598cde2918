"""The side of a switch in LACP (IEEE 802.1AX, 6.4): it agrees to whatever its partner asks."""

SLOW = b"\x01\x80\xc2\x00\x00\x02"  # the group address of the slow protocols
_TYPE = b"\x88\x09"
_SYSTEM = b"\x02\0\0\0\0\xfe"
# Active, aggregating, in synchronisation, collecting, distributing; with the long timeout.
_STATE = 0x01 | 0x04 | 0x08 | 0x10 | 0x20
_INFORMATION = 18  # bytes about a system, in a part of 20


def answer(frame: bytes, port: int) -> bytes | None:
    """Return the answer to an LACPDU that came to the port; None if it is something else."""
    if len(frame) < 58 or frame[12:18] != _TYPE + b"\x01\x01\x01\x14":
        return None
    partner = frame[18 : 18 + _INFORMATION]
    own = b"\x80\0" + _SYSTEM + b"\0\x01" + b"\0\x80" + port.to_bytes(2, "big") + bytes([_STATE])
    parts = b"\x01\x14" + own.ljust(_INFORMATION, b"\0") + b"\x02\x14" + partner
    parts += b"\x03\x10" + bytes(14) + bytes(52)
    return SLOW + _SYSTEM + _TYPE + b"\x01\x01" + parts
