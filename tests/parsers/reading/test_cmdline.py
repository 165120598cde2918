"""The origins of an entry's parts in the line formats."""

import pytest

from parsers.api import Entry
from petipy.report.provenance import split_words
from tests.parsers.one_file import entries, items

STANZAS = "root=/dev/a\ndefault=b\nimage=/1\nimage=/2\nlabel=b\nread-only\ninitrd=/i\nappend=x\n"
KBOOT = "root=/dev/a\ninitrd=/i\ndefault=b\na=/1\nb='/2 ro x'\n"
NATIVE = "name a\nimage /1\nname b\nimage /2\ninitrd /i\nargs root=/dev/a\nargs ro x\ndefault b\n"
LEGACY = "default 1\ntitle a\nkernel /1\ntitle b\nkernel /2 root=/dev/a ro x\ninitrd /i\n"
ZIPL = (
    "[defaultboot]\ndefault=b\n[a]\nimage=/1\n[b]\nimage=/2\nramdisk=/i\n"
    'parameters="root=/dev/a ro x"\n'
)


def default(form: str, text: str) -> Entry:
    found = entries(items(form, text, machine="s390x" if form == "zipl" else "sparc64"))
    (only,) = [entry for entry in found if entry.default]
    return only


def word_lines(entry: Entry) -> dict[str, int]:
    """Return each word of the command line with its line."""
    return {word: origins[0].line for word, origins in split_words(entry)}


@pytest.mark.parametrize(
    ("form", "text", "lines", "files", "reason"),
    [
        ("yaboot", STANZAS, (1, 6, 8), {"image": 4, "initrd": 7}, 2),
        ("lilo", STANZAS, (1, 6, 8), {"image": 4, "initrd": 7}, 2),
        ("silo", STANZAS, (1, 6, 8), {"image": 4, "initrd": 7}, 2),
        ("kboot", KBOOT, (1, 5, 5), {"kernel": 5, "initrd": 2}, 3),
        ("native", NATIVE, (6, 7, 7), {"image": 4, "initrd": 5}, 8),
        ("grub-legacy", LEGACY, (5, 5, 5), {"kernel": 5, "initrd": 6}, 1),
        ("zipl", ZIPL, (8, 8, 8), {"image": 6, "initrd": 7}, 2),
    ],
)
def test_every_part_of_an_entry_has_its_line(
    form: str, text: str, lines: tuple[int, ...], files: dict[str, int], reason: int
) -> None:
    entry = default(form, text)
    found = word_lines(entry)
    assert tuple(found[word] for word in ("root=/dev/a", "ro", "x")) == lines
    assert files.items() <= {o.what: o.line for o in entry.origins}.items()
    assert [o.line for o in entry.default_from] == [reason]


def test_what_no_file_says_has_no_reason() -> None:
    entry = default("yaboot", "image=/1\nimage=/2\n")
    assert entry.default_from == ()
