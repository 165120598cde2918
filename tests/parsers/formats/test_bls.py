"""Boot Loader Specification entries without GRUB, and their rules for unified images."""

from pathlib import Path

import pytest

from parsers.api import Entry, Firmware, Origin, Problem, Volume
from parsers.formats import bls
from parsers.reading import bootspec
from parsers.reading.bootspec import (
    Field,
    LoaderConf,
    SortKeys,
    parse_fields,
    parse_tries,
    sort_entries,
    version_key,
)
from petipy.commands.list import COMMAND as main
from petipy.scan.tree import scan_tree
from tests.cases import SHARED
from tests.fakes import Machine

ENTRIES = "/loader/entries"


def test_versions_are_ordered_as_the_specification_orders_its_own_examples() -> None:
    rising = ["~", "", "a~1", "a", "a-1", "a^1", "a.1", "ab", "b", "1", "9", "010", "11", "11.1"]
    assert sorted(set(rising), key=version_key) == rising
    assert version_key("122.1") == version_key("00122.01")
    assert version_key("a_b") != version_key("ab")
    assert version_key("1 2") == version_key("1_2")


def test_the_order_of_entries() -> None:
    places = [
        SortKeys("w", sort_key="a", machine_id="1", version="2"),
        SortKeys("x", sort_key="a", machine_id="1", version="1"),
        SortKeys("v", sort_key="a", machine_id="2", version="9"),
        SortKeys("a", sort_key="b"),
        SortKeys("z-10"),
        SortKeys("z-9", version="99"),
        SortKeys("p", profile=0),
        SortKeys("p", profile=1),
        SortKeys("a", bad=True, sort_key="a"),
    ]
    found = sort_entries([(place, None) for place in reversed(places)])
    assert [place for place, _ in found] == places


@pytest.mark.parametrize(
    ("default", "preferred", "chosen"),
    [
        ("", "", "b.conf"),
        ("a", "", "a.conf"),
        ("A.conf", "", "a.conf"),
        ("[ab].conf", "", "b.conf"),
        ("?.efi", "", "u.efi"),
        ("u.efi@1", "", "u.efi@1"),
        ("none", "", "b.conf"),
        ("bad", "", "bad.conf"),
        ("a", "bad", "a.conf"),
        ("b", "a*", "a.conf"),
    ],
)
def test_patterns_in_loader_conf(default: str, preferred: str, chosen: str) -> None:
    places = [
        *(SortKeys("b.conf"), SortKeys("a.conf"), SortKeys("u.efi"), SortKeys("u.efi", profile=1)),
        SortKeys("bad.conf", bad=True),
    ]
    wishes = {"default": default, "preferred": preferred}
    patterns = [Field(key, text, 1) if text else None for key, text in wishes.items()]
    found, reasons = LoaderConf("/l", patterns[0], patterns[1]).choose_default(places)
    assert found
    assert found.id + (f"@{found.profile}" if found.profile else "") == chosen
    assert all((o.value, o.config) == (wishes[o.what], "/l") for o in reasons)
    assert bool(reasons) == (default not in ("", "none") or bool(preferred))


def test_a_pattern_that_fits_nothing_is_a_problem() -> None:
    tree = {f"{ENTRIES}/a.conf": "linux /k\n", "/loader/loader.conf": "\ndefault b*\n"}
    items = list(bls.parse(Machine({"sda1": tree}).files("sda1"), ENTRIES))
    assert [i for i in items if isinstance(i, Problem)] == [
        Problem("/loader/loader.conf", 2, "default b*: no entry here has such a name", 1)
    ]
    assert [i.default for i in items if isinstance(i, Entry)] == [True]


def test_an_entry_for_another_machine_is_listed_but_never_the_default() -> None:
    tree = {
        f"{ENTRIES}/z.conf": "title Z\nlinux /k\narchitecture s390x\n",
        "/loader/loader.conf": "default z.conf\n",
    }
    (entry,) = entries_of(tree)
    assert (entry.unbootable, entry.default) == ("it is for s390x, this machine is ppc64le", False)
    other, own = entries_of(tree | {f"{ENTRIES}/a.conf": "title A\nlinux /k\n"})
    assert (other.title, other.default, own.default, own.unbootable) == ("Z", False, True, "")


