"""The files for systemd-networkd that come of the settings."""

import pytest

from petipy.network import dhcp4, dhcp6, dracut
from petipy.network.units import _REQUESTED, _REQUESTED_6, Identity, make_units
from petipy.state.settings import Settings

UUID = bytes.fromhex("8a04cbd42c4b4a5b9a1c0123456789ab")
PSERIES = Identity(architecture=0xC, uuid=UUID)
DHCP = r"""
[DHCPv4]
ClientIdentifier=mac
VendorClassIdentifier=PXEClient:Arch:00012:UNDI:003000
SendOption=93:uint16:12
SendOption=94:string:\x01\x03\x00
SendOption=97:string:\x00\x8a\x04\xcb\xd4\x2cKJ\x5b\x9a\x1c\x01\x23Eg\x89\xab
RequestOptions=7 17 43 60 66 67 97 119 132 133 150 208 209 210 211
UseMTU=yes
UseDNS=yes
UseHostname=no

[DHCPv6]
DUIDType=uuid
DUIDRawData=8a:04:cb:d4:2c:4b:4a:5b:9a:1c:01:23:45:67:89:ab
SendOption=16:string:\x00\x00\x01W\x00\x20PXEClient\x3aArch\x3a00012\x3aUNDI\x3a003000
SendOption=61:uint16:12
SendOption=62:string:\x01\x03\x00
RequestOptions=24 59 60
UseDNS=yes
UseHostname=no

[IPv6AcceptRA]
UseDNS=yes
"""
REST = f"""\
[Match]
Type=ether

[Link]
RequiredForOnline=no

[Network]
DHCP=yes
IPv6AcceptRA=yes
LinkLocalAddressing=ipv6
LLMNR=no
EmitLLDP=no
{DHCP}"""


def units(words: str = "", identity: Identity = PSERIES, **settings: object) -> dict[str, str]:
    asked = dracut.read(words)
    assert not asked.complaints
    return dict(make_units(Settings(interfaces=asked, **settings), identity))  # type: ignore[arg-type]


def lines(unit: str, section: str) -> list[str]:
    """Return the lines of a section of a unit."""
    (part,) = [part for part in unit.split("\n\n") if part.startswith(f"[{section}]\n")]
    return part.splitlines()[1:]


def test_without_words_every_card_asks_by_all_ways_at_once() -> None:
    assert units() == {"90-ethernet.network": REST}


def test_a_static_address_asks_nobody() -> None:
    found = units("ip=192.0.2.7::192.0.2.1:24::eth0:off:1400 rd.route=198.51.100.0/24:192.0.2.9")
    assert found["90-ethernet.network"] == REST
    assert found["20-eth0.network"] == (
        "[Match]\nName=eth0\n\n[Link]\nMTUBytes=1400\nRequiredForOnline=no\n\n"
        "[Network]\nDHCP=no\nIPv6AcceptRA=no\nLinkLocalAddressing=no\nLLMNR=no\nEmitLLDP=no\n\n"
        "[Address]\nAddress=192.0.2.7/24\n\n[Route]\nGateway=192.0.2.1\n\n"
        "[Route]\nDestination=198.51.100.0/24\nGateway=192.0.2.9\n"
    )


def test_a_static_address_of_ipv6_has_a_link_local_one_beside_it() -> None:
    unit = units("ip=[2001:db8::7]::[2001:db8::1]:64::eth0:off")["20-eth0.network"]
    assert "LinkLocalAddressing=ipv6" in lines(unit, "Network")


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("any", ("DHCP=yes", "IPv6AcceptRA=yes", "LinkLocalAddressing=ipv6")),
        ("dhcp", ("DHCP=ipv4", "IPv6AcceptRA=yes", "LinkLocalAddressing=ipv6")),
        ("dhcp6", ("DHCP=ipv6", "IPv6AcceptRA=yes", "LinkLocalAddressing=ipv6")),
        ("auto6", ("DHCP=no", "IPv6AcceptRA=yes", "LinkLocalAddressing=ipv6")),
        ("link6", ("DHCP=no", "IPv6AcceptRA=no", "LinkLocalAddressing=ipv6")),
        ("link-local", ("DHCP=no", "IPv6AcceptRA=no", "LinkLocalAddressing=ipv4")),
    ],
)
def test_each_method_is_one_of_networkds(method: str, wanted: tuple[str, ...]) -> None:
    unit = units(f"ip=eth0:{method}")["20-eth0.network"]
    assert tuple(lines(unit, "Network")[:3]) == wanted
    quiet = "DHCPv6Client=no" in unit
    assert quiet == (method in ("dhcp", "auto6"))
    assert ("SendOption=93:uint16:12" in unit) == (method not in ("link6", "link-local"))


def test_an_interface_that_is_off_is_left_alone() -> None:
    unit = units("ip=eth0:off")["20-eth0.network"]
    assert unit == "[Match]\nName=eth0\n\n[Link]\nUnmanaged=yes\n"


def test_a_vlan_lies_on_a_card_that_has_no_address() -> None:
    found = units("vlan=eth0.5:eth0")
    assert found["20-eth0.5.netdev"] == "[NetDev]\nName=eth0.5\nKind=vlan\n\n[VLAN]\nId=5\n"
    assert lines(found["20-eth0.network"], "Network")[:4] == [
        *("VLAN=eth0.5", "DHCP=no", "IPv6AcceptRA=no", "LinkLocalAddressing=no")
    ]
    assert found["20-eth0.5.network"] == REST.replace("Type=ether", "Name=eth0.5")


def test_a_card_below_a_vlan_may_ask_for_an_address_of_its_own() -> None:
    unit = units("vlan=eth0.5:eth0 ip=eth0:any")["20-eth0.network"]
    assert lines(unit, "Network")[:2] == ["VLAN=eth0.5", "DHCP=yes"]


