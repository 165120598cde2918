"""Network sources: what is known of one changes without a scan, and a server that comes late."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from parsers.api import Preferences, Problem, Volume
from petipy.log import Log
from petipy.sources.discover import Discovery, Receive
from petipy.sources.repeats import LONGEST_REMOTE, PAUSES
from petipy.sources.source import Arrived, Left, SourceEvent, Updated
from petipy.state.model import NETWORK, Device, Scan, Snapshot, Source, Status
from petipy.state.network import Link, Request
from petipy.state.store import Store
from tests.samples import entry, scan

DEVICE = Device(volume=Volume(name="eth0"), node="", kind=NETWORK)
LEASE = (("bootfile", "pxelinux.0"),)
LINK = Link(index=2, name="eth0", carrier=True)
SOURCE = Source(name="eth0", title="eth0: network", kind=NETWORK, device=DEVICE, lease=LEASE)
WAITING = Source(name="eth0", title="eth0: network", kind=NETWORK, state="waiting", reason="asking")
SILENT = OSError(110, "no answer from 192.0.2.1")
GOOD = replace(scan(entry("good")), requests=(Request(url="tftp://192.0.2.1/a", answer="404"),))

NOWHERE = Problem("", 0, "no configuration at tftp://192.0.2.1/a")
AWAY = Scan(stopped="no answer from 192.0.2.1", problems=(NOWHERE,))


class Network:
    """A server whose answers are `results`, the last for ever. Pauses take no time."""

    def __init__(self, *results: Scan | OSError) -> None:
        self.results = list(results)
        self.store, self.shown = Store(), list[Status]()
        self.log = Log(self.show, files=())
        self.pauses: list[float] = []
        self.scans = 0
        self.most = 40  # pauses

    def show(self, status: Status) -> None:
        self.shown.append(status)
        self.store.update(status=status)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self.most:
            await asyncio.Event().wait()

    def run(self, *events: SourceEvent) -> Snapshot:

        async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
            self.scans += 1
            for _ in range(10):
                await asyncio.sleep(0)
            result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
            if isinstance(result, OSError):
                raise result
            return result

        async def stream() -> AsyncIterator[SourceEvent]:
            for event in events:
                yield event
                for _ in range(20):
                    await asyncio.sleep(0)
            for _ in range(2000):
                await asyncio.sleep(0)

        discovery = Discovery(scan, self.store, self.log, self.sleep)
        asyncio.run(asyncio.wait_for(discovery.run(stream()), 60))
        return self.store.snapshot

    def warnings(self) -> list[str]:
        return [line.text for line in self.log.lines if line.level == "warning"]


def test_a_link_is_shown_with_its_words_and_they_change_without_a_scan() -> None:
    network = Network(GOOD)
    snapshot = network.run(Arrived(WAITING), Updated(replace(WAITING, reason="asking, 5 s")))
    assert [source.reason for source in snapshot.sources] == ["asking, 5 s"]
    assert network.scans == 0
    assert [line.text for line in network.log.lines] == ["found eth0: network"]


def test_a_lease_is_scanned_and_its_requests_are_shown() -> None:
    network = Network(GOOD)
    snapshot = network.run(Arrived(WAITING), Arrived(SOURCE))
    assert [line.text for line in network.log.lines] == ["found eth0: network", "eth0: 1 entry"]
    (source,) = snapshot.sources
    assert (source.state, source.reason, source.lease) == ("ready", "", LEASE)
    assert source.requests == GOOD.requests
    assert [choice.entry.title for choice in snapshot.choices] == ["good"]


def test_entries_stay_when_the_cable_goes_and_the_words_say_so() -> None:
    network = Network(GOOD)
    gone = replace(SOURCE, reason="no cable", link=replace(LINK, carrier=False))
    snapshot = network.run(Arrived(SOURCE), Updated(gone))
    (source,) = snapshot.sources
    assert (source.state, source.reason) == ("ready", "no cable")
    assert source.link == gone.link
    assert len(snapshot.choices) == network.scans == 1


def test_what_a_finder_tells_during_a_scan_is_not_lost_at_its_end() -> None:
    begun = replace(SOURCE, link=LINK)
    network = Network(GOOD)

    async def stream() -> AsyncIterator[SourceEvent]:
        yield Arrived(begun)
        await asyncio.sleep(0)
        yield Updated(replace(begun, title="eth0: faster", reason="no cable", link=None))

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        await asyncio.sleep(0.01)
        return GOOD

    asyncio.run(Discovery(scan, network.store, network.log).run(stream()))
    (source,) = network.store.snapshot.sources
    assert (source.title, source.link) == ("eth0: faster", None)
    assert (source.state, source.reason) == ("ready", "no cable")


def test_another_lease_is_scanned_and_replaces_what_was_found() -> None:
    network = Network(GOOD, SILENT)
    network.most = 1
    other = replace(SOURCE, lease=(("bootfile", "other.0"),))
    snapshot = network.run(Arrived(SOURCE), Arrived(other))
    assert network.scans == 2
    assert snapshot.choices == ()


def test_the_same_lease_scanned_again_in_vain_keeps_what_was_found() -> None:
    network = Network(GOOD, SILENT)
    network.most = 1
    snapshot = network.run(Arrived(SOURCE), Arrived(SOURCE))
    assert network.scans == 2
    assert len(snapshot.choices) == 1


def test_a_network_is_found_once_even_in_a_log_with_more() -> None:
    network = Network(GOOD)
    network.log = Log(debug=lambda: True, files=())
    network.run(Arrived(WAITING), Arrived(replace(SOURCE, title="eth0: network, 192.0.2.7")))
    lines = [line.text for line in network.log.lines]
    assert [line for line in lines if "eth0: network" in line] == ["found eth0: network"]


def test_entries_stay_while_their_server_is_away() -> None:
    """Its scan ends early, without entries."""
    network = Network(GOOD, AWAY)
    network.most = 1
    snapshot = network.run(Arrived(SOURCE), Arrived(SOURCE))
    assert [choice.entry.title for choice in snapshot.choices] == ["good"]
    (source,) = snapshot.sources
    assert (source.state, source.reason) == ("failed", AWAY.stopped)


def test_a_server_that_is_away_is_told_in_one_line_and_so_is_its_return() -> None:
    network = Network(AWAY, GOOD)
    snapshot = network.run(Arrived(SOURCE))
    assert [line.text for line in network.log.lines] == [
        "found eth0: network",
        "eth0: no answer from 192.0.2.1; it is asked again soon",
        "eth0: 1 entry",
    ]
    assert [status.text for status in network.shown] == [
        "eth0: no answer from 192.0.2.1; it is asked again soon",
        "eth0: 1 entry",
    ]
    assert snapshot.status == network.shown[-1]


def test_the_return_of_a_server_is_told_even_if_it_says_the_same_as_before() -> None:
    network = Network(GOOD, AWAY, GOOD)
    network.run(Arrived(SOURCE), Arrived(SOURCE))
    assert [status.text for status in network.shown][1:] == ["eth0: 1 entry"]


@pytest.mark.parametrize("failures", [1, 4, 20])
def test_a_server_that_comes_late_is_found(failures: int) -> None:
    network = Network(*[SILENT] * failures, GOOD)
    snapshot = network.run(Arrived(SOURCE))
    (source,) = snapshot.sources
    assert (source.state, source.given_up, len(snapshot.choices)) == ("ready", False, 1)
    assert len(network.pauses) == failures


def test_a_silent_server_is_asked_for_ever_at_most_every_two_minutes_and_told_twice() -> None:
    network = Network(SILENT)
    snapshot = network.run(Arrived(SOURCE))
    assert network.pauses[:4] == [*PAUSES, 60.0]
    assert set(network.pauses[4:]) == {LONGEST_REMOTE}
    assert len(network.pauses) == network.most
    assert network.warnings() == [
        "eth0: no answer from 192.0.2.1; it is asked again soon",
        "eth0: no answer from 192.0.2.1; from now on it is asked again every 120 seconds",
    ]
    assert snapshot.sources[0].reason.startswith("no answer from 192.0.2.1 (")


def test_a_link_that_loses_its_lease_has_no_entries_and_is_not_asked() -> None:
    network = Network(SILENT)
    network.most = 1
    snapshot = network.run(Arrived(SOURCE), Arrived(WAITING))
    assert [source.state for source in snapshot.sources] == ["waiting"]
    assert network.scans == 1


def test_a_server_that_has_nothing_yet_is_asked_again_and_nobody_hears_of_it() -> None:
    empty = Scan(problems=(Problem("", 0, "no configuration"),))
    network = Network(empty, empty, empty, GOOD)
    states: list[str] = []
    network.store.listen(
        lambda: states.extend(source.state for source in network.store.snapshot.sources)
    )
    snapshot = network.run(Arrived(SOURCE))
    assert network.pauses == [LONGEST_REMOTE] * 3
    assert len(snapshot.choices) == 1
    assert list(dict.fromkeys(states)) == ["scanning", "ready"]
    assert "scanning" not in states[states.index("ready") :]
    said = [line.text for line in network.log.lines]
    assert said.count("eth0: nothing to boot") == 1
    assert said[-1] == "eth0: 1 entry"


def test_a_server_that_sends_the_machine_to_its_own_disk_is_not_asked_again() -> None:
    network = Network(Scan(preferences=(("", Preferences(elsewhere=True)),)))
    snapshot = network.run(Arrived(SOURCE))
    assert network.pauses == []
    assert snapshot.sources[0].elsewhere


def test_a_card_that_is_removed_during_its_scan_leaves_nothing_behind() -> None:
    network, begun = Network(GOOD), asyncio.Event()

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        begun.set()
        receive(replace(GOOD, stopped="under way"))
        await asyncio.Event().wait()
        return GOOD

    async def stream() -> AsyncIterator[SourceEvent]:
        yield Arrived(SOURCE)
        await begun.wait()
        yield Left("eth0")

    asyncio.run(
        asyncio.wait_for(Discovery(scan, network.store, network.log).run(stream()), timeout=10)
    )
    assert network.store.snapshot.sources == ()
    assert network.store.snapshot.choices == ()


def test_a_result_of_which_a_part_was_known_is_told() -> None:
    network = Network(GOOD)

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        receive(replace(GOOD, stopped="under way"))
        await asyncio.sleep(0)
        return GOOD

    async def stream() -> AsyncIterator[SourceEvent]:
        yield Arrived(SOURCE)

    asyncio.run(Discovery(scan, network.store, network.log).run(stream()))
    assert network.log.lines[-1].text == "eth0: 1 entry"


def test_a_scan_that_finds_the_same_again_is_no_news() -> None:
    network = Network(GOOD)
    network.run(Arrived(SOURCE), Arrived(SOURCE), Arrived(SOURCE))
    assert network.scans == 3
    said = [line.text for line in network.log.lines if line.level == "info"]
    assert said == ["found eth0: network", "eth0: 1 entry"]
