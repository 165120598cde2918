"""The answers of DHCP servers: their kinds, and which one the client takes. Pure.

In one transaction a client takes the first answer that confirms what it asked for, and ignores
those behind it, as systemd-networkd does. So noise, however much, is told from that answer.
"""

from petipy.network import dhcp4, dhcp6
from petipy.network.frames import Datagram
from petipy.network.heard import MOST_REASONS, Heard, Kind
from petipy.network.options import Values

_NONE = "0.0.0.0"


def classify(question: dhcp4.Packet, packet: dhcp4.Packet, server: str) -> Kind | None:
    """Return the kind of an answer; None for one that makes no sense.

    `server` is the one that has given the client its address, or "".
    """
    has_address = packet.address != _NONE
    if packet.kind == dhcp4.NAK:
        # A second server may refuse the address of the first. systemd-networkd ignores that.
        asked = question.server or server
        return "nak" if asked in ("", packet.server) else None
    if packet.kind == dhcp4.OFFER:
        return "offer" if has_address else "proxy"
    if packet.kind == dhcp4.ACK:
        # A proxyDHCP server confirms no address, but some answer a REQUEST to another server.
        informs = question.kind == dhcp4.INFORM
        return "ack" if has_address or informs else "boot"
    # BOOTP has one answer. A client that speaks DHCP ignores it.
    return "ack" if packet.kind == question.kind == 0 and has_address else None


def confirms(question: dhcp4.Packet, packet: dhcp4.Packet) -> bool:
    """Return True if the client takes the answer: it confirms the address that it asked for.

    systemd-networkd refuses an answer without a server, a lifetime or whole options.
    """
    renews = question.client != _NONE  # any server may answer then
    wanted = question.client if renews else question.requested
    return (
        packet.kind == dhcp4.ACK
        and packet.address == wanted != _NONE
        and packet.hardware == question.hardware
        and packet.lease_seconds > 0
        and bool(packet.server)
        and (renews or packet.server == (question.server or packet.server))
        and not packet.reasons
    )


def confirms6(question: dhcp6.Packet, packet: dhcp6.Packet) -> bool:
    """Return True if the client takes the answer of DHCPv6: it gives the server's addresses."""
    return (
        packet.kind == dhcp6.REPLY
        and question.kind in (dhcp6.REQUEST, dhcp6.RENEW, dhcp6.REBIND)
        and packet.client == question.client
        and packet.server == (question.server or packet.server)
        and any(seconds for _, seconds in packet.addresses)
        and not packet.reasons
    )


def tell(
    link: int, kind: Kind, packet: dhcp4.Packet, datagram: Datagram, values: Values, xid: int
) -> Heard:
    """Return the message about an answer of DHCPv4."""
    return Heard(
        link=link,
        family="v4",
        kind=kind,
        server=packet.server or datagram.source,
        source=datagram.source,
        address=packet.address if packet.address != _NONE else "",
        transaction=xid,
        seconds=packet.lease_seconds,
        words=tuple(values.words.items()),
        reasons=tuple(values.reasons[:MOST_REASONS]),
    )


def tell6(
    link: int, question: dhcp6.Packet, packet: dhcp6.Packet, datagram: Datagram
) -> Heard | None:
    """Return the message about an answer of DHCPv6; None for one that makes no sense."""
    if packet.kind not in (dhcp6.ADVERTISE, dhcp6.REPLY) or packet.client != question.client:
        return None
    values = dhcp6.read_words(packet)
    addresses = [(address, seconds) for address, seconds in packet.addresses if seconds]
    kind: Kind = "advertise" if packet.kind == dhcp6.ADVERTISE else "reply"
    if kind == "reply" and question.asks_for_address and not addresses:
        if packet.server != (question.server or packet.server):
            return None
        kind = "nak"
    address, seconds = addresses[0] if addresses else ("", 0)
    return Heard(
        link=link,
        family="v6",
        kind=kind,
        server=datagram.source,
        source=datagram.source,
        address=address,
        transaction=packet.xid,
        seconds=seconds,
        expected=confirms6(question, packet),
        words=tuple(values.words.items()),
        reasons=tuple(values.reasons[:MOST_REASONS]),
    )
