from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from parsers.api import Entry, FileRef, Files, Format, Item, Preferences, Problem, Volume
from petipy.scan.budget import MOST_ENTRIES
from petipy.scan.tree import scan_tree
from petipy.state.model import FormatFacts
from tests.fakes import Machine, MachineFiles


def lines(files: Files, path: str) -> Iterator[Item]:
    """A format of one entry a line: title, kernel, device."""
    for number, line in enumerate((files.read(path) or "").splitlines(), 1):
        if line == "bug":
            raise KeyError(line)
        title, kernel, *device = line.split()
        ref = FileRef(path=kernel, device=device[0] if device else "")
        yield Entry(title=title, name=title, config=path, line=number, kernel=ref)
    yield Preferences(timeout=1)


def form(*paths: str, name: str = "lines", parse: Callable[..., Iterator[Item]] = lines) -> Format:
    return Format(name, paths, parse)


def titles(files: Files, *formats: Format) -> list[tuple[str, str]]:
    return [(name, entry.title) for name, entry in scan_tree(files, formats).entries]


def test_every_path_that_exists_is_read_and_a_star_means_all_names_in_order() -> None:
    tree = {"/a": "one /1", "/d/2.conf": "three /3", "/d/1.conf": "two /2", "/d/x": "no /4"}
    files = Machine({"sda1": tree}).files("sda1")
    assert titles(files, form("/a", "/none", "/d/*.conf", "/nowhere/*")) == [
        ("lines", "one"),
        ("lines", "two"),
        ("lines", "three"),
    ]


def test_the_facts_of_the_formats_that_have_entries_are_told() -> None:
    tree = {"/a": "one /1", "/b": "two /2", "/none": ""}
    files = Machine({"sda1": tree}).files("sda1")
    label = replace(form("/b", name="label"), hotkeys_select=True)
    scan = scan_tree(files, [form("/a"), label, replace(label, name="idle", paths=("/none",))])
    assert scan.formats == (FormatFacts(name="label", hotkeys_select=True),)


def test_a_star_may_stand_for_a_directory() -> None:
    tree = {"/EFI/a/c": "one /1", "/EFI/b/c": "two /2", "/EFI/c": "no /3", "/efi/x/c": "no /4"}
    files = Machine({"sda1": tree}).files("sda1")
    assert titles(files, form("/EFI/*/c")) == [("lines", "one"), ("lines", "two")]


def test_one_file_under_two_names_counts_once_and_a_copy_elsewhere_does_not() -> None:
    tree = {"/boot/x/c": "one /1", "/x/c": "one /1", "/y/c": "two /2", "/y/d": "", "/z/c": "two /2"}
    scan = scan_tree(Machine({"sda1": tree}).files("sda1"), [form("/boot/x/c", "/x/c", "/y/c")])
    assert [path for path, _ in scan.preferences] == ["/boot/x/c", "/y/c"]


def test_entries_that_two_configurations_state_alike_count_once_and_name_both() -> None:
    tree = {"/a": "one /1\none /1\ntwo /2", "/b": "uno /1 sda1\ntwo /2 sdb1\nthree /3"}
    files = Machine({"sda1": tree, "sdb1": {}}).files("sda1")
    found = scan_tree(files, [form("/a"), form("/b", name="later")]).entries
    assert [(name, entry.title, entry.also) for name, entry in found] == [
        ("lines", "one", ("/b:1 (later)",)),
        ("lines", "one", ()),
        ("lines", "two", ()),
        ("later", "two", ()),
        ("later", "three", ()),
    ]


def test_what_a_configuration_has_read_in_is_not_shown_again_by_the_files_own_format() -> None:
    def reads_in(files: Files, path: str) -> Iterator[Item]:
        yield Entry(title="theirs", name="x", config="/d/x", line=1, cmdline="quiet a")

    def own(files: Files, path: str) -> Iterator[Item]:
        for name in files.names(path):
            yield Problem(f"{path}/{name}", 1, "odd")
            yield Entry(title=name, name=name, config=f"{path}/{name}", line=1, default=name == "x")
        yield Preferences(timeout=1)

    tree = {"/grub": "", "/d/x": "", "/d/y": ""}
    directory = Format("own", ("/d",), own, binary=True)
    scan = scan_tree(
        Machine({"sda1": tree}).files("sda1"), [form("/grub", parse=reads_in), directory]
    )
    assert [entry.title for _, entry in scan.entries] == ["theirs", "y"]
    assert [problem.config for problem in scan.problems] == ["/d/y"]
    assert not scan.preferences


def stating(**fields: Any) -> Callable[[Files, str], Iterator[Item]]:
    """A format of one entry."""

    def parse(files: Files, path: str) -> Iterator[Item]:
        stated: dict[str, Any] = {"title": "t", "name": "t", "config": path, "line": 1} | fields
        yield Entry(**stated)

    return parse


def test_command_lines_are_alike_whatever_the_boot_loader_says_of_itself() -> None:
    files = Machine({"sda1": {"/a": "", "/b": ""}}).files("sda1")
    first = form("/a", name="first", parse=stating(cmdline="BOOT_IMAGE=/v root=/r"))
    second = form("/b", name="second", parse=stating(cmdline="root=/r"))
    assert titles(files, first, second) == [("first", "t")]


