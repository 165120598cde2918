"""systemd-networkd as petipy.network runs it, against real servers."""

import os
import re
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from petipy.sys import limits
from tests.network.daemon import UUID, start_networkd
from tests.network.namespace import Namespace, Program
from tests.network.servers import start_dnsmasq
from tests.network.systemd import bring_networkd

POOL = "dhcp-range=192.0.2.50,192.0.2.60,10m"
POOL_6 = ("dhcp-range=2001:db8::100,2001:db8::200,64,10m", "enable-ra")
IPV4 = 0x0800


@contextmanager
def tap(space: Namespace, interface: str) -> Iterator[socket.socket]:
    """Hear every packet of IPv4 on the interface."""
    with space.entered():
        ears = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4))
    with ears:
        ears.bind((interface, IPV4))
        ears.settimeout(10)
        yield ears


def read_options(ears: socket.socket, kind: int) -> dict[int, bytes]:
    """Return the options of the next DHCP message of a client (RFC 2131) of this kind (53)."""
    while True:
        packet = ears.recv(4096)
        header = 4 * (packet[0] & 0xF)
        if packet[9] != socket.IPPROTO_UDP or packet[header : header + 4] != struct.pack(
            ">HH", 68, 67
        ):
            continue
        found, at = {}, header + 8 + 240
        while packet[at] != 255:
            code, length = packet[at : at + 2]
            found[code] = packet[at + 2 : at + 2 + length]
            at += 2 + length
        if found[53] == bytes([kind]):
            return found


def wait(ready: Callable[[], object], within: float = 10) -> None:
    end = time.monotonic() + within
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.05)


def addresses(client: Namespace, name: str = "eth0") -> list[str]:
    """Return the addresses that are not link-local."""
    lines = client.ip(f"-oneline address show dev {name} scope global").splitlines()
    return [line.split()[3] for line in lines if "tentative" not in line]


def pid_of_networkd(networkd: Program) -> int:
    """Return the number of the process that Petipy has started."""
    children = Path(f"/proc/{networkd.process.pid}/task/{networkd.process.pid}/children")
    # Other children may be there for a moment.
    (found,) = (
        pid
        for pid in children.read_text().split()
        if "systemd-networkd" in Path(f"/proc/{pid}/cmdline").read_text()
    )
    return int(found)


def test_addresses_of_ipv4_and_ipv6_come_side_by_side(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, POOL, *POOL_6)
    start_networkd(client)
    wait(lambda: len(addresses(client)) == 2)
    assert "default via 192.0.2.1 dev eth0" in client.ip("route")
    wait(lambda: re.search("default .*via fe80::", client.ip("-6 route")))


def test_servers_are_told_what_machine_asks(server: Namespace, client: Namespace) -> None:
    with tap(server, "lan0") as ears:
        start_networkd(client)
        options = read_options(ears, 1)
    assert options[93] == b"\x00\x0c"
    assert options[94] == b"\x01\x03\x00"
    assert options[97] == bytes(1) + bytes.fromhex(UUID.replace("-", ""))
    assert options[60] == b"PXEClient:Arch:00012:UNDI:003000"
    assert options[61] == bytes.fromhex("01525400000001")
    assert int.from_bytes(options[57]) >= 1024
    assert {1, 3, 6, 17, 26, 42, 43, 66, 67, 121, 150, 209, 210} <= set(options[55])


def test_a_dhcpv6_server_is_told_what_machine_asks(server: Namespace, client: Namespace) -> None:
    dhcp = start_dnsmasq(server, *POOL_6, "dhcp-match=set:of,option6:61,12")
    start_networkd(client)
    wait(lambda: addresses(client))
    assert "vendor class: 343" in dhcp.said
    assert (
        "00:04:" + ":".join(f"{byte:02x}" for byte in bytes.fromhex(UUID.replace("-", "")))
        in dhcp.said
    )
    assert "59:bootfile-url, 60:bootfile-param" in dhcp.said


def test_servers_are_told_the_user_class(server: Namespace, client: Namespace) -> None:
    bring_networkd(client)  # that of Debian 12 crashes
    dhcp = start_dnsmasq(server, POOL, *POOL_6, "dhcp-userclass=set:script,iPXE")
    with tap(server, "lan0") as ears:
        start_networkd(client, "petipy.dhcp_user_class=iPXE")
        assert read_options(ears, 1)[77] == b"iPXE"
    wait(lambda: len(addresses(client)) == 2)
    assert "tags: script, dhcpv6, lan0" in dhcp.said


