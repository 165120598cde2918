"""The loop around the links: news, lost news, services that end, and no card at all."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import cast

import pytest

from petipy.log import Log
from petipy.network import finder, links
from petipy.network.hearing import Hearing
from petipy.network.links import Service
from petipy.sandbox.client import Scanner
from petipy.services import make_services
from petipy.sources import disks
from petipy.sources.source import Arrived, Left, Settled, SourceEvent, Updated
from petipy.state.model import Source
from petipy.state.settings import Settings
from petipy.state.store import Store
from petipy.sys.netlink import News
from tests.network.wire import link


class Kernel:
    """A kernel whose links the test changes. `lost`: the next news was too much for the socket."""

    def __init__(self, *present: News) -> None:
        self.present, self.news, self.lost = [*present], list[News](), False
        self.dumps = 0
        self._end, self._bell = os.pipe()
        os.set_blocking(self._end, False)

    def fileno(self) -> int:
        return self._end

    def close(self) -> None:
        os.close(self._end)
        os.close(self._bell)

    def say(self, *news: News) -> None:
        self.news += news
        os.write(self._bell, b"!")

    def read(self) -> list[News]:
        with suppress(BlockingIOError):
            os.read(self._end, 100)
        if self.lost:
            self.lost = False
            raise OSError(errno.ENOBUFS, "No buffer space available")
        news, self.news = self.news, []
        return news

    def dump(self) -> list[News]:
        self.dumps += 1
        return [*self.present]


def follow(
    kernel: Kernel, sysfs: Path, log: Log, services: Sequence[Service] = ()
) -> AsyncIterator[SourceEvent]:
    hearing = Hearing()
    return links.watch(log, hearing, services, open_kernel=lambda: kernel, sysfs=str(sysfs))


async def take(stream: AsyncIterator[SourceEvent], number: int) -> list[SourceEvent]:
    async with asyncio.timeout(10):
        return [await anext(stream) for _ in range(number)]


def run(steps: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(steps(), 20))  # type: ignore[arg-type]


def names(events: Sequence[SourceEvent]) -> list[str]:
    return [e.source.name if isinstance(e, Arrived | Updated) else type(e).__name__ for e in events]


def test_links_that_are_there_come_first_and_then_the_news(tmp_path: Path) -> None:
    kernel = Kernel(link())

    async def steps() -> None:
        async with aclosing(follow(kernel, tmp_path, Log(files=()))) as stream:  # type: ignore[type-var]
            assert names(await take(stream, 1)) == ["eth0"]
            kernel.say(link(3, "eth1"))
            assert names(await take(stream, 1)) == ["eth1"]

    run(steps)


def test_news_that_was_lost_is_made_good_by_another_dump(tmp_path: Path) -> None:
    kernel = Kernel(link(), link(3, "eth1"))

    async def steps() -> None:
        async with aclosing(follow(kernel, tmp_path, Log(files=()))) as stream:  # type: ignore[type-var]
            await take(stream, 2)
            kernel.present, kernel.lost = [link(4, "eth2")], True
            kernel.say()
            found = await take(stream, 3)
            assert found[:2] == [Left("eth0"), Left("eth1")]
            assert names(found[2:]) == ["eth2"]

    run(steps)
    assert kernel.dumps == 2


def test_a_service_that_ends_is_started_again_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_FIRST_PAUSE", 0.001)
    runs: list[str] = []
    enough = asyncio.Event()

    async def fail() -> None:
        runs.append("failed")
        if len(runs) == 4:
            enough.set()
            await asyncio.Event().wait()
        if len(runs) == 3:
            raise ZeroDivisionError("odd")
        raise OSError(errno.ENOENT, "no such program")

    log = Log(files=())
    kernel = Kernel(link())

    async def steps() -> None:
        services = [Service("networkd", fail)]
        async with aclosing(follow(kernel, tmp_path, log, services)) as stream:  # type: ignore[type-var]
            await take(stream, 1)
            await enough.wait()

    run(steps)
    said = [line.text for line in log.lines if line.level == "warning"]
    assert said == ["networkd: no such program; restarting it"]


def test_services_end_with_the_links(tmp_path: Path) -> None:
    ended: list[str] = []

    async def run_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("networkd")

    kernel = Kernel(link())

    async def steps() -> None:
        services = [Service("networkd", run_for_ever)]
        async with aclosing(follow(kernel, tmp_path, Log(files=()), services)) as stream:  # type: ignore[type-var]
            await take(stream, 1)
            await asyncio.sleep(0)

    run(steps)
    assert ended == ["networkd"]


def test_a_machine_without_a_card_is_settled_at_once_and_waits_for_one(tmp_path: Path) -> None:
    """The kernel's real news of links wakes it: a card that appears in sysfs is then seen."""
    (tmp_path / "class/net/lo").mkdir(parents=True)
    (tmp_path / "class/net/lo/type").write_text("772\n")
    followed: list[str] = []

    async def follow_links(log: Log) -> AsyncIterator[SourceEvent]:
        followed.append("links")
        yield Arrived(Source(name="eth0"))

    async def steps() -> None:
        stream = finder.watch(Log(files=()), follow_links, str(tmp_path))
        assert isinstance(await anext(stream), Settled)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        assert not followed
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        (tmp_path / "class/net/eth0").mkdir()
        (tmp_path / "class/net/eth0/type").write_text("1\n")
        async with aclosing(finder.watch(Log(files=()), follow_links, str(tmp_path))) as stream:  # type: ignore[type-var]
            assert names(await take(stream, 2)) == ["Settled", "eth0"]

    run(steps)


def test_a_fault_costs_the_network_alone_and_its_links_come_again(tmp_path: Path) -> None:
    (tmp_path / "class/net/eth0").mkdir(parents=True)
    (tmp_path / "class/net/eth0/type").write_text("1\n")
    log = Log(files=())

    async def follow_links(log: Log) -> AsyncIterator[SourceEvent]:
        yield Arrived(Source(name="eth0"))
        yield Arrived(Source(name="eth1"))
        yield Left("eth1")
        raise ZeroDivisionError("odd")

    async def steps() -> None:
        async with aclosing(finder.watch(log, follow_links, str(tmp_path), 0.001)) as stream:  # type: ignore[type-var]
            found = await take(stream, 6)
            assert names(found) == ["Settled", "eth0", "eth1", "Left", "Left", "eth0"]
            assert found[4] == Left("eth0")

    run(steps)
    assert [line.level for line in log.lines] == ["error"]


@pytest.mark.parametrize(("type", "card"), [("1", True), ("32", True), ("772", False), ("", False)])
def test_a_card_is_ethernet_or_infiniband(type: str, card: bool, tmp_path: Path) -> None:
    place = tmp_path / "class/net/eth0"
    place.mkdir(parents=True)
    (place / "type").write_text(f"{type}\n")
    assert finder.has_card(str(tmp_path)) is card
    assert not finder.has_card(str(tmp_path / "none"))


@pytest.mark.parametrize("network", [True, False])
def test_with_a_setting_only_disks_are_sources(network: bool) -> None:
    store = Store()
    store.update(settings=Settings(network=network))
    services = make_services(cast(Scanner, None), store)
    assert len(services.sources) == 1 + network
    assert services.sources[0] is disks.watch
