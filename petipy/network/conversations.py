"""The DHCP transactions of this machine, followed from outside: questions and answers. Pure.

A packet socket sees both. Only an answer to a transaction that was seen to begin counts: another
machine's, or a forged one, has another number or hardware address.

No DHCP client asks PXE's servers, so this module plans the requests to them. It asks a server for
PXE that has named no boot file, proxyDHCP or not, and the boot servers of option 43.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from petipy.network import answers, dhcp4, dhcp6, pxe
from petipy.network.frames import Datagram
from petipy.network.heard import Heard, Kind

_MOST_LINKS = 256
_MOST_QUESTIONS = 8  # of a link and family: a client has one or two at a time
_MOST_ASKS = 8  # of a link at the same time
_SOON, _MOST_PUT_OFF = 0.1, 300  # seconds until an interface may have its address; tries
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)  # seconds after each request
_NAMES = {"boot_file", "bootfile", "pxeconffile"}  # words that leave nothing to ask for
_EVERYBODY = "255.255.255.255"
Draw = Callable[[], int]
Addresses = Mapping[int, str]  # by the interface's index: an IPv4 address that it has already
_KINDS4: dict[int, Kind] = {dhcp4.DECLINE: "decline", dhcp4.RELEASE: "release"}
_KINDS6: dict[int, Kind] = {dhcp6.DECLINE: "decline", dhcp6.RELEASE: "release"}
_ASKING6 = (dhcp6.SOLICIT, dhcp6.REQUEST, dhcp6.RENEW, dhcp6.REBIND, dhcp6.INFORMATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request to a server for PXE, to be sent from an interface's own address."""

    link: int
    source: str
    target: str
    item: int | None  # of PXE's menu
    data: bytes


@dataclass(slots=True, kw_only=True)
class _Asking:
    """A request to a server that is repeated until it answers."""

    question: dhcp4.Packet  # of this machine's client: it describes itself
    source: str  # the address that the answer came from
    target: str
    item: int | None
    xid: int
    deep: bool = False  # the answer's own boot servers are not asked again
    sent: int = 0
    put_off: int = 0
    next: float = 0.0


@dataclass(slots=True)
class _Link:
    address: str = ""  # that the client has
    server: str = ""  # that has given it
    questions: dict[int, dhcp4.Packet] = field(default_factory=dict)  # by transaction
    questions6: dict[int, dhcp6.Packet] = field(default_factory=dict)
    asking: dict[tuple[str, int | None], _Asking] = field(default_factory=dict)
    answered: set[tuple[str, int | None]] = field(default_factory=set)  # since the last DISCOVER
    # Transactions whose last question has its confirmation: the client ignores another one.
    confirmed: set[int] = field(default_factory=set)
    confirmed6: set[int] = field(default_factory=set)


