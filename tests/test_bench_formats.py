"""What the benchmark of the formats measures is whole configurations."""

import pytest

from parsers import formats
from parsers.api import Entry, Problem
from tests.bench.formats import COUNT, ENTRIES, parses


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_is_read_and_nothing_is_wrong(name: str) -> None:
    items = parses(next(form for form in formats() if form.name == name))()
    entries = [item for item in items if isinstance(item, Entry)]
    assert len(entries) == COUNT
    assert all(entry.kernel and entry.initrds and entry.cmdline for entry in entries)
    assert not [item for item in items if isinstance(item, Problem)]
