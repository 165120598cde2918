"""Two links with like default routes: what a lease names is fetched by the lease's own link."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from petipy.fetch.scheme import Limits
from petipy.state.network import Fetching, Way
from tests.network import follower
from tests.network.daemon import start_networkd
from tests.network.fetching import fetch
from tests.network.namespace import Namespace, bridge, join, namespace
from tests.network.program import start_petipy
from tests.network.servers import (
    HTTP_ROOT,
    TFTP_ROOT,
    put,
    start_dnsmasq,
    start_nginx,
    start_tftpd,
)
from tests.network.test_networkd import wait

NETWORKS = ("192.0.2", "203.0.113")
SERVER = "198.51.100.1"  # on both networks, beyond a router
FILES = {"http": "vmlinux", "tftp": "initrd.gz"}
Spaces = tuple[Namespace, Namespace]
WAIT = 30.0  # seconds; a busy machine

pytestmark = pytest.mark.root


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Namespace]:
    """Return a client with eth0 and eth1, each on a network with a DHCP server and a boot server.

    The DHCP server is a router. The boot server beyond it has the same address in both networks,
    but other files. The client has as many bytes of an initrd from it as the number of its link.
    """
    with ExitStack() as stack:
        client = stack.enter_context(namespace(tmp_path / "client"))
        for number, network in enumerate(NETWORKS):
            router = stack.enter_context(namespace(tmp_path / f"router{number}"))
            join(router, "lan0", client, f"eth{number}", f"52:54:00:00:00:0{number + 1}")
            router.address("lan0", f"{network}.1/24")
            router.ip("link add inside type veth peer name outside")
            router.ip("link set inside up")
            router.ip("link set outside up")
            router.address("inside", f"{SERVER}/24")
            # It has the address on another interface than that to the client.
            router.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore")
            client.ip(f"link set eth{number} up")
            _serve(router, number)
            start_dnsmasq(
                router,
                *(f"dhcp-range={network}.50,{network}.60,10m", "dhcp-boot=pxelinux.0"),
                f"dhcp-option-force=210,http://{SERVER}/",
                *("enable-tftp", f"tftp-root={router.room / TFTP_ROOT}"),
                "interface=inside",
            )
        yield client


def _serve(space: Namespace, number: int) -> None:
    config = (
        f"LABEL server {number}\nKERNEL vmlinux\nINITRD tftp://{SERVER}/initrd.gz\n"
        f"APPEND of-server-{number}\n"
    )
    put(space.room / HTTP_ROOT, {"pxelinux.cfg/default": config, "vmlinux": b"good"})
    put(space.room / TFTP_ROOT, {"initrd.gz": b"i" * (1000 + number)})
    start_nginx(space, "server { listen 80; }")


def _configure(client: Namespace) -> None:
    """Give both links addresses and default routes of one metric; eth0's comes first."""
    for number, network in enumerate(NETWORKS):
        client.address(f"eth{number}", f"{network}.50/24")
        client.ip(f"route append default via {network}.1 dev eth{number} metric 1024")


def test_each_lease_leads_to_the_server_of_its_own_network(client: Namespace) -> None:
    found = follower.start(client)
    found.wait("eth0", WAIT, state="ready", entries=["server 0"])
    found.wait("eth1", WAIT, state="ready", entries=["server 1"])
    routes = client.ip("route show default").splitlines()
    assert {line.split()[4] for line in routes if "metric 1024" in line} == {"eth0", "eth1"}


@pytest.mark.parametrize("number", [0, 1])
def test_an_entry_boots_with_the_files_of_its_own_network(client: Namespace, number: int) -> None:
    with start_petipy(client, "petipy.timeout=0", f"petipy.order=eth{number}") as petipy:
        assert petipy.boots() == [f"of-server-{number}", f"initrd {1000 + number}"]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("scheme", ["http", "tftp"])
def test_a_confined_child_fetches_by_the_link(client: Namespace, number: int, scheme: str) -> None:
    _configure(client)
    put(client.room.parent / f"router{number}" / HTTP_ROOT, {"vmlinux": f"of {number}"})
    way = Way(link=f"eth{number}", routed=("v4",))
    (found,) = fetch(client, f"{scheme}://{SERVER}/{FILES[scheme]}", way=way, confined=True)
    assert (found.data, found.size) in {(f"of {number}", 4), ("i" * 100, 1000 + number)}


