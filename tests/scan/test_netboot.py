"""Places of configurations on the network, and the scan of the one that answers."""

from collections.abc import Iterator

from parsers.api import Entry, FileRef, Files, Format, Item
from petipy.scan.netboot import netboot, places
from petipy.scan.tree import scan_lease
from tests.fakes import Machine

LEASE = {"ip": "192.168.10.9", "mac": "52:54:00:12:34:56", "siaddr": "192.168.10.1"}
PXELINUX = [
    "01-52-54-00-12-34-56",
    *("C0A80A09", "C0A80A0", "C0A80A", "C0A80", "C0A8", "C0A", "C0", "C", "default"),
]


def test_pxelinux_looks_for_the_address_then_for_ever_less_of_it() -> None:
    tried = list(places(LEASE | {"bootfile": "dir/pxelinux.0"}))
    assert tried == [f"tftp://192.168.10.1/dir/pxelinux.cfg/{name}" for name in PXELINUX]


def test_the_machines_uuid_comes_first_where_it_is_known() -> None:
    tried = list(places(LEASE | {"bootfile": "x.0", "uuid": "B8945908-D6A6"}))
    assert tried[0] == "tftp://192.168.10.1/pxelinux.cfg/b8945908-d6a6"


def test_a_configuration_that_dhcp_names_comes_before_all() -> None:
    first, second, *_ = places(LEASE | {"bootfile": "a/x.0", "pxeconffile": "http://w/c"})
    assert (first, second) == (
        "http://w/c",
        "tftp://192.168.10.1/a/pxelinux.cfg/01-52-54-00-12-34-56",
    )


def test_a_prefix_counts_instead_of_the_bootfiles_directory() -> None:
    first, *_ = places(LEASE | {"bootfile": "a/x.0", "pxepathprefix": "http://w/p/"})
    assert first == "http://w/p/pxelinux.cfg/01-52-54-00-12-34-56"


def test_grub_looks_beside_itself_and_where_its_platforms_directory_is() -> None:
    tried = list(places(LEASE | {"bootfile": "boot/grub2/powerpc-ieee1275/core.elf"}))
    names = [f"grub.cfg-{name}" for name in PXELINUX[:-1]] + ["grub.cfg"]
    base = "tftp://192.168.10.1/boot/grub2"
    assert tried[: len(names)] == [f"{base}/powerpc-ieee1275/{name}" for name in names]
    assert tried[len(names) : 2 * len(names)] == [f"{base}/{name}" for name in names]
    assert "pxelinux.cfg" in tried[2 * len(names)]


def test_signed_grub_has_its_configuration_below() -> None:
    tried = list(places({"siaddr": "h", "bootfile": "amd64/grubnetx64.efi.signed"}))
    assert tried[:2] == ["tftp://h/amd64/grub.cfg", "tftp://h/amd64/grub/grub.cfg"]


def test_a_script_is_what_shall_be_booted_and_another_text_may_be() -> None:
    assert next(places(LEASE | {"bootfile": "http://w/boot.ipxe"})) == "http://w/boot.ipxe"
    assert next(places(LEASE | {"bootfile": "http://w/b?mac=1"})) == "http://w/b?mac=1"
    assert next(places({"bootfile_url": "tftp://host/dir1/conf"})) == "tftp://host/dir1/conf"
    *_, last = places(LEASE | {"bootfile": "dir/something"})
    assert last == "tftp://192.168.10.1/dir/something"


def test_programs_and_kernels_are_never_read_as_text() -> None:
    for name in ("pxelinux.0", "snponly.efi", "undionly.kpxe", "vmlinuz-6.1", "core.elf", "Image"):
        assert f"tftp://192.168.10.1/{name}" not in list(places(LEASE | {"bootfile": name}))


def test_a_lease_that_is_not_about_booting_costs_no_request() -> None:
    assert list(places(LEASE | {"serverid": "192.168.10.1"})) == []


def test_addresses_that_are_none_are_no_names() -> None:
    for ip in ("", "fe80::1", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.\u0661"):
        tried = list(places({"siaddr": "h", "bootfile": "x.0", "ip": ip}))
        assert tried == ["tftp://h/pxelinux.cfg/default"]


def test_a_kernel_that_dhcp_names_can_be_booted() -> None:
    entry = netboot(LEASE | {"bootfile": "a/vmlinuz-6.1", "rootpath": "/srv/root"})
    assert entry is not None
    assert (entry.title, entry.kernel) == (
        "netboot (vmlinuz-6.1)",
        FileRef(url="tftp://192.168.10.1/a/vmlinuz-6.1"),
    )
    assert entry.cmdline == "root=/dev/nfs ip=dhcp nfsroot=192.168.10.1:/srv/root"
    assert entry.default  # the one thing that DHCP has chosen
    assert netboot(LEASE | {"bootfile": "pxelinux.0"}) is None
    assert netboot(LEASE) is None


def test_a_root_that_is_no_nfs_servers_is_not_taken_for_one() -> None:
    for rootpath in ("iscsi:192.168.10.1::::iqn.x", "http://w/root.img", ""):
        entry = netboot(LEASE | {"bootfile": "vmlinuz", "rootpath": rootpath})
        assert entry is not None
        assert entry.cmdline == ""
    entry = netboot(LEASE | {"bootfile": "vmlinuz", "rootpath": "10.0.0.1:/r"})
    assert entry is not None
    assert entry.cmdline.endswith("nfsroot=10.0.0.1:/r")


def _shout(files: Files, path: str) -> Iterator[Item]:
    yield Entry(title=(files.host.fetch(path) or "").upper(), name="x", config=path, line=1)


LOUD = Format("loud", (), _shout, network=lambda url, text: text.startswith("loud"))


def scanned(urls: dict[str, str], **said: str) -> list[str]:
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": LEASE | said})
    scan = scan_lease(host.files("eth0"), [LOUD])
    return [entry.title for _, entry in scan.entries] + [p.message for p in scan.problems]


def test_the_first_that_answers_in_a_language_that_is_known_counts() -> None:
    urls = {
        "tftp://192.168.10.1/pxelinux.cfg/C0A8": "quiet",
        "tftp://192.168.10.1/pxelinux.cfg/C0": "loud 1",
        "tftp://192.168.10.1/pxelinux.cfg/default": "loud 2",
    }
    assert scanned(urls, bootfile="pxelinux.0") == ["LOUD 1"]


def test_nothing_found_is_told_with_the_places() -> None:
    (message,) = scanned({}, bootfile="pxelinux.0")
    assert "no configuration at tftp://192.168.10.1/pxelinux.cfg/01-52-" in message
    assert "nor at 9 other places, the last tftp://192.168.10.1/pxelinux.cfg/default" in message
    assert scanned({}) == ["DHCP names nothing to boot"]


def test_the_kernel_that_dhcp_names_is_offered_when_no_configuration_answers() -> None:
    assert scanned({}, bootfile="vmlinuz") == ["netboot (vmlinuz)"]
    urls = {"tftp://192.168.10.1/pxelinux.cfg/default": "loud"}
    assert scanned(urls, bootfile="vmlinuz") == ["LOUD"]
