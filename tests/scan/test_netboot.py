"""Places of configurations on the network, and the scan of the one that answers."""

from collections.abc import Iterator

import pytest

from parsers.api import Entry, Files, Format, Item
from parsers.formats import formats
from petipy.scan.lease import scan_lease
from petipy.scan.netboot import places
from tests.fakes import Machine

LEASE = {"ip": "192.168.10.9", "mac": "52:54:00:12:34:56", "siaddr": "192.168.10.1"}
PXELINUX = [
    "01-52-54-00-12-34-56",
    *("C0A80A09", "C0A80A0", "C0A80A", "C0A80", "C0A8", "C0A", "C0", "C", "default"),
]


def urls(**said: str) -> list[str]:
    """Return the URLs of all places, in their order."""
    return [url for place in places(LEASE | said) for url in place.urls]


def test_pxelinux_looks_for_the_address_then_for_ever_less_of_it() -> None:
    tried = urls(bootfile="dir/pxelinux.0")
    assert tried == [f"tftp://192.168.10.1/dir/pxelinux.cfg/{name}" for name in PXELINUX]


def test_the_machines_uuid_comes_first_where_it_is_known() -> None:
    tried = urls(bootfile="x.0", uuid="B8945908-D6A6")
    assert tried[0] == "tftp://192.168.10.1/pxelinux.cfg/b8945908-d6a6"


def test_an_infiniband_address_has_its_own_type() -> None:
    mac = ":".join(["0a"] * 20)
    assert urls(bootfile="x.0", mac=mac)[0].endswith("pxelinux.cfg/20-" + "-".join(["0a"] * 20))


def test_a_configuration_that_dhcp_names_comes_before_all() -> None:
    first, second, *_ = urls(bootfile="a/x.0", pxeconffile="http://w/c")
    assert (first, second) == (
        "http://w/c",
        "tftp://192.168.10.1/a/pxelinux.cfg/01-52-54-00-12-34-56",
    )


@pytest.mark.parametrize("option", ["pxeconffile", "bootfile"])
def test_a_place_with_a_checksum_is_the_only_one(option: str) -> None:
    url = "http://h/boot.cfg#sha256=12"
    said = {"bootfile": "pxelinux.0", "tftp": "h"} | {option: url}
    assert urls(**said) == [url]
    assert urls(bootfile="http://h/pxelinux.0#sha256=12")[1:]


def test_a_prefix_counts_instead_of_the_bootfiles_directory() -> None:
    first, *_ = urls(bootfile="a/x.0", pxepathprefix="http://w/p/")
    assert first == "http://w/p/pxelinux.cfg/01-52-54-00-12-34-56"


def test_a_prefix_is_text_and_only_then_a_directory_that_lacks_its_slash() -> None:
    tried = urls(bootfile="a/x.0", pxepathprefix="p", mac="", ip="")
    root = "tftp://192.168.10.1"
    assert tried == [
        *(f"{root}/ppxelinux.cfg/default", f"{root}/p/pxelinux.cfg/default"),
        *(f"{root}/pdefault", f"{root}/p/default"),
    ]
    named = urls(bootfile="a/x.0", pxepathprefix="p", pxeconffile="c")
    assert named[:2] == [f"{root}/pc", f"{root}/p/c"]


def test_slof_looks_right_behind_the_prefix() -> None:
    tried = urls(pxepathprefix="tree/")
    base = "tftp://192.168.10.1/tree"
    assert tried == [f"{base}/pxelinux.cfg/{name}" for name in PXELINUX] + [
        f"{base}/{name}" for name in PXELINUX
    ]


GRUB = [f"grub.cfg-{name}" for name in PXELINUX[:-1]]


def test_grub_looks_beside_itself_and_where_its_platforms_directory_is() -> None:
    tried = urls(bootfile="boot/grub2/powerpc-ieee1275/core.elf")
    base = "tftp://192.168.10.1/boot/grub2"
    places = f"{base}/powerpc-ieee1275", base
    assert tried[: 2 * len(GRUB)] == [f"{place}/{name}" for place in places for name in GRUB]
    assert tried[2 * len(GRUB) :][:2] == [f"{place}/grub.cfg" for place in places]
    assert "pxelinux.cfg" in tried[-1]


@pytest.mark.parametrize(
    ("bootfile", "directory"),
    [
        ("bootppc64.bin", "/grub"),  # MAAS
        ("bootx64.efi", "/grub"),
        ("debian-installer/ppc64el/bootnetppc64.bin", "/debian-installer/ppc64el/grub"),
        ("grub2/grubppc64le.elf", "/grub2"),  # Foreman
        ("grub/grub.ppc64le", "/grub"),  # Cobbler
        ("grub/grub.0", "/grub"),
        ("/boot/grub2/grub2-node1", "/boot/grub2"),  # xCAT
        ("amd64/grubnetx64.efi.signed", "/amd64"),
        ("EFI/BOOT/shimaa64.efi", "/EFI/BOOT"),
    ],
)
def test_a_server_s_name_of_grub_tells_where_its_prefix_is(bootfile: str, directory: str) -> None:
    tried = urls(bootfile=bootfile)
    base = f"tftp://192.168.10.1{directory}"
    assert tried[: len(GRUB)] == [f"{base}/{name}" for name in GRUB]
    assert f"{base}/grub.cfg" in tried
    # A program is no text. BOOTX64.EFI may be a unified image, if it is no GRUB.
    assert f"tftp://192.168.10.1/{bootfile.lstrip('/')}" not in tried[:-1]


