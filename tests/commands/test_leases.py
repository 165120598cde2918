"""Recorded leases: what DHCP clients leave behind, in the words of one lease."""

import json
import socket
from pathlib import Path

import pytest

from petipy.commands.base import BadUsage
from petipy.commands.leases import read_leases
from tests.network.packets import dhcp

Leases = dict[str, dict[str, str]]


def read(tmp_path: Path, content: str | bytes) -> Leases:
    file = tmp_path / "lease"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_leases(str(file))


def test_udhcpcs_environment_is_a_lease(tmp_path: Path) -> None:
    text = """export ip='192.0.2.9'
export boot_file='grub/core.elf'
siaddr=192.0.2.1
interface=eth1
opt150=c0000205c0000206
opt43=060103ff
opt177=00ff
HOSTNAME=my-laptop
PATH=/usr/bin
not a line
"""
    assert read(tmp_path, text) == {
        "eth1": {
            "interface": "eth1",
            "ip": "192.0.2.9",
            "siaddr": "192.0.2.1",
            "boot_file": "grub/core.elf",
            "tftpservers": "192.0.2.5 192.0.2.6",
            "pxecontrol": "3",
            "opt177": "00ff",
        }
    }


def test_dhcpcds_dump_is_a_lease(tmp_path: Path) -> None:
    text = """new_ip_address=192.0.2.9
new_routers='192.0.2.1 192.0.2.2'
new_bootfile_name=pxelinux.0
new_tftp_server_name=boot.example.net
new_dhcp_server_identifier=192.0.2.1
"""
    assert read(tmp_path, text)["eth0"] == {
        "interface": "eth0",
        "ip": "192.0.2.9",
        "router": "192.0.2.1 192.0.2.2",
        "serverid": "192.0.2.1",
        "tftp": "boot.example.net",
        "bootfile": "pxelinux.0",
    }


def test_networkds_file_is_a_lease(tmp_path: Path) -> None:
    text = """# This is private data. Do not parse.
ADDRESS=192.0.2.9
NETMASK=255.255.255.0
SERVER_ADDRESS=192.0.2.1
NEXT_SERVER=192.0.2.3
CLIENTID=01525400123456
OPTION_224=0a0b
"""
    assert read(tmp_path, text)["eth0"] == {
        "interface": "eth0",
        "mac": "52:54:00:12:34:56",
        "ip": "192.0.2.9",
        "subnet": "255.255.255.0",
        "serverid": "192.0.2.1",
        "siaddr": "192.0.2.3",
        "opt224": "0a0b",
    }


def test_of_dhclients_leases_the_last_one_counts(tmp_path: Path) -> None:
    text = """lease {
  interface "eth7";
  fixed-address 192.0.2.8;
}
lease {
  interface "eth7";
  fixed-address 192.0.2.9;
  filename "pxelinux.0";
  server-name "boot";
  option routers 192.0.2.1, 192.0.2.2;
  option dhcp-server-identifier 192.0.2.1;
  option dhcp6.bootfile-url "http://[2001:db8::1]/boot";
  renew 2 2026/12/01 10:00:00;
}
"""
    assert read(tmp_path, text)["eth7"] == {
        "interface": "eth7",
        "ip": "192.0.2.9",
        "router": "192.0.2.1 192.0.2.2",
        "serverid": "192.0.2.1",
        "sname": "boot",
        "boot_file": "pxelinux.0",
        "bootfile_url": "http://[2001:db8::1]/boot",
    }


def test_nmclis_list_is_a_lease(tmp_path: Path) -> None:
    text = """DHCP4.OPTION[1]:                        ip_address = 192.0.2.9
DHCP4.OPTION[2]:                        bootfile_name = pxelinux.0
DHCP4.OPTION[3]:                        expiry = 1700000000
"""
    assert read(tmp_path, text)["eth0"] == {
        "interface": "eth0",
        "ip": "192.0.2.9",
        "bootfile": "pxelinux.0",
    }


def test_dhcpcds_own_file_is_the_packet(tmp_path: Path) -> None:
    options = {67: b"core.elf", 6: socket.inet_aton("192.0.2.53")}
    assert read(tmp_path, dhcp(5, options, address="192.0.2.9"))["eth0"] == {
        "interface": "eth0",
        "mac": "52:54:00:12:34:56",
        "ip": "192.0.2.9",
        "dns": "192.0.2.53",
        "serverid": "192.0.2.1",
        "bootfile": "core.elf",
    }


def test_json_has_words_or_interfaces_or_is_a_machine_file(tmp_path: Path) -> None:
    words = {"ip": "192.0.2.9", "bootfile": "a", "mtu": 1500, "nested": [1], "other": "x"}
    lease = {"ip": "192.0.2.9", "bootfile": "a", "mtu": "1500"}
    assert read(tmp_path, json.dumps(words)) == {"eth0": {"interface": "eth0"} | lease}
    two = {"eth1": words, "eth2": {"siaddr": "192.0.2.1"}}
    assert [*read(tmp_path, json.dumps(two))] == ["eth1", "eth2"]
    machine = {"network": [{"device": "net0", "mac": "52:54:00:12:34:56", "params": words}]}
    assert read(tmp_path, json.dumps(machine)) == {
        "net0": {"interface": "net0", "mac": "52:54:00:12:34:56"} | lease
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("PATH=/bin\n", "it has no word of a lease"),
        ("", "it has no word of a lease"),
        ("{", "no JSON"),
        ("[1]", "no object of words"),
        ("bootfile=a\x1b[2J\n", r"bootfile: a\\x1b"),
        ("bootfile=" + "a" * 2000, "too long"),
        (dhcp(5)[:4].replace(b"\x02", b"\x09") + dhcp(5)[4:], "no DHCP packet"),
    ],
)
def test_a_file_without_a_lease_is_named_with_the_reason(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    with pytest.raises(BadUsage, match=words) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path}/lease: ")


def test_a_file_that_is_absent_or_endless_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="No such file"):
        read_leases(str(tmp_path / "none"))
    with pytest.raises(BadUsage, match="more than 1 MiB"):
        read(tmp_path, b"x" * (1 << 21))