def test_it_has_the_rights_for_networks_and_no_others(server: Namespace, client: Namespace) -> None:
    networkd = start_networkd(client)
    networkd.says("eth0: ")
    status = Path(f"/proc/{pid_of_networkd(networkd)}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    rights = sum(1 << number for number in limits.CONFIGURE_NETWORKS)
    for kind in ("CapPrm", "CapEff", "CapAmb", "CapInh"):
        assert int(facts[kind], 16) == rights
    assert "0" not in facts["Uid"].split()
    assert facts["Groups"].strip() == ""
    assert facts["NoNewPrivs"] == "1"


def test_the_address_stays_when_it_ends(server: Namespace, client: Namespace) -> None:
    dhcp = start_dnsmasq(server, POOL)
    networkd = start_networkd(client)
    wait(lambda: addresses(client))
    networkd.signal(signal.SIGTERM)
    networkd.process.wait(5)
    assert addresses(client)
    assert "DHCPRELEASE" not in dhcp.said


def test_leases_are_given_back_before_a_boot_by_a_setting(
    server: Namespace, client: Namespace
) -> None:
    dhcp = start_dnsmasq(server, "dhcp-range=192.0.2.50,192.0.2.50,10m", *POOL_6)
    networkd = start_networkd(client, "petipy.dhcp_release=1")
    wait(lambda: len(addresses(client)) == 2)
    networkd.signal(signal.SIGUSR1)
    dhcp.says("DHCPRELEASE(lan0) 192.0.2.50 52:54:00:00:00:01")


def test_leases_stay_when_no_setting_gives_them_back(server: Namespace, client: Namespace) -> None:
    dhcp = start_dnsmasq(server, "dhcp-range=192.0.2.50,192.0.2.50,10m")
    networkd = start_networkd(client)
    wait(lambda: addresses(client))
    networkd.signal(signal.SIGUSR1)
    time.sleep(0.5)
    assert "DHCPRELEASE" not in dhcp.said


def test_a_bridge_asks_as_its_member(server: Namespace, client: Namespace) -> None:
    dhcp = start_dnsmasq(server, POOL)
    networkd = start_networkd(client, "bridge=br0:eth0")
    networkd.says("br0: Link UP")
    wait(lambda: addresses(client, "br0"), 20)
    assert "DHCPACK(lan0) 192.0.2.53 52:54:00:00:00:01" in dhcp.said
    assert addresses(client) == []


def test_its_end_is_an_error_that_names_the_status(server: Namespace, client: Namespace) -> None:
    networkd = start_networkd(client)
    networkd.says("eth0: ")
    os.kill(pid_of_networkd(networkd), signal.SIGKILL)
    networkd.says("systemd-networkd ended with status -9")


def test_it_dies_with_petipy(server: Namespace, client: Namespace) -> None:
    networkd = start_networkd(client)
    networkd.says("eth0: ")
    pid = pid_of_networkd(networkd)
    networkd.signal(signal.SIGKILL)
    wait(lambda: not Path(f"/proc/{pid}").exists())


def test_a_static_address_needs_no_server(server: Namespace, client: Namespace) -> None:
    start_networkd(
        client, "ip=192.0.2.7::192.0.2.1:24::eth0:off:1400 rd.route=198.51.100.0/24:192.0.2.1"
    )
    wait(lambda: addresses(client) == ["192.0.2.7/24"])
    wait(lambda: "198.51.100.0/24 via 192.0.2.1" in client.ip("route"))
    assert "mtu 1400" in client.ip("link show eth0")


def test_a_server_that_comes_up_late_is_asked_again(server: Namespace, client: Namespace) -> None:
    networkd = start_networkd(client)
    networkd.says("eth0: Gained carrier")
    time.sleep(1)
    start_dnsmasq(server, POOL)
    wait(lambda: addresses(client), 15)


def test_networkd_takes_every_unit_as_it_is_written(server: Namespace, client: Namespace) -> None:
    """The kernel here may have neither VLANs nor bonds: networkd's complaints are what counts."""
    words = (
        "vlan=eth0.5:eth0 ip=eth0.5:any bond=bond0:eth1,eth2:mode=802.3ad,miimon=100,"
        "xmit_hash_policy=layer3+4,lacp_rate=fast,arp_ip_target=192.0.2.1 bridge=br0:eth3"
        " ip=br0:auto6 ip=eth4:off ip=192.0.2.7:192.0.2.9::32:vm:eth5:any ip=eth6:link-local"
        " BOOTIF=01-52-54-00-12-34-56 ip=::::vm:BOOTIF:dhcp nameserver=[2001:db8::53] rd.peerdns=0"
        " petipy.dhcp_user_class=iPXE petipy.dhcp_class=HTTPClient"
    )
    networkd = start_networkd(client, words)
    networkd.says("eth0: Link UP")
    complaints = [
        line for line in networkd.said.splitlines() if ".network:" in line or ".netdev:" in line
    ]
    # systemd 252, Debian 12's, knows no names of hosts in DHCPv6.
    assert [line for line in complaints if "'Hostname' in section [DHCPv6]" not in line] == []


def test_a_value_that_networkd_refuses_is_told_once(server: Namespace, client: Namespace) -> None:
    words = "bond=bond0:eth1,eth2:mode=9,miimon=100 petipy.dhcp_class=a\\b vlan=eth0.5:eth0"
    networkd = start_networkd(client, words)
    networkd.says("eth0: Link UP")
    told = [line for line in networkd.said.splitlines() if line.startswith("warning")]
    assert "warning networkd: bond0: Failed to parse bond mode, ignoring: 9" in told
    assert len([line for line in told if "unsafe" in line]) == 1
    assert "/run/systemd" not in "".join(told)
