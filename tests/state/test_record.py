"""The record: times that the policy needs, taken from what happens."""

import math
from collections.abc import Collection
from dataclasses import replace

from petipy.state.model import Snapshot
from petipy.state.record import Record
from petipy.state.settings import Settings
from tests.samples import choice, device, sources

A, B = choice("a", turn=0), choice("b", turn=0, device="vdb1")
SEEN = Snapshot(
    settled=True,
    settings=Settings(timeout=5),
    sources=sources(device("vda2"), device("vdb1")),
    choices=(A, B),
)


class Outcomes:
    fatal: Collection[str] = ()
    last_look = -math.inf

    def __init__(self, failed: Collection[str] = (), last_failure: float = -math.inf) -> None:
        self.failed, self.last_failure = frozenset(failed), last_failure


def test_the_countdown_runs_from_the_first_candidate_not_from_the_first_entry() -> None:
    record = Record()
    waiting = replace(SEEN, choices=(replace(A, elsewhere=True),))
    assert record.decide(waiting, Outcomes(), 0).countdown is None
    decision = record.decide(SEEN, Outcomes(), 100)
    assert decision.countdown is not None
    assert decision.countdown.until == 105


def test_a_person_who_has_chosen_something_is_there_until_it_has_failed() -> None:
    record = Record()
    record.decide(SEEN, Outcomes(), 0)
    record.note_key("hvc0", 1)
    record.decide(replace(SEEN, booting="a"), Outcomes(), 2)
    failed = Outcomes({"a"}, 900)  # a download that took long
    assert record.decide(SEEN, failed, 900).countdown is None
    assert record.decide(SEEN, failed, 1199).countdown is None
    after = record.decide(SEEN, failed, 1200).countdown
    assert after is not None
    assert (after.choice, after.until) == ("b", 1205)


def test_a_boot_by_itself_that_fails_makes_nobody_present() -> None:
    record = Record()
    record.decide(SEEN, Outcomes(), 0)
    record.decide(replace(SEEN, booting="a"), Outcomes(), 5)
    assert record.decide(SEEN, Outcomes({"a"}, 10), 10).default == "b"
    assert record.decide(SEEN, Outcomes({"a"}, 10), 13).boot == "b"


def test_rounds_count_up_to_a_persons_key() -> None:
    record, all_failed = Record(), Outcomes({"a", "b"}, 10)
    record.decide(SEEN, Outcomes(), 0)
    assert record.decide(SEEN, all_failed, 10).again == 70
    assert record.decide(SEEN, all_failed, 70).forget_failures
    assert record.decide(SEEN, all_failed, 70).again == 130
    record.note_key("hvc0", 71)
    record.note_absence("hvc0", 72)
    assert record.decide(SEEN, all_failed, 72).forget_failures


def test_open_sessions_hold_the_countdown_and_the_last_one_gives_it_back() -> None:
    record = Record()
    record.decide(SEEN, Outcomes(), 0)
    record.note_visit("ssh", True, 1)
    record.note_visit("ssh", True, 2)
    record.note_key("ssh", 3)
    assert record.decide(SEEN, Outcomes(), 1_000_000).countdown is None
    record.note_visit("ssh", False, 1_000_000)
    assert record.decide(SEEN, Outcomes(), 1_000_001).again == math.inf
    record.note_visit("ssh", False, 1_000_002)
    decision = record.decide(SEEN, Outcomes(), 1_000_002)
    assert decision.countdown is not None
    assert decision.countdown.until == 1_000_007


def test_a_session_that_closes_leaves_a_person_at_another_console_alone() -> None:
    record = Record()
    record.decide(SEEN, Outcomes(), 0)
    record.note_key("hvc0", 1)
    record.note_visit("ssh", True, 2)
    record.note_visit("ssh", False, 3)
    assert record.decide(SEEN, Outcomes(), 4).countdown is None


def test_a_countdown_that_an_echo_has_outlasted_is_seen_again_once() -> None:
    record = Record()
    record.decide(SEEN, Outcomes(), 0)
    record.note_key("hvc0", 1)
    record.note_absence("hvc0", 50)
    decision = record.decide(SEEN, Outcomes(), 50)
    assert decision.countdown is not None
    assert (decision.countdown.until, decision.boot) == (53, "")
    record.note_key("hvc0", 51)
    record.note_absence("hvc0", 60)
    assert record.decide(SEEN, Outcomes(), 60).boot == "a"