def test_a_prefix_that_is_built_into_grub_comes_after_its_directory() -> None:
    tried = urls(bootfile="x/grubx64.efi", mac="", ip="")
    paths = ["/x/grub.cfg", "/x/grub/grub.cfg"]
    paths += ["/grub/grub.cfg", "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"]
    assert tried[:5] == [f"tftp://192.168.10.1{path}" for path in paths]


def test_grub_over_http_looks_on_the_web_server() -> None:
    tried = urls(bootfile="http://w:8000/httpboot/grub2/grubx64.efi")
    assert tried[0] == "http://w:8000/httpboot/grub2/grub.cfg-01-52-54-00-12-34-56"


@pytest.mark.parametrize("ip6", ["2001:db8::5", "2001:DB8:0:0::0:5/64", "2001:db8:0:0:0:0:0:5"])
def test_grub_writes_an_ipv6_address_with_dashes_and_all_zeros(ip6: str) -> None:
    tried = urls(bootfile="core.elf", ip6=ip6, ip="", mac="")
    assert tried[0] == "tftp://192.168.10.1/grub.cfg-2001-db8-0-0-0-0-0-5"


def test_ipxe_looks_for_its_script_beside_itself() -> None:
    assert urls(bootfile="x/snponly.efi")[0] == "tftp://192.168.10.1/x/autoexec.ipxe"


def test_a_script_is_what_shall_be_booted_and_another_text_may_be() -> None:
    assert urls(bootfile="http://w/boot.ipxe")[0] == "http://w/boot.ipxe"
    assert urls(bootfile="http://w/b?mac=1")[0] == "http://w/b?mac=1"
    assert urls(bootfile_url="tftp://host/dir1/conf")[0] == "tftp://host/dir1/conf"
    assert urls(bootfile="dir/something")[-1] == "tftp://192.168.10.1/dir/something"


@pytest.mark.parametrize("name", ["vmlinux", "boot.ipxe", "menu", "x.iso", "boot/grub/grub.cfg"])
def test_a_file_that_a_person_opened_is_the_only_one_that_is_looked_at(name: str) -> None:
    url = f"http://w/{name}"
    assert urls(bootfile_url=url, opened="1", pxepathprefix="http://w/") == [url]


def test_a_boot_loader_that_a_person_opened_has_its_configuration_looked_for() -> None:
    assert urls(bootfile_url="http://w/pxelinux.0", opened="1")[-1] == (
        "http://w/pxelinux.cfg/default"
    )


def test_programs_are_never_read() -> None:
    for name in ("pxelinux.0", "snponly.efi", "undionly.kpxe", "core.elf", "grub.0", "x.c32"):
        assert f"tftp://192.168.10.1/{name}" not in urls(bootfile=name)


def test_a_lease_that_is_not_about_booting_costs_no_request() -> None:
    assert urls(serverid="192.168.10.1") == []


