"""Entries that start Petipy itself. Pure.

They never boot by themselves: a Petipy that is found first would start itself for ever.
"""

from collections.abc import Iterator

from petipy.state.model import Choice, Snapshot


def explain(snapshot: Snapshot, choice: Choice) -> str:
    """Return in words why the choice does not boot by itself; "" if it is no Petipy."""
    if choice.id == snapshot.settings.started:
        return "Petipy, which started this one"
    return "Petipy itself" if choice.entry.itself or choice.id in snapshot.itself else ""


def put_last(snapshot: Snapshot) -> Iterator[Choice]:
    """Yield the choices in menu order, those that start Petipy last."""
    own, started = snapshot.itself, snapshot.settings.started
    last = []
    for choice in snapshot.choices:
        # As `explain`, without a call for each of thousands of entries.
        if choice.entry.itself or choice.id in own or choice.id == started:
            last.append(choice)
        else:
            yield choice
    yield from last
