"""The network, as immutable values: links, leases, and requests with their answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

# DHCP's answer as (word, value), each word once. The words are parsers.places.lease's.
Lease = tuple[tuple[str, str], ...]


IpVersion = Literal["v4", "v6"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A network interface, as the kernel describes it."""

    index: int
    name: str  # "eth0"
    mac: str = ""  # "52:54:00:12:34:56"
    kind: str = ""  # the kernel's word for a virtual one: "vlan", "bond"; "" for a network card
    driver: str = ""  # of the network card: "virtio_net"
    firmware_path: str = ""  # Open Firmware's name of the card, where the machine has one
    carrier: bool = False
    speed: int = 0  # Mbit/s; 0: not known
    mtu: int = 0  # bytes
    addresses: tuple[str, ...] = ()  # "192.0.2.7/24"
    gateways: tuple[str, ...] = ()
    routed: tuple[IpVersion, ...] = ()  # IP versions for which it has a default route
    nameservers: tuple[str, ...] = ()
    timeservers: tuple[str, ...] = ()
    log_servers: tuple[str, ...] = ()

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The addresses without the lengths of their networks: "192.0.2.7"."""
        return tuple(address.partition("/")[0] for address in self.addresses)


def describe_cards(links: Iterable[Link]) -> str:
    """Return the word `links` of a lease: the network cards with addresses, in the kernel's order.

    A script for iPXE asks its server for each card in turn. iPXE has no bonds and VLANs.
    """
    cards = sorted((link for link in links if not link.kind and link.mac), key=lambda c: c.index)
    return " ".join(f"{card.name}={card.mac}" for card in cards)


def is_printable_line(text: str) -> bool:
    """Return True for a text of at most 2000 characters that no terminal acts upon."""
    return len(text) <= 2000 and text.isprintable()


Line = Annotated[str, is_printable_line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request over the network, and what answered it."""

    url: Line
    answer: Line  # in words: "1,234 bytes", "404 Not Found", "no answer, third try"
    seconds: float = 0.0
    good: bool = False  # there was something to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """The rules for a fetching process, from the settings."""

    authorities: tuple[str, ...] = ()  # of petipy.ca: a path, a fingerprint, URL#sha256=…
    pins: tuple[str, ...] = ()  # SHA-256 of keys that a server may have; () for any
    certificate: str = ""  # a path in the image: our own certificate and key
    insecure: bool = False  # certificates are not checked
    proxy: str = ""  # the URL of an HTTP proxy
    no_proxy: tuple[str, ...] = ()  # names, domains and networks that are reached without it


NO_RULES = Fetching()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The interface that the packets of a fetch leave by."""

    link: Annotated[str, is_printable_line] = ""  # "eth0"; "": the routes decide
    # IP versions for which the interface has a default route. Without one, the routes decide about
    # servers that the interface does not reach.
    routed: tuple[IpVersion, ...] = ()


ANY_WAY = Way()


def find_way(link: Link | None) -> Way:
    """Return the way to the servers that the lease of a link names."""
    return Way(link=link.name, routed=link.routed) if link else ANY_WAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing to fetch."""

    url: Line
    offset: Annotated[int, range(1 << 50)] = 0  # bytes to leave out before it
    size: Annotated[int, range(1 << 50)] = 0  # the number of bytes that is enough; 0: all
    most: Annotated[int, range(1 << 50)] = 1 << 40  # bytes: refused if it is larger
    way: Way = ANY_WAY
    boots: bool = False  # it is refused if nobody can compare the URL's checksum


# The source of an interface's addresses: everything there is, DHCP of IPv4 or of IPv6 alone,
# routers (RFC 4862), link-local addresses alone, the settings, or nothing at all.
Method = Literal["auto", "dhcp4", "dhcp6", "routers", "link4", "link6", "static", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The configuration of one interface, as settings ask for it."""

    name: str = ""  # "eth0"; "", without `mac`: every card without a setup of its own
    mac: str = ""  # the card with this address, where its name is not known
    method: Method = "auto"
    addresses: tuple[str, ...] = ()  # "192.0.2.7/24", besides those of the method
    peer: str = ""  # the address at the other end of a point-to-point link
    gateways: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()  # (network, gateway): ("198.51.100.0/24", "192.0.2.1")
    hostname: str = ""  # for DHCP
    mtu: int = 0  # bytes; 0: the interface's own
    new_mac: str = ""  # the address that it is to have instead of its own
    kind: Literal["", "vlan", "bond", "bridge"] = ""  # of a virtual interface
    number: int = 0  # of a VLAN
    members: tuple[str, ...] = ()  # of a bond or a bridge; the interface below a VLAN
    options: tuple[tuple[str, str], ...] = ()  # a bond's, in the kernel's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Setups:
    """The configuration of all interfaces."""

    interfaces: tuple[Setup, ...] = ()
    names: tuple[tuple[str, str], ...] = ()  # (name, MAC): names that cards are to have
    nameservers: tuple[str, ...] = ()  # besides those that DHCP and routers tell
    server_names: bool = True  # use the name servers that DHCP and routers tell
    complaints: tuple[str, ...] = ()  # words that are not understood, with the reason
    text: str = ""  # the words


NO_SETUPS = Setups()
