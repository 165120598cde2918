"""The process that listens, beside real servers."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from petipy.log import Log
from petipy.network import dhcp6, frames
from petipy.network.frames import Datagram
from petipy.network.heard import Heard
from petipy.network.inquiry import find_link_local
from petipy.network.listener import listen
from petipy.network.offers import make_lease, remember
from petipy.state.network import Link
from tests.network.client import Client
from tests.network.namespace import Namespace, bridge, join, namespace
from tests.network.packets import dhcp
from tests.network.servers import start_dnsmasq
from tests.network.test_list_network import start_kea6, wait_for_link_local
from tests.network.test_networkd import wait
from tests.property.test_packets import FULL4, mutations

MAC = "52:54:00:00:00:01"
PATIENCE = 15.0
RANGE = "dhcp-range=192.0.2.100,192.0.2.110,1h"


class Ears:
    """Everything that was heard so far in the network that the thread is in."""

    def __init__(self, client: Namespace) -> None:
        self.index = int(client.run("cat", "/sys/class/net/eth0/ifindex"))
        self.known: tuple[Heard, ...] = ()
        self.all: list[Heard] = []
        self.log = Log(files=())
        self._news = asyncio.Event()

    async def run(self) -> None:
        async with aclosing(listen(self.log, pause=0.1)) as stream:
            async for heard in stream:
                self.all.append(heard)
                self.known = remember(self.known, heard)
                self._news.set()

    async def wait(self, ready: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not ready():
                await self._news.wait()
                self._news.clear()

    async def hear(self, kind: str, number: int = 1) -> list[Heard]:
        """Wait for messages of a kind; return them."""
        await self.wait(lambda: len(self.of(kind)) >= number)
        return self.of(kind)

    def of(self, kind: str) -> list[Heard]:
        return [heard for heard in self.all if heard.kind == kind]

    def lease(self) -> dict[str, str]:
        return dict(make_lease(self.known, Link(index=self.index, name="eth0", mac=MAC)))


def listening(client: Namespace, play: Callable[[Ears, Client], Awaitable[None]]) -> Ears:
    """Listen in the client's network while `play` runs there; return what was heard."""

    async def run() -> Ears:
        ears = Ears(client)
        task = asyncio.create_task(ears.run())
        try:
            await wait_for_child()
            await play(ears, Client("eth0", bytes.fromhex(MAC.replace(":", ""))))
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return ears

    with client.entered():
        ears = asyncio.run(run())
    # A child that is killed may take a moment to die where processors are busy.
    wait(lambda: not any(map(is_confined, children())), PATIENCE)
    return ears


async def wait_for_child() -> int:
    """Return the process that listens, once it has only the system calls that are left to it."""
    async with asyncio.timeout(PATIENCE):
        while not (found := [p for p in children() if is_confined(p)]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found[0]


def children() -> list[int]:
    return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]


def is_confined(pid: int) -> bool:
    """Return True for a process with a filter; another test's may be dead and not yet reaped."""
    status = read_status(pid)
    return "Seccomp:\t2" in status and "State:\tZ" not in status


def read_status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""


async def get_address(ears: Ears, client: Client, space: Namespace) -> Heard:
    """Take the first offer of an address, as a simple client does, and assign it."""
    client.discover()
    offer = (await ears.hear("offer"))[0]
    client.request(offer.address, offer.server)
    (ack,) = await ears.hear("ack")
    space.address("eth0", f"{ack.address}/24")
    return ack


def test_offer_and_confirmation_of_dnsmasq_make_a_lease(
    server: Namespace, client: Namespace
) -> None:
    start_dnsmasq(
        server,
        *(RANGE, "dhcp-boot=grub/core.elf,bootserver,192.0.2.1", "dhcp-option=42,192.0.2.1"),
        *("dhcp-option=option:domain-search,a.example,b.example", "dhcp-option-force=209,conf"),
        *("dhcp-option=121,10.0.0.0/8,192.0.2.1,0.0.0.0/0,192.0.2.254", "domain=example.net"),
    )

    async def play(ears: Ears, sender: Client) -> None:
        await get_address(ears, sender, client)

    lease = listening(client, play).lease()
    assert lease["bootfile"] == "grub/core.elf"
    assert lease["siaddr"] == lease["serverid"] == lease["ntpsrv"] == "192.0.2.1"
    assert lease["tftp"] == "bootserver"
    assert lease["ip"].startswith("192.0.2.1")
    assert lease["search"] == "a.example b.example"
    assert lease["router"] == "192.0.2.254"
    assert lease["staticroutes"] == "10.0.0.0/8 192.0.2.1"
    assert (lease["pxeconffile"], lease["domain"]) == ("conf", "example.net")