def entries_of(tree: dict[str, str]) -> list[Entry]:
    files = Machine({"sda1": tree}).files("sda1")
    return [item for item in bls.parse(files, ENTRIES) if isinstance(item, Entry)]


def test_a_name_may_count_the_tries() -> None:
    assert parse_tries("a+3.conf") == ("a.conf", 3, 0)
    assert parse_tries("a+2-1.EFI") == ("a.EFI", 2, 1)
    assert parse_tries("a+0-3.conf").bad
    assert parse_tries("a+b.conf") == ("a+b.conf", None, 0)


def test_settings_know_their_lines() -> None:
    text = "title  T \n\n# no\n  options\ta b\nlonely\n=\nlast 1"
    assert [tuple(field) for field in parse_fields(text)] == [
        ("title", "T", 1, 1),
        ("options", "a b", 4, 3),
        ("last", "1", 7, 1),
    ]


def test_each_part_of_the_command_line_knows_its_line() -> None:
    text = "title A\nlinux /k\noptions root=/dev/a ro\n\noptions quiet\ninitrd /i\n"
    files = Machine({"sda1": {f"{ENTRIES}/a.conf": text, "/k": ""}}).files("sda1")
    (entry,) = (i for i in bls.parse(files, ENTRIES) if isinstance(i, Entry))
    assert (entry.line, entry.end) == (1, 6)
    messages = [(o.what, o.line, [entry.cmdline[a:b] for a, b in o.spans]) for o in entry.origins]
    assert messages == [
        ("linux", 2, []),
        ("initrd", 6, []),
        ("options", 3, ["root=/dev/a ro"]),
        ("options", 5, ["quiet"]),
    ]


def test_options_keep_their_blanks_and_lines_are_joined_by_one() -> None:
    quoted = 'x="file a.c +p;  file b.c +p"'
    text = f"linux /k\noptions  root=a\t{quoted}  ro \noptions   $no  $x   last\n"
    tree = {
        f"{ENTRIES}/a.conf": text,
        "/k": "",
        "/grub2/grubenv": "# GRUB Environment Block\nx=y\n",
    }
    (entry,) = (
        i for i in bls.parse(Machine({"sda1": tree}).files("sda1"), ENTRIES) if isinstance(i, Entry)
    )
    assert entry.cmdline == f"root=a\t{quoted}  ro  y   last"
    spans = [[entry.cmdline[a:b] for a, b in o.spans] for o in entry.origins if o.what != "linux"]
    assert spans == [[f"root=a\t{quoted}  ro"], ["last"], ["y"]]


def test_a_directory_with_too_many_entries_or_too_long_ones_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootspec, "_MOST", 20)
    tree = {f"{ENTRIES}/{n}.conf": "linux /k\n" for n in range(101)}
    items = list(bls.parse(Machine({"sda1": tree}).files("sda1"), ENTRIES))
    newest = [f"{n}" for n in range(100, 80, -1)]
    assert [item.name for item in items if isinstance(item, Entry)] == newest
    assert [(p.config, p.message) for p in items if isinstance(p, Problem)] == [
        (f"{ENTRIES}/80.conf", "more than 20 entries: this and older ones are left out")
    ]
    tree = {f"{ENTRIES}/a.conf": "linux /k\n" + "#" * 100_000}
    (problem,) = bls.parse(Machine({"sda1": tree}).files("sda1"), ENTRIES)
    assert isinstance(problem, Problem)
    assert problem.message == "longer than 65536 characters: the rest is not read"


def test_entries_that_grubs_blscfg_has_shown_are_not_shown_again(tmp_path: Path) -> None:
    from parsers.formats import formats

    conf = "title T\nversion 1\nlinux /k\noptions $kernelopts\noptions more\n"
    tree = {"/grub2/grub.cfg": "kernelopts=a\nblscfg\n", f"{ENTRIES}/a.conf": conf, "/k": ""}
    wish = {"/loader/loader.conf": "timeout 3\n"}
    files = Machine({"sda1": {**tree, **wish}}, volumes=[Volume(name="sda1")]).files("sda1")
    scan = scan_tree(files, formats())
    assert [(form, e.config, e.also) for form, e in scan.entries] == [
        ("grub", f"{ENTRIES}/a.conf", ())
    ]
    assert [path for path, _ in scan.preferences] == ["/grub2/grub.cfg"]
    assert not scan.problems


