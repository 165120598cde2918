"""Offers, confirmations and refusals of several servers, and the one lease that comes of them."""

from dataclasses import replace

import pytest

from petipy.network.heard import MESSAGES, Heard, Kind, Lost
from petipy.network.offers import describe, list_reasons, make_lease, remember
from petipy.state.network import Lease, Link

ETH0 = Link(index=2, name="eth0", mac="52:54:00:12:34:56", carrier=True)
UUID = "3c1b4d5e-0000-4000-8000-525400123456"
PXE = {"vendorclass": "PXEClient", "boot_file": "pxelinux.0"}


def v4(kind: Kind, server: str, words: dict[str, str] | None = None, xid: int = 1) -> Heard:
    address = "" if kind in ("proxy", "nak") else "192.0.2.9"
    return Heard(
        link=2,
        family="v4",
        kind=kind,
        server=server,
        address=address,
        transaction=xid,
        words=tuple((words or {}).items()),
    )


def v6(kind: Kind, words: dict[str, str], server: str = "fe80::1") -> Heard:
    return Heard(
        link=2,
        family="v6",
        kind=kind,
        server=server,
        address="2001:db8::9",
        transaction=7,
        words=tuple(words.items()),
    )


def lease_of(*messages: Heard, unconfirmed: bool = False) -> dict[str, str]:
    return dict(make_lease(conversation(*messages), ETH0, UUID, unconfirmed=unconfirmed))


def conversation(*messages: Heard) -> tuple[Heard, ...]:
    known: tuple[Heard, ...] = ()
    for message in messages:
        known = remember(known, message)
    return known


def test_an_offer_is_no_lease_until_it_is_confirmed() -> None:
    offer = v4("offer", "192.0.2.1", {"boot_file": "a"})
    assert lease_of(offer) == {}
    lease = lease_of(offer, v4("ack", "192.0.2.1", {"boot_file": "b", "router": "192.0.2.254"}))
    assert lease["boot_file"] == "b"
    assert lease["ip"] == "192.0.2.9"
    assert lease["serverid"] == "192.0.2.1"
    assert lease["mac"] == ETH0.mac
    assert lease["uuid"] == UUID
    assert "proxy" not in lease


def test_without_a_request_the_offer_about_booting_stands_for_the_lease() -> None:
    router = v4("offer", "192.0.2.254", {"dns": "192.0.2.254"})
    boot = v4("offer", "192.0.2.1", {"boot_file": "a"})
    lease = lease_of(router, boot, unconfirmed=True)
    assert (lease["serverid"], lease["boot_file"]) == ("192.0.2.1", "a")


def test_an_offer_of_an_address_says_more_than_an_answer_without_one() -> None:
    reply = replace(v6("reply", {"dns": "2001:db8::1"}), address="")
    known = conversation(v6("advertise", {"bootfile_url": "http://a/"}), reply)
    assert dict(make_lease(known, ETH0, unconfirmed=True))["ip6"] == "2001:db8::9"
    assert "ip6" not in dict(make_lease(known, ETH0))


@pytest.mark.parametrize("boots_first", [False, True])
def test_of_two_answers_to_a_request_for_information_the_one_about_booting_counts(
    boots_first: bool,
) -> None:
    boots = replace(v6("reply", {"bootfile_url": "http://a/"}, "fe80::1"), address="")
    other = replace(v6("reply", {"dns": "2001:db8::2"}, "fe80::2"), address="")
    answers = (boots, other) if boots_first else (other, boots)
    assert lease_of(*conversation(*answers))["bootfile_url"] == "http://a/"
    later = replace(other, transaction=other.transaction + 1)
    assert "bootfile_url" not in lease_of(*conversation(*answers, later))


def test_the_boot_file_of_a_second_server_goes_with_the_first_servers_address() -> None:
    lease = lease_of(
        v4("offer", "192.0.2.254", {"router": "192.0.2.254"}),
        v4("offer", "192.0.2.1", {"siaddr": "192.0.2.1", "boot_file": "core.elf", "router": "x"}),
        v4("ack", "192.0.2.254", {"router": "192.0.2.254", "siaddr": "192.0.2.254"}),
    )
    assert lease["router"] == "192.0.2.254"
    assert lease["boot_file"] == "core.elf"
    assert lease["siaddr"] == "192.0.2.1"
    assert lease["proxy"] == "192.0.2.1"


