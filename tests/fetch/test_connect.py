"""A host's addresses: every one is tried, IPv6 and IPv4 side by side."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from petipy.fetch.connect import Address, connect
from petipy.fetch.failure import FetchError
from petipy.fetch.fetcher import Fetcher
from petipy.fetch.proxy import find
from petipy.fetch.url import parse
from petipy.state.network import Fetching
from tests.fetch.server import QUICK, Visit, fetch, serve

UNKNOWN = socket.gaierror(socket.EAI_NONAME, "unknown")
LATER = socket.gaierror(socket.EAI_AGAIN, "later")


class Names:
    """A name server: addresses or an error for each family, after so many seconds."""

    def __init__(
        self,
        ipv6: list[str] | OSError,
        ipv4: list[str] | OSError,
        delays: tuple[float, float] = (0, 0),
    ) -> None:
        self._answers = {socket.AF_INET6: (ipv6, delays[0]), socket.AF_INET: (ipv4, delays[1])}

    async def resolve(self, host: str, port: int, family: int) -> list[Address]:
        answer, delay = self._answers[socket.AddressFamily(family)]
        await asyncio.sleep(delay)
        if isinstance(answer, OSError):
            raise answer
        v6 = family == socket.AF_INET6
        return [(address, port, 0, 0) if v6 else (address, port) for address in answer]


async def hello(visit: Visit) -> None:
    await visit.answer("200 OK", b"hello")


async def reach(names: Names, port: int, within: float = 5) -> tuple[str, float]:
    """Return the address that wins, and the seconds until then."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    connection = await connect("boot.test", port, names.resolve, within)
    try:
        return connection.peer, loop.time() - began
    finally:
        connection.close()


@contextmanager
def deaf(host: str = "127.0.0.2") -> Iterator[int]:
    """Yield a port that answers no SYN: its queue is full."""
    with socket.socket() as listening, socket.socket() as one, socket.socket() as two:
        listening.bind((host, 0))
        listening.listen(0)
        for client in (one, two):
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def test_ipv6_goes_first_where_both_answer() -> None:
    async def main() -> None:
        async with serve(hello, host="::1") as server, serve(hello, port=server.port):
            assert (await reach(Names(["::1"], ["127.0.0.1"]), server.port))[0] == "::1"

    asyncio.run(main())


def test_ipv4_does_not_wait_for_a_lookup_of_ipv6_that_hangs() -> None:
    async def main() -> None:
        async with serve(hello) as server:
            peer, seconds = await reach(Names([], ["127.0.0.1"], (3, 0)), server.port)
            assert peer == "127.0.0.1"
            assert 0.04 < seconds < 1

    asyncio.run(main())


def test_a_name_that_only_ipv6_knows_is_reached() -> None:
    async def main() -> None:
        async with serve(hello, host="::1") as server:
            for unknown in (UNKNOWN, LATER):
                assert (await reach(Names(["::1"], unknown), server.port))[0] == "::1"

    asyncio.run(main())


def test_a_dead_first_address_costs_a_quarter_of_a_second() -> None:
    async def main() -> None:
        with deaf() as port:
            async with serve(hello, port=port):
                peer, seconds = await reach(Names([], ["127.0.0.2", "127.0.0.1"]), port)
                assert peer == "127.0.0.1"
                assert 0.2 < seconds < 1

    asyncio.run(main())


def test_a_refused_first_address_costs_nothing() -> None:
    async def main() -> None:
        async with serve(hello) as server:
            names = Names(["::1"], ["127.0.0.3", "127.0.0.1"])
            peer, seconds = await reach(names, server.port)
            assert peer == "127.0.0.1"
            assert seconds < 0.2

    asyncio.run(main())


def test_what_each_address_answered_is_told() -> None:
    async def main() -> None:
        with deaf() as port:
            with pytest.raises(FetchError) as caught:
                await reach(Names(["::1"], ["127.0.0.2"]), port, within=0.5)
            said = "::1: connection refused, 127.0.0.2: no answer"
            assert (str(caught.value), caught.value.again) == (said, True)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("names", "words", "again"),
    [
        (Names(UNKNOWN, UNKNOWN), "there is no host boot.test", False),
        (Names(UNKNOWN, LATER), "no name server gives an address of boot.test", True),
        (Names([], [], (9, 9)), "no name server gives an address of boot.test", True),
    ],
)
def test_a_name_without_an_address_is_told(names: Names, words: str, again: bool) -> None:
    with pytest.raises(FetchError) as caught:
        asyncio.run(reach(names, 80, within=0.3))
    assert (str(caught.value), caught.value.again) == (words, again)


