"""The process that listens, beside real servers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

from petipy.log import Log
from petipy.network.heard import Heard
from petipy.network.listener import listen
from petipy.network.offers import make_lease, remember
from petipy.state.network import Link
from tests.network.client import Client
from tests.network.namespace import Namespace, bridge, join, namespace
from tests.network.servers import start_dnsmasq

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
    assert not [pid for pid in children() if is_confined(pid)]
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
    try:
        return "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


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
