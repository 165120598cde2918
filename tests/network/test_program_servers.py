"""The whole program beside servers that share the work: proxyDHCP, IPv6 from two, a late cable."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.disk import Disk
from tests.network.namespace import Namespace, bridge, join, namespace
from tests.network.program import start_petipy
from tests.network.servers import TFTP_ROOT, put, start_dnsmasq, start_kea
from tests.network.test_program import (
    ALONE,
    BOOT,
    CONFIG,
    MENU,
    RANGE,
    WAIT,
    alive,
    opens_menu,
    serve,
)
from tests.network.test_program import boots_it as boots_its_entry


@pytest.fixture
def router(server: Namespace, tmp_path: Path) -> Iterator[Namespace]:
    """Return a third machine on the same network, on lan0; the server has br0."""
    with namespace(tmp_path / "router") as router:
        server.ip("address flush dev lan0")
        join(server, "lan1", router, "lan0")
        bridge(server, "br0", "lan0", "lan1")
        server.address("br0", "192.0.2.1/24", "2001:db8::1/64")
        router.address("lan0", "192.0.2.2/24", "2001:db8::2/64")
        router.ip("link set lan0 up")
        yield router


def test_a_proxy_says_what_to_boot_and_another_server_gives_the_address(
    server: Namespace, client: Namespace, router: Namespace
) -> None:
    """dnsmasq's proxy answers on port 4011 which file a service has; the file has a suffix."""
    root = server.room / TFTP_ROOT
    put(root, {"pxelinux.cfg/default": CONFIG, "vmlinux": b"good", "initrd.gz": b"i" * 1000})
    start_dnsmasq(router, "dhcp-range=192.0.2.80,192.0.2.90,10m")
    start_dnsmasq(
        server,
        *("dhcp-range=192.0.2.0,proxy", "enable-tftp", f"tftp-root={root}"),
        *("dhcp-no-override", "pxe-service=x86PC,Install,pxelinux"),
        interface="br0",
    )
    with start_petipy(client, ALONE, "petipy.dhcp_arch=00") as petipy:
        assert petipy.boots() == ["from-the-network", "initrd 1000"]


def test_with_ipv6_alone_a_router_and_kea_lead_to_the_kernel(
    server: Namespace, client: Namespace, router: Namespace
) -> None:
    serve(server)
    server.ip("address del 192.0.2.1/24 dev br0")
    options = [{"code": 59, "data": "http://[2001:db8::1]/pxelinux.cfg/default"}]
    subnet = {"id": 1, "subnet": "2001:db8::/64", "interface": "br0"}
    start_kea(
        server,
        6,
        {
            "interfaces-config": {"interfaces": ["br0"]},
            "subnet6": [subnet],
            "option-data": [{**option, "always-send": True} for option in options],
        },
    )
    start_dnsmasq(router, "dhcp-range=2001:db8::,ra-stateless,64,10m", "enable-ra")
    with start_petipy(client, ALONE) as petipy:
        assert petipy.boots()[0] == "from-the-network"


def test_a_cable_that_comes_late_and_flaps_leads_to_the_kernel(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    serve(server)
    start_dnsmasq(server, RANGE, *BOOT)
    server.ip("link set lan0 down")
    with start_petipy(client, disk.word, MENU) as petipy:
        opens_menu(petipy)
        petipy.console.shows("eth0: .*no cable", WAIT)
        for _ in range(3):
            server.ip("link set lan0 up")
            time.sleep(0.3)
            server.ip("link set lan0 down")
            time.sleep(0.3)
        alive(petipy)
        server.ip("link set lan0 up")
        boots_its_entry(petipy)
