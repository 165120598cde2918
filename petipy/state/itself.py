"""Entries that start Petipy itself. Pure.

They never boot by themselves: a Petipy that is found first would start itself for ever.
"""

from petipy.state.model import Choice, Snapshot


def explain(snapshot: Snapshot, choice: Choice) -> str:
    """Return in words why the choice does not boot by itself; "" if it is no Petipy."""
    if choice.id == snapshot.settings.started:
        return "Petipy, which started this one"
    return "Petipy itself" if choice.entry.itself or choice.id in snapshot.itself else ""


def put_last(snapshot: Snapshot) -> tuple[Choice, ...]:
    """Return the choices in menu order, those that start Petipy last."""
    own, started = snapshot.itself, snapshot.settings.started
    # As `explain`, without a call for each of thousands of entries.
    last = tuple(c for c in snapshot.choices if c.entry.itself or c.id in own or c.id == started)
    if not last:
        return snapshot.choices
    ids = {choice.id for choice in last}
    return (*(choice for choice in snapshot.choices if choice.id not in ids), *last)