def test_addresses_that_are_none_are_no_names() -> None:
    for ip in ("", "fe80::1", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.\u0661"):
        assert urls(bootfile="x.0", ip=ip, mac="") == ["tftp://192.168.10.1/pxelinux.cfg/default"]
    for ip6 in ("", "1:2:3", "1:2:3:4:5:6:7:8:9", "x::1", "::1::2", "1:2:3:4:5:6:7:12345"):
        tried = urls(bootfile="core.elf", ip="", mac="", ip6=ip6)
        assert tried[0] == "tftp://192.168.10.1/grub.cfg"


def _shout(files: Files, path: str) -> Iterator[Item]:
    yield Entry(title=(files.host.fetch(path) or "").upper(), name="x", config=path, line=1)


LOUD = Format("loud", (), _shout, network=lambda url, text: text.startswith("loud"))


def scanned(texts: dict[str, str], **said: str) -> list[str]:
    host = Machine({"eth0": {}}, urls=texts, leases={"eth0": LEASE | said})
    scan = scan_lease(host.files("eth0"), [LOUD])
    return [entry.title for _, entry in scan.entries] + [p.message for p in scan.problems]


def test_the_first_that_answers_in_a_language_that_is_known_counts() -> None:
    texts = {
        "tftp://192.168.10.1/pxelinux.cfg/C0A8": "quiet",
        "tftp://192.168.10.1/pxelinux.cfg/C0": "loud 1",
        "tftp://192.168.10.1/pxelinux.cfg/default": "loud 2",
    }
    assert scanned(texts, bootfile="pxelinux.0") == ["LOUD 1"]


def test_the_places_of_a_loader_are_announced_before_they_are_asked_for_in_turn() -> None:
    host = Machine({"eth0": {}}, leases={"eth0": LEASE | {"bootfile": "pxelinux.0"}})
    scan_lease(host.files("eth0"), [LOUD])
    assert [*map(list, host.hints)] == [host.asked]


def test_no_place_of_a_loader_is_left_out_of_the_hints() -> None:
    lease = LEASE | {"bootfile": "bootppc64.bin", "uuid": "B894-AA", "ip6": "2001:db8::1"}
    host = Machine({"eth0": {}}, leases={"eth0": lease})
    scan_lease(host.files("eth0"), [LOUD])
    assert max(map(len, host.hints)) <= 16
    hinted = [url for hint in host.hints for url in hint]
    assert hinted == host.asked[: len(hinted)]
    assert len(hinted) > 30


def test_an_empty_configuration_sends_the_machine_to_its_own_disk() -> None:
    texts = {
        "tftp://192.168.10.1/pxelinux.cfg/01-52-54-00-12-34-56": " \n",
        "tftp://192.168.10.1/pxelinux.cfg/default": "loud",
    }
    host = Machine({"eth0": {}}, urls=texts, leases={"eth0": LEASE | {"bootfile": "x.0"}})
    scan = scan_lease(host.files("eth0"), [LOUD])
    ((_, entry),) = scan.entries
    assert (entry.action, entry.default, scan.problems) == ("exit", True, ())
    assert [wish.elsewhere for _, wish in scan.preferences] == [True]


def test_a_pxe_menu_that_begins_with_the_own_disk_sends_the_machine_there() -> None:
    lease = LEASE | {"pxemenu": "0:Disk\n1:Install", "pxeservers": "1:192.168.10.1"}
    host = Machine({"eth0": {}}, urls={}, leases={"eth0": lease})
    scan = scan_lease(host.files("eth0"), [LOUD])
    ((_, entry),) = scan.entries
    assert (entry.action, entry.default, scan.problems) == ("exit", True, ())
    assert [wish.elsewhere for _, wish in scan.preferences] == [True]
    texts = {"tftp://192.168.10.1/pxelinux.cfg/default": "loud"}
    assert scanned(texts, **lease, bootfile="x.0") == ["LOUD"]


@pytest.mark.parametrize(
    ("name", "path", "text", "action"),
    [
        ("x.ipxe", "x.ipxe", "#!ipxe\npoweroff\n", "halt"),
        ("x.ipxe", "x.ipxe", "#!ipxe\nreboot\n", "reboot"),
        ("x.0", "pxelinux.cfg/default", "DEFAULT x\nLABEL x\nCOM32 poweroff.c32\n", "halt"),
    ],
)
def test_a_default_that_ends_the_machine_needs_a_person_and_is_told(
    name: str, path: str, text: str, action: str
) -> None:
    texts = {f"tftp://192.168.10.1/{path}": text}
    host = Machine({"eth0": {}}, urls=texts, leases={"eth0": LEASE | {"bootfile": name}})
    scan = scan_lease(host.files("eth0"), formats())
    ((_, entry),) = scan.entries
    assert (entry.action, entry.default) == (action, True)
    (problem,) = scan.problems
    assert "That needs a person: the next device boots" in problem.message
    assert not [wish for _, wish in scan.preferences if wish.elsewhere]


def test_each_family_of_addresses_has_its_own_places_and_ipv6_comes_first() -> None:
    said = {"bootfile": "x.0", "bootfile_url": "http://w/six"}
    assert scanned({"http://w/six": "loud six"}, **said) == ["LOUD SIX"]
    four = {"tftp://192.168.10.1/pxelinux.cfg/default": "loud four"}
    assert scanned(four, **said) == ["LOUD FOUR"]


def test_the_servers_of_option_150_are_asked_in_their_order() -> None:
    said = {"bootfile": "x.0", "tftpservers": "192.0.2.1 192.0.2.2", "siaddr": "192.0.2.3"}
    assert scanned({"tftp://192.0.2.2/pxelinux.cfg/default": "loud two"}, **said) == ["LOUD TWO"]
    host = Machine({"eth0": {}}, leases={"eth0": LEASE | said})
    scan = scan_lease(host.files("eth0"), [LOUD])
    assert ["192.0.2.1" in p.message for p in scan.problems] == [True, False]
    assert {url.split("/")[2] for url in host.asked} == {"192.0.2.1", "192.0.2.2"}


def test_a_server_of_ipxe_is_said_to_want_its_user_class() -> None:
    (message,) = scanned({}, bootfile="undionly.kpxe")
    assert message.endswith(
        "tftp://192.168.10.1/undionly.kpxe is iPXE: its server may offer a script to the user"
        " class iPXE"
    )


def test_nothing_found_is_told_with_the_places() -> None:
    (message,) = scanned({}, bootfile="pxelinux.0")
    assert "no configuration at tftp://192.168.10.1/pxelinux.cfg/01-52-" in message
    assert "nor at 9 other places, the last tftp://192.168.10.1/pxelinux.cfg/default" in message
    assert scanned({}) == ["DHCP names nothing to boot"]
