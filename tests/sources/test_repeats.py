"""Scans that do not come to their end: what is known stays, and they are repeated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import Problem
from petipy.log import Log
from petipy.sources.discover import Discovery, Receive
from petipy.sources.repeats import LATER, LONGEST, PAUSES
from petipy.sources.source import Arrived, Left, SourceEvent
from petipy.state.model import Device, Image, Scan, Snapshot, Source
from petipy.state.store import Store
from tests.samples import device, entry, scan
from tests.sandbox.test_messages import values

GOOD, PART = scan(entry("good")), replace(scan(entry("part")), stopped="no answer")
NAME = "vda2"
AGAIN = Arrived(Source.of(device(NAME, uuid="1")))


class Machine:
    """A disk whose scans end as `results` say, the last for ever. Pauses take no time.

    `run` ends after so many pauses; the last one never ends.
    """

    def __init__(self, *results: Scan | OSError | None) -> None:
        self.results = list(results)
        self.store, self.log = Store(), Log(files=())
        self.pauses: list[float] = []
        self.seen: list[tuple[str, str, bool]] = []
        self.scans = 0
        self.part: Scan | None = None  # that each scan gives before its end
        self._paused = asyncio.Event()

    async def scan(self, source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        self.scans += 1
        if self.part:
            receive(self.part)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if result is None:
            await asyncio.Event().wait()
        if isinstance(result, OSError):
            raise result
        assert result
        return result

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self._most:
            self._paused.set()
            await asyncio.Event().wait()

    def run(self, *, pauses: int, then: Sequence[SourceEvent] = ()) -> Snapshot:
        self._most = pauses

        async def events() -> AsyncIterator[SourceEvent]:
            yield AGAIN
            if pauses:
                await self._paused.wait()
            for event in then:
                await turns()
                yield event
            await turns()

        async def turns() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        def note() -> None:
            for source in self.store.snapshot.sources:
                self.seen.append((source.state, source.reason, source.given_up))

        self.store.listen(note)
        discovery = Discovery(self.scan, self.store, self.log, self.sleep)
        asyncio.run(asyncio.wait_for(discovery.run(events()), 60))
        return self.store.snapshot

    def titles(self) -> list[str]:
        return [choice.entry.title for choice in self.store.snapshot.choices]

    def warnings(self) -> list[str]:
        return [line.text for line in self.log.lines if line.level == "warning"]


def test_a_scan_that_fails_is_repeated_with_growing_pauses_and_then_seldom() -> None:
    machine = Machine(OSError(5, "bad block"))
    snapshot = machine.run(pauses=6)
    assert machine.pauses == [*PAUSES, LATER, 2 * LATER, 4 * LATER]
    assert sorted(PAUSES) == list(PAUSES)
    assert machine.scans == 6
    (source,) = snapshot.sources
    assert (source.state, source.reason, source.given_up) == ("failed", "bad block (6 times)", True)
    assert machine.warnings() == [
        "vda2: bad block; it is looked at again soon",
        "vda2: bad block; from now on it is looked at less and less often",
    ]


def test_a_pause_is_a_day_at_most() -> None:
    machine = Machine(OSError(5, "bad block"))
    machine.run(pauses=40)
    assert machine.pauses[-2:] == [LONGEST, LONGEST]
    assert sorted(machine.pauses) == machine.pauses


def test_a_device_is_given_up_after_the_last_quick_repetition_and_stays_so() -> None:
    machine = Machine(OSError(5, "bad block"))
    machine.run(pauses=6)
    states = list(dict.fromkeys(machine.seen))
    first = states.index(("failed", "bad block (4 times)", True))
    assert {state for state, _, _ in states[first:]} == {"failed"}
    assert all(given_up for _, _, given_up in states[first:])
    assert not any(given_up for _, _, given_up in states[:first])


@pytest.mark.parametrize("failures", [1, 3, 5])
def test_a_device_that_answers_at_last_is_like_any_other(failures: int) -> None:
    machine = Machine(*[OSError(5, "bad block")] * failures, GOOD)
    # The last of the pauses does not end by itself, but a person may ask for the scan.
    snapshot = machine.run(pauses=failures, then=[AGAIN])
    assert machine.titles() == ["good"]
    (source,) = snapshot.sources
    assert (source.state, source.reason, source.given_up) == ("ready", "", False)


def test_nothing_is_repeated_for_a_device_that_is_gone() -> None:
    machine = Machine(OSError(5, "bad block"))
    snapshot = machine.run(pauses=1, then=[Left(NAME)])
    assert not snapshot.sources
    assert machine.scans == 1


def test_a_part_is_shown_as_a_failure_and_repeated_until_the_whole_comes() -> None:
    machine = Machine(PART, PART, GOOD)
    part = machine.run(pauses=1)
    assert machine.titles() == ["part"]
    (source,) = part.sources
    assert (source.state, source.reason) == ("failed", "no answer")
    machine = Machine(PART, PART, GOOD)
    machine.run(pauses=2, then=[AGAIN])
    assert machine.titles() == ["good"]


def test_a_repeated_failure_tells_its_entries_once() -> None:
    machine = Machine(replace(PART, problems=(Problem("", 0, "odd"),)))
    machine.run(pauses=4)
    said = [line.text for line in machine.log.lines if line.level == "info"]
    assert said == ["found vda2: ext4", "vda2: odd", "vda2: 1 entry"]


def test_a_later_scan_that_gives_nothing_leaves_what_is_known() -> None:
    machine = Machine(GOOD, OSError(5, "bad block"))
    snapshot = machine.run(pauses=0, then=[AGAIN])
    assert machine.titles() == ["good"]
    assert [source.state for source in snapshot.sources] == ["failed"]


def test_another_disc_in_the_drive_has_nothing_of_the_one_before() -> None:
    machine = Machine(GOOD, OSError(5, "bad block"))
    machine.run(pauses=0, then=[Arrived(Source.of(device(NAME, uuid="2")))])
    assert machine.titles() == []


def test_the_first_result_is_shown_while_the_scan_goes_on() -> None:
    machine = Machine(None)
    machine.part = replace(PART, stopped="it is still being read")

    class Seen(Exception):
        """The test has seen enough: the scan would go on for ever."""

    async def look() -> None:
        async with asyncio.timeout(60):
            while not machine.store.snapshot.choices:
                await machine.store.wait_for_change(machine.store.snapshot.version)
        raise Seen

    async def events() -> AsyncIterator[SourceEvent]:
        yield AGAIN

    async def both() -> None:
        discovery = Discovery(machine.scan, machine.store, machine.log)
        async with asyncio.TaskGroup() as group:
            group.create_task(discovery.run(events()))
            group.create_task(look())

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(both())
    assert caught.group_contains(Seen)
    assert machine.titles() == ["part"]
    assert [source.state for source in machine.store.snapshot.sources] == ["scanning"]


def test_what_a_whole_scan_has_told_is_not_replaced_while_the_next_goes_on() -> None:
    machine = Machine(GOOD, OSError(5, "bad block"))
    machine.part = PART
    machine.run(pauses=0, then=[AGAIN])
    assert machine.titles() == ["good"]


def test_a_part_does_not_take_the_images_away_that_are_known() -> None:
    image = Image(path="/a.iso", size=5, fs="iso9660")
    machine = Machine(replace(PART, images=(image,)), PART)
    machine.run(pauses=4)
    assert machine.scans > 2
    assert [source.name for source in machine.store.snapshot.sources] == [NAME, f"{NAME}:/a.iso"]


def test_there_are_no_images_in_images() -> None:
    image = Image(path="/a.iso", size=5, fs="iso9660")
    machine = Machine(replace(GOOD, images=(image,)))
    machine.run(pauses=0)
    assert [source.name for source in machine.store.snapshot.sources] == [NAME, f"{NAME}:/a.iso"]


@settings(max_examples=60)
@given(result=values(Scan), part=st.none() | values(Scan))
def test_no_result_of_a_child_ends_the_program(result: Scan, part: Scan | None) -> None:
    machine = Machine(result)
    machine.part = part
    snapshot = machine.run(pauses=0)
    assert snapshot.source(NAME)
