"""The user class as servers' own rules want it, from the image's systemd-networkd to a boot."""

import pytest

from tests.network.namespace import Namespace
from tests.network.program import start_petipy
from tests.network.servers import (
    HTTP_ROOT,
    TFTP_ROOT,
    put,
    start_dhcpd,
    start_dnsmasq,
    start_nginx,
)
from tests.network.systemd import bring_networkd
from tests.network.test_list_network import ask
from tests.network.test_listener import second_server
from tests.network.test_networkd import read_options, tap

IPXE = "petipy.dhcp_user_class=iPXE"
URL = "http://192.0.2.1/boot.ipxe"
# MAAS's rule, which compares the whole option; Bifrost's, Foreman's and Tinkerbell's are like it.
MAAS = f'if option user-class = "iPXE" {{ filename "{URL}"; }} else {{ filename "bootppc64.bin"; }}'
# iPXE's own documentation: a program that lacks a feature gets another one.
FEATURES = f"""\
if exists ipxe.http and exists ipxe.menu and exists ipxe.dns and exists ipxe.tftp
   and exists ipxe.efi {{ filename "{URL}"; }} else {{ filename "bootppc64.bin"; }}"""
SUBNET = """\
option space ipxe;
option ipxe-encap-opts code 175 = encapsulate ipxe;
option ipxe.http code 19 = unsigned integer 8;
option ipxe.tftp code 21 = unsigned integer 8;
option ipxe.dns code 23 = unsigned integer 8;
option ipxe.efi code 36 = unsigned integer 8;
option ipxe.menu code 39 = unsigned integer 8;
subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.50 192.0.2.60; next-server 192.0.2.1; }
"""
RANGE = "dhcp-range=192.0.2.50,192.0.2.60,10m"


def serve(server: Namespace, interface: str = "lan0") -> None:
    """Serve a script by HTTP, and GRUB's tree by TFTP."""
    put(
        server.room / HTTP_ROOT,
        {"boot.ipxe": "#!ipxe\nkernel vmlinux by-script\nboot\n", "vmlinux": "good"},
    )
    start_nginx(server, "server { listen 80; listen [::]:80; }")
    root = server.room / TFTP_ROOT
    put(root, {"grub/grub.cfg": "menuentry Go { linux /vmlinux by-grub }\n", "vmlinux": "good"})
    start_dnsmasq(server, "enable-tftp", f"tftp-root={root}", interface=interface)


def boot(client: Namespace, *words: str) -> str:
    """Let petipy boot by itself; return the last word of the command line."""
    bring_networkd(client)
    with start_petipy(client, "petipy.timeout=0", *words) as petipy:
        return petipy.boots()[0].split()[-1]


@pytest.mark.parametrize("rule", [MAAS, FEATURES], ids=["user class", "option 175"])
@pytest.mark.parametrize(("words", "word"), [([IPXE], "by-script"), ([], "by-grub")])
def test_isc_dhcpd_gives_the_script_to_the_user_class_alone(
    server: Namespace, client: Namespace, rule: str, words: list[str], word: str
) -> None:
    serve(server)
    start_dhcpd(server, SUBNET + rule)
    assert boot(client, *words) == word


@pytest.mark.parametrize("match", ["dhcp-match=set:ipxe,175", "dhcp-userclass=set:ipxe,iPXE"])
@pytest.mark.parametrize(("words", "word"), [([IPXE], "by-script"), ([], "by-grub")])
def test_dnsmasq_gives_the_script_to_the_user_class_alone(
    server: Namespace, client: Namespace, match: str, words: list[str], word: str
) -> None:
    serve(server)
    boots = (f"dhcp-boot=tag:ipxe,{URL}", "dhcp-boot=tag:!ipxe,bootppc64.bin,,192.0.2.1")
    start_dnsmasq(server, RANGE, match, *boots)
    assert boot(client, *words) == word


def test_a_proxydhcp_server_is_told_the_user_class(server: Namespace, client: Namespace) -> None:
    proxy = ("dhcp-range=192.0.2.0,proxy", "dhcp-match=set:ipxe,175", f"dhcp-boot=tag:ipxe,{URL}")
    with second_server(server, server.room / "pxe") as pxe:
        serve(server, "br0")
        start_dhcpd(server, SUBNET, "br0")
        start_dnsmasq(pxe, *proxy, "pxe-service=tag:!ipxe,12,Install,bootppc64.bin,192.0.2.1")
        assert boot(client, IPXE) == "by-script"


def test_a_dhcpv6_server_is_told_the_user_class(server: Namespace, client: Namespace) -> None:
    serve(server)
    file = "dhcp-option=tag:ipxe,option6:bootfile-url,http://[2001:db8::1]/boot.ipxe"
    pool = ("dhcp-range=2001:db8::100,2001:db8::200,64,10m", "enable-ra")
    start_dnsmasq(server, *pool, "dhcp-userclass=set:ipxe,iPXE", file)
    assert boot(client, IPXE) == "by-script"


def test_the_list_command_sends_the_same_bytes(server: Namespace, client: Namespace) -> None:
    start_dhcpd(server, SUBNET + MAAS)
    with tap(server, "lan0") as ears:
        _, network = ask(client, "--network", "eth0", "--user-class", "iPXE")
        listed = read_options(ears, 1)
    assert (network["lease"]["boot_file"], network["lease"]["siaddr"]) == (URL, "192.0.2.1")
    _, network = ask(client, "--network", "eth0")
    assert network["lease"]["boot_file"] == "bootppc64.bin"
    bring_networkd(client)
    with tap(server, "lan0") as ears, start_petipy(client, "petipy.timeout=never", IPXE):
        sent = read_options(ears, 1)
    assert [sent[number] for number in (77, 175)] == [listed[number] for number in (77, 175)]
    assert sent[77] == b"iPXE"