def test_the_boot_server_of_the_menus_first_item_is_asked(
    server: Namespace, client: Namespace
) -> None:
    start_dnsmasq(
        server,
        *(RANGE, "pxe-service=12,Install,grub/core", "pxe-service=12,Other,other"),
        "pxe-prompt=Choose,0",
    )

    async def play(ears: Ears, sender: Client) -> None:
        await get_address(ears, sender, client)
        await ears.hear("boot")

    ears = listening(client, play)
    offer = ears.of("offer")[0].about
    assert offer["pxemenu"] == "32768:Install\n32769:Other"
    assert offer["pxeservers"] == "32768:192.0.2.1 32769:192.0.2.1"
    assert (offer["pxeprompt"], offer["pxecontrol"]) == ("0 Choose", "3")
    lease = ears.lease()
    assert lease["boot_file"].startswith("grub/core")
    assert (lease["pxeitem"], lease["siaddr"]) == ("32768:0", "192.0.2.1")


def test_a_menu_with_the_own_disk_alone_asks_nobody(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, RANGE, "pxe-service=12,Disk")

    async def play(ears: Ears, sender: Client) -> None:
        await get_address(ears, sender, client)
        await asyncio.sleep(1)

    ears = listening(client, play)
    assert ears.lease()["pxemenu"] == "0:Disk"
    assert not ears.of("boot")


@contextmanager
def second_server(lan: Namespace, room: Path) -> Iterator[Namespace]:
    """Join another server, 192.0.2.3 on its lan0, to the client's cable; the first has br0."""
    with namespace(room) as other:
        join(lan, "lan1", other, "lan0")
        lan.ip("address flush dev lan0")
        bridge(lan, "br0", "lan0", "lan1")
        lan.address("br0", "192.0.2.1/24")
        other.ip("link set lan0 up")
        other.address("lan0", "192.0.2.3/24")
        yield other


