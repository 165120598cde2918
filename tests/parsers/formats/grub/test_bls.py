"""`blscfg` puts Boot Loader Specification entries into GRUB's menu."""

from itertools import dropwhile

import pytest

from parsers.api import FileRef, Volume
from parsers.formats.grub.language.family import FAMILIES, FEDORA, SUSE, UPSTREAM
from parsers.formats.grub.snippets import BlsFile, Snippets, expand, read
from tests.parsers.formats.grub.runs import CONFIG, ROOT, machine, offered, printed, problems

ENTRIES = "/loader/entries"
OLD = "title Old\nlinux /vmlinuz-5\ninitrd /initrd-5\noptions root=/dev/a ro $kernelopts\n"
NEW = "title New\nlinux /vmlinuz-6\noptions root=/dev/a\n"
FILES: dict[str, str | bytes] = {
    f"{ENTRIES}/m-5.9.0.conf": OLD,
    f"{ENTRIES}/m-5.10.0.conf": NEW,
}


@pytest.mark.parametrize(
    ("script", "titles"),
    [
        ("blscfg", ["New", "Old"]),
        ("bls_import", ["New", "Old"]),
        ("set default=m-5.9.0\nblscfg default", ["Old"]),
        ("set default=Old\nblscfg default", ["Old"]),
        ("set default=1\nblscfg default", ["Old"]),
        ("set default=1\nblscfg non-default", ["New"]),
        ("set default=1\nblscfg default\nmenuentry M { true }\nblscfg", ["Old", "M", "New"]),
        ("blscfg\nblscfg", ["New", "Old"]),
        ("blscfg m-5.9.0", ["Old"]),
        ("blscfg ($root)/other", ["Other"]),
        ("blscfg ($root)/other/o.conf", ["Other"]),
        ("blscfg m-5.9.0 m-5.10.0", ["New", "Old"]),
        ("set blsdir=/other\nblscfg", ["Other"]),
        ("set blsdir=/none\nblscfg", []),
        ("blscfg (nowhere)/other", []),
    ],
)
def test_which_entries_it_shows(script: str, titles: list[str]) -> None:
    other = {"/other/o.conf": "title Other\nlinux /k\n"}
    found = offered(machine(script, {**FILES, **other}), family=FEDORA)
    assert [entry.title for entry in found] == titles


@pytest.mark.parametrize(
    ("script", "titles"),
    [
        ("blscfg", ["New", "Old"]),
        ("bls_import", []),
        ("blscfg\nblscfg", ["New", "Old", "New", "Old"]),
        ("blscfg m-5.9.0", []),
        ("set default=m-5.9.0\nblscfg --show-default", []),
        ("set default=m-5.9.0.conf\nblscfg --show-default", ["Old"]),
        ("set default=Old\nblscfg -d", ["Old"]),
        ("set default=1\nblscfg -d", ["Old"]),
        ("set default=1x\nblscfg -d", []),
        ("set default=1\nblscfg --show-non-default", ["New"]),
        ("blscfg --show-default --show-non-default", ["New", "Old"]),
        ("blscfg --entry m-5.9.0.conf", ["Old"]),
        ("blscfg --entry m-5.9.0", []),
        ("blscfg --path /other", ["Other"]),
        ("blscfg --path ($root)/other", ["Other"]),
        ("blscfg -p /other/o.conf", ["Other"]),
        ("blscfg -p /none", []),
        ("blscfg -p /none --enable-fallback", ["New", "Old"]),
        ("set blsdir=/other\nblscfg", ["New", "Old"]),
    ],
)
def test_which_entries_upstreams_shows(script: str, titles: list[str]) -> None:
    other = {"/other/o.conf": "title Other\nlinux /k\n"}
    found = offered(machine(script, {**FILES, **other}), family=UPSTREAM)
    assert [entry.title for entry in found] == titles