def test_a_bond_has_its_options_and_members() -> None:
    options = "mode=802.3ad,miimon=100,xmit_hash_policy=layer3+4,arp_ip_target=192.0.2.1;192.0.2.2"
    found = units(f"bond=bond0:eth1,eth2:{options}:9000 ip=bond0:dhcp")
    assert found["20-bond0.netdev"] == (
        "[NetDev]\nName=bond0\nKind=bond\nMTUBytes=9000\nMACAddress=none\n\n[Bond]\nMode=802.3ad\n"
        "MIIMonitorSec=100ms\nTransmitHashPolicy=layer3+4\nARPIPTargets=192.0.2.1 192.0.2.2\n"
    )
    for name in ("eth1", "eth2"):
        assert lines(found[f"20-{name}.network"], "Network")[:2] == ["Bond=bond0", "DHCP=no"]
    assert "Name=bond0" in found["20-bond0.network"]


def test_a_bond_knows_modes_by_number_and_its_primary_member() -> None:
    found = units("bond=bond0:eth1,eth2:mode=1,primary=eth2")
    assert lines(found["20-bond0.netdev"], "Bond") == ["Mode=active-backup"]
    assert "PrimarySlave=yes" in found["20-eth2.network"]
    assert "PrimarySlave" not in found["20-eth1.network"]


def test_a_bridge_has_its_members() -> None:
    found = units("bridge=br0:eth0,eth1")
    assert found["20-br0.netdev"] == "[NetDev]\nName=br0\nKind=bridge\nMACAddress=none\n"
    assert lines(found["20-eth1.network"], "Network")[0] == "Bridge=br0"


def test_a_vlan_may_lie_on_a_bond() -> None:
    found = units("bond=bond0:eth1,eth2 vlan=bond0.7:bond0 ip=bond0:off")
    assert lines(found["20-bond0.network"], "Network")[:2] == ["VLAN=bond0.7", "DHCP=no"]


def test_bootif_is_found_by_its_mac() -> None:
    found = units("ip=::::vm:BOOTIF:dhcp BOOTIF=01-52-54-00-12-34-56")
    unit = found["30-525400123456.network"]
    assert lines(unit, "Match") == ["MACAddress=52:54:00:12:34:56", "Type=ether"]
    assert "Hostname=vm" in unit


def test_ifname_names_a_card_by_its_mac() -> None:
    assert units("ifname=lan0:52:54:00:12:34:56")["10-lan0.link"] == (
        "[Match]\nMACAddress=52:54:00:12:34:56\n\n[Link]\nName=lan0\n"
    )


def test_name_servers_of_the_settings_may_replace_those_of_dhcp() -> None:
    unit = units("nameserver=192.0.2.53 rd.peerdns=0")["90-ethernet.network"]
    assert "DNS=192.0.2.53" in lines(unit, "Network")
    for section in ("DHCPv4", "DHCPv6", "IPv6AcceptRA"):
        assert "UseDNS=no" in lines(unit, section)


def test_servers_are_told_another_architecture_by_a_setting() -> None:
    unit = units(dhcp_arch=0xE, identity=PSERIES)["90-ethernet.network"]
    assert "SendOption=93:uint16:14" in unit
    assert "VendorClassIdentifier=PXEClient:Arch:00014:UNDI:003000" in unit


@pytest.mark.parametrize(("architecture", "number"), [(0x7, 16), (0xB, 19), (0x0, 20), (0xC, 12)])
def test_httpclient_has_the_architectures_number_for_http(architecture: int, number: int) -> None:
    identity = Identity(architecture=architecture)
    unit = units(identity=identity, dhcp_class="HTTPClient")["90-ethernet.network"]
    assert f"SendOption=93:uint16:{number}" in unit
    assert f"VendorClassIdentifier=HTTPClient:Arch:{number:05}:UNDI:003000" in unit


def test_classes_of_ones_own_are_sent_as_they_are() -> None:
    unit = units(dhcp_class="My class", dhcp_user_class="iPXE x")["90-ethernet.network"]
    assert "VendorClassIdentifier=My class" in lines(unit, "DHCPv4")
    assert "SendOption=77:string:iPXE\\x20x" in lines(unit, "DHCPv4")
    assert "UserClass=iPXE\\x20x" in lines(unit, "DHCPv6")


def test_the_user_class_of_ipxe_comes_with_ipxes_own_option() -> None:
    sent = lines(units(dhcp_user_class="iPXE")["90-ethernet.network"], "DHCPv4")
    (features,) = (line for line in sent if line.startswith("SendOption=175:"))
    assert features.startswith("SendOption=175:string:\\x13\\x01\\x01")  # HTTP
    other = lines(units(dhcp_user_class="Tinkerbell")["90-ethernet.network"], "DHCPv4")
    assert "SendOption=77:string:Tinkerbell" in other
    assert not [line for line in other if line.startswith("SendOption=175:")]


def test_a_machine_without_number_and_uuid_sends_neither() -> None:
    unit = units(identity=Identity(architecture=None))["90-ethernet.network"]
    assert "SendOption=93" not in unit
    assert "SendOption=97" not in unit
    assert "VendorClassIdentifier=PXEClient\n" in unit
    assert "DUIDType=link-layer" in unit


def test_what_is_read_of_an_answer_is_requested() -> None:
    itself = {1, 6, 12, 15, 26, 42, 56}  # by networkd, or sent unasked
    assert set(dhcp4._WORDS) - itself <= set(_REQUESTED)
    unassigned = {209, 210}
    assert set(dhcp6._WORDS) - {13, 23, 31, 56} - unassigned <= set(_REQUESTED_6)