def test_a_proxydhcp_server_is_asked_for_the_boot_file(
    spaces: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    """One server has addresses and nothing to boot, the other nothing but a boot service."""
    lan, client = spaces
    with second_server(lan, tmp_path / "pxe") as pxe:
        start_dnsmasq(lan, RANGE, "dhcp-option=3,192.0.2.254", interface="br0")
        start_dnsmasq(
            pxe, "dhcp-range=192.0.2.0,proxy", "pxe-service=12,Install,grub/core,192.0.2.3"
        )

        async def play(ears: Ears, sender: Client) -> None:
            await get_address(ears, sender, client)
            await ears.hear("boot")

        ears = listening(client, play)
    lease = ears.lease()
    assert ears.of("proxy")[0].server == "192.0.2.3"
    assert lease["boot_file"].startswith("grub/core")
    assert (lease["siaddr"], lease["proxy"]) == ("192.0.2.3", "192.0.2.3")
    assert (lease["serverid"], lease["router"]) == ("192.0.2.1", "192.0.2.254")


def test_of_two_servers_the_one_with_a_boot_file_wins(
    spaces: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    lan, client = spaces
    with second_server(lan, tmp_path / "other") as other:
        start_dnsmasq(lan, RANGE, "dhcp-option=3,192.0.2.254", interface="br0")
        start_dnsmasq(other, "dhcp-range=192.0.2.120,192.0.2.130,1h", "dhcp-boot=grub/core.elf")

        async def play(ears: Ears, sender: Client) -> None:
            sender.discover()
            await ears.hear("offer", 2)
            first = next(h for h in ears.of("offer") if h.server == "192.0.2.1")
            sender.request(first.address, first.server)
            await ears.hear("ack")

        lease = listening(client, play).lease()
    assert (lease["serverid"], lease["router"]) == ("192.0.2.1", "192.0.2.254")
    assert (lease["bootfile"], lease["siaddr"], lease["proxy"]) == (
        *("grub/core.elf", "192.0.2.3", "192.0.2.3"),
    )


def test_a_refusal_takes_the_lease_away(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, RANGE, "dhcp-boot=grub/core.elf")

    async def play(ears: Ears, sender: Client) -> None:
        await get_address(ears, sender, client)
        assert ears.lease()
        sender.xid += 1
        sender.request("198.51.100.7", "192.0.2.1")
        (nak,) = await ears.hear("nak")
        assert nak.about["message"]

    assert listening(client, play).lease() == {}


def test_a_renewal_every_few_seconds_changes_no_lease(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, "dhcp-range=192.0.2.100,192.0.2.110,2m", "dhcp-boot=grub/core.elf")

    async def play(ears: Ears, sender: Client) -> None:
        ack = await get_address(ears, sender, client)
        first = ears.lease()
        for number in range(2, 6):
            sender.xid += 1
            sender.request(ack.address, ack.server)
            await ears.hear("ack", number)
            assert ears.lease() == first

    assert listening(client, play).lease()["bootfile"] == "grub/core.elf"


def test_an_offer_to_another_machine_is_not_heard(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, RANGE, "dhcp-boot=grub/core.elf")

    async def play(ears: Ears, sender: Client) -> None:
        stranger = dhcp(2, address="192.0.2.66", xid=sender.xid + 1, mac=sender.mac)
        forged = dhcp(2, address="192.0.2.67", xid=sender.xid, mac=b"\x02" * 6)
        await get_address(ears, sender, client)
        with server.entered():
            line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        with line:
            for data in (stranger, forged):
                line.sendto(make_answer(data), ("lan0", frames.IPV4, 0, 0, b"\xff" * 6))
        sender.xid += 2
        sender.discover()
        await ears.hear("offer", 2)

    addresses = {heard.address for heard in listening(client, play).all}
    assert not addresses & {"192.0.2.66", "192.0.2.67"}


def make_answer(data: bytes, source: str = "192.0.2.1") -> bytes:
    """Return the packet of a DHCP server's broadcast."""
    return frames.write(
        Datagram(
            source=source,
            target="255.255.255.255",
            source_port=67,
            target_port=68,
            data=data,
        )
    )


def test_kea_gives_an_address_and_a_url_by_dhcpv6(server: Namespace, client: Namespace) -> None:
    wait_for_link_local(server, "lan0")
    wait_for_link_local(client)
    url = "http://[2001:db8::1]/boot.ipxe"
    start_kea6(server, {"name": "bootfile-url", "data": url})

    async def play(ears: Ears, sender: Client) -> None:
        sender.link_local = find_link_local(ears.index)
        question = dhcp6.make_question(dhcp6.SOLICIT, sender.mac, 5, 1, 0x0C)
        rapid = replace(question, options=(*question.options, (14, b"")))
        sender.send6(rapid)
        (heard,) = await ears.hear("advertise")
        assert heard.address.startswith("2001:db8::1")
        # The request repeats what was offered, and the server's identifier.
        offered = [(3, question.find(3) or b""), (2, server_duid(server))]
        kept = [option for option in question.options if option[0] != 3]
        sender.send6(dhcp6.Packet(kind=dhcp6.REQUEST, xid=6, options=(*kept, *offered)))
        await ears.hear("reply")

    lease = listening(client, play).lease()
    assert lease["bootfile_url"] == url
    assert lease["ip6"].startswith("2001:db8::1")
    assert lease["serverid6"].startswith("fe80::")


def server_duid(server: Namespace) -> bytes:
    """Return the identifier of Kea, which is made of its hardware address."""
    return b"\0\x03\0\x01" + bytes.fromhex(server.mac("lan0").replace(":", ""))


def test_a_flood_costs_the_child_alone(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, RANGE, "dhcp-boot=grub/core.elf")
    count, spent = 0, 0.0

    async def play(ears: Ears, sender: Client) -> None:
        nonlocal count, spent
        pid = await wait_for_child()
        sender.discover()
        await ears.hear("offer")
        flood = [
            make_answer(dhcp(2, address=f"192.0.2.{n}", xid=sender.xid, mac=sender.mac))
            for n in range(200)
        ]
        with server.entered():
            line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        before, end = read_processor_seconds(pid), time.monotonic() + 3
        with line:
            while time.monotonic() < end:
                for packet in flood:
                    line.sendto(packet, ("lan0", frames.IPV4, 0, 0, b"\xff" * 6))
                    count += 1
                await asyncio.sleep(0)
        spent = read_processor_seconds(pid) - before
        await asyncio.sleep(1.0)  # what waits in the kernel is looked at
        sender.xid += 1
        sender.discover()
        await ears.wait(lambda: any(h.transaction == sender.xid for h in ears.all))

    ears = listening(client, play)
    assert count > 1000
    assert len(ears.all) < 300
    assert spent < 1.5
    assert any("too many at once" in line.text for line in ears.log.lines)
    assert len(ears.known) <= 32


def test_a_flood_hides_neither_the_acknowledgement_nor_another_machines_offer(
    server: Namespace, client: Namespace
) -> None:
    async def play(ears: Ears, sender: Client) -> None:
        sender.discover()
        sender.request("192.0.2.7", "192.0.2.1")
        answer = partial(dhcp, xid=sender.xid, mac=sender.mac)
        flood = [answer((2, 5, 6)[n % 3], address=f"192.0.2.{n % 250}") for n in range(1000)]
        with server.entered():
            line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        with line:
            for packet in (
                *map(make_answer, flood),
                make_answer(answer(2, address="192.0.2.8", server="192.0.2.3"), "192.0.2.3"),
                make_answer(answer(5, {51: b"\0\0\2\0"}, address="192.0.2.7")),
            ):
                line.sendto(packet, ("lan0", frames.IPV4, 0, 0, b"\xff" * 6))
        await ears.wait(lambda: any(heard.expected for heard in ears.all))

    ears = listening(client, play)
    assert ears.lease()["ip"] == "192.0.2.7"
    assert any(heard.server == "192.0.2.3" for heard in ears.known)
    assert len(ears.all) < 200


def read_processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_a_child_that_dies_is_replaced_and_the_log_says_so_once(
    server: Namespace, client: Namespace
) -> None:
    start_dnsmasq(server, RANGE, "dhcp-boot=grub/core.elf")

    async def play(ears: Ears, sender: Client) -> None:
        for number in (1, 2, 3):
            pid = await wait_for_child()
            sender.xid += 1
            sender.discover()
            await ears.hear("offer", number)
            os.kill(pid, signal.SIGKILL)
            while is_confined(pid):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await wait_for_child()

    log = listening(client, play).log
    assert [line.text for line in log.lines if "restarting" in line.text] == [
        "restarting the process that listens to DHCP: the process died (SIGKILL)"
    ]


def test_the_child_has_no_rights(server: Namespace, client: Namespace) -> None:
    async def play(ears: Ears, sender: Client) -> None:
        status = read_status(await wait_for_child())
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert "Uid:\t0" not in status

    listening(client, play)


def test_mutated_packets_do_not_end_the_child(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, RANGE, "dhcp-boot=grub/core.elf")
    packets = islice(mutations(FULL4, seed=1), 900)

    async def play(ears: Ears, sender: Client) -> None:
        pid = await wait_for_child()
        sender.discover()
        await ears.hear("offer")
        own = sender.xid.to_bytes(4, "big")
        with server.entered():
            line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        with line:
            for number, data in enumerate(packets):
                # The transaction and the hardware address are this machine's.
                mine = data[:4] + own + data[8:28] + sender.mac + data[34:]
                line.sendto(make_answer(mine), ("lan0", frames.IPV4, 0, 0, b"\xff" * 6))
                await asyncio.sleep(0.2 if number % 60 == 0 else 0)
        await asyncio.sleep(1.0)
        sender.xid += 1
        sender.discover()
        await ears.wait(lambda: any(h.transaction == sender.xid for h in ears.all))
        assert await wait_for_child() == pid

    ears = listening(client, play)
    assert len({heard.words for heard in ears.all}) > 20