def test_a_boot_server_that_names_no_host_is_the_host() -> None:
    lease = lease_of(
        v4("proxy", "192.0.2.3", PXE), v4("ack", "192.0.2.254", {"siaddr": "192.0.2.254"})
    )
    assert lease["siaddr"] == "192.0.2.3"


ORDER = [
    v4("ack", "192.0.2.1", {**PXE, "boot_file": "first"}),
    v4("boot", "192.0.2.2", {"boot_file": "second"}),
    v4("proxy", "192.0.2.3", {**PXE, "boot_file": "third"}),
    v4("ack", "192.0.2.1", {"boot_file": "fourth"}),
    v4("offer", "192.0.2.5", {"boot_file": "fifth"}),
]


@pytest.mark.parametrize("first", range(5))
def test_the_order_of_servers_is_that_of_pxe_firmware(first: int) -> None:
    rest = [h for h in ORDER[first:] if h.kind != "ack"]
    acks = [h for h in ORDER[first:] if h.kind == "ack"] or [v4("ack", "192.0.2.1")]
    expected = ORDER[first].about["boot_file"]
    assert lease_of(*rest, acks[0])["boot_file"] == expected
    assert lease_of(*reversed(rest), acks[0])["boot_file"] == expected


def test_a_menu_counts_only_where_no_server_names_a_file() -> None:
    menu = {"vendorclass": "PXEClient", "pxemenu": "0:Disk", "pxeservers": "1:192.0.2.1"}
    ack = v4("ack", "192.0.2.1", menu)
    assert lease_of(v4("boot", "192.0.2.2", {"boot_file": "a"}), ack)["boot_file"] == "a"
    assert lease_of(v4("offer", "192.0.2.2", {"boot_file": "a"}), ack)["boot_file"] == "a"
    assert lease_of(ack)["pxemenu"] == "0:Disk"
    assert lease_of(v4("proxy", "192.0.2.3", menu), v4("ack", "192.0.2.1"))["pxemenu"] == "0:Disk"


def test_a_refusal_takes_the_address_away_and_a_later_confirmation_brings_it() -> None:
    known = conversation(v4("offer", "192.0.2.1", PXE), v4("ack", "192.0.2.1", PXE))
    for kind in ("nak", "decline", "release"):
        refused = remember(known, v4(kind, "192.0.2.1", xid=2))
        assert make_lease(refused, ETH0) == ()
        assert make_lease(refused, ETH0, unconfirmed=True) == ()
        again = remember(refused, v4("ack", "192.0.2.7", {"boot_file": "b"}, xid=3))
        assert dict(make_lease(again, ETH0))["boot_file"] == "b"


def test_a_renewal_with_the_same_content_gives_the_same_lease() -> None:
    ack = v4("ack", "192.0.2.1", {"dns": "192.0.2.1"})
    known = conversation(
        v4("proxy", "192.0.2.3", PXE), v4("offer", "192.0.2.1"), v6("reply", {}), ack
    )
    before = make_lease(known, ETH0, UUID)
    for xid in range(2, 60):
        known = remember(known, v4("ack", "192.0.2.1", ack.about, xid=xid))
        assert make_lease(known, ETH0, UUID) == before
    assert len(known) == 4
    known = remember(known, v4("ack", "192.0.2.1", {"dns": "192.0.2.2"}, xid=61))
    assert make_lease(known, ETH0, UUID) != before


def test_a_server_that_has_gone_is_forgotten_with_the_next_discover() -> None:
    lease = lease_of(
        v4("proxy", "192.0.2.3", PXE),
        v4("ack", "192.0.2.1"),
        v4("offer", "192.0.2.1", {}, xid=2),
        v4("ack", "192.0.2.1", {}, xid=2),
    )
    assert "boot_file" not in lease


def test_both_families_stand_side_by_side() -> None:
    url = "http://[2001:db8::1]/boot"
    lease = lease_of(
        v6("reply", {"bootfile_url": url, "dns": "2001:db8::1", "search": "b a"}),
        v4("ack", "192.0.2.1", {"dns": "192.0.2.1", "search": "a", "boot_file": "pxelinux.0"}),
    )
    assert lease["dns"] == "192.0.2.1 2001:db8::1"
    assert lease["search"] == "a b"
    assert (lease["ip"], lease["ip6"]) == ("192.0.2.9", "2001:db8::9")
    assert (lease["bootfile_url"], lease["boot_file"]) == (url, "pxelinux.0")
    assert (lease["serverid"], lease["serverid6"]) == ("192.0.2.1", "fe80::1")


