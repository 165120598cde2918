"""Check that the benchmarks of formats measure whole configurations."""

import pytest

from parsers.api import Entry, Problem
from parsers.formats import formats
from tests.bench import grub
from tests.bench.formats import COUNT, ENTRIES, parses


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_is_read_and_nothing_is_wrong(name: str) -> None:
    items = parses(next(form for form in formats() if form.name == name))()
    entries = [item for item in items if isinstance(item, Entry)]
    assert len(entries) == COUNT
    assert all(entry.kernel and entry.initrds and entry.cmdline for entry in entries)
    assert not [item for item in items if isinstance(item, Problem)]


def test_every_entry_of_the_measured_grub_configurations_is_read() -> None:
    found = {name: grub.parses(text)() for name, text in grub.texts().items()}
    counts = {n: sum(isinstance(i, Entry) for i in all_) for n, all_ in found.items()}
    assert list(counts.values()) == [8, 400, 1000, 10_000]
    assert not [item for all_ in found.values() for item in all_ if isinstance(item, Problem)]
