"""Twice the entry, the line or the machine costs at most about twice the work."""

from collections.abc import Callable

from parsers.api import FileRef, Origin, Password, Volume
from parsers.places.volumes import make_index
from petipy.report.provenance import join_runs
from petipy.report.quote import quote_line
from petipy.report.values import entry_to_json
from petipy.report.visible import escape
from petipy.state.model import Choice
from tests.effort import count_lines
from tests.ui.fakes import choice

FEW = 200


def grow(use: Callable[[int], object]) -> float:
    """Return by how much the work grows with twice the amount."""
    use(1)
    return count_lines(lambda: use(2 * FEW)) / count_lines(lambda: use(FEW))


def describe_words(count: int) -> None:
    """Find the origins of a command line in which each word has its own."""
    words = [f"word{number}" for number in range(count)]
    origins, at = [], 0
    for word in words:
        spans = ((at, at + len(word)),)
        origins.append(Origin("$x", word, "/grub.cfg", 1, spans=spans))
        at += len(word) + 1
    entry = choice("Linux", cmdline=" ".join(words), origins=tuple(origins)).entry
    found = list(join_runs(entry))
    assert [text for text, _ in found] == words
    assert all(len(origins) == 1 for _, origins in found)


def print_entries(count: int) -> None:
    """Make the JSON of a machine with so many devices, each with an entry."""
    volumes = [Volume(name=f"sd{number}", uuid=f"u-{number}") for number in range(count)]
    entries: list[Choice] = [
        choice("Linux", "sd0", kernel=None, initrds=(FileRef(path="/i", device=f"UUID=u-{n}"),))
        for n in range(count)
    ]
    find = make_index(volumes)
    found = [entry_to_json(entry, find)["initrds"][0]["device"] for entry in entries]
    assert found == [volume.name for volume in volumes]


def allow_users(count: int) -> str:
    names = tuple(f"user{number}" for number in range(count))
    keys = tuple(Password(user=name, secret="x") for name in names)
    return choice("Linux", users=names, passwords=keys).allowed


def test_the_words_of_a_command_line() -> None:
    assert grow(describe_words) < 2.2


def test_a_quoted_line() -> None:
    assert grow(lambda count: quote_line("\u00fc" * 10 * count, 10 * count - 5, 80, escape)) < 2.2


def test_entries_as_json() -> None:
    assert grow(print_entries) < 2.2


def test_the_users_of_an_entry() -> None:
    assert grow(allow_users) < 2.2