@pytest.mark.shared("corpus/bls")
def test_real_entries_all_come_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = SHARED / "corpus/bls/snapshotmanager+boom-boot/tests"
    names = [path.name for path in (root / "loader/entries").glob("*.conf")]
    assert len(names) == 36
    assert main(["--machine", "x86_64", str(root)]) == 0
    shown = capsys.readouterr().out
    assert all(shown.count(f"/loader/entries/{name}:1 (bls)") == 1 for name in names)
    # The only problems are about one variable of GRUB.
    assert shown.count("only GRUB knows variables") == shown.count("conf:") - len(names)


@pytest.mark.parametrize("apart", [False, True])
def test_on_a_mainframe_zipl_conf_names_the_default_by_its_title(apart: bool) -> None:
    messages = {
        "/etc/zipl.conf": "[defaultboot]\ntimeout=5\ndefault=Fedora (5)\n",
        "/etc/fstab": "UUID=b /boot ext4 defaults 0 0\n" if apart else "",
    }
    entries = {
        "/loader/entries/6.conf": "title Fedora (6)\nlinux /k6\n",
        "/loader/entries/5.conf": "title Fedora (5)\nlinux /k5\n",
    }
    trees = {"sda1": entries, "sda2": messages} if apart else {"sda1": entries | messages}
    volumes = [Volume(name="sda1", uuid="b", fs="ext4"), Volume(name="sda2", uuid="r", fs="xfs")]
    for machine, wanted in (("s390x", "5"), ("x86_64", "6")):
        files = Machine(trees, volumes=volumes, machine=machine).files("sda1")
        found = [item for item in bls.FORMAT.parse(files, ENTRIES) if isinstance(item, Entry)]
        (default,) = [entry for entry in found if entry.default]
        assert default.name == wanted
        where = "(sda2)/etc/zipl.conf" if apart else "/etc/zipl.conf"
        told_by = [(origin.config, origin.line) for origin in default.default_from]
        assert told_by == ([(where, 3)] if machine == "s390x" else [])


def firmware(**variables: str) -> Firmware:
    """Return firmware with EFI variables of the Boot Loader Interface."""
    guid = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    return Firmware(
        variables={f"{n}-{guid}": f"{t}\0".encode("utf-16-le") for n, t in variables.items()}
    )


@pytest.mark.parametrize(
    ("conf", "firmware", "chosen"),
    [
        ("default @saved", firmware(LoaderEntryLastBooted="a.conf"), "a"),
        ("default @saved", firmware(), "b"),
        ("default a", firmware(LoaderEntryDefault="b*"), "b"),
        ("default a", firmware(LoaderEntryDefault="of-another-system.conf"), "a"),
        ("default b", firmware(LoaderEntryDefault="@saved", LoaderEntryLastBooted="A.conf"), "a"),
        ("default a", firmware(LoaderEntryPreferred="b.conf", LoaderEntryDefault="a.conf"), "b"),
        ("default a", firmware(LoaderEntryLastBooted="b.conf"), "a"),
    ],
)
def test_the_default_that_efi_keeps(conf: str, firmware: Firmware, chosen: str) -> None:
    tree = {f"{ENTRIES}/{n}.conf": f"linux /{n}\n" for n in "ab"}
    host = Machine({"sda1": {**tree, "/loader/loader.conf": conf}}, firmware=firmware)
    items = list(bls.parse(host.files("sda1"), ENTRIES))
    (default,) = [item for item in items if isinstance(item, Entry) and item.default]
    assert default.name == chosen
    assert not [item for item in items if isinstance(item, Problem)]


def test_why_an_entry_is_the_default_is_said_through_efis_variables() -> None:
    tree = {f"{ENTRIES}/{n}.conf": f"linux /{n}\n" for n in "ab"}
    tree["/loader/loader.conf"] = "timeout 3\ndefault @saved\n"
    host = Machine({"sda1": tree}, firmware=firmware(LoaderEntryLastBooted="a.conf"))
    default = next(
        i for i in bls.parse(host.files("sda1"), ENTRIES) if isinstance(i, Entry) and i.default
    )
    assert default.default_from == (
        Origin("default", "@saved", "/loader/loader.conf", 2),
        Origin("LoaderEntryLastBooted", "a.conf", "", 0, how="efi"),
    )