def test_a_refusal_in_one_family_leaves_the_other() -> None:
    lease = lease_of(v6("reply", {}), v4("ack", "192.0.2.1"), v4("nak", "192.0.2.1", xid=2))
    assert "ip" not in lease
    assert lease["ip6"] == "2001:db8::9"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"siaddr": "192.0.2.1"}, "address 192.0.2.9, but nothing about booting"),
        ({"boot_file": "a"}, "192.0.2.1 names what to boot"),
    ],
)
def test_a_lease_says_if_it_is_about_booting(words: dict[str, str], sentence: str) -> None:
    lease: Lease = make_lease([v4("ack", "192.0.2.1", words)], ETH0)
    assert describe(lease) == sentence


def test_a_thousand_servers_cost_no_memory() -> None:
    known: tuple[Heard, ...] = ()
    for number in range(1000):
        known = remember(known, v4("offer", f"192.0.{number >> 8}.{number & 255}"))
    assert len(known) <= 32


def noise(number: int) -> Heard:
    """Return a message of one machine that names another server each time."""
    kinds: tuple[Kind, ...] = ("offer", "ack", "proxy", "boot")
    heard = v4(kinds[number % 4], f"198.51.100.{number}", PXE)
    return replace(heard, address="198.51.100.1", source="192.0.2.66")


@pytest.mark.parametrize("expected", [True, False])
def test_noise_takes_away_neither_the_clients_confirmation_nor_another_machines_offer(
    expected: bool,
) -> None:
    offer = replace(v4("offer", "192.0.2.3", {"dns": "192.0.2.3"}), source="192.0.2.3")
    true = replace(v4("ack", "192.0.2.1"), source="192.0.2.1", expected=expected)
    held = () if expected else ("192.0.2.9",)
    known = conversation(*map(noise, range(200)), offer, true)
    for number in range(200):
        known = remember(known, noise(number), held)
    assert {offer, true} < {*known}
    link = replace(ETH0, addresses=tuple(f"{address}/24" for address in held))
    assert dict(make_lease(known, link))["ip"] == "192.0.2.9"


def test_the_confirmation_of_the_address_that_the_link_has_counts() -> None:
    """The client took the first answer, though it had asked for another address."""
    taken = v4("ack", "192.0.2.1")
    later = replace(v4("ack", "192.0.2.1"), address="192.0.2.10", expected=True)
    link = replace(ETH0, addresses=("192.0.2.9/24",))
    known = remember(remember((), taken), later, link.own_addresses)
    assert dict(make_lease(known, link))["ip"] == "192.0.2.9"


def test_refused_parts_are_listed_once() -> None:
    heard = Heard(link=1, family="v4", kind="ack", server="192.0.2.1", reasons=("option 67: no",))
    assert list_reasons([heard, heard]) == ("192.0.2.1: option 67: no",)


@pytest.mark.parametrize(
    "bad",
    [
        Heard(link=1, family="v4", kind="ack", words=(("bootfile", "a\x1b[2J"),)),
        Heard(link=1, family="v4", kind="ack", words=(("bootfile", "a" * 1025),)),
        Heard(link=1, family="v4", kind="ack", words=(("cmdline", "a"),)),
        Heard(link=1, family="v4", kind="ack", words=(("opt67", "00"),)),
        Heard(link=1, family="v4", kind="ack", words=(("mac", "52:54:00:00:00:01"),)),
        Heard(link=1, family="v4", kind="ack", words=(("dns", "1"),) * 200),
        Heard(link=1, family="v4", kind="ack", server="$(reboot)"),
        Heard(link=1, family="v4", kind="ack", reasons=("\x07",)),
        Heard(link=1 << 40, family="v4", kind="ack"),
        Lost(link=0, count=-1),
    ],
)
def test_a_message_of_a_hostile_process_is_refused(bad: Heard | Lost) -> None:
    data = MESSAGES.encode(bad)
    with pytest.raises(ValueError, match=r"expected|words|server"):
        MESSAGES.decode(data)


def test_a_message_goes_through_the_codec_unchanged() -> None:
    heard = v4("ack", "192.0.2.1", {"pxemenu": "0:local\n1:install", "opt128": "00ff"})
    assert MESSAGES.decode(MESSAGES.encode(heard)) == heard
