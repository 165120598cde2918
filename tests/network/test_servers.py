"""The real servers answer in a namespace as they do elsewhere."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.network.authority import Authority
from tests.network.namespace import Namespace, Program, namespace
from tests.network.servers import (
    HTTP_ROOT,
    TFTP_ROOT,
    listen_tcp,
    put,
    requests,
    start_atftpd,
    start_dnsmasq,
    start_kea,
    start_nginx,
    start_tftpd,
)

SCRIPT = '#!/bin/sh\n[ "$1" != bound ] || ip address add $ip/24 dev $interface; env\n'


def ask_for_address(client: Namespace, *options: str) -> str:
    """Return what BusyBox's client learns from a lease; it configures the address."""
    script = client.room / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    common = ["-i", "eth0", "-n", "-q", "-f", "-t", "5", "-T", "1", "-s", str(script)]
    return client.run("busybox", "udhcpc", *common, *options)


def test_dnsmasq_leases_an_address_and_serves_a_file_by_tftp(
    server: Namespace, client: Namespace
) -> None:
    put(server.room / TFTP_ROOT, {"boot/a": b"x" * 5000})
    dhcp = start_dnsmasq(
        server,
        "dhcp-range=192.0.2.50,192.0.2.60,10m",
        "dhcp-boot=boot/a",
        "enable-tftp",
        f"tftp-root={server.room / TFTP_ROOT}",
    )
    said = ask_for_address(client)
    assert "boot_file=boot/a" in said
    assert "DHCPACK(lan0)" in dhcp.said
    client.run("busybox", "tftp", "-g", "-r", "boot/a", "-l", client.room / "a", "192.0.2.1")
    assert (client.room / "a").read_bytes() == b"x" * 5000


def test_kea_leases_an_address_with_a_boot_file(server: Namespace, client: Namespace) -> None:
    subnet = {"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.50-192.0.2.60"}]}
    dhcp = {"interfaces-config": {"interfaces": ["lan0"]}, "subnet4": [subnet]}
    kea = start_kea(server, 4, {**dhcp, "boot-file-name": "grub/bootppc64.bin"})
    assert "boot_file=grub/bootppc64.bin" in ask_for_address(client)
    assert "DHCPACK" in kea.said


def test_kea_listens_for_dhcp_of_ipv6(server: Namespace) -> None:
    subnet = {"id": 1, "subnet": "2001:db8::/64", "pools": [{"pool": "2001:db8::50-2001:db8::60"}]}
    kea = start_kea(
        server,
        6,
        {
            "interfaces-config": {"interfaces": ["lan0"]},
            "subnet6": [{**subnet, "interface": "lan0"}],
        },
    )
    assert kea.running


def test_nginx_answers_ranges_passwords_and_errors(server: Namespace, client: Namespace) -> None:
    put(server.room / HTTP_ROOT, {"a": b"0123456789"})
    web = start_nginx(server, "server { listen 80; location /busy { return 503; } }")
    client.address("eth0", "192.0.2.2/24")
    assert client.run("curl", "-s", "-r", "3-5", "http://192.0.2.1/a") == "345"
    code = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}")
    assert client.run(*code, "http://192.0.2.1/busy") == "503"
    assert requests(web)[0] == "GET /a 206 3 bytes=3-5"


def test_a_certificate_is_good_until_its_end(server: Namespace, client: Namespace) -> None:
    authority = Authority(server.room / "ca")
    now = datetime.now(UTC)
    put(server.room / HTTP_ROOT, {"a": "secret\n"})
    good = authority.sign("boot.test", "IP:192.0.2.1", "IP:2001:db8::1")
    old = authority.sign("IP:192.0.2.1", ends=now - timedelta(hours=1))
    start_nginx(
        server,
        f"server {{ listen 443 ssl; listen [::]:443 ssl; {good.nginx} }}\n"
        f"server {{ listen 444 ssl; {old.nginx} }}",
    )
    client.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
    curl = ("curl", "-sS", "--cacert", authority.certificate)
    assert client.run(*curl, "https://192.0.2.1/a") == "secret\n"
    assert client.run(*curl, "https://[2001:db8::1]/a") == "secret\n"
    with pytest.raises(AssertionError, match="expired"):
        client.run(*curl, "https://192.0.2.1:444/a")
    assert len(authority.fingerprint) == 64


@pytest.mark.parametrize("start", [start_tftpd, start_atftpd])
def test_another_tftp_server_serves_a_file(
    start: Callable[[Namespace], Program], server: Namespace, client: Namespace
) -> None:
    put(server.room / TFTP_ROOT, {"a": b"y" * 3000})
    start(server)
    client.address("eth0", "192.0.2.2/24")
    client.run("busybox", "tftp", "-g", "-r", "a", "-l", client.room / "a", "192.0.2.1")
    assert (client.room / "a").read_bytes() == b"y" * 3000


def test_a_server_of_a_test_is_reached_from_the_other_namespace(
    server: Namespace, client: Namespace
) -> None:
    client.address("eth0", "192.0.2.2/24")
    with listen_tcp(server, "192.0.2.1", 8080) as line:
        with client.entered():
            there = socket.create_connection(("192.0.2.1", 8080), timeout=5)
        with there, line.accept()[0] as here:
            here.sendall(b"hello")
            assert there.recv(9) == b"hello"


def test_a_server_that_ends_says_why(server: Namespace) -> None:
    with pytest.raises(AssertionError, match=r"dnsmasq: no .* before it ended"):
        start_dnsmasq(server, "dhcp-range=nonsense")


@pytest.mark.root
def test_nothing_is_left_of_a_namespace(tmp_path: Path) -> None:
    with namespace(tmp_path / "gone") as space:
        web = start_nginx(space, "server { listen 80; }")
        pids = space.pid, web.process.pid
    assert not web.running
    assert not any(Path(f"/proc/{pid}/ns").exists() for pid in pids)