def test_upstreams_entries_have_no_device_and_no_variables_of_red_hats() -> None:
    script = (
        "default_kernelopts=dk\nset early_initrd=e\nset devicetree=d.dtb\nset save_default=1\n"
        "function load_video { set default_kernelopts=x\n}\nblscfg"
    )
    files = {f"{ENTRIES}/a.conf": "linux\t/v \ninitrd /i\n"}
    (entry,) = offered(machine(script, files), family=UPSTREAM)
    assert (entry.cmdline, entry.devicetree) == ("BOOT_IMAGE=/v", None)
    assert entry.initrds == (FileRef(path="/i"),)


def test_upstreams_order_is_that_of_gnus_file_names() -> None:
    names = ["a-6.9", "a-6.10", "a-6.10~rc1", "a-6.10.1", "b-1", "a-6.10-rc1", ".hidden"]
    files = {f"{ENTRIES}/{name}.conf": f"title {name}\nlinux /k\n" for name in names}
    found = [e.title for e in offered(machine("blscfg", files), family=UPSTREAM)]
    assert found == ["b-1", "a-6.10.1", "a-6.10-rc1", "a-6.10", "a-6.10~rc1", "a-6.9", ".hidden"]


def test_rhel_8_sorts_by_version_if_all_entries_have_one() -> None:
    files = {
        f"{ENTRIES}/z.conf": "title Old\nversion 4.9\nlinux /old\n",
        f"{ENTRIES}/a.conf": "title New\nversion 4.10\nlinux /new\n",
    }
    titles = [e.title for e in offered(machine("blscfg", files), family=FAMILIES["rhel-8"])]
    assert titles == ["New", "Old"]
    assert [e.title for e in offered(machine("blscfg", files), family=FEDORA)] == ["Old", "New"]
    files[f"{ENTRIES}/b.conf"] = "title None\nlinux /none\n"
    titles = [e.title for e in offered(machine("blscfg", files), family=FAMILIES["rhel-8"])]
    assert titles == ["Old", "None", "New"]


def test_rhel_8_knows_less_of_an_entry() -> None:
    script = "default_kernelopts=dk\nearly_initrd=e\ndevicetree=d.dtb\nblscfg"
    files = {f"{ENTRIES}/a.conf": "linux /v\ninitrd /i\ndevicetree /t.dtb\n"}
    (entry,) = offered(machine(script, files), family=FAMILIES["rhel-8"])
    assert entry.cmdline == "BOOT_IMAGE=(hd0,msdos1)/v dk"
    assert (entry.initrds, entry.devicetree) == ((FileRef(path="/i"),), None)


def test_suses_names_the_disk_of_each_file_and_reads_those_of_boot_too() -> None:
    other = Volume(name="sda2", disk="sda", partition=2, scheme="msdos")
    trees = {"sda2": {f"{ENTRIES}/b-2.conf": "title B\nlinux /k\n"}}
    script = "set boot=hd0,msdos2\nblscfg"
    files = machine(script, {f"{ENTRIES}/a-1.conf": "title A\nlinux /k\n"}, trees, (ROOT, other))
    entries = offered(files, family=SUSE)
    assert [(e.title, e.kernel) for e in entries] == [
        ("B", FileRef(path="/k", device="sda2")),
        ("A", FileRef(path="/k")),
    ]
    assert [e.title for e in offered(files, family=FEDORA)] == ["A"]


@pytest.mark.parametrize(
    ("options", "new", "old"),
    [
        (r"ro a=128M\$1G quiet", "ro a=128M$1G quiet", "ro a=128Mquiet"),
        (r"ro \$x bb", "ro $x bb", "ro v bb"),
        ("ro $x bb", "ro v bb", "ro v bb"),
    ],
)
def test_a_dollar_after_a_backslash_begins_no_variable(options: str, new: str, old: str) -> None:
    files = {f"{ENTRIES}/a.conf": f"linux /k\noptions {options}\n"}
    for family, wanted in ((FEDORA, new), (FAMILIES["rhel-9"], old)):
        (entry,) = offered(machine("set x=v\nblscfg", files), family=family)
        assert entry.cmdline.removeprefix("BOOT_IMAGE=(hd0,msdos1)/k").strip() == wanted


