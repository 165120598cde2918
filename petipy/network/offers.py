"""From everything that was heard on a link to one lease. Pure.

The address and the ways are those of the server that has confirmed the address. The boot file may
be another server's: a proxyDHCP server has no addresses, and a home's router no boot files. The
order is that of PXE firmware:

1. the confirmed server, if it speaks to PXE or HTTP clients by its vendor class
2. a boot server's answer on port 4011
3. a proxyDHCP server's offer
4. the confirmed server, if it names a boot file without a class
5. another server's offer

DHCPv6 has words of its own for a boot file, so both families stand side by side. In a list that
both have, such as the name servers, those of DHCPv4 come first: loaders that read one take an IPv4
address.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from parsers.places.lease import BOOTING, WORDS, is_about_booting
from petipy.network.heard import Family, Heard
from petipy.state.network import Lease, Link

_MOST = 32  # messages of a link that count: more servers than that are a flood
_OFFERS = ("offer", "proxy", "advertise")
_CONVERSATION = (*_OFFERS, "boot")  # they belong to one DISCOVER or SOLICIT
_GRANTS = ("ack", "reply")
_RETURNS = ("nak", "decline", "release")
# Words that go with the boot file: they are all of one server.
_BOOT = frozenset(
    {
        *BOOTING,
        *("vendorclass", "clientuuid", "tftpservers", "tftp", "siaddr", "sname", "bootfile_param"),
        *("reboottime", "rootpath", "pxecontrol", "pxeprompt", "pxeitem"),
    }
)
_FILES = [word for word in BOOTING if word not in ("pxeservers", "pxemenu")]
_LISTS = ("dns", "search", "ntpsrv")  # words that both families have
_CLASSES = ("PXEClient", "HTTPClient")  # of a server for firmware


def remember(known: Sequence[Heard], new: Heard, held: Collection[str] = ()) -> tuple[Heard, ...]:
    """Return the messages of a link that count once `new` has come.

    `held` are the addresses that the link has.

    - A server's later message replaces the earlier of its kind.
    - Several servers may answer one request for information (RFC 2131, 3.4; RFC 8415, 18.2.10.4).
    - A confirmed address replaces the one before, and takes away offers of earlier transactions
      if there are offers of its own: a server that has gone does not answer the next DISCOVER.
    - A refused or returned address takes away the confirmation, and that server's offer.
    - A confirmation of an address that the link has, or else one that the client expects, gives
      way to its like alone.
    - Of too many messages, the sender of most loses its oldest: noise costs its own sender.
    """

    def weigh(heard: Heard) -> tuple[bool, bool]:
        return _weigh(heard, held)

    if new.kind in _RETURNS:
        return tuple(h for h in known if not _is_ended(h, new))
    kept = [heard for heard in known if weigh(heard) > weigh(new) or not _is_replaced(heard, new)]
    if new.kind in _GRANTS and any(_is_of_conversation(h, new) for h in kept):
        kept = [
            heard
            for heard in kept
            if heard.family != new.family
            or heard.kind not in _CONVERSATION
            or heard.transaction == new.transaction
        ]
    if len(kept) >= _MOST:
        counts = Counter(heard.source for heard in kept if not any(weigh(heard)))
        ((most, _),) = counts.most_common(1)
        kept.remove(next(h for h in kept if h.source == most and not any(weigh(h))))
    return (*kept, new)


def _weigh(heard: Heard, held: Collection[str]) -> tuple[bool, bool]:
    """Return the weight of a confirmation: a greater one counts."""
    return heard.kind in _GRANTS and heard.address in held, heard.expected


def _is_ended(heard: Heard, new: Heard) -> bool:
    """Return True if the message meant an address that the client no longer has."""
    if heard.family != new.family:
        return False
    return heard.kind in _GRANTS or (heard.kind in _OFFERS and heard.server == new.server)


def _is_replaced(heard: Heard, new: Heard) -> bool:
    if heard.family != new.family or heard.kind != new.kind:
        return False
    if heard.server == new.server:
        return True
    told = not heard.address and not new.address and heard.transaction == new.transaction
    return new.kind in _GRANTS and not told


def _is_of_conversation(heard: Heard, new: Heard) -> bool:
    same = heard.family == new.family and heard.transaction == new.transaction
    return same and heard.kind in _OFFERS


def make_lease(
    heard: Sequence[Heard], link: Link, uuid: str = "", *, unconfirmed: bool = False
) -> Lease:
    """Return the lease that the messages of a link amount to; () while there is no address.

    `uuid` is the machine's. With `unconfirmed` the best offer counts as if it had been confirmed.
    The same content gives the same lease, so that a renewal changes nothing.
    """
    four = _combine(heard, "v4", link.own_addresses, unconfirmed)
    six = _combine(heard, "v6", link.own_addresses, unconfirmed)
    if not four and not six:
        return ()
    own = {"interface": link.name, "mac": link.mac, "uuid": uuid}
    words = {**six, **four, **own}
    for word in _LISTS:
        items = f"{four.get(word, '')} {six.get(word, '')}".split()
        words[word] = " ".join(dict.fromkeys(items))
    known = [*WORDS, *sorted(words.keys() - WORDS)]
    return tuple((word, words[word]) for word in known if words.get(word))


def describe(lease: Lease) -> str:
    """Return a short sentence on what a lease offers to boot, for a person."""
    words = dict(lease)
    if is_about_booting(words):
        by = words.get("proxy") or words.get("serverid") or words.get("serverid6", "")
        return f"{by} names what to boot" if by else "a server names what to boot"
    addresses = [words[word] for word in ("ip", "ip6") if word in words]
    what = f"address {' and '.join(addresses)}" if addresses else "an answer"
    return f"{what}, but nothing about booting"


def list_reasons(heard: Sequence[Heard]) -> tuple[str, ...]:
    """Return the parts of the messages that were refused, in words, each once."""
    return tuple(
        dict.fromkeys(f"{h.server or 'a server'}: {reason}" for h in heard for reason in h.reasons)
    )


def _combine(
    heard: Sequence[Heard], family: Family, held: Collection[str], unconfirmed: bool
) -> Mapping[str, str]:
    """Return the words of one family, with the boot words of the server that wins."""
    ours = [h for h in heard if h.family == family]
    grants = [h for h in reversed(ours) if h.kind in _GRANTS]
    grants.sort(key=lambda h: _weigh(h, held), reverse=True)
    base = next(iter(grants), None)
    if base is not None and not base.address:
        base = next((h for h in grants if is_about_booting(dict(h.words))), base)
    if unconfirmed and (base is None or not base.address):
        base = _choose_offer(ours) or base
    if base is None:
        return {}
    words = dict(base.words)
    server, address = ("serverid", "ip") if family == "v4" else ("serverid6", "ip6")
    words |= {server: base.server, address: base.address}
    chosen = next(_rank(base, ours), base)
    if chosen is base:
        return words
    said = {word: value for word, value in chosen.words if word in _BOOT or word == "message"}
    kept = {word: value for word, value in words.items() if word not in _BOOT}
    if family == "v4" and not any(said.get(w) for w in ("tftpservers", "tftp", "siaddr", "sname")):
        said["siaddr"] = chosen.server  # else the files would be looked for on the other server
    return {**kept, **said, "proxy": chosen.server}


def _choose_offer(ours: Sequence[Heard]) -> Heard | None:
    """Return the offer of an address that is about booting, else the first."""
    offers = [h for h in ours if h.kind in ("offer", "advertise")]
    booting = [h for h in offers if is_about_booting(h.about)]
    return next(iter([*booting, *offers]), None)


def _rank(base: Heard, ours: Sequence[Heard]) -> Iterator[Heard]:
    """Yield the messages that name something to boot, in the order of their weight.

    A menu alone, which may begin with the machine's own disk, counts after every file.
    """
    for words in (_FILES, BOOTING):
        names = [h for h in ours if any(h.about.get(word) for word in words)]
        own = [base] if base in names else []
        yield from (h for h in own if h.about.get("vendorclass", "").startswith(_CLASSES))
        for kind in ("boot", "proxy"):
            yield from (h for h in names if h.kind == kind)
        yield from own
        yield from (h for h in names if h.kind in _OFFERS and h.server != base.server)
