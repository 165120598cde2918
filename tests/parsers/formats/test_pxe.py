"""pxelinux.cfg: file names on the network, and settings from the lease."""

import pytest

from parsers.api import Entry, FileRef, Files, Problem, Volume
from parsers.formats.pxe import FORMAT
from petipy.scan.lease import scan_lease
from tests.fakes import Machine

DEFAULT = "tftp://10.0.0.1/boot/pxelinux.cfg/default"
LEASE = {
    "ip": "10.0.0.7",
    "subnet": "255.0.0.0",
    "router": "10.0.0.254 10.0.0.253",
    "siaddr": "10.0.0.1",
    "mac": "52:54:00:AB:CD:EF",
    "bootfile": "boot/pxelinux.0",
}


def files(text: str, url: str = DEFAULT, lease: dict[str, str] | None = None) -> Files:
    known = {"eth0": LEASE if lease is None else lease}
    return Machine({"eth0": {}}, urls={url: text}, leases=known).files("eth0")


def entries(text: str, url: str = DEFAULT, lease: dict[str, str] | None = None) -> list[Entry]:
    items = FORMAT.parse(files(text, url, lease), url)
    return [item for item in items if isinstance(item, Entry)]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("v", "tftp://10.0.0.1/boot/v"),
        ("/v", "tftp://10.0.0.1/boot/v"),
        ("./a/../v", "tftp://10.0.0.1/boot/v"),
        ("::v", "tftp://10.0.0.1/v"),
        ("::/a/v", "tftp://10.0.0.1/a/v"),
        ("10.0.0.2::v", "tftp://10.0.0.2/v"),
        ("http://web/a//v", "http://web/a/v"),
        ("ftp://web/v", "ftp://web/v"),
    ],
)
def test_names_begin_with_the_prefix_unless_they_name_their_server(name: str, url: str) -> None:
    (entry,) = entries(f"LABEL a\nLINUX {name}\n")
    assert entry.kernel
    assert entry.kernel.url == url


@pytest.mark.parametrize(
    ("machine", "titles", "cmdline"),
    [
        ("aarch64", ["F 1", "F 2*"], "b ip=10.0.0.7:10.0.0.1:10.0.0.254:255.0.0.0"),
        ("ppc64le", ["F 1", "F 2*"], "b ip=10.0.0.7:10.0.0.1:10.0.0.254:255.0.0.0"),
        ("x86_64", ["F 2*", "F 1", "F 2"], "b ip="),
    ],
)
def test_a_default_takes_the_whole_line_where_no_syslinux_runs(
    machine: str, titles: list[str], cmdline: str
) -> None:
    text = (
        "DEFAULT F 2\nAPPEND global\nLABEL F 1\nKERNEL v-6.12.0\n"
        "LABEL F 2\nKERNEL /v\nAPPEND b\nIPAPPEND 1\n"
    )
    host = Machine({"eth0": {}}, urls={DEFAULT: text}, leases={"eth0": LEASE}, machine=machine)
    found = [i for i in FORMAT.parse(host.files("eth0"), DEFAULT) if isinstance(i, Entry)]
    assert [f"{e.title}{'*' * e.default}" for e in found] == titles
    assert found[-1].kernel == FileRef(url="tftp://10.0.0.1/boot/v")
    assert found[-1].cmdline.startswith(cmdline)


def test_without_a_server_in_the_lease_the_configurations_own_is_meant() -> None:
    (entry,) = entries("LABEL a\nLINUX ::v\n", "tftp://far/x/conf", {})
    assert entry.kernel
    assert entry.kernel.url == "tftp://far/v"


@pytest.mark.parametrize(
    ("url", "said", "kernel"),
    [
        ("http://web/x/host.cfg", {}, "http://web/x/v"),
        ("http://web/pxelinux.cfg/default", {}, "http://web/v"),
        ("http://web/x/host.cfg", {"pxepathprefix": "/p/"}, "tftp://10.0.0.1/p/v"),
        ("http://web/x/host.cfg", {"pxepathprefix": "http://w/p-"}, "http://w/p-v"),
        ("http://w/p/pxelinux.cfg/default", {"pxepathprefix": "http://w/p"}, "http://w/p/v"),
    ],
)
def test_the_prefix_is_what_dhcp_says_or_where_the_configuration_lies(
    url: str, said: dict[str, str], kernel: str
) -> None:
    (entry,) = entries("LABEL a\nLINUX v\n", url, LEASE | said)
    assert entry.kernel
    assert entry.kernel.url == kernel


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ("0", ""),
        ("1", " ip=10.0.0.7:10.0.0.1:10.0.0.254:255.0.0.0"),
        ("2", " BOOTIF=01-52-54-00-ab-cd-ef"),
        ("0x3", " ip=10.0.0.7:10.0.0.1:10.0.0.254:255.0.0.0 BOOTIF=01-52-54-00-ab-cd-ef"),
        ("4", ""),
    ],
)
def test_the_lease_is_appended_when_asked_for(bits: str, words: str) -> None:
    for key in ("IPAPPEND", "SYSAPPEND"):
        (entry,) = entries(f"LABEL a\nLINUX v\nAPPEND x\n{key} {bits}\n")
        assert entry.cmdline == f"x{words}"
        (entry,) = entries(f"{key} {bits}\nLABEL a\nLINUX v\nAPPEND x\n")
        assert entry.cmdline == f"x{words}"