def test_a_thousand_addresses_are_not_all_tried() -> None:
    many = [f"127.0.1.{n}" for n in range(1, 255)] * 4

    with pytest.raises(FetchError) as caught:
        asyncio.run(reach(Names([], many), 1))
    assert str(caught.value).count("refused") == 16


def test_a_literal_address_asks_no_name_server() -> None:
    async def never(host: str, port: int, family: int) -> list[Address]:
        raise AssertionError(host)

    async def main() -> None:
        async with serve(hello, host="::1") as server:
            fetcher = Fetcher(Fetching(), QUICK, never)
            outcome = await fetch(f"http://[::1]:{server.port}/", fetcher=fetcher)
            fetcher.close()
            assert outcome.data == b"hello"
            assert server.visits[0].header("Host") == f"[::1]:{server.port}"

    asyncio.run(main())


def test_names_on_one_host_cost_one_lookup_of_each_family() -> None:
    asked: list[int] = []

    async def resolve(host: str, port: int, family: int) -> list[Address]:
        asked.append(family)
        await asyncio.sleep(0.02)
        if family == socket.AF_INET6:
            raise UNKNOWN
        return [("127.0.0.1", port)]

    async def main() -> None:
        async with serve(hello) as server:
            url, fetcher = f"http://boot.test:{server.port}", Fetcher(Fetching(), QUICK, resolve)
            async with asyncio.TaskGroup() as group:
                for number in range(5):
                    group.create_task(fetch(f"{url}/{number}", fetcher=fetcher))
            fetcher.close()
            assert sorted({visit.path for visit in server.visits}) == [f"/{n}" for n in range(5)]
        assert asked.count(socket.AF_INET) == 1

    asyncio.run(main())


# Proxies


async def relay(visit: Visit) -> bool:
    """Answer as a proxy does."""
    method, target, _ = visit.head.split("\r\n")[0].split()
    if method == "GET":
        await visit.answer("200 OK", target.encode())
    elif visit.header("Proxy-Authorization") is None:
        await visit.answer("407 Proxy Authentication Required")
    else:
        await visit.answer("502 Bad Gateway")
    return True


def test_http_goes_by_the_proxy_with_the_whole_url() -> None:
    async def main() -> None:
        async with serve(relay) as proxy:
            rules = Fetching(proxy=proxy.url("").replace("//", "//me:secret@"))
            outcome = await fetch("http://boot.test:8080/a%20b?c", rules)
            assert outcome.data == b"http://boot.test:8080/a%20b?c"
            assert outcome.answers == [f"29 bytes, by the proxy 127.0.0.1:{proxy.port}"]
            assert proxy.visits[0].header("Proxy-Authorization") == "Basic bWU6c2VjcmV0"
            assert proxy.visits[0].header("Authorization") is None

    asyncio.run(main())


def test_a_proxy_that_refuses_or_is_down_is_told() -> None:
    async def main() -> None:
        from petipy.fetch import fetcher

        async with serve(relay) as proxy:
            rules = Fetching(proxy=proxy.url(""))
            fetcher.prepare(["https:"], rules)
            outcome = await fetch("https://boot.test/", rules)
            place = f"127.0.0.1:{proxy.port}"
            words = f"the proxy {place} refuses: 407 Proxy Authentication Required"
            assert outcome.answers == [words]
            assert proxy.visits[0].head.startswith("CONNECT boot.test:443 HTTP/1.1\r\n")
        outcome = await fetch("http://boot.test/", rules)
        words = f"no connection to the proxy {place}: connection refused"
        assert outcome.fetched.error == words

    asyncio.run(main())


def test_no_proxy_covers_names_domains_and_networks() -> None:
    rules = Fetching(
        proxy="http://proxy.test:3128",
        no_proxy=("one.test", ".lan", "192.0.2.0/24", "2001:db8::/32", "198.51.100.7"),
    )

    def is_direct(host: str) -> bool:
        return find(parse(f"http://{host}/"), rules) is None

    direct = ["one.test", "a.one.test", "b.lan", "192.0.2.9", "[2001:db8::9]", "198.51.100.7"]
    assert [host for host in direct if not is_direct(host)] == []
    by_proxy = ["two.test", "xone.test", "192.0.3.9", "[2001:db9::9]", "198.51.100.70"]
    assert [host for host in by_proxy if is_direct(host)] == []
    assert find(parse("http://a/"), Fetching(proxy="p.test:1", no_proxy=("*",))) is None
    with pytest.raises(FetchError, match=r"petipy\.proxy: only http"):
        find(parse("http://a/"), Fetching(proxy="socks5://p.test:1"))