def test_where_a_disk_has_none_those_below_boot_count() -> None:
    files = machine("blscfg", {"/boot/loader/entries/a.conf": "title A\nlinux /boot/k\n"})
    (entry,) = offered(files, family=FEDORA)
    assert (entry.kernel, entry.config) == (FileRef(path="/boot/k"), "/boot/loader/entries/a.conf")


def test_those_of_the_disk_that_boot_names_count_on_open_firmware() -> None:
    other = Volume(name="sda2", disk="sda", partition=2, scheme="msdos")
    trees = {"sda2": {f"{ENTRIES}/a.conf": "linux /k\n"}}
    script = "set boot=hd0,msdos2\nset root=hd0,msdos2\nblscfg"
    (entry,) = offered(machine(script, None, trees, (ROOT, other)), family=FEDORA)
    assert (entry.kernel, entry.title) == (FileRef(path="/k", device="sda2"), "/k")
    assert entry.config == f"(sda2){ENTRIES}/a.conf"


def test_in_a_directory_of_which_nothing_is_known_they_are_found_without_its_uuid() -> None:
    search = "search --no-floppy --fs-uuid --set={0} 1234-ABCD\n"
    script = f"root=hd0,gpt2\n{search.format('root')}boot=hd0,gpt2\n{search.format('boot')}blscfg"
    new, old = offered(machine(script, FILES, volumes=(Volume(name="root"),)), family=FEDORA)
    assert (new.kernel, new.waits_for) == (FileRef(path="/vmlinuz-6"), "")
    assert old.initrds == (FileRef(path="/initrd-5"),)


def test_what_it_loads_and_what_is_written_where() -> None:
    script = "set kernelopts='quiet rhgb'\nblscfg m-5.9.0"
    (entry,) = offered(machine(script, FILES), family=FEDORA)
    config = f"{ENTRIES}/m-5.9.0.conf"
    assert (entry.config, entry.line, entry.name) == (config, 1, "m-5.9.0")
    assert entry.cmdline == "BOOT_IMAGE=(hd0,msdos1)/vmlinuz-5 root=/dev/a ro quiet rhgb"
    assert entry.initrds == (FileRef(path="/initrd-5"),)
    where = {origin.what: (origin.config, origin.line) for origin in entry.origins}
    stretches = [
        (o.what, [entry.cmdline[a:b] for a, b in o.spans]) for o in entry.origins if o.spans
    ]
    assert stretches == [
        ("linux", ["BOOT_IMAGE=(", ")/vmlinuz-5 "]),
        ("$root", ["hd0,msdos1"]),
        ("options", ["root=/dev/a ro"]),
        ("$kernelopts", ["quiet rhgb"]),
    ]
    assert where["options"] == (config, 4)
    assert where["linux"] == (config, 2)
    assert where["initrd"] == (config, 3)
    assert where["$kernelopts"] == (CONFIG, 1)


def test_its_initrds_do_not_come_from_the_variables_of_its_options() -> None:
    script = "set tuned=isolcpus=1\nset more=/early.img\nblscfg"
    text = "title A\nlinux /k\ninitrd /i $more\noptions ro $tuned $more\n"
    (entry,) = offered(machine(script, {f"{ENTRIES}/a.conf": text}), family=FEDORA)
    after = list(dropwhile(lambda origin: origin.what != "initrd", entry.origins))
    assert {o.what for o in after} == {"initrd", "$root", "$more"}
    assert "$tuned" in {o.what for o in entry.origins}


def test_the_menus_view_of_an_entry() -> None:
    text = (
        "title A\nlinux /k\ngrub_hotkey x\ngrub_class kernel\ngrub_class fedora\n"
        "grub_users $who\ngrub_arg --unrestricted\noptions $2\n"
    )
    script = "set superusers=root\nset who=bob\nblscfg"
    (entry,) = offered(machine(script, {f"{ENTRIES}/a.conf": text}), family=FEDORA)
    assert (entry.hotkey, entry.classes) == ("x", ("kernel", "fedora"))
    assert entry.users == ("bob", "root")
    (entry,) = offered(
        machine("set superusers=root\nblscfg", {f"{ENTRIES}/a.conf": text}), family=FEDORA
    )
    assert entry.users is None


