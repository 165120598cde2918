"""Each word of each golden case's command lines has an origin, and is written there."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from parsers.api import Entry, Files, Origin
from parsers.formats import formats
from petipy.commands.survey import replay
from petipy.machinefile.machine import Machine
from petipy.machinefile.read import BadMachine, load, parse
from petipy.report.provenance import split_words
from tests.cases import SHARED, find
from tests.parsers.test_golden import CASES, GOLDEN, machine_of, scanned


def text_of(files: Files, origin: Origin) -> str | None:
    """Return the file that an origin names. It may be on another volume."""
    path, tree = origin.config, files
    if path.startswith("("):
        name, _, path = path[1:].partition(")")
        other = files.host.on(name)
        assert other, origin
        tree = other
    if path.startswith(("http:", "https:", "tftp:")):
        return files.host.fetch(path)
    return tree.read(path)


def check(entry: Entry, files: Files) -> None:
    for origin in (*entry.origins, *entry.default_from):
        assert all(0 <= a < b <= len(entry.cmdline) for a, b in origin.spans), origin
        if origin.config:
            text = text_of(files, origin)
            assert text is not None, origin
            assert 0 <= origin.line <= len(text.replace("\r", "\n").split("\n")), origin
    if entry.kernel:
        assert [word for word, origins in split_words(entry) if not origins] == [], entry


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_word_of_every_golden_entry_has_its_origin(case: Path) -> None:
    form = next(form for form in formats() if form.name == case.parts[0])
    files, network = machine_of(GOLDEN / case)
    for _, entry in scanned(form, files, network).entries:
        check(entry, files)


def real_machines() -> Iterator[Machine]:
    for path in find("corpus/**/*.machine.json"):
        with suppress(BadMachine):
            yield load(str(path))
    for case in json.loads((SHARED / "grub-menu/menus.json").read_text()):
        yield parse(case["machine"], SHARED / "grub-menu")


@pytest.mark.shared("corpus", "grub-menu")
def test_of_real_configurations_too_and_what_a_variable_gave_is_in_its_value() -> None:
    count = 0
    for machine in real_machines():
        for choice in replay(machine).choices:
            entry = choice.entry
            if entry.kernel:
                assert all(origins for _, origins in split_words(entry)), entry
            for origin in entry.origins:
                for start, end in origin.spans if origin.what.startswith("$") else ():
                    count += 1
                    value = origin.value.replace("\\", "")
                    for word in entry.cmdline[start:end].replace("\\", "").split():
                        assert word.strip('"') in value, (entry, origin)
    assert count > 100
