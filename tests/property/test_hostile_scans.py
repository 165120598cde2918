"""Hostile answers of a child that has been taken over: nothing that shows or boots them raises."""

from contextlib import suppress

from hypothesis import given
from hypothesis import settings as effort

from petipy.boot.plan import BootError, plan
from petipy.report.quote import format_place, quote_line
from petipy.state import policy
from petipy.state.model import Scan
from petipy.state.policy import Hints
from petipy.ui.outline import build_rows
from tests.sandbox.test_messages import values
from tests.sources.test_repeats import Machine


@effort(max_examples=100)
@given(result=values(Scan))
def test_an_answer_that_the_codec_lets_pass_can_be_shown_and_booted(result: Scan) -> None:
    machine = Machine(result)
    machine.run(pauses=0)
    machine.store.update(settled=True)
    snapshot = machine.store.snapshot
    assert policy.decide(snapshot, Hints(since=0.0), 1e9).default in {
        "",
        *(choice.id for choice in snapshot.choices),
    }
    for row in (*build_rows(snapshot), *build_rows(snapshot, needle="a")):
        build_rows(snapshot, row.path)
    for choice in snapshot.choices:
        words = (choice.allowed, choice.obstacle, choice.written)
        assert all(isinstance(text, str) for text in words)
        with suppress(BootError):
            plan(choice, None)
    for name, problem in snapshot.problems:
        assert name in format_place(problem, name) or problem.config
        quote_line(problem.excerpt, problem.column, 80, str)
