"""Configurations in an image file and in a subvolume keep the rules of those on a disk."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import Entry, Format, Origin, Volume
from parsers.formats import formats
from parsers.places.medium import add_parameters
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan
from tests.effort import ending
from tests.fakes import Machine
from tests.property.test_formats import BEGINNINGS, PLACES, SETTINGS, check
from tests.property.vocabulary import WORDS

HOST = Volume(name="sda2", uuid="aaaa-2", fs="btrfs", disk="sda", partition=2)
IMAGE = Volume(name="sda2:/a.iso", disk="sda2", image="/a.iso", label="A B", fs="iso9660")
FORMATS = pytest.mark.parametrize(
    "form", [form for form in formats() if form.paths], ids=lambda form: form.name
)


def scan_text(form: Format, content: bytes, volume: Volume, below: str) -> Scan:
    config = PLACES.get(form.name, form.paths[0].replace("*", "a"))
    tree = {config: content, "/other.cfg": content, "/vmlinuz": b"", "/grubenv": b"x=1\n"}
    placed = {f"{below}{path}": text for path, text in tree.items()} | {f"{below}/boot/x": b""}
    host = Machine({volume.name: placed}, volumes=(HOST, IMAGE))
    with ending():
        return scan_tree(host.files(volume.name), [form])


@FORMATS
@pytest.mark.parametrize(("volume", "below"), [(HOST, "/@rootfs"), (IMAGE, "")])
@settings(SETTINGS, max_examples=15)
@given(data=st.data())
def test_the_formats_own_words_in_any_order(
    form: Format, volume: Volume, below: str, data: st.DataObject
) -> None:
    words = data.draw(st.lists(st.sampled_from(WORDS[form.name]), max_size=60))
    between = data.draw(st.sampled_from(["", " "]))
    content = BEGINNINGS.get(form.name, b"") + between.join(words).encode()
    scan = scan_text(form, content, volume, below)
    check(scan, content)
    for _, entry in scan.entries:
        assert entry.config.startswith(below)


@SETTINGS
@given(
    words=st.lists(st.sampled_from(["a", "b=1", "--", "---", "-", "c--"])),
    spaces=st.sampled_from([" ", "  ", "\t"]),
)
def test_parameters_are_added_and_nothing_is_lost_or_moved_to_another_word(
    words: list[str], spaces: str
) -> None:
    cmdline = spaces.join(words)
    spans = [(at, at + len(word)) for at, word in _places(words, len(spaces))]
    origins = tuple(
        Origin(word, word, "/c", 1, spans=(s,)) for word, s in zip(words, spans, strict=True)
    )
    entry = Entry(title="t", name="t", config="/c", line=1, cmdline=cmdline, origins=origins)
    new = add_parameters(entry, "x=1 y")
    assert [new.cmdline[slice(*o.spans[0])] for o in new.origins] == [*words, "x=1 y"]
    assert [word for word in new.cmdline.split() if word not in ("x=1", "y")] == words


def _places(words: list[str], gap: int) -> list[tuple[int, str]]:
    places, at = [], 0
    for word in words:
        places.append((at, word))
        at += len(word) + gap
    return places
