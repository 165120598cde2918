"""DHCPv4's packets: every option that a boot manager reads, and malformed ones."""

import struct

import pytest

from petipy.network import dhcp4
from petipy.network.dhcp4 import ACK, OFFER, Packet
from petipy.network.options import Values, split_options
from petipy.network.pxe import BootServers
from tests.network.packets import COOKIE, MAC, addresses, bootp, dhcp, domains, encode, vendor

PXE = {60: b"PXEClient"}


def read(data: bytes) -> Packet:
    packet = dhcp4.read(data)
    assert isinstance(packet, Packet)
    return packet


def values(data: bytes) -> Values:
    return dhcp4.read_words(read(data))[0]


def words(data: bytes) -> dict[str, str]:
    found = values(data)
    assert not found.reasons
    return found.words


def boot_servers(data: bytes) -> BootServers | None:
    return dhcp4.read_words(read(data))[1]


def test_an_offer_tells_everything_that_a_boot_needs() -> None:
    options = {
        1: addresses("255.255.255.0"),
        3: addresses("192.0.2.254"),
        6: addresses("192.0.2.53", "192.0.2.54"),
        7: addresses("192.0.2.7"),
        12: b"node1",
        15: b"example.net",
        17: b"192.0.2.4:/export/root",
        26: struct.pack(">H", 9000),
        42: addresses("192.0.2.42"),
        51: struct.pack(">I", 30),
        66: b"boot.example.net",
        67: b"grub/core.elf",
        97: b"\0" + bytes(range(16)),
        119: domains("a.example", "b.example"),
        132: struct.pack(">I", 5),
        133: b"\x03",
        150: addresses("192.0.2.5", "192.0.2.6"),
        209: b"conf",
        210: b"http://192.0.2.1/p/",
        211: struct.pack(">I", 60),
        177: b"\x01\x02",
    }
    data = dhcp(
        OFFER,
        options,
        address="192.0.2.9",
        next_server="192.0.2.3",
        name=b"server",
        file=b"pxelinux.0",
    )
    packet = read(data)
    assert (packet.kind, packet.xid, packet.mac) == (OFFER, 0x11223344, MAC)
    assert (packet.address, packet.server, packet.lease_seconds) == ("192.0.2.9", "192.0.2.1", 30)
    assert words(data) == {
        "siaddr": "192.0.2.3",
        "sname": "server",
        "boot_file": "pxelinux.0",
        "subnet": "255.255.255.0",
        "router": "192.0.2.254",
        "dns": "192.0.2.53 192.0.2.54",
        "logsrv": "192.0.2.7",
        "hostname": "node1",
        "domain": "example.net",
        "rootpath": "192.0.2.4:/export/root",
        "mtu": "9000",
        "ntpsrv": "192.0.2.42",
        "tftp": "boot.example.net",
        "bootfile": "grub/core.elf",
        "clientuuid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "search": "a.example b.example",
        "vlanid": "5",
        "vlanpriority": "3",
        "tftpservers": "192.0.2.5 192.0.2.6",
        "pxeconffile": "conf",
        "pxepathprefix": "http://192.0.2.1/p/",
        "reboottime": "60",
        "opt177": "0102",
    }


@pytest.mark.parametrize("end", [b"", b"\0", b"\0\0\0", b"\n", b"\r\n", b" \n\0"])
def test_what_servers_put_behind_a_name_is_not_of_the_name(end: bytes) -> None:
    options = {66: b"host" + end, 67: b"pxelinux.0" + end}
    found = words(dhcp(ACK, options, name=b"s" + end, file=b"f" + end))
    assert (found["tftp"], found["bootfile"]) == ("host", "pxelinux.0")
    assert (found["sname"], found["boot_file"]) == ("s", "f")


def test_a_field_ends_at_its_first_nul() -> None:
    assert words(dhcp(ACK, file=b"a\0rest of an older packet"))["boot_file"] == "a"