class Conversations:
    """Everything that is known of the transactions. `draw` returns a random number of 32 bits."""

    def __init__(self, draw: Draw, addresses: Addresses) -> None:
        self._draw = draw
        self._links: dict[int, _Link] = {
            link: _Link(address=address) for link, address in addresses.items()
        }

    def take_question(self, link: int, datagram: Datagram) -> Iterator[Heard]:
        """Note a packet of this machine's client. Yield a Heard if it gives an address back."""
        own = self._links.setdefault(link, _Link())
        if len(self._links) > _MOST_LINKS:
            self._links.pop(next(iter(self._links)))
        if datagram.six:
            yield from self._take_question6(link, own, datagram)
            return
        packet = dhcp4.read(datagram.data)
        if isinstance(packet, str) or packet.op != dhcp4.REQUEST_OP:
            return
        if packet.kind in _KINDS4:
            own.address = own.server = ""
            own.asking.clear()
            kind = _KINDS4[packet.kind]
            yield Heard(
                link=link,
                family="v4",
                kind=kind,
                server=packet.server,
                address=packet.client if packet.client != "0.0.0.0" else "",
                transaction=packet.xid,
            )
            return
        before = own.questions.pop(packet.xid, None)
        # A REQUEST may leave out options of the DISCOVER that describe the client.
        if packet.kind == dhcp4.DISCOVER and not before:
            own.server = ""
            own.answered.clear()
        if before:
            packet = replace(packet, options={**before.options, **packet.options})
        own.questions[packet.xid] = packet
        own.confirmed.discard(packet.xid)
        _forget(own.questions)
        own.confirmed &= own.questions.keys()

    def _take_question6(self, link: int, own: _Link, datagram: Datagram) -> Iterator[Heard]:
        packet = dhcp6.read(datagram.data)
        if isinstance(packet, str):
            return
        if packet.kind in _KINDS6:
            kind = _KINDS6[packet.kind]
            yield Heard(link=link, family="v6", kind=kind, transaction=packet.xid)
        elif packet.kind in _ASKING6:
            own.questions6.pop(packet.xid, None)
            own.questions6[packet.xid] = packet
            own.confirmed6.discard(packet.xid)
            _forget(own.questions6)
            own.confirmed6 &= own.questions6.keys()

    def expects(self, link: int, datagram: Datagram) -> bool:
        """Return True if an answer has the number of a transaction. This is quick."""
        own = self._links.get(link)
        if own is None:
            return False
        if datagram.six:
            return int.from_bytes(datagram.data[1:4], "big") in own.questions6
        xid = int.from_bytes(datagram.data[4:8], "big")
        return xid in own.questions or any(asking.xid == xid for asking in own.asking.values())

    def needs(self, link: int, datagram: Datagram) -> bool:
        """Return True if the client takes an answer, or if it answers an Ask.

        Ask this of an answer that `expects` knows. It costs a small part of `take_answer`.
        """
        own = self._links[link]
        if datagram.six:
            xid = int.from_bytes(datagram.data[1:4], "big")
            if xid in own.confirmed6 or datagram.data[0] != dhcp6.REPLY:
                return False
            reply = dhcp6.read(datagram.data)
            return not isinstance(reply, str) and answers.confirms6(own.questions6[xid], reply)
        xid = int.from_bytes(datagram.data[4:8], "big")
        question = own.questions.get(xid)
        if question is None:
            return True
        wanted = {question.client, question.requested}
        if xid in own.confirmed or dhcp4.peek_address(datagram.data) not in wanted:
            return False
        packet = dhcp4.read(datagram.data)
        return not isinstance(packet, str) and answers.confirms(question, packet)

    def take_answer(self, link: int, datagram: Datagram, now: float) -> Iterator[Heard]:
        """Yield the contents of an answer to this machine's client or to an Ask."""
        own = self._links.get(link)
        if own is None:
            return
        if datagram.six:
            yield from self._take_answer6(link, own, datagram)
            return
        packet = dhcp4.read(datagram.data)
        if isinstance(packet, str) or packet.op != dhcp4.REPLY_OP:
            return
        asking = next((a for a in own.asking.values() if a.xid == packet.xid), None)
        question = asking.question if asking else own.questions.get(packet.xid)
        if question is None or packet.mac != question.mac:
            return
        if asking is None:
            yield from self._take_answer4(link, own, question, packet, datagram, now)
        elif packet.kind in (dhcp4.ACK, dhcp4.OFFER, 0):
            yield from self._take_boot_answer(link, own, asking, packet, datagram, now)

    def _take_answer4(
        self,
        link: int,
        own: _Link,
        question: dhcp4.Packet,
        packet: dhcp4.Packet,
        datagram: Datagram,
        now: float,
    ) -> Iterator[Heard]:
        kind = answers.classify(question, packet, own.server)
        if kind is None or (kind in ("ack", "nak") and packet.xid in own.confirmed):
            return
        values, servers = dhcp4.read_words(packet)
        heard = answers.tell(link, kind, packet, datagram, values, packet.xid)
        if kind == "ack" and answers.confirms(question, packet):
            own.confirmed.add(packet.xid)
            heard = replace(heard, expected=True)
        if kind == "nak":
            own.address = own.server = ""
            own.asking.clear()
        elif kind == "ack" and heard.address:
            own.address, own.server = heard.address, heard.server
        yield heard
        if kind != "nak" and not values.words.keys() & _NAMES:
            for_pxe = kind == "proxy" or packet.is_for_pxe
            self._ask(own, question, heard, servers, now, proxy=for_pxe)

    def _take_boot_answer(
        self,
        link: int,
        own: _Link,
        asking: _Asking,
        packet: dhcp4.Packet,
        datagram: Datagram,
        now: float,
    ) -> Iterator[Heard]:
        values, servers = dhcp4.read_words(packet)
        own.asking.pop((asking.target, asking.item), None)
        if len(own.answered) >= _MOST_ASKS * _MOST_QUESTIONS:
            own.answered.clear()
        own.answered.add((asking.target, asking.item))
        heard = answers.tell(link, "boot", packet, datagram, values, asking.question.xid)
        yield heard
        named = values.words.keys() & _NAMES
        if not named and not asking.deep and servers and servers.wanted is not None:
            self._ask(own, asking.question, heard, servers, now, proxy=False, deep=True)

    def _take_answer6(self, link: int, own: _Link, datagram: Datagram) -> Iterator[Heard]:
        packet = dhcp6.read(datagram.data)
        question = None if isinstance(packet, str) else own.questions6.get(packet.xid)
        if isinstance(packet, str) or question is None:
            return
        heard = answers.tell6(link, question, packet, datagram)
        if heard is None or (heard.kind in ("reply", "nak") and packet.xid in own.confirmed6):
            return
        if heard.expected:
            own.confirmed6.add(packet.xid)
        yield heard

    def _ask(
        self,
        own: _Link,
        question: dhcp4.Packet,
        heard: Heard,
        servers: pxe.BootServers | None,
        now: float,
        *,
        proxy: bool,
        deep: bool = False,
    ) -> None:
        """Plan requests to the servers that an answer points to."""
        item = servers.wanted if servers else None
        if item == pxe.LOCAL:
            return  # the machine's own disk: there is nothing to ask
        targets: Sequence[str] = ()
        if servers and item is not None:
            targets = servers.addresses(item)
            if not targets and servers.may_broadcast:
                targets = (_EVERYBODY,)
        elif proxy:
            targets = (heard.about.get("siaddr") or heard.server,)
        for target in targets:
            key = (target, item)
            if key not in own.asking and key not in own.answered and _make_room(own, heard.source):
                own.asking[key] = _Asking(
                    question=question,
                    source=heard.source,
                    target=target,
                    item=item,
                    xid=self._draw(),
                    deep=deep,
                    next=now,
                )

    def due(self, now: float) -> Iterator[Ask]:
        """Yield the requests to be sent now."""
        for link, own in self._links.items():
            for key, asking in [*own.asking.items()]:
                if not own.address or asking.next > now:
                    continue
                if asking.sent == len(_PAUSES):
                    del own.asking[key]
                    continue
                asking.next = now + _PAUSES[asking.sent]
                asking.sent += 1
                request = dhcp4.make_boot_request(
                    asking.question, asking.xid, own.address, asking.item, asking.target
                )
                yield Ask(
                    link=link,
                    source=own.address,
                    target=asking.target,
                    item=asking.item,
                    data=dhcp4.write(request),
                )

    def put_off(self, ask: Ask, now: float) -> None:
        """Note that a request cannot be sent yet. It soon becomes due again."""
        asking = self._links[ask.link].asking.get((ask.target, ask.item))
        if asking and asking.put_off < _MOST_PUT_OFF:
            asking.sent -= 1
            asking.put_off += 1
            asking.next = now + _SOON

    def next_due(self) -> float | None:
        """Return the time of the next request; None if there is none to send."""
        times = [a.next for own in self._links.values() if own.address for a in own.asking.values()]
        return min(times, default=None)


def _make_room(own: _Link, source: str) -> bool:
    """Return True if one more request may be planned for an answer from an address.

    The requests of the address that has caused most make way for another address's.
    """
    if len(own.asking) < _MOST_ASKS:
        return True
    counts = Counter(asking.source for asking in own.asking.values())
    ((most, count),) = counts.most_common(1)
    if counts[source] + 1 >= count:
        return False
    del own.asking[next(key for key, asking in own.asking.items() if asking.source == most)]
    return True


def _forget(questions: dict[int, dhcp4.Packet] | dict[int, dhcp6.Packet]) -> None:
    while len(questions) > _MOST_QUESTIONS:
        questions.pop(next(iter(questions)))
