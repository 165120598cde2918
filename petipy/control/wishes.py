"""A person's wish for what boots by itself, kept on the machine: petipy.state.wishes."""

from dataclasses import replace

from petipy.settings.configuration import Configuration, Outcome
from petipy.state.candidates import explain_pass
from petipy.state.model import Choice, Snapshot
from petipy.state.wishes import make_wish


async def keep_once(configuration: Configuration, snapshot: Snapshot, choice: Choice) -> Outcome:
    """Keep the wish for one boot; if it cannot be kept, change nothing. Raise ValueError."""
    return _remark(snapshot, choice, await configuration.keep_or_leave("next", choice.id))


async def keep(configuration: Configuration, snapshot: Snapshot, choice: Choice) -> Outcome:
    """Keep the wish for every boot. Raise ValueError."""
    wish = make_wish(choice, snapshot.choices)
    return _remark(snapshot, choice, await configuration.set("entry", wish, keep=True))


def _remark(snapshot: Snapshot, choice: Choice, outcome: Outcome) -> Outcome:
    """Return the outcome with the reason, if there is one, why the choice is passed over."""
    if not (why := explain_pass(snapshot, choice)):
        return outcome
    words = filter(None, (outcome.remark, f"this does not boot by itself: {why}"))
    return replace(outcome, remark="; ".join(words))