def test_the_machines_uuid_is_appended_when_it_is_known() -> None:
    lease = LEASE | {"uuid": "B8945908-D6A6-41A9"}
    (entry,) = entries("LABEL a\nLINUX v\nSYSAPPEND 4\n", lease=lease)
    assert entry.cmdline == "SYSUUID=b8945908-d6a6-41a9"


def test_the_local_disk_as_the_default_boots_nothing_here() -> None:
    scan = scan_lease(files("DEFAULT local\nLABEL local\nLOCALBOOT 0\n"), [FORMAT])
    ((_, wish),) = scan.preferences
    assert wish.elsewhere


@pytest.mark.parametrize(
    "text", ["<html>", "\n <!DOCTYPE html>", "#!ipxe\n", "#!/bin/sh", "a\0b", "404: gone"]
)
def test_what_is_in_another_language_is_not_taken_for_a_configuration(text: str) -> None:
    scan = scan_lease(files(text), [FORMAT])
    assert scan.entries == ()
    assert [type(problem) for problem in scan.problems] == [Problem]


def test_a_default_that_is_no_label_is_a_kernel_which_only_booting_can_find() -> None:
    (entry,) = entries("DEFAULT vmlinuz ro\n")
    assert entry.kernel
    assert (entry.kernel.url, entry.cmdline) == ("tftp://10.0.0.1/boot/vmlinuz", "ro")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"quiet repo=http://x"', "quiet repo=http://x"),
        ("'a b'", "a b"),
        ('a="b c"', 'a="b c"'),
        ('"a" b "c"', '"a" b "c"'),
        ('"a" b', '"a" b'),
        ('a "b c"', 'a "b c"'),
        ('"quiet a="b c""', 'quiet a="b c"'),
        (r'"quiet a=\"b\""', r"quiet a=\"b\""),
        ("'a=\"b c\"'", 'a="b c"'),
        ('"it\'s"', "it's"),
        ('"quiet a', "quiet a"),
        ('quiet a"', "quiet a"),
        ('" a "', "a"),
        ('"', ""),
    ],
)
def test_a_value_in_quotation_marks_is_meant_without_them(written: str, meant: str) -> None:
    (entry,) = entries(f"LABEL a\nKERNEL v\nAPPEND {written}\n")
    assert entry.cmdline == meant
    text = f"LABEL a\nKERNEL v\nAPPEND {written}\n"
    host = Machine({}, urls={DEFAULT: text}, leases={"eth0": LEASE}, machine="x86_64")
    host.volumes = [Volume(name="eth0")]
    found = [i for i in FORMAT.parse(host.files("eth0"), DEFAULT) if isinstance(i, Entry)]
    assert [entry.cmdline for entry in found] == [written]  # PXELINUX keeps them


@pytest.mark.parametrize(
    "body",
    [
        "LOCALBOOT 0",
        "LOCALBOOT -1",
        "KERNEL chain.c32\nAPPEND hd0",
        "COM32 chain.c32\nAPPEND mbr:1",
    ],
)
def test_every_way_to_the_own_disk_ends_at_the_next_device(body: str) -> None:
    scan = scan_lease(files(f"DEFAULT x\nLABEL x\n{body}\nLABEL y\nKERNEL v\n"), [FORMAT])
    (_, local), (_, other) = scan.entries
    assert (local.action, local.default, other.default) == ("exit", True, False)
    assert [wish.elsewhere for _, wish in scan.preferences] == [True]
    assert scan.problems == ()


@pytest.mark.parametrize("text", ["", "\n", "#boot\n", "# nothing\n\n # more"])
def test_a_configuration_that_says_nothing_means_the_own_disk(text: str) -> None:
    scan = scan_lease(files(text), [FORMAT])
    assert [entry.action for _, entry in scan.entries] == ["exit"]
    assert [wish.elsewhere for _, wish in scan.preferences] == [True]


def test_another_pxelinux_shows_the_menu_of_its_own_directory() -> None:
    own = "tftp://10.0.0.1/boot/other/pxelinux.cfg/01-52-54-00-ab-cd-ef"
    texts = {
        DEFAULT: "DEFAULT more\nLABEL more\nKERNEL other/pxelinux.0\nLABEL b\nKERNEL v\n",
        own: "DEFAULT a\nLABEL a\nKERNEL v\n",
    }
    host = Machine({"eth0": {}}, urls=texts, leases={"eth0": LEASE})
    found = [i for i in FORMAT.parse(host.files("eth0"), DEFAULT) if isinstance(i, Entry)]
    assert [(e.title, e.kernel and e.kernel.url, e.default) for e in found] == [
        ("a", "tftp://10.0.0.1/boot/other/v", True),
        ("b", "tftp://10.0.0.1/boot/v", False),
    ]


def test_a_pxelinux_that_leads_back_or_nowhere_is_another_loader() -> None:
    for loader in ("pxelinux.0", "gone/lpxelinux.0", "x.0"):
        (entry,) = entries(f"DEFAULT a\nLABEL a\nKERNEL {loader}\n")
        assert (entry.kernel, entry.action) == (None, "")
        assert "another network boot loader" in entry.unbootable


def test_a_checksum_of_a_file_is_kept_for_those_who_fetch_it() -> None:
    end = f"#sha256={'0' * 64}"
    (entry,) = entries(f"LABEL a\nLINUX http://w/v{end}\nINITRD i{end}\n")
    assert entry.kernel
    assert entry.kernel.url == f"http://w/v{end}"
    assert [ref.url for ref in entry.initrds] == [f"tftp://10.0.0.1/boot/i{end}"]
