"""DHCP's transactions as a tap sees them, and what PXE's servers are asked."""

import struct
from collections.abc import Iterator
from itertools import count

import pytest

from petipy.network import dhcp4, dhcp6
from petipy.network.conversations import Ask, Conversations
from petipy.network.frames import Datagram
from petipy.network.heard import Heard
from tests.network.packets import MAC, addresses, dhcp, granted, vendor
from tests.network.packets import dhcp6 as packet6

XID, XID6 = 0x11223344, 0xABCDEF
OWN = "192.0.2.9"
PXE = {60: b"PXEClient"}
CLIENT6 = (1, b"\0\x03\0\x01" + MAC)


class Wire:
    """A link, and the transactions that are followed on it."""

    def __init__(self, address: str = "") -> None:
        numbers = count(1000)
        known = {2: address} if address else {}
        self.conversations = Conversations(lambda: next(numbers), known)
        self.now = 100.0

    def ask(self, kind: int, xid: int = XID, **options: bytes) -> list[Heard]:
        """Send a packet of this machine's client."""
        packet = dhcp4.make_discover(MAC, xid, 1, dhcp4.describe_client(0x0C, bytes(16)))
        packet = dhcp4.Packet(op=1, xid=xid, mac=MAC, options={**packet.options, 53: bytes([kind])})
        return self.send(dhcp4.write(packet))

    def send(self, data: bytes, six: bool = False) -> list[Heard]:
        source, ports = ("fe80::2", (546, 547)) if six else ("0.0.0.0", (68, 67))
        datagram = make_datagram(data, source, *ports)
        return [*self.conversations.take_question(2, datagram)]

    def answer(self, data: bytes, source: str = "192.0.2.1", link: int = 2) -> list[Heard]:
        return [*self.conversations.take_answer(link, make_answer(data, source), self.now)]

    def needs(self, data: bytes, source: str = "192.0.2.1") -> bool:
        """Return True if the answer is read however many come."""
        return self.conversations.needs(2, make_answer(data, source))

    def requests(self, seconds: float = 0.0) -> list[Ask]:
        """Return the requests that are sent within some seconds from now."""
        return [*self._requests(self.now + seconds)]

    def _requests(self, end: float) -> Iterator[Ask]:
        while (due := self.conversations.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            yield from self.conversations.due(self.now)
        self.now = end


def make_datagram(data: bytes, source: str, port: int, target_port: int) -> Datagram:
    target = "ff02::1:2" if ":" in source else "255.255.255.255"
    return Datagram(
        source=source, target=target, source_port=port, target_port=target_port, data=data
    )


def make_answer(data: bytes, source: str) -> Datagram:
    ports = (547, 546) if ":" in source else (67, 68)
    return make_datagram(data, source, *ports)


@pytest.fixture
def wire() -> Wire:
    """Return a link whose client has sent a DISCOVER."""
    wire = Wire()
    assert wire.ask(dhcp4.DISCOVER) == []
    return wire


def test_offer_and_confirmation_of_an_own_transaction_count(wire: Wire) -> None:
    options = {51: struct.pack(">I", 30), 67: b"core.elf"}
    (offer,) = wire.answer(dhcp(dhcp4.OFFER, options, address=OWN))
    assert (offer.link, offer.family, offer.kind) == (2, "v4", "offer")
    assert (offer.server, offer.address, offer.transaction) == ("192.0.2.1", OWN, XID)
    assert (offer.seconds, offer.words) == (30, (("bootfile", "core.elf"),))
    (ack,) = wire.answer(dhcp(dhcp4.ACK, options, address=OWN))
    assert ack.kind == "ack"


@pytest.mark.parametrize(
    ("data", "link"),
    [
        (dhcp(dhcp4.OFFER, address=OWN, xid=1), 2),
        (dhcp(dhcp4.OFFER, address=OWN, mac=b"others"), 2),
        (dhcp(dhcp4.OFFER, address=OWN), 3),
        (dhcp(dhcp4.DISCOVER, address=OWN, op=1), 2),
        (dhcp(dhcp4.INFORM, address=OWN), 2),
        (b"", 2),
    ],
)
def test_other_machines_answers_and_forged_ones_do_not_count(
    wire: Wire, data: bytes, link: int
) -> None:
    assert wire.answer(data, link=link) == []


def test_a_refusal_and_the_clients_own_are_told(wire: Wire) -> None:
    (nak,) = wire.answer(dhcp(dhcp4.NAK, {56: b"wrong network"}))
    assert (nak.kind, nak.about) == ("nak", {"message": "wrong network"})
    (declined,) = wire.ask(dhcp4.DECLINE)
    assert (declined.kind, declined.family) == ("decline", "v4")
    assert wire.ask(dhcp4.RELEASE)[0].kind == "release"


def test_the_refusal_of_a_server_that_was_not_asked_does_not_count(wire: Wire) -> None:
    options = {53: bytes([dhcp4.REQUEST]), 54: addresses("192.0.2.1")}
    wire.send(dhcp4.write(dhcp4.Packet(op=1, xid=XID, mac=MAC, options=options)))
    assert wire.answer(dhcp(dhcp4.NAK, server="192.0.2.3")) == []
    assert wire.answer(dhcp(dhcp4.NAK, server="192.0.2.1"))[0].kind == "nak"


def test_a_renewal_is_refused_by_the_server_of_the_address_alone(wire: Wire) -> None:
    wire.ask(dhcp4.REQUEST)
    wire.answer(dhcp(dhcp4.ACK, server="192.0.2.254", address=OWN))
    wire.ask(dhcp4.REQUEST, xid=2)
    assert wire.answer(dhcp(dhcp4.NAK, server="192.0.2.3", xid=2)) == []
    assert wire.answer(dhcp(dhcp4.NAK, server="192.0.2.254", xid=2))[0].kind == "nak"
    wire.ask(dhcp4.REQUEST, xid=3)
    assert wire.answer(dhcp(dhcp4.NAK, server="192.0.2.3", xid=3))[0].kind == "nak"


def test_a_bootp_answer_is_a_confirmation_for_a_client_of_bootp_alone() -> None:
    data = dhcp(0, address=OWN, server="", file=b"kernel")
    wire = Wire()
    wire.send(dhcp4.write(dhcp4.Packet(op=1, xid=XID, mac=MAC)))
    (heard,) = wire.answer(data, source="192.0.2.2")
    assert (heard.kind, heard.server) == ("ack", "192.0.2.2")
    wire.ask(dhcp4.DISCOVER)
    assert wire.answer(data) == []


def test_the_answer_that_the_client_takes_is_expected_and_ends_the_transaction(wire: Wire) -> None:
    lease = {51: struct.pack(">I", 30)}
    true = dhcp(dhcp4.ACK, lease, address=OWN)
    strange = [
        dhcp(dhcp4.ACK, address=OWN),  # without a lifetime
        dhcp(dhcp4.ACK, lease, address="192.0.2.66"),
        dhcp(dhcp4.ACK, lease, address=OWN, server="192.0.2.3"),
        true[:-1] + b"\x43\xff",  # an option that is cut off
    ]
    take(wire)
    for data in strange:
        assert not wire.needs(data)
        (heard,) = wire.answer(data)
        assert (heard.kind, heard.expected) == ("ack", False)
    assert wire.needs(true)
    (heard,) = wire.answer(true)
    assert heard.expected
    for data in (*strange, true, dhcp(dhcp4.NAK)):
        assert not wire.needs(data)
        assert wire.answer(data) == []
    (proxy,) = wire.answer(dhcp(dhcp4.ACK, PXE, server="192.0.2.3"))
    assert proxy.kind == "boot"
    take(wire)
    assert wire.answer(true)[0].expected


def take(wire: Wire) -> None:
    """Request the own address from the server."""
    options = {53: bytes([dhcp4.REQUEST]), 50: addresses(OWN), 54: addresses("192.0.2.1")}
    wire.send(dhcp4.write(dhcp4.Packet(op=1, xid=XID, mac=MAC, options=options)))


def test_any_server_may_confirm_an_address_that_is_rebound(wire: Wire) -> None:
    take(wire)
    options = {53: bytes([dhcp4.REQUEST])}
    wire.send(dhcp4.write(dhcp4.Packet(op=1, xid=XID, mac=MAC, client=OWN, options=options)))
    data = dhcp(dhcp4.ACK, {51: bytes(3) + b"9"}, address=OWN, server="192.0.2.3")
    assert wire.answer(data)[0].expected


def test_without_a_servers_identifier_the_packets_source_is_the_server(wire: Wire) -> None:
    (heard,) = wire.answer(dhcp(dhcp4.OFFER, server="", address=OWN), source="192.0.2.7")
    assert heard.server == "192.0.2.7"


def confirm(wire: Wire, **options: bytes) -> None:
    wire.ask(dhcp4.REQUEST)
    wire.answer(dhcp(dhcp4.ACK, server="192.0.2.254", address=OWN))


def test_a_proxy_without_a_file_is_asked_once_there_is_an_address(wire: Wire) -> None:
    (proxy,) = wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"), source="192.0.2.3")
    assert proxy.kind == "proxy"
    assert wire.requests(60) == []
    confirm(wire)
    (ask,) = wire.requests()
    assert (ask.link, ask.source, ask.target) == (2, OWN, "192.0.2.3")
    request = dhcp4.read(ask.data)
    assert isinstance(request, dhcp4.Packet)
    assert request.kind == dhcp4.REQUEST
    assert request.client == OWN
    assert request.options[93] == b"\0\x0c"
    answer = dhcp(dhcp4.ACK, PXE, server="192.0.2.3", xid=request.xid, file=b"pxelinux.0")
    assert wire.needs(answer)
    (heard,) = wire.answer(answer, source="192.0.2.3")
    assert (heard.kind, heard.server, heard.transaction) == ("boot", "192.0.2.3", XID)
    assert heard.about["boot_file"] == "pxelinux.0"
    assert wire.requests(300) == []


def test_a_proxys_next_server_is_asked_rather_than_the_proxy(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3", next_server="192.0.2.4"))
    confirm(wire)
    assert [ask.target for ask in wire.requests()] == ["192.0.2.4"]


def test_a_silent_proxy_is_asked_again_after_growing_pauses_and_given_up(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"))
    confirm(wire)
    begin, times = wire.now, []
    while (due := wire.conversations.next_due()) is not None:
        wire.now = due
        times += [due - begin for _ in wire.conversations.due(due)]
    assert times == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5]


def test_a_request_that_cannot_be_sent_yet_costs_no_try(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"))
    confirm(wire)
    for _ in range(20):
        (ask,) = wire.requests()
        wire.conversations.put_off(ask, wire.now)
        wire.now += 0.1
    (ask,) = wire.requests()
    assert len(wire.requests(300)) == 7


def test_many_proxies_of_one_machine_do_not_keep_another_one_from_being_asked(wire: Wire) -> None:
    for number in range(50):
        wire.answer(dhcp(dhcp4.OFFER, PXE, server=f"198.51.100.{number}"), source="192.0.2.66")
    for number in range(3, 6):
        server = f"192.0.2.{number}"
        wire.answer(dhcp(dhcp4.OFFER, PXE, server=server), source=server)
    confirm(wire)
    targets = {ask.target for ask in wire.requests()}
    assert targets > {"192.0.2.3", "192.0.2.4", "192.0.2.5"}
    assert len(targets) == 8


def test_a_proxy_that_names_a_file_is_not_asked(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3", file=b"pxelinux.0"))
    confirm(wire)
    assert wire.requests(60) == []


def servers(type: int, *hosts: str) -> bytes:
    return struct.pack(">HB", type, len(hosts)) + addresses(*hosts)


def test_boot_servers_of_option_43_are_asked_for_the_menus_first_item(wire: Wire) -> None:
    menu = struct.pack(">HB", 7, 2) + b"OS" + struct.pack(">HB", 8, 5) + b"Other"
    data = vendor({6: b"\x03", 8: servers(8, "192.0.2.8") + servers(7, "192.0.2.7"), 9: menu})
    wire.answer(dhcp(dhcp4.OFFER, PXE | {43: data}, address=OWN))
    confirm(wire)
    (ask,) = wire.requests()
    assert ask.target == "192.0.2.7"
    request = dhcp4.read(ask.data)
    assert isinstance(request, dhcp4.Packet)
    assert request.options[43][:6] == b"\x47\x04\0\x07\0\0"


def test_a_menu_that_begins_with_the_own_disk_asks_nobody(wire: Wire) -> None:
    menu = struct.pack(">HB", 0, 4) + b"Disk"
    data = vendor({6: b"\x03", 8: servers(7, "192.0.2.7"), 9: menu})
    (heard,) = wire.answer(dhcp(dhcp4.OFFER, PXE | {43: data}))
    assert heard.about["pxemenu"] == "0:Disk"
    confirm(wire)
    assert wire.requests(60) == []


def test_boot_servers_without_an_address_are_asked_by_broadcast_if_that_is_allowed(
    wire: Wire,
) -> None:
    for control, targets in ((b"\x03", []), (b"\x02", ["255.255.255.255"])):
        data = vendor({6: control, 8: servers(7)})
        wire.answer(dhcp(dhcp4.OFFER, PXE | {43: data}, address=OWN))
        confirm(wire)
        assert [ask.target for ask in wire.requests()] == targets


def test_a_proxys_answer_may_lead_to_a_boot_server_but_no_further(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"))
    confirm(wire)
    for host, leads in (("192.0.2.4", True), ("192.0.2.5", False)):
        (ask,) = wire.requests()
        request = dhcp4.read(ask.data)
        assert isinstance(request, dhcp4.Packet)
        data = vendor({8: servers(7, host)})
        assert wire.answer(dhcp(dhcp4.ACK, PXE | {43: data}, xid=request.xid))
        assert bool(wire.conversations.next_due()) is leads


def test_an_interface_with_an_address_asks_without_waiting_for_dhcp() -> None:
    wire = Wire(address="192.0.2.200")
    wire.ask(dhcp4.DISCOVER)
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"))
    (ask,) = wire.requests()
    assert ask.source == "192.0.2.200"


def test_a_renewal_asks_no_boot_server_again_but_a_new_discover_does(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"))
    confirm(wire)
    (ask,) = wire.requests()
    request = dhcp4.read(ask.data)
    assert isinstance(request, dhcp4.Packet)
    wire.answer(dhcp(dhcp4.ACK, PXE, xid=request.xid, file=b"a"))
    wire.ask(dhcp4.REQUEST, xid=2)
    assert wire.answer(dhcp(dhcp4.ACK, xid=2, address=OWN))
    assert wire.requests(60) == []
    wire.ask(dhcp4.DISCOVER, xid=3)
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3", xid=3))
    assert len(wire.requests()) == 1


def test_a_lost_address_ends_the_requests(wire: Wire) -> None:
    wire.answer(dhcp(dhcp4.OFFER, PXE, server="192.0.2.3"))
    confirm(wire)
    wire.answer(dhcp(dhcp4.NAK, server="192.0.2.254"))
    assert wire.requests(60) == []


def test_an_answer_of_dhcpv6_counts_by_its_transaction_and_client() -> None:
    wire = Wire()
    wire.send(packet6(dhcp6.SOLICIT, CLIENT6, (3, bytes(12))), six=True)
    url = (59, b"http://[2001:db8::1]/x")
    answer = packet6(dhcp6.ADVERTISE, CLIENT6, granted("2001:db8::9", 60), url)
    (heard,) = wire.answer(answer, source="fe80::1")
    assert (heard.family, heard.kind, heard.server) == ("v6", "advertise", "fe80::1")
    assert (heard.address, heard.seconds) == ("2001:db8::9", 60)
    assert wire.answer(packet6(dhcp6.ADVERTISE, CLIENT6, xid=1), source="fe80::1") == []
    assert wire.answer(packet6(dhcp6.ADVERTISE, (1, b"other")), source="fe80::1") == []
    assert wire.answer(packet6(dhcp6.SOLICIT, CLIENT6), source="fe80::1") == []


def test_a_reply_of_dhcpv6_without_the_address_that_was_asked_for_is_a_refusal() -> None:
    wire = Wire()
    wire.send(packet6(dhcp6.RENEW, CLIENT6, (3, bytes(12))), six=True)
    (heard,) = wire.answer(packet6(dhcp6.REPLY, CLIENT6, granted("2001:db8::9", 0)), "fe80::1")
    assert heard.kind == "nak"
    wire.send(packet6(dhcp6.INFORMATION, CLIENT6), six=True)
    (heard,) = wire.answer(packet6(dhcp6.REPLY, CLIENT6, (59, b"http://a/")), "fe80::1")
    assert (heard.kind, heard.address) == ("reply", "")
    (released,) = wire.send(packet6(dhcp6.RELEASE, CLIENT6, xid=9), six=True)
    assert released.kind == "release"
    assert wire.answer(packet6(dhcp6.REPLY, CLIENT6, xid=9), "fe80::1") == []


def test_a_reply_of_dhcpv6_that_the_client_takes_ends_the_transaction() -> None:
    wire, own, other = Wire(), (2, b"own"), (2, b"other")
    question = packet6(dhcp6.REQUEST, CLIENT6, own, (3, bytes(12)))
    true = packet6(dhcp6.REPLY, CLIENT6, own, granted("2001:db8::9"))
    for _ in range(2):
        wire.send(question, six=True)
        assert wire.answer(packet6(dhcp6.REPLY, CLIENT6, other), "fe80::2") == []
        false = packet6(dhcp6.REPLY, CLIENT6, other, granted("2001:db8::8"))
        assert [wire.needs(data, "fe80::1") for data in (false, true)] == [False, True]
        assert not wire.answer(false, "fe80::2")[0].expected
        assert wire.answer(true, "fe80::1")[0].expected
        assert not wire.needs(true, "fe80::1")
        refusal = packet6(dhcp6.REPLY, CLIENT6, own)
        assert [wire.answer(data, "fe80::1") for data in (true, false, refusal)] == [[], [], []]


def test_many_transactions_and_servers_cost_no_memory() -> None:
    wire = Wire(address=OWN)
    for xid in range(500):
        wire.ask(dhcp4.DISCOVER, xid=xid)
        wire.send(packet6(dhcp6.SOLICIT, CLIENT6, xid=xid), six=True)
        wire.answer(dhcp(dhcp4.OFFER, PXE, server=f"192.0.2.{xid % 250 + 1}", xid=xid))
    (own,) = wire.conversations._links.values()
    assert len(own.questions) <= 8
    assert len(own.questions6) <= 8
    assert len(own.asking) <= 8
