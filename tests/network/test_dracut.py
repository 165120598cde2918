"""dracut's words for the network, and the setups that they ask for."""

from pathlib import Path

import pytest

from petipy.network import dracut
from petipy.settings import storage
from petipy.state.network import Setup

MAC = "52:54:00:12:34:56"


def read(words: str) -> Setup:
    """Return the only setup of the words, which are all understood."""
    found = dracut.read(words)
    assert not found.complaints
    (setup,) = found.interfaces
    return setup


@pytest.mark.parametrize(
    ("words", "setup"),
    [
        ("ip=dhcp", Setup(method="dhcp4")),
        ("ip=any", Setup(method="auto")),
        ("ip=eth0:dhcp6", Setup(name="eth0", method="dhcp6")),
        ("ip=eth0:auto6:1400", Setup(name="eth0", method="routers", mtu=1400)),
        ("ip=eth0:on::" + MAC, Setup(name="eth0", method="auto", new_mac=MAC)),
        ("ip=eth0:off", Setup(name="eth0", method="ignore")),
        ("ip=::::vm:eth0:link6", Setup(name="eth0", method="link6", hostname="vm")),
        (
            "ip=192.0.2.7::192.0.2.1:255.255.255.0:vm:eth0:off:1400:" + MAC,
            Setup(
                name="eth0",
                method="static",
                addresses=("192.0.2.7/24",),
                gateways=("192.0.2.1",),
                hostname="vm",
                mtu=1400,
                new_mac=MAC,
            ),
        ),
        (
            "ip=192.0.2.7::192.0.2.1:24::eth0:none:192.0.2.53:192.0.2.54",
            Setup(
                name="eth0",
                method="static",
                addresses=("192.0.2.7/24",),
                gateways=("192.0.2.1",),
                nameservers=("192.0.2.53", "192.0.2.54"),
            ),
        ),
        (
            "ip=[2001:db8::7]::[2001:db8::1]:64::eth0:off:[2001:db8::53]",
            Setup(
                name="eth0",
                method="static",
                addresses=("2001:db8::7/64",),
                gateways=("2001:db8::1",),
                nameservers=("2001:db8::53",),
            ),
        ),
        (
            "ip=192.0.2.7:192.0.2.9::32::eth0:off",
            Setup(name="eth0", method="static", addresses=("192.0.2.7/32",), peer="192.0.2.9"),
        ),
        (
            "ip=eth0:dhcp ip=198.51.100.7:::24::eth0:off",
            Setup(name="eth0", method="dhcp4", addresses=("198.51.100.7/24",)),
        ),
        ("vlan=vlan0005:eth0", Setup(name="vlan0005", kind="vlan", number=5, members=("eth0",))),
        (
            "vlan=eth0.7:eth0 ip=eth0.7:dhcp",
            Setup(name="eth0.7", method="dhcp4", kind="vlan", number=7, members=("eth0",)),
        ),
        (
            "ip=bond0:dhcp bond=bond0:eth1,eth2:mode=802.3ad,miimon=100:9000",
            Setup(
                name="bond0",
                method="dhcp4",
                kind="bond",
                members=("eth1", "eth2"),
                options=(("mode", "802.3ad"), ("miimon", "100")),
                mtu=9000,
            ),
        ),
        ("bridge=br0:eth0,eth1", Setup(name="br0", kind="bridge", members=("eth0", "eth1"))),
    ],
)
def test_each_form_gives_its_setup(words: str, setup: Setup) -> None:
    assert read(words) == setup


def test_the_order_of_the_words_of_one_interface_does_not_matter() -> None:
    words = ["bond=bond0:eth1,eth2:mode=1", "ip=192.0.2.7:::24::bond0:off"]
    assert read(" ".join(words)) == read(" ".join(reversed(words)))


def test_what_pxelinux_appends_is_the_address_of_the_card_it_names() -> None:
    found = read(
        f"ip=192.0.2.7:192.0.2.9:192.0.2.1:255.255.255.0 BOOTIF=01-{MAC.replace(':', '-')}"
    )
    assert (found.mac, found.addresses, found.peer) == (MAC, ("192.0.2.7/24",), "")


@pytest.mark.parametrize("bootif", [MAC, f"01:{MAC}", f"01-{MAC.replace(':', '-').upper()}"])
def test_bootif_stands_for_a_card_in_every_spelling(bootif: str) -> None:
    assert read(f"BOOTIF={bootif} ip=::::vm:BOOTIF:dhcp").mac == MAC