@pytest.mark.parametrize("bad", [b"a\x1b[2Jb", b"a\nb", b"a\0b", b"\x7f", "a\u202eb".encode()])
@pytest.mark.parametrize("number", [12, 15, 17, 66, 67, 209, 210])
def test_a_name_with_a_control_character_is_refused_with_a_reason(number: int, bad: bytes) -> None:
    found = values(dhcp(ACK, {number: bad, 6: addresses("192.0.2.1")}))
    assert found.words == {"dns": "192.0.2.1"}
    assert found.reasons == [f"option {number}: a control character"]


def test_a_name_that_is_no_utf8_is_refused_with_a_reason() -> None:
    assert values(dhcp(ACK, {67: b"a\xff"})).reasons == ["option 67: not UTF-8"]
    assert words(dhcp(ACK, {67: "größe".encode()})) == {"bootfile": "größe"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({6: b"\x01\x02\x03"}, "option 6: not a list of addresses (3 bytes)"),
        ({1: b"\x01"}, "option 1: not an IPv4 address (1 byte)"),
        ({3: b"12345"}, "option 3: not a list of addresses (5 bytes)"),
        ({26: b"\0\x10"}, "option 26: not an MTU"),
        ({66: b"a b"}, "option 66: a space in a name"),
        ({97: b"\x01" + bytes(16)}, "option 97: not a UUID"),
        ({119: b"\x03abc"}, "option 119: a domain without an end"),
        ({119: b"\xc0\x00"}, "option 119: a pointer of a domain that leads forward"),
        ({119: b"\x01.\0"}, "option 119: a malformed label"),
        ({132: b"\xff\xff"}, "option 132: not a VLAN number: 65535"),
        ({132: b"abc"}, "option 132: not a number (3 bytes)"),
        ({211: b"abc"}, "option 211: not a number (3 bytes)"),
        ({121: b"\x21" + bytes(8)}, "option 121: malformed routes"),
        ({121: b"\x18\x0a"}, "option 121: malformed routes"),
        ({33: b"1234"}, "option 33: malformed routes"),
    ],
)
def test_an_option_of_a_wrong_shape_costs_itself(options: dict[int, bytes], reason: str) -> None:
    found = values(dhcp(ACK, options | {67: b"file"}))
    assert found.words == {"bootfile": "file"}
    assert found.reasons == [reason]


def test_options_may_lie_in_the_fields_of_file_and_name() -> None:
    body = COOKIE + encode({53: b"\x02", 52: b"\x03"}) + b"\xff"
    file = encode({67: b"boot/core.elf"}) + b"\xff"
    name = encode({66: b"host"}) + b"\xff"
    assert words(bootp(body, file=file, name=name)) == {"bootfile": "boot/core.elf", "tftp": "host"}


@pytest.mark.parametrize(("overload", "kept"), [(b"\x01", "sname"), (b"\x02", "boot_file")])
def test_a_field_that_has_no_options_keeps_its_meaning(overload: bytes, kept: str) -> None:
    body = COOKIE + encode({53: b"\x02", 52: overload}) + b"\xff"
    text = encode({}) + b"\xff" if kept == "sname" else b"f"
    other = b"\xff" if kept == "boot_file" else b"s"
    assert words(bootp(body, file=text, name=other)) == {kept: "f" if kept == "boot_file" else "s"}


def test_an_option_in_parts_is_put_together_over_all_fields() -> None:
    body = COOKIE + encode({53: b"\x02", 52: b"\x03"})
    body += bytes([121, 5]) + b"\x18\x0a\x01\x02\xc0" + bytes([67, 2]) + b"ab\0\0"
    body += bytes([121, 3]) + b"\x00\x02\x01" + b"\xff"
    file = bytes([67, 2]) + b"cd\xff"
    name = bytes([67, 2]) + b"ef\xff"
    found = words(bootp(body, file=file, name=name))
    assert found == {"bootfile": "abcdef", "staticroutes": "10.1.2.0/24 192.0.2.1"}