def test_a_proxy_is_reached_by_the_link(client: Namespace) -> None:
    _configure(client)
    (found,) = fetch(
        client,
        "http://boot.example/pxelinux.cfg/default",
        rules=Fetching(proxy=f"http://{SERVER}"),
        way=Way(link="eth1", routed=("v4",)),
    )
    assert "LABEL server 1" in found.data


@pytest.mark.parametrize("scheme", ["http", "tftp"])
def test_a_server_that_the_link_has_no_route_to_is_reached_by_another_one(
    client: Namespace, scheme: str
) -> None:
    """A network for provisioning often has no router, and its server a name elsewhere."""
    _configure(client)
    client.ip("route del default via 203.0.113.1")
    (found,) = fetch(client, f"{scheme}://{SERVER}/{FILES[scheme]}", way=Way(link="eth1"))
    assert found.size == (4 if scheme == "http" else 1000)
    assert found.answers[-1].endswith(" bytes, not by eth1: no route to it")


def test_with_a_default_route_no_other_link_is_tried(client: Namespace) -> None:
    _configure(client)
    client.ip("route del default via 203.0.113.1")
    client.ip("route append default via 203.0.113.99 dev eth1 metric 1024")
    way = Way(link="eth1", routed=("v4",))
    (found,) = fetch(client, f"http://{SERVER}/vmlinux", way=way, limits=Limits(pauses=()))
    assert found.error.endswith("no route to it")


@pytest.mark.parametrize("scheme", ["http", "tftp"])
def test_a_link_that_is_gone_is_told_and_the_routes_decide(client: Namespace, scheme: str) -> None:
    _configure(client)
    (found,) = fetch(
        client, f"{scheme}://{SERVER}/{FILES[scheme]}", way=Way(link="eth7", routed=("v4",))
    )
    assert found.answers[-1].endswith(" bytes, not by eth7: no such device")


def test_two_links_on_one_network_each_get_their_own_answers(spaces: Spaces) -> None:
    server, client = spaces
    server.ip("address flush dev lan0")
    join(server, "lan1", client, "eth1", "52:54:00:00:00:02")
    bridge(server, "br0", "lan0", "lan1")
    server.address("br0", "192.0.2.1/24")
    client.ip("link set eth1 up")
    put(server.room / HTTP_ROOT, {"vmlinux": b"good"})
    start_nginx(server, "server { listen 80; }")
    start_dnsmasq(server, "dhcp-range=192.0.2.50,192.0.2.60,10m", interface="br0")
    start_networkd(client)
    wait(lambda: client.ip("route show default").count("default") == 2, WAIT)
    for link in ("eth0", "eth1"):
        for _ in range(3):
            (found,) = fetch(
                client, "http://192.0.2.1/vmlinux", way=Way(link=link), limits=Limits(pauses=())
            )
            assert found.data == "good"
            assert "not by" not in found.answers[-1]
            # The client knows the server now, which has to ask for the link's hardware address.
            server.ip("neigh flush dev br0")


@pytest.mark.parametrize("scheme", ["http", "tftp"])
@pytest.mark.parametrize("scope", ["", "%eth0"])
def test_a_link_local_server_is_reached_by_the_link_with_its_scope_or_without(
    spaces: Spaces, scheme: str, scope: str
) -> None:
    """The scope counts, whatever link the lease came by: here it is another one."""
    server, client = spaces
    client.ip("link add eth1 type veth peer name unused")
    client.ip("link set eth1 up")
    server.address("lan0", "fe80::1/64")
    put(server.room / HTTP_ROOT, {"vmlinux": b"good"})
    put(server.room / TFTP_ROOT, {"vmlinux": b"good"})
    start_nginx(server, "server { listen [::]:80; }")
    start_tftpd(server, address=":69")
    wait(lambda: "fe80" in client.ip("-6 address show dev eth0 -tentative"), WAIT)
    (found,) = fetch(
        client,
        f"{scheme}://[fe80::1{scope}]/vmlinux",
        way=Way(link="eth1" if scope else "eth0", routed=("v6",)),
        limits=Limits(pauses=()),
    )
    assert found.error == ""
    assert found.data == "good"
    assert "not by" not in found.answers[-1]
