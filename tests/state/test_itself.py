"""Petipy does not start itself for ever."""

from dataclasses import replace

from petipy.state import candidates, itself, policy
from petipy.state.model import Snapshot
from petipy.state.policy import Hints
from petipy.state.settings import Settings
from tests.samples import choice, device, entry, sources

OWN = choice("own", entry=entry("Petipy", itself=True), turn=0)
OLD = choice("old")
SEEN = Snapshot(settled=True, sources=sources(device("vda2")), choices=(OWN, OLD))


def boots(snapshot: Snapshot) -> str:
    return policy.decide(snapshot, Hints(since=0), 1e6).boot


def test_an_entry_that_starts_petipy_never_boots_by_itself() -> None:
    assert boots(SEEN) == "old"
    assert candidates.list_passed_over(SEEN, OLD) == [OWN]
    assert boots(replace(SEEN, choices=(OWN,))) == ""


def test_what_turned_out_to_be_petipy_never_boots_by_itself_again() -> None:
    unknown = replace(OWN, entry=entry("other"))
    snapshot = replace(SEEN, choices=(unknown, OLD))
    assert boots(snapshot) == "own"
    assert boots(replace(snapshot, itself=frozenset({"own"}))) == "old"


def test_a_petipy_that_petipy_started_takes_the_next_candidate() -> None:
    unknown = replace(OWN, entry=entry("other"))
    snapshot = replace(SEEN, choices=(unknown, OLD), settings=Settings(started="own"))
    assert boots(snapshot) == "old"
    assert itself.explain(snapshot, unknown) == "Petipy, which started this one"


def test_it_is_shown_last_and_with_a_word() -> None:
    assert [*itself.put_last(SEEN)] == [OLD, OWN]
    assert itself.explain(SEEN, OWN) == "Petipy itself"
