"""No text makes any format fail, hang, or report a problem without its place."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from parsers.api import Format, Volume
from parsers.formats import formats
from parsers.formats.grub.run import machine as grub_machine
from petipy.sandbox.messages import SCANS
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan
from tests.effort import at_most, ending
from tests.fakes import Machine
from tests.property.vocabulary import WORDS

CALLS = 5_000_000  # more than twice the calls of any format
# U-Boot reads the first file of the format `syslinux`, and SYSLINUX another.
OTHERS = [replace(form, paths=("/syslinux.cfg",)) for form in formats() if form.name == "syslinux"]
FORMATS = pytest.mark.parametrize("form", [*formats(), *OTHERS], ids=lambda form: form.name)
SETTINGS = settings(
    max_examples=200,
    deadline=None,  # `ending` is the limit: a deadline would measure the machine's load
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)
VOLUMES = (
    Volume(name="sda2", disk="sda", partition=2, uuid="aaaa-2", scheme="gpt", fs="ext4"),
    Volume(name="sda3", disk="sda", partition=3, uuid="aaaa-3", scheme="gpt", label="a b"),
)
# Paths for the formats that search directories. The first path of any other is a configuration.
PLACES = {"bls": "/loader/entries/a.conf", "uki": "/EFI/Linux/a.efi", "found": "/boot/vmlinuz-1"}
# The beginning of each configuration. Without it the format ignores the text.
BEGINNINGS = {"ipxe": b"#!ipxe\n"}


def scan_text(form: Format, content: bytes) -> Scan:
    """Scan a machine whose first configuration of the format is `content`."""
    if not form.paths:
        return _scan_url(form, content)
    config = PLACES.get(form.name, form.paths[0].replace("*", "a"))
    tree = {config: content, "/other.cfg": content, "/vmlinuz": b"", "/grubenv": b"x=1\n"}
    host = Machine({"sda2": tree, "sda3": {"/vmlinux": b""}}, volumes=VOLUMES)
    with ending():
        return scan_tree(host.files("sda2"), [form])


def _scan_url(form: Format, content: bytes) -> Scan:
    """Scan a language that only the network has. Every URL has the same text."""
    text = content.decode("utf-8", "surrogateescape")
    urls = {f"tftp://host/{name}": text for name in ("pxelinux.cfg/default", "other.cfg")}
    lease = {"siaddr": "host", "ip": "192.168.0.1", "mac": "52:54:00:12:34:56"}
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": lease})
    with ending():
        return scan_tree(host.files("eth0"), [replace(form, paths=tuple(urls)[:1])])


def check(scan: Scan, content: bytes) -> None:
    ends = content.count(b"\n") + content.count(b"\r") + 1
    for problem in scan.problems:
        assert problem.config
        assert 1 <= problem.line <= ends, problem
        assert problem.message
        assert "parser failed" not in problem.message, problem
    for _, entry in scan.entries:
        assert 1 <= entry.line <= ends, entry
    names = Counter((entry.config, entry.trail, entry.name) for _, entry in scan.entries)
    assert all(count == 1 for count in names.values()), names
    assert all(count == 1 for count in Counter(path for path, _ in scan.preferences).values())
    assert SCANS.decode(SCANS.encode(scan)) == scan


@FORMATS
@SETTINGS
@given(content=st.binary(max_size=400))
@example(content=b"")
@example(content=b"\0")
@example(content=b"\xef\xbb\xbf")
@example(content=b"\xff\xfe\n\0")
def test_any_bytes(form: Format, content: bytes) -> None:
    check(scan_text(form, content), content)


@FORMATS
@SETTINGS
@given(data=st.data())
def test_the_formats_own_words_in_any_order(form: Format, data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(WORDS[form.name]), max_size=60))
    between = data.draw(st.sampled_from(["", " "]))
    content = BEGINNINGS.get(form.name, b"") + between.join(words).encode()
    check(scan_text(form, content), content)


@FORMATS
@pytest.mark.parametrize("size", [2_000])
def test_one_word_repeated_without_end(
    form: Format, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grub_machine, "STEPS", 20_000)  # a smaller budget ends the loops sooner
    for word in WORDS[form.name]:
        for content in (word.encode() * (size // len(word)), f"{word} ".encode() * (size // 10)):
            with at_most(CALLS):
                scan_text(form, BEGINNINGS.get(form.name, b"") + content[:size])


@FORMATS
def test_a_file_of_half_a_megabyte_takes_no_more_than_its_work(form: Format) -> None:
    lines = b"image=/v\nlabel=x\nmenuentry 'x' { linux /v root=x }\nx=y\n"
    with at_most(CALLS):
        scan_text(form, (lines * (1 + (1 << 19) // len(lines)))[: 1 << 19])


def test_every_format_has_its_vocabulary() -> None:
    assert set(WORDS) == {form.name for form in formats()}
