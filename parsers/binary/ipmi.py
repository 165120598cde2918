"""Boot options in the replies of a service processor: IPMI 2.0, section 28.13. Pure.

A reply to "Get System Boot Options" is, in EBNF:

    reply     = code, version, parameter, data ;
    code      = ? a byte: 0 if the command was carried out ? ;
    version   = ? a byte; its lower half is 1 ? ;
    parameter = ? a byte: the parameter's number; 0x80 is set if its data count for nothing ? ;
    flags     = valid, device, { byte } ;         (* the data of parameter 5, five bytes *)
    valid     = ? a byte: 0x80 the flags count, 0x40 for every boot instead of the next one ? ;
    device    = ? a byte: the device is in bits 2 to 5 ? ;
    block     = number, content ;                 (* of parameter 7: the mailbox, in blocks *)
    content   = ? up to 16 bytes; those of block 0 begin with the number of an enterprise ? ;
    network   = valid, cookie, version1, sizes, mac, ignore, static, [ address, bits, gateway ] ;
    cookie    = 0x21, 0x70, 0x62, 0x21 ;          (* of parameter 0x61, which each maker has *)
    version1  = 0x00, 0x01 ;
    sizes     = ? two bytes: those of a MAC address, 6, and of an IP address, 4 or 16 ? ;

The network's override is that of Petitboot and OpenBMC (docs/ipmi-network-format.md there).
"""

from ipaddress import ip_address
from typing import Literal, NamedTuple

SET, GET = 0x08, 0x09  # commands
FLAGS, MAILBOX, NETWORK = 5, 7, 0x61  # parameters
ASK_FLAGS = bytes((FLAGS, 0, 0))
ASK_NETWORK = bytes((NETWORK, 0, 0))
CLEAR_FLAGS = bytes((FLAGS, 0x80, 0, 0, 0, 0))
MOST_BLOCKS = 64  # of a mailbox: 1 kB is enough for an order of boot devices
_HEAD, _FLAGS = 3, 5  # bytes
_UNSUPPORTED = (0x80, 0xC1)  # the parameter, the command
_RESTART_CAUSE = 3  # bytes: QEMU's ipmi-bmc-sim takes GET for another command, and answers so
_IBM = b"\2\0\0"
_COOKIE = b"!pb!\0\1"  # with the version
_MAC, _IPV4, _IPV6 = 6, 4, 16  # bytes of addresses
LONGEST = _HEAD + 1 + len(_COOKIE) + 2 + _MAC + 2 + _IPV6 + 1 + _IPV6  # bytes of a reply

Device = Literal["none", "network", "disk", "safe", "optical", "setup"]
_DEVICES: dict[int, Device] = {
    **{0: "none", 1: "network", 2: "disk", 3: "safe"},
    **{5: "optical", 6: "setup"},
}


class Flags(NamedTuple):
    """The boot flags. `lasting`: they are for every boot, not for the next alone."""

    device: Device
    lasting: bool


def ask_block(number: int) -> bytes:
    """Return the data of a command that asks for a block of the mailbox."""
    return bytes((MAILBOX, number, 0))


def read_flags(reply: bytes) -> Flags | None:
    """Return the boot flags; None if there are none that count.

    Raise ValueError, with a sentence, for a refusal or a senseless reply.
    """
    data = _read(reply, FLAGS)
    if data is None:
        return None
    if len(data) != _FLAGS:
        raise ValueError(f"boot flags have {_FLAGS} bytes, not {len(data)}")
    if not data[0] & 0x80:
        return None
    return Flags(read_device(data[1] >> 2 & 0xF), bool(data[0] & 0x40))


def read_device(number: int) -> Device:
    """Return the device with a number. Raise ValueError, with a sentence, for an unknown one."""
    if number not in _DEVICES:
        raise ValueError(f"Petipy knows no boot device {number}")
    return _DEVICES[number]


def read_block(reply: bytes, number: int) -> bytes:
    """Return the content of a block of the mailbox; b"" if there is none. Never raise."""
    try:
        data = _read(reply, MAILBOX)
    except ValueError:
        return b""  # most service processors have no mailbox
    return data[1:] if data and data[0] == number else b""


def read_mailbox(content: bytes) -> tuple[str, str] | None:
    """Return name and value of the setting of Petitboot in a mailbox; None if there is none."""
    if not content.startswith(_IBM):
        return None
    name, sign, value = content[len(_IBM) :].partition(b"\0")[0].partition(b"=")
    if not sign or not name.startswith(b"petitboot,"):
        return None
    return name.decode(errors="replace"), value.decode(errors="replace")


def read_network(reply: bytes) -> str | None:
    """Return the override of the network, in the words of Petitboot's setting `network`.

    None if there is none that counts. Raise ValueError, with a sentence, for a senseless one.
    """
    try:
        data = _read(reply, NETWORK)
    except ValueError:
        return None  # most service processors have no such parameter
    head = 1 + len(_COOKIE)
    if not data or not data[0] & 0x80 or data[1:head] != _COOKIE:
        return None  # another maker may have something else there
    sizes, rest = data[head : head + 2], data[head + 2 :]
    if not any(sizes):
        return None
    if sizes not in (bytes((_MAC, _IPV4)), bytes((_MAC, _IPV6))):
        raise ValueError(f"Petipy knows no addresses of {sizes.hex(' ')} bytes")
    if len(rest) < _MAC + 2:
        raise ValueError("it is cut off")
    mac, (ignore, static), rest = rest[:_MAC].hex(":"), rest[_MAC : _MAC + 2], rest[_MAC + 2 :]
    if ignore:
        return f"{mac},ignore"
    if not static:
        return f"{mac},dhcp"
    size = sizes[1]
    if len(rest) < 2 * size + 1:
        raise ValueError("it is cut off")
    address, bits, gateway = rest[:size], rest[size], rest[size + 1 : 2 * size + 1]
    if bits > 8 * size:
        raise ValueError(f"a network has no {bits} bits")
    words = [mac, "static", f"{ip_address(address)}/{bits}"]
    return ",".join(words + ([str(ip_address(gateway))] if any(gateway) else []))


def _read(reply: bytes, parameter: int) -> bytes | None:
    """Return the data of a parameter; None if they do not count. Raise ValueError."""
    if len(reply) < 1:
        raise ValueError("an empty reply")
    if reply[0] in _UNSUPPORTED or (reply[:1] == b"\0" and len(reply) == _RESTART_CAUSE):
        return None
    if reply[0]:
        raise ValueError(f"it refuses with code 0x{reply[0]:02x}")
    if len(reply) < _HEAD or reply[1] & 0xF != 1 or reply[2] & 0x7F != parameter:
        raise ValueError("it does not answer what was asked")
    return None if reply[2] & 0x80 else reply[_HEAD:]