def test_a_search_list_may_point_back() -> None:
    data = domains("eng.example.com") + b"\x03mkt\xc0\x04"
    assert words(dhcp(ACK, {119: data})) == {"search": "eng.example.com mkt.example.com"}


@pytest.mark.parametrize("number", [121, 249])
def test_classless_routes_replace_the_router_and_the_old_routes(number: int) -> None:
    routes = b"\x00" + addresses("192.0.2.253") + b"\x0a\x0a\x40" + addresses("192.0.2.2")
    routes += b"\x20" + addresses("198.51.100.1", "192.0.2.3")
    old = {3: addresses("192.0.2.254"), 33: addresses("10.0.0.0", "192.0.2.9")}
    assert words(dhcp(ACK, old | {number: routes})) == {
        "router": "192.0.2.253",
        "staticroutes": "10.64.0.0/10 192.0.2.2 198.51.100.1/32 192.0.2.3",
    }


def test_the_standard_option_of_routes_wins_over_microsofts() -> None:
    one, other = (b"\x00" + addresses(f"192.0.2.{n}") for n in (1, 2))
    assert words(dhcp(ACK, {249: one, 121: other})) == {"router": "192.0.2.2"}


def test_old_routes_have_the_masks_of_their_classes() -> None:
    data = addresses("10.0.0.0", "192.0.2.1", "172.16.0.0", "192.0.2.2", "10.1.0.0", "192.0.2.3")
    routes = "10.0.0.0/8 192.0.2.1 172.16.0.0/16 192.0.2.2 10.1.0.0/32 192.0.2.3"
    assert words(dhcp(ACK, {33: data + addresses("0.0.0.0", "192.0.2.4")})) == {
        "staticroutes": routes
    }


@pytest.mark.parametrize("data", [b"\x05", b"\0\x05", b"\0\0\0\x05", b"5", b"0005\0", b"00005"])
def test_a_vlan_is_a_number_or_its_digits(data: bytes) -> None:
    assert words(dhcp(ACK, {132: data}))["vlanid"] == "5"


def test_pxe_servers_menu_and_prompt_are_read() -> None:
    servers = struct.pack(">HB", 15, 2) + addresses("192.0.2.5", "192.0.2.6")
    servers += struct.pack(">HB", 0x8001, 0)
    menu = struct.pack(">HB", 15, 7) + b"Install" + struct.pack(">HB", 0, 4) + b"Disk"
    data = vendor({6: b"\x03", 8: servers, 9: menu, 10: b"\x05Press F8\0", 71: b"\0\x0f\0\x01"})
    packet = dhcp(OFFER, PXE | {43: data})
    assert words(packet) == {
        "vendorclass": "PXEClient",
        "pxecontrol": "3",
        "pxeservers": "15:192.0.2.5,192.0.2.6 32769:",
        "pxemenu": "15:Install\n0:Disk",
        "pxeprompt": "5 Press F8",
        "pxeitem": "15:1",
    }
    found = boot_servers(packet)
    assert found is not None
    assert found.wanted == 15
    assert found.addresses(15) == ("192.0.2.5", "192.0.2.6")
    assert found.item == (15, 1)
    assert not found.may_broadcast


def test_another_vendors_option_43_is_no_reason_to_complain() -> None:
    found = values(dhcp(OFFER, {43: b"\x01\x04http"}))
    assert (found.words, found.reasons) == ({}, [])


