"""Typed messages of the process that listens to DHCP: the owner of the machine parses no packet.

The process reports the answers of DHCP servers to this machine's own transactions.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from parsers.places.lease import WORDS
from petipy.codec import Codec

MOST_WORDS = 128  # of a message
MOST_REASONS = 16
_LONGEST = 1024  # characters of a value
_OPTION = re.compile(r"opt(?:1[3-9][0-9]|12[89]|2[0-4][0-9]|25[0-4])")
# Words of a lease that are not a server's.
_OWN = {
    *("interface", "mac", "uuid", "links", "ip", "ip6", "serverid", "serverid6", "proxy"),
    "opened",
}
_ADDRESS = re.compile(r"[0-9a-f.:]{0,45}")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")

Family = Literal["v4", "v6"]

# offer, advertise: a server would give an address. ack, reply: it has given one, or only answers
# (DHCPINFORM, Information-request): `address` is "" then. nak: the address is lost. decline and
# release: this machine's own client has given it back. proxy: an offer for PXE without an address.
# boot: the answer of a PXE boot server or proxyDHCP server on port 4011.
Kind = Literal["offer", "ack", "nak", "decline", "release", "proxy", "boot", "advertise", "reply"]


def is_word(text: str) -> bool:
    """Return True for a word that a server may say: not one that the machine adds."""
    return (text in WORDS and text not in _OWN) or _OPTION.fullmatch(text) is not None


def is_plain(text: str) -> bool:
    """Return True for a value without control characters except the line ends of a list."""
    return len(text) <= _LONGEST and text.replace("\n", "").isprintable()


def is_address(text: str) -> bool:
    """Return True for a text with the characters of an address, or ""."""
    return _ADDRESS.fullmatch(text) is not None


def is_mac(text: str) -> bool:
    """Return True for a hardware address of Ethernet: "52:54:00:12:34:56"."""
    return _MAC.fullmatch(text) is not None


Word = Annotated[str, is_word]
Plain = Annotated[str, is_plain]
Address = Annotated[str, is_address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A server's answer to a transaction of this machine, or the client's own refusal."""

    link: Annotated[int, range(1 << 31)]  # the interface's index
    family: Family
    kind: Kind
    server: Address = ""  # the server's identifier (v4), or the address that it sent from
    source: Address = ""  # the address that the packet came from
    address: Address = ""  # that the client has or would get
    expected: bool = False  # it confirms what the client has asked for: the client takes it
    transaction: Annotated[int, range(1 << 32)] = 0  # of the client's DISCOVER, REQUEST, SOLICIT
    seconds: Annotated[int, range(1 << 32)] = 0  # of the lease; 0: not told
    words: Annotated[tuple[tuple[Word, Plain], ...], range(MOST_WORDS + 1)] = ()
    # Parts that were refused, in words: "option 67: a control character".
    reasons: Annotated[tuple[Plain, ...], range(MOST_REASONS + 1)] = ()

    @property
    def about(self) -> dict[str, str]:
        """The words with their values."""
        return dict(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Packets that were dropped, since too many came."""

    link: Annotated[int, range(1 << 31)]  # 0: not known
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Another machine on the link has the IPv4 address that a server gave."""

    link: Annotated[int, range(1 << 31)]
    address: Address
    mac: Annotated[str, is_mac]  # of the other machine


MESSAGES: Codec[Heard | Lost | Conflict] = Codec(Heard | Lost | Conflict)