def test_default_kernelopts_early_initrds_and_a_general_device_tree() -> None:
    files = {f"{ENTRIES}/a.conf": "linux /boot/v\n"}
    script = (
        "default_kernelopts=dk\nset early_initrd='e1 e2'\nset devicetree=d.dtb\n"
        "set save_default=true\n"
        "function savedefault { saved_entry=$chosen\n save_env saved_entry\n}\nblscfg"
    )
    block = "# GRUB Environment Block\n" + "#" * 999
    (entry,) = offered(machine(script, {**files, "/boot/grub/grubenv": block}), family=FEDORA)
    assert entry.cmdline.endswith("/boot/v dk")
    assert [i.path for i in entry.initrds] == ["/boot/e1", "/boot/e2"]
    assert entry.devicetree == FileRef(path="/boot/d.dtb")
    assert [effect.values for effect in entry.effects] == [(("saved_entry", "a"),)]


def test_a_file_ends_at_its_first_line_without_a_value() -> None:
    text = "title A\n# a comment\nlinux /k\n\ninitrd /i\n"
    (entry,) = offered(machine("blscfg", {f"{ENTRIES}/a.conf": text}), family=FEDORA)
    assert (entry.title, entry.initrds) == ("A", ())


def test_options_are_grub_script_and_a_mistake_in_them_is_a_problem() -> None:
    files = {f"{ENTRIES}/a.conf": "title A\nlinux /k\noptions a & b\n"}
    (entry,) = offered(machine("blscfg", files), family=FEDORA)
    assert entry.kernel is None
    assert problems(machine("blscfg", files), FEDORA) == [(2, "syntax error at '&'")]


def test_debians_grub_does_not_know_it() -> None:
    assert printed(machine("blscfg", FILES)) == "error: can't find command `blscfg'.\n"


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("m-5.10.0-1", "m-5.9.0-9"),
        ("m-5.10.0-200", "m-5.10.0-1.el9"),
        ("m-5.10", "m-5.10~rc1"),
        ("m-5.10+x", "m-5.10"),
        ("m-5.10.1", "m-5.10+x"),
        ("m-1.1", "m-1.a"),
        ("m-b", "m-a"),
        ("m-1-2", "m-0-rescue"),
        ("n-1", "m-2"),
        ("m-010", "m-9"),
    ],
)
def test_newer_versions_come_first(newer: str, older: str) -> None:
    for ids in ((newer, older), (older, newer)):
        snippets = Snippets()
        snippets.add(BlsFile(id, "", ()) for id in ids)
        assert [snippet.id for snippet in snippets.known] == [newer, older]


def test_of_the_same_version_written_in_two_ways_the_first_counts() -> None:
    snippets = Snippets()
    snippets.add(BlsFile(id, "", ()) for id in ("m-1.0", "m-1_0", "m-01.0"))
    assert [snippet.id for snippet in snippets.known] == ["m-1.0"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a b", "a b"),
        ("ro $empty $opts", "ro  K1 K2 "),
        ("ro $none $opts x=1", "ro K1 K2 x=1"),
        ("$none", None),
        ("$none x=1", "x=1"),
        ("$opts/dir", "K1 K2 /dir"),
        ("", None),
        ("x$opts", "K1 K2 "),
        ("ro $x", "ro "),
    ],
)
def test_variables_are_put_into_options_in_blscfgs_own_way(text: str, result: str | None) -> None:
    assert expand(text, {"empty": "", "opts": "K1 K2", "x": "lost"}.get) == result


def test_a_tab_separates_only_where_there_is_no_blank() -> None:
    fields = read("a", "/a", "title\tT\nlinux\t/k x\n  options\t  y\n").fields
    assert [(f.key, f.value, f.line) for f in fields] == [
        ("title", "T", 1),
        ("linux\t/k", "x", 2),
        ("options\t", "y", 3),
    ]