@pytest.mark.parametrize(
    "data",
    [
        encode({8: b"\0"}),
        encode({8: struct.pack(">HB", 1, 9) + bytes(4)}),
        encode({9: struct.pack(">HB", 1, 9) + b"x"}),
        encode({9: struct.pack(">HB", 1, 2) + b"\x1b["}),
        encode({6: b"\0\0"}),
        encode({71: b"\0"}),
        b"\x08\xff\x01",
    ],
)
def test_a_pxe_option_of_a_wrong_shape_is_refused_with_a_reason(data: bytes) -> None:
    found = values(dhcp(OFFER, PXE | {43: data}))
    assert found.words == {"vendorclass": "PXEClient"}
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("option 43: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes are too few"),
        (bootp()[:235], "235 bytes are too few"),
        (bootp(op=7), "no operation: 7"),
        (b"\x02\x01\xff" + bootp()[3:], "a hardware address of 255 bytes"),
    ],
)
def test_bytes_that_are_no_packet_give_a_reason(data: bytes, reason: str) -> None:
    assert dhcp4.read(data) == reason


def test_an_option_beyond_the_end_costs_those_behind_it() -> None:
    body = COOKIE + encode({53: b"\x05", 67: b"file"}) + bytes([6, 200, 1])
    found = values(bootp(body))
    assert found.words == {"bootfile": "file"}
    assert found.reasons == ["option 6: 1 of 200 bytes are there"]


def test_a_bootp_answer_has_no_options() -> None:
    packet = read(bootp(address="192.0.2.9", next_server="192.0.2.1", file=b"kernel"))
    assert (packet.kind, packet.server, packet.lease_seconds) == (0, "", 0)
    assert dhcp4.read_words(packet)[0].words == {"siaddr": "192.0.2.1", "boot_file": "kernel"}


def test_a_discover_says_what_the_client_is() -> None:
    uuid = bytes(range(16))
    options = dhcp4.describe_client(0x0C, uuid, "iPXE")
    data = dhcp4.write(dhcp4.make_discover(MAC, 7, 1, options))
    assert len(data) >= 300
    assert data[:4] == b"\x01\x01\x06\x00"
    assert data[10:12] == b"\x80\x00"
    packet = read(data)
    assert (packet.op, packet.xid, packet.mac, packet.broadcast) == (1, 7, MAC, True)
    assert packet.options[53] == b"\x01"
    assert packet.options[60] == b"PXEClient:Arch:00012:UNDI:003000"
    assert packet.options[93] == b"\0\x0c"
    assert packet.options[94] == b"\x01\x03\x00"
    assert packet.options[97] == b"\0" + uuid
    assert packet.options[77] == b"iPXE"
    features = dict(split_options(packet.options[175]))
    assert features.keys() >= {19, 20, 21, 41}  # HTTP, HTTPS, TFTP, NFS
    assert set(features.values()) == {b"\1"}
    assert 175 not in dhcp4.describe_client(0x0C, uuid, "Tinkerbell")
    assert packet.options[61] == b"\x01" + MAC


def test_a_long_option_is_written_in_parts() -> None:
    packet = Packet(op=1, xid=1, mac=MAC, options={53: b"\x01", 43: bytes(range(256)) * 2})
    again = read(dhcp4.write(packet))
    assert again.options == packet.options


def test_infiniband_has_no_address_in_its_packets() -> None:
    data = dhcp4.write(dhcp4.make_discover(bytes(20), 1, 32, {}))
    assert data[1:3] == b"\x20\0"
    assert data[10:12] == b"\x80\x00"


def test_a_request_to_a_boot_server_describes_the_client_as_its_discover_does() -> None:
    question = dhcp4.make_discover(MAC, 7, 1, dhcp4.describe_client(0x0C, b"", "iPXE"))
    asked = dhcp4.make_boot_request(question, 9, "192.0.2.9", 15, "192.0.2.5")
    packet = read(dhcp4.write(asked))
    assert (packet.xid, packet.client, packet.mac) == (9, "192.0.2.9", MAC)
    assert packet.options[53] == b"\x03"
    assert packet.options[93] == b"\0\x0c"
    assert packet.options[77] == b"iPXE"
    assert packet.options[175] == question.options[175]
    assert packet.options[43] == b"\x47\x04\0\x0f\0\0\xff"
    assert packet.server == "192.0.2.5"
