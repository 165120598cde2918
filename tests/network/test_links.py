"""Links as sources: their states in words, and when they are scanned."""

from dataclasses import replace
from pathlib import Path

import pytest

from petipy.log import Log
from petipy.network.hearing import Hearing
from petipy.network.states import SILENT
from petipy.sources.source import Arrived, Left, Updated
from petipy.state.network import Setup, Setups
from petipy.sys.netlink import AddressNews
from tests.network.wire import BOOT, Wire, link, scanned


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(tmp_path)


def test_a_link_is_shown_from_the_moment_it_is_there(wire: Wire) -> None:
    (event,) = wire.put(link(up=False, carrier=False))
    assert isinstance(event, Arrived)
    source = event.source
    assert (source.name, source.state, source.reason) == (
        *("eth0", "waiting"),
        "it is being switched on",
    )
    assert source.title == "eth0: network, 52:54:00:12:34:02"
    assert source.device is None
    assert source.link
    assert source.link.mac == "52:54:00:12:34:02"


def test_the_words_follow_a_link_until_it_has_something_to_boot(wire: Wire) -> None:
    wire.put(link(carrier=False))
    assert wire.reason() == "no cable"
    wire.put(link())
    assert wire.reason() == "asking for an address, 0 s"
    wire.wait(12)
    assert wire.reason() == "asking for an address, 10 s"
    wire.wait(30)
    assert wire.reason() == "no answer to DHCP for 40 s; still asking"
    wire.hear("offer")
    assert wire.reason() == "192.0.2.1 offers an address; waiting for it, 40 s"
    wire.hear("ack")
    wire.take_away()
    assert wire.shown["eth0"].state == "waiting"
    assert scanned(wire.give()) == ["eth0"]
    source = wire.shown["eth0"]
    assert source.device
    assert source.device.name == "eth0"
    assert source.title == "eth0: network, 192.0.2.7, 52:54:00:12:34:02"
    assert dict(source.lease)["bootfile"] == "pxelinux.0"


def test_a_carrier_that_comes_after_50_seconds_is_asked_over_at_once(wire: Wire) -> None:
    wire.put(link(carrier=False))
    assert wire.wait(50) == []
    wire.put(link())
    assert wire.reason() == "asking for an address, 0 s"
    wire.hear("ack")
    assert scanned(wire.give()) == ["eth0"]


