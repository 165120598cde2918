"""Budgets of a scan: whatever is beyond one is cut there and told, and the rest stays."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import Entry, FileRef, Files, Format, Item, Password, Preferences, Problem
from parsers.formats import formats
from petipy.codec import Codec
from petipy.sandbox import packets
from petipy.sandbox.messages import SCANS
from petipy.scan import tree
from petipy.scan.budget import MOST_ENTRIES, MOST_PROBLEMS, cut_images, cut_seen, weigh
from petipy.scan.tree import scan_tree
from petipy.state.model import Image, Scan
from petipy.state.seen import Seen
from tests.fakes import Machine, MachineFiles
from tests.sandbox.test_messages import values

# A configuration with one entry, and a line that is a mistake in its language.
CONFIGURATIONS = {
    "grub": ("/boot/grub/grub.cfg", "menuentry a { linux /k }\n", "fi\n"),
    "grub-legacy": ("/boot/grub/menu.lst", "title a\nkernel /k\n", "nonsense here\n"),
    "syslinux": ("/boot/syslinux/syslinux.cfg", "LABEL a\nLINUX /k\n", "nonsense here\n"),
    "lilo": ("/etc/lilo.conf", "image=/k\n label=a\n", "nonsense=1 here\n"),
    "silo": ("/etc/silo.conf", "image=/k\n label=a\n", "nonsense=1\n"),
    "yaboot": ("/etc/yaboot.conf", "image=/k\n label=a\n", "nonsense=1\n"),
    "native": ("/boot/petitboot.conf", "name a\nimage /k\n", "nonsense here\n"),
    "kboot": ("/etc/kboot.conf", "a='/k root=/x'\n", "nonsense here\n"),
    "zipl": ("/etc/zipl.conf", "[a]\nimage=/k\ntarget=/boot\n", "nonsense here\n"),
    "bls": ("/loader/entries/a.conf", "title a\nlinux /k\n", "nonsense here\n"),
}


def scan_text(name: str, text: str) -> Scan:
    form = next(form for form in formats() if form.name == name)
    host = Machine({"sda1": {CONFIGURATIONS[name][0]: text, "/k": ""}})
    return scan_tree(host.files("sda1"), [form])


@pytest.mark.parametrize("order", ["{bad}{good}", "{good}{bad}"])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_thousands_of_bad_lines_cost_no_entry(name: str, order: str) -> None:
    _, good, bad = CONFIGURATIONS[name]
    scan = scan_text(name, order.format(good=good, bad=bad * 2500))
    assert [entry.name for _, entry in scan.entries] == ["a"]
    assert 0 < len(scan.problems) <= MOST_PROBLEMS + 1
    assert "more " in scan.problems[-1].message
    assert scan.stopped == ""


def make(*items: Item) -> Callable[[Files, str], Iterator[Item]]:
    return lambda files, path: iter(items)


def scan_items(*items: Item, then: Item | None = None) -> Scan:
    first = Format("first", ("/a",), make(*items))
    second = Format("second", ("/b",), make(*([then] if then else [])))
    return scan_tree(Machine({"sda1": {"/a": "", "/b": ""}}).files("sda1"), [first, second])


def entry(name: str, cmdline: str = "", config: str = "/a") -> Entry:
    kernel = FileRef(path=f"/{name}")
    return Entry(title=name, name=name, config=config, line=7, kernel=kernel, cmdline=cmdline)


LOCK = Preferences(superusers=("root",), passwords=(Password(user="root", secret="x"),))


def names(scan: Scan) -> list[str]:
    return [entry.name for _, entry in scan.entries]


def test_a_lock_is_kept_whatever_is_cut_before_it() -> None:
    many = [entry(f"e{number}") for number in range(MOST_ENTRIES + 5)]
    scan = scan_items(*many, LOCK)
    assert len(scan.entries) == MOST_ENTRIES
    assert scan.preferences == (("/a", LOCK),)
    words = f"more than {MOST_ENTRIES} entries: this and the rest are left out"
    assert scan.problems == (Problem("/a", 7, words),)
    problems = [Problem("/a", number, "x") for number in range(5000)]
    assert scan_items(*problems, LOCK).preferences == (("/a", LOCK),)


def test_entries_that_take_too_much_memory_are_cut_there() -> None:
    large = [entry(f"e{number}", "x" * 60_000) for number in range(100)]
    scan = scan_items(*large, LOCK, then=entry("other", config="/b"))
    assert 20 < len(scan.entries) < 100
    assert names(scan)[:-1] == [f"e{number}" for number in range(len(scan.entries) - 1)]
    assert names(scan)[-1] == "other"
    assert scan.preferences == (("/a", LOCK),)
    words = "the entries take too much memory: this and the rest are left out"
    assert scan.problems == (Problem("/a", 7, words),)


def test_one_entry_that_is_too_large_costs_itself() -> None:
    scan = scan_items(entry("a"), entry("b", "x" * 1_000_000), entry("c"))
    assert names(scan) == ["a", "c"]
    assert [problem.message for problem in scan.problems] == [
        "the entry takes more than 256 KiB: it is left out"
    ]


@pytest.mark.parametrize("char", ["x", '"', "\\", "\x01", "\udcff", "é", "\U0001f600"])
def test_a_short_text_makes_no_answer_that_is_too_long(char: str) -> None:
    text = f"set a='{char * 1000}'\nset a=$a$a$a$a$a$a$a$a\nset b=$a$a$a$a$a$a\n"
    text += "".join(f"menuentry $a --id {n} {{ linux /$a $b\ninitrd /$b\n}}\n" for n in range(300))
    scan = scan_text("grub", text)
    assert scan.entries
    assert len(SCANS.encode(scan)) < packets.MOST


def test_preferences_that_are_too_large_keep_the_lock_closed() -> None:
    passwords = tuple(Password(user=f"u{n}", secret="x" * 5000) for n in range(200))
    wish = Preferences(timeout=3.0, superusers=("root",), passwords=passwords)
    scan = scan_items(entry("a"), wish)
    assert scan.preferences == (("/a", Preferences(timeout=3.0, superusers=())),)
    words = "its users and fallbacks take too much memory: they are left out"
    assert scan.problems == (Problem("/a", 0, words),)


def test_users_above_a_limit_stay_outside() -> None:
    users = tuple(f"u{n}" for n in range(300))
    passwords = tuple(Password(user=user, secret="x") for user in users)
    scan = scan_items(entry("a"), Preferences(superusers=users, passwords=passwords))
    kept = Preferences(superusers=users[:256], passwords=passwords[:256])
    assert scan.preferences == (("/a", kept),)
    assert scan.problems == (Problem("/a", 0, "more than 256 users: the rest is left out"),)


def test_problems_are_cut_by_their_length() -> None:
    many = [
        Format(
            f"f{number}",
            ("/a",),
            make(*(Problem(f"/{number}{'/x' * 400}", n, "y") for n in range(150))),
        )
        for number in range(10)
    ]
    scan = scan_tree(Machine({"sda1": {"/a": ""}}).files("sda1"), many)
    assert 100 < len(scan.problems) < 1500
    assert scan.problems[-1].message == "there are more problems, which are not listed"


def test_images_are_cut_by_their_length() -> None:
    images = [Image(path=f"/{n}{'x' * 20_000}", size=1, fs="iso9660") for n in range(30)]
    *kept, problem = cut_images(images)
    assert kept == images[: len(kept)]
    assert isinstance(problem, Problem)


def test_the_configurations_of_a_format_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_CONFIGURATIONS", 3)
    host = Machine({"sda1": {f"/EFI/{n}/c": str(n) for n in range(5)}})

    def parse(files: Files, path: str) -> Iterator[Item]:
        yield Entry(title=path, name=path, config=path, line=1)

    scan = scan_tree(host.files("sda1"), [Format("many", ("/EFI/*/c",), parse)])
    assert names(scan) == ["/EFI/0/c", "/EFI/1/c", "/EFI/2/c"]
    words = "more than 3 files: this and the rest are left out"
    assert scan.problems == (Problem("/EFI/3/c", 0, words),)


KINDS: dict[type, Codec[object]] = {kind: Codec(kind) for kind in (Entry, Problem, Preferences)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=60)
@given(data=st.data())
def test_a_weight_is_no_less_than_the_length_of_the_json(kind: type, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    assert weigh(value) >= len(KINDS[kind].encode(value))


# Parts


def test_the_result_so_far_is_told_after_each_configuration_that_adds_to_it() -> None:
    told: list[Scan] = []
    forms = [
        Format("first", ("/a",), make(entry("a"), LOCK)),
        Format("empty", ("/a",), make()),
        Format("second", ("/b",), make(entry("b"))),
    ]
    host = Machine({"sda1": {"/a": "", "/b": ""}})
    scan = scan_tree(host.files("sda1"), forms, told.append)
    assert [names(part) for part in told] == [["a"], ["a", "b"]]
    assert told[0].preferences == (("/a", LOCK),)
    assert told[-1] == scan


def test_a_file_that_cannot_be_read_makes_the_result_a_part() -> None:
    class Torn(MachineFiles):
        def read(self, path: str) -> str | None:
            if path == "/a":
                raise OSError(5, "Input/output error")
            return super().read(path)

    forms = [
        Format("first", ("/a",), make(entry("a"))),
        Format("second", ("/b",), make(entry("b"))),
    ]
    scan = scan_tree(Torn(Machine({"sda1": {"/a": "", "/b": ""}}), "sda1"), forms)
    assert names(scan) == ["b"]
    assert scan.stopped == "/a: cannot be read: Input/output error"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(5, "Input/output error"), "reading stopped: Input/output error"),
        (MemoryError(), "the first parser failed: MemoryError: "),
    ],
)
def test_a_format_that_fails_makes_the_result_a_part(error: Exception, words: str) -> None:
    def parse(files: Files, path: str) -> Iterator[Item]:
        yield entry("a")
        raise error

    form = Format("first", ("/a",), parse)
    scan = scan_tree(Machine({"sda1": {"/a": ""}}).files("sda1"), [form])
    assert names(scan) == ["a"]
    assert scan.stopped == f"/a: {words}"


def test_the_files_to_compare_take_a_limited_part_of_the_answer() -> None:
    files = [Seen(path=f"/{number:04}{'x' * 4000}", stamp="1.2.3.4") for number in range(200)]
    found = list(cut_seen(files))
    assert found == files[: len(found)]
    assert 10 < len(found) < 40