@pytest.mark.parametrize("words", ["ip=eth0:dhcp ip=eth0:dhcp6", "ip=dhcp6 ip=dhcp"])
def test_two_words_for_an_interface_ask_servers_of_both_families(words: str) -> None:
    assert read(words).method == "auto"


def test_an_address_without_interface_counts_for_bootdev() -> None:
    assert read("bootdev=eth3 ip=192.0.2.7::192.0.2.1:24").name == "eth3"


def test_a_route_goes_by_the_interface_that_its_gateway_is_behind() -> None:
    words = "ip=192.0.2.7:::24::eth0:off ip=198.51.100.7:::24::eth1:off"
    found = dracut.read(
        f"{words} rd.route=203.0.113.0/24:198.51.100.1 rd.route=0.0.0.0/0:192.0.2.1:eth1"
    )
    assert [setup.routes for setup in found.interfaces] == [
        (),
        (("203.0.113.0/24", "198.51.100.1"), ("0.0.0.0/0", "192.0.2.1")),
    ]


def test_names_and_name_servers_count_for_all_interfaces() -> None:
    found = dracut.read(
        f"ifname=lan0:{MAC.upper()} nameserver=192.0.2.53 nameserver=[2001:db8::53] rd.peerdns=0"
    )
    assert found.names == (("lan0", MAC),)
    assert found.nameservers == ("192.0.2.53", "2001:db8::53")
    assert not found.server_names


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("ip=nonsense", "'nonsense' is not an IP address"),
        ("ip=eth0/../x:dhcp", "'eth0/../x' is not the name of an interface"),
        ("ip=192.0.2.7::192.0.2.1:255.0.255.0::eth0:off", "'255.0.255.0' is neither a netmask"),
        ("ip=192.0.2.7::192.0.2.1::x:eth0:off", "'' is neither a netmask"),
        ("ip=192.0.2.7:::24::eth0:maybe", "'maybe' is none of on, any"),
        ("ip=::::vm:eth0:ibft", "iBFT"),
        ("ip=eth0:dhcp:9", "'9' is not a size of packets"),
        ("ip=eth0:dhcp:²", "'²' is not a size of packets"),
        ("ip=eth0:dhcp::52-54", "'52-54' is not an address like"),
        ("ip=::::a\x07b:eth0:dhcp", "is not a host's name"),
        ("ip=::::vm:BOOTIF:dhcp", "no word BOOTIF="),
        ("vlan=eth0.4095:eth0", "ends with no number from 1 to 4094"),
        ("vlan=eth0.5:", "'' is not the name of an interface"),
        ("bond=bond0:eth0:mode", "'mode' is not an option of a bond"),
        ("bond=bond0:eth0:magic=1", "'magic' is not known"),
        ("team=team0:eth0", "teams are not supported"),
        ("rd.route=everywhere:192.0.2.1", "'everywhere' is not a network"),
        ("rd.route=198.51.100.0/24", "'' is not an IP address"),
        ("nameserver=dns", "'dns' is not an IP address"),
        ("ifname=lan0", "'' is not an address like"),
    ],
)
def test_a_wrong_word_is_named_and_costs_itself_alone(word: str, reason: str) -> None:
    found = dracut.read(f"{word} ip=eth9:dhcp6")
    (complaint,) = found.complaints
    assert complaint.startswith(word.partition("=")[0])
    assert reason in complaint
    assert found.interfaces == (Setup(name="eth9", method="dhcp6"),)


def test_the_words_of_the_command_line_outrank_those_of_the_image(
    tmp_path: Path,
) -> None:
    image = tmp_path / "petipy.toml"
    image.write_text('interfaces = ["ip=eth0:off"]\n')
    of_image = storage.load("quiet", image=str(image))
    assert of_image.interfaces.interfaces == (Setup(name="eth0", method="ignore"),)
    of_both = storage.load('ip=eth1:dhcp6 root=/dev/vda1 "nameserver=192.0.2.53"', image=str(image))
    assert of_both.interfaces.interfaces == (Setup(name="eth1", method="dhcp6"),)
    assert of_both.interfaces.nameservers == ("192.0.2.53",)
    assert of_both.layer("interfaces") == "command line"


def test_a_wrong_word_is_among_the_complaints_of_the_settings() -> None:
    settings = storage.load("ip=eth0:dhcp6 ip=x:y:z", image="/dev/null")
    assert settings.complaints == ("kernel command line: ip=x:y:z: 'x' is not an IP address",)