def test_a_lease_that_names_nothing_to_boot_is_known_and_waits_for_nothing(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack", (("router", "192.0.2.1"),))
    wire.give()
    assert wire.shown["eth0"].state == "ready"
    assert wire.reason() == "address 192.0.2.7, but nothing about booting"


def test_a_boot_file_that_was_left_out_says_why(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack", words=(), reasons=("option 67: a control character",))
    wire.give()
    why = "192.0.2.1: option 67: a control character"
    assert wire.reason().endswith(f"but nothing about booting ({why})")
    wire.hear("ack", words=(), reasons=("option 67: a control character",))
    assert [line for line in wire.lines() if "left out" in line] == [
        f"eth0: left out of an answer: {why}"
    ]


def test_an_address_that_the_server_refuses_says_so_until_another_comes(wire: Wire) -> None:
    wire.put(link())
    wire.hear("nak")
    assert wire.reason() == "192.0.2.1 refuses the address; asking again"
    wire.hear("ack")
    assert wire.reason() == "the address is being checked"
    assert scanned(wire.give()) == ["eth0"]


def test_an_address_that_another_machine_has_says_so(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.links.interfaces.take([AddressNews(True, 2, "192.0.2.7/24", False, True, False)])
    wire.look()
    assert wire.reason() == "another machine has 192.0.2.7, too; asking again"


def test_an_address_without_dhcp_is_shown_while_the_question_goes_on(wire: Wire) -> None:
    wire.put(link())
    wire.give("2001:db8::7/64")
    assert wire.reason() == "2001:db8::7; asking for what to boot, 0 s"
    wire.wait(SILENT)
    assert wire.reason() == "2001:db8::7; no answer to DHCP for 30 s; still asking"


def test_a_renewal_with_the_same_content_scans_nothing(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    assert wire.hear("ack") == []


def test_another_content_of_the_lease_is_scanned(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    events = wire.hear("ack", (*BOOT, ("pxeconffile", "other.cfg")))
    assert scanned(events) == ["eth0"]


def test_what_was_found_stays_without_a_cable_and_is_scanned_again_with_one(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    (event,) = wire.put(link(carrier=False))
    assert isinstance(event, Updated)
    assert event.source.reason == "no cable"
    assert event.source.device
    wire.take_away()
    wire.put(link())
    assert scanned(wire.give()) == ["eth0"]
    assert wire.reason() == ""


def test_a_lease_without_a_boot_file_takes_away_what_the_one_before_had(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    (event,) = wire.hear("ack", (("router", "192.0.2.1"),))
    assert isinstance(event, Arrived)
    assert (event.source.state, event.source.device) == ("ready", None)


def test_a_carrier_that_flaps_changes_the_words_and_fills_no_log(wire: Wire) -> None:
    for _ in range(50):
        wire.put(link(carrier=False))
        wire.put(link())
        wire.now += 0.5
    assert [*wire.lines()] == [*["eth0: no cable"] * 4, "eth0: no cable; it comes and goes"]
    assert wire.reason() == "asking for an address, 0 s"


def test_a_link_that_nobody_answers_costs_one_line(wire: Wire) -> None:
    wire.put(link())
    events = wire.wait(3600)
    assert [*wire.lines()] == ["eth0: no answer to DHCP for 30 s; still asking"]
    assert all(isinstance(event, Updated) for event in events)
    assert len(events) < 80
    assert wire.reason() == "no answer to DHCP for 60 min; still asking"


def test_the_addresses_that_go_with_the_cable_are_no_news(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    wire.put(link(carrier=False))
    wire.take_away()
    lines = [*wire.lines()]
    assert lines == ["eth0: 192.0.2.7/24, DHCP server 192.0.2.1", "eth0: no cable"]


def test_consoles_that_were_told_of_silence_are_told_of_its_end(wire: Wire) -> None:
    shown: list[str] = []
    wire.log = wire.links.log = Log(lambda status: shown.append(status.text), files=())
    wire.put(link())
    wire.wait(40)
    wire.hear("ack")
    wire.give()
    assert shown == [
        "eth0: no answer to DHCP for 30 s; still asking",
        "eth0: 192.0.2.7/24, DHCP server 192.0.2.1",
    ]


def test_a_server_that_is_known_after_the_address_has_a_line_without_the_address(
    wire: Wire,
) -> None:
    wire.put(link())
    wire.give()
    wire.hear("ack")
    assert [*wire.lines()] == ["eth0: 192.0.2.7/24", "eth0: DHCP server 192.0.2.1"]


def test_eight_links_are_asked_at_once_and_one_that_answers_waits_for_none(wire: Wire) -> None:
    for index in range(2, 10):
        wire.put(link(index, f"eth{index}"))
    wire.hear("ack", index=5)
    assert scanned(wire.give(index=5)) == ["eth5"]
    states = {name: source.state for name, source in wire.shown.items()}
    assert states.pop("eth5") == "scanning"
    assert set(states.values()) == {"waiting"}


def test_two_links_with_leases_are_two_sources(wire: Wire) -> None:
    for index in (2, 3):
        wire.put(link(index, f"eth{index}"))
        wire.hear("ack", index=index, address=f"192.0.2.{index}")
        assert scanned(wire.give(f"192.0.2.{index}/24", index)) == [f"eth{index}"]


def test_an_address_on_two_links_is_in_the_log(wire: Wire) -> None:
    for index in (2, 3):
        wire.put(link(index, f"eth{index}"))
        wire.give("192.0.2.7/24", index)
    lines = [line for line in wire.lines() if "192.0.2.7" in line]
    twin = "eth3: 192.0.2.7/24; eth2 has this address, too (ip= can name the card)"
    assert lines == ["eth2: 192.0.2.7/24", twin]


def test_a_link_that_gets_another_name_is_another_source(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    left, arrived = wire.put(link(name="enp0s1"))
    assert left == Left("eth0")
    assert isinstance(arrived, Arrived)
    assert arrived.source.name == "enp0s1"
    assert dict(arrived.source.lease)["interface"] == "enp0s1"


def test_a_card_that_is_removed_takes_its_source_along(wire: Wire) -> None:
    wire.put(link())
    wire.hear("ack")
    wire.give()
    assert wire.put(link(present=False)) == [Left("eth0")]
    assert wire.put(link(index=7))
    assert wire.shown["eth0"].lease == ()


def test_members_of_a_bond_and_the_carrier_of_a_vlan_are_no_sources(wire: Wire) -> None:
    wire.put(link(2, "eth0", master=4))
    wire.put(link(3, "eth1"))
    wire.put(link(4, "bond0", kind="bond"))
    wire.put(link(5, "eth1.7", kind="vlan", parent=3))
    wire.put(link(6, "dummy0", kind="dummy"))
    wire.put(link(7, "lo", loopback=True))
    assert [*wire.shown] == ["bond0", "eth1.7"]
    assert wire.shown["bond0"].title.startswith("bond0: network, bond, ")


def test_speed_and_driver_are_in_the_title(wire: Wire) -> None:
    card = wire.sysfs / "class/net/eth0"
    (card / "device").mkdir(parents=True)
    (card / "device/driver").symlink_to("../../bus/virtio/drivers/virtio_net")
    (card / "speed").write_text("1000\n")
    wire.put(link())
    title = "eth0: network, 52:54:00:12:34:02, virtio_net, 1000 Mbit/s"
    assert wire.shown["eth0"].title == title
    (card / "speed").write_text("-1\n")
    wire.put(link(carrier=False))
    assert wire.shown["eth0"].title == title.removesuffix(", 1000 Mbit/s")


def test_a_card_has_open_firmwares_name(wire: Wire) -> None:
    card = wire.sysfs / "devices/pci0000:00/0000:00:03.0"
    (card / "virtio1/net/eth0").mkdir(parents=True)
    node = wire.sysfs / "firmware/devicetree/base/pci@800000020000000/ethernet@3"
    node.mkdir(parents=True)
    (card / "of_node").symlink_to(node)
    (wire.sysfs / "class/net").mkdir(parents=True)
    (wire.sysfs / "class/net/eth0").symlink_to(card / "virtio1/net/eth0")
    wire.put(link())
    shown = wire.shown["eth0"].link
    assert shown
    assert shown.firmware_path == "/pci@800000020000000/ethernet@3"


def test_lost_news_is_made_good_by_a_dump(wire: Wire) -> None:
    wire.put(link())
    wire.put(link(3, "eth1"))
    wire.links.interfaces.restart([replace(link(), carrier=False)])
    events = wire.look()
    assert Left("eth1") in events
    assert wire.reason() == "no cable"


def test_a_fixed_address_waits_for_no_server(tmp_path: Path) -> None:
    setups = Setups(
        interfaces=(
            Setup(name="eth0", method="static", addresses=("192.0.2.7/24",)),
            Setup(mac="52:54:00:12:34:03", method="ignore"),
            Setup(name="eth2"),
        )
    )
    wire = Wire(tmp_path, hearing=Hearing(setups=setups))
    wire.put(link())
    assert wire.reason() == "it waits for its address"
    wire.give()
    assert wire.shown["eth0"].state == "ready"
    assert wire.reason() == "192.0.2.7, without DHCP: nothing says what to boot"
    wire.put(link(3, "eth1"))
    assert wire.reason("eth1") == "the settings leave it alone"
    wire.put(link(4, "eth2"))
    assert wire.reason("eth2") == "asking for an address, 0 s"