def test_parts_of_one_file_are_different_kernels() -> None:
    files = Machine({"sda1": {"/a": "", "/b": ""}}).files("sda1")
    first = form("/a", parse=stating(kernel=FileRef(path="/k", offset=1, size=9)))
    second = form("/b", parse=stating(kernel=FileRef(path="/k", offset=20, size=9)))
    assert len(titles(files, first, second)) == 2


def test_a_default_that_only_the_later_configuration_names_is_kept() -> None:
    files = Machine({"sda1": {"/a": "", "/b": ""}}).files("sda1")
    second = form("/b", parse=stating(default=True))
    assert [e.default for _, e in scan_tree(files, [form("/a", parse=stating()), second]).entries]

    def decided(files: Files, path: str) -> Iterator[Item]:
        yield from stating()(files, path)
        yield from stating(title="other", name="other", default=True)(files, path)

    scan = scan_tree(files, [form("/a", parse=decided), second])
    assert [(e.title, e.default) for _, e in scan.entries] == [("t", False), ("other", True)]


def test_a_binary_is_not_read_before_its_parser_asks() -> None:
    class Large(MachineFiles):
        def read(self, path: str) -> str | None:
            raise OSError(27, "File too large")

        def piece(self, path: str, offset: int, length: int) -> bytes:
            return b"MZ"

    files = Large(Machine({"sda1": {"/d/a.efi": "MZ", "/d/b.efi": "MZ"}}), "sda1")
    binary = Format("binary", ("/d/a.efi", "/d", "/D"), stating(), binary=True)
    scan = scan_tree(files, [binary])
    assert [entry.config for _, entry in scan.entries] == ["/d/a.efi"]
    assert [entry.also for _, entry in scan.entries] == [("/d:1 (binary)",)]


def test_a_bug_in_a_format_costs_the_rest_of_its_file_only() -> None:
    files = Machine({"sda1": {"/a": "one /1\nbug\ntwo /2", "/b": "three /3"}}).files("sda1")
    scan = scan_tree(files, [form("/a", "/b")])
    assert [entry.title for _, entry in scan.entries] == ["one", "three"]
    assert scan.problems == (Problem("/a", 1, "the lines parser failed: KeyError: 'bug'"),)


def test_what_a_disk_says_is_told_within_a_few_lines() -> None:
    def talks(files: Files, path: str) -> Iterator[Item]:
        yield Problem(path, 1, "odd: " + 100_000 * "x")
        yield Entry(title=100_000 * "y", name="a", config=path, line=2)

    scan = scan_tree(Machine({"sda1": {"/a": ""}}).files("sda1"), [form("/a", parse=talks)])
    (problem,), ((_, entry),) = scan.problems, scan.entries
    assert problem.message == f"odd: {492 * 'x'}..."
    assert entry.title == f"{497 * 'y'}..."


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    class Torn(MachineFiles):
        def read(self, path: str) -> str | None:
            raise OSError(5, "Input/output error")

    scan = scan_tree(Torn(Machine({"sda1": {}}), "sda1"), [form("/a")])
    assert scan.problems == (Problem("/a", 1, "cannot be read: Input/output error"),)
    scan = scan_tree(Torn(Machine({"sda1": {}}), "sda1"), [form("/a", "/b"), form("/c")])
    (problem,) = scan.problems
    assert problem.message == "cannot be read, nor can 2 other files: Input/output error"


def test_an_endless_configuration_is_cut_off() -> None:
    text = "one /1\n" * (MOST_ENTRIES + 5)
    scan = scan_tree(Machine({"sda1": {"/a": text}}).files("sda1"), [form("/a")])
    assert len(scan.entries) == MOST_ENTRIES
    assert len(scan.problems) == 1


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("t /here", False),
        ("t /gone", True),
        ("t /directory", True),
        ("t /there sdb1", False),
        ("t /here UUID=1234", True),
        ("t /here UUID=9999", False),  # nobody can tell: the entry waits for it
        ("t /here sdc1", False),  # nor here: it cannot be mounted
    ],
)
def test_files_that_a_known_volume_does_not_have_are_missing(line: str, missing: bool) -> None:
    host = Machine(
        {"sda1": {"/a": line, "/here": "", "/directory/x": ""}, "sdb1": {"/there": ""}},
        volumes=(Volume(name="sdb1", uuid="1234"), Volume(name="sdc1")),
        unreadable=frozenset({"sdc1"}),
    )
    scan = scan_tree(host.files("sda1"), [form("/a")])
    assert bool(scan.missing) == missing


def test_a_kernel_that_is_offered_already_is_not_offered_as_found() -> None:
    def guess(files: Files, path: str) -> Iterator[Item]:
        for number, name in enumerate(("/boot/k-1", "/k-1", "/k-2", "/k-3"), 1):
            ref = FileRef(path=name)
            yield Entry(
                title=name,
                name=name,
                config=path,
                line=number,
                kernel=ref,
                guess=True,
                trail=("?",),
            )

    tree = {"/a": "t /k-1", "/boot/k-1": "one", "/k-1": "one", "/k-2": "two", "/k-3": "two"}
    files = Machine({"sda1": tree}).files("sda1")
    scan = scan_tree(files, [form("/a"), form("/a", name="found", parse=guess)])
    assert [entry.title for _, entry in scan.entries] == ["t", "/k-2"]
