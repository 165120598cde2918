"""DHCP's boot file, told by its first bytes and not by its name."""

import pytest

from parsers.api import FileRef
from parsers.formats import formats
from petipy.scan.lease import scan_lease
from petipy.state.model import Scan
from tests import efi
from tests.fakes import Machine

LEASE = {"ip": "192.168.10.9", "mac": "52:54:00:12:34:56", "siaddr": "192.168.10.1"}
ELF = b"\x7fELF\x02\x01".ljust(18, b"\0")


def kernel(machine: int) -> bytes:
    return (ELF + machine.to_bytes(2, "little")).ljust(1 << 20, b"\0")


def scanned(content: str | bytes, url: str, **said: str) -> tuple[Scan, Machine]:
    leases = {"eth0": LEASE | {"bootfile": url} | said}
    host = Machine({"eth0": {}}, urls={url: content}, leases=leases)
    return scan_lease(host.files("eth0"), formats()), host


def test_a_kernel_is_booted_whatever_its_name() -> None:
    for name in ("vmlinuz-6.1", "boot", "x.efi"):
        scan, _ = scanned(kernel(21), f"http://w/{name}", rootpath="/srv/root")
        ((_, entry),) = scan.entries
        assert (entry.title, entry.kernel) == (
            f"netboot ({name})",
            FileRef(url=f"http://w/{name}"),
        )
        assert entry.cmdline == "root=/dev/nfs ip=dhcp nfsroot=192.168.10.1:/srv/root"
        assert entry.default  # the one thing that DHCP has chosen
        assert entry.unbootable == ""


def test_a_look_at_a_kernel_takes_its_first_bytes_only() -> None:
    for content in (kernel(21), b"\x1f\x8b".ljust(1 << 20, b"\1")):
        _, host = scanned(content, "http://w/k")
        assert sum(length for _, _, length in host.pieces) <= 1 << 17
        assert "http://w/k" not in [url for url in host.asked if url not in host.pieces[0]]


def test_a_kernel_for_another_machine_says_so() -> None:
    scan, _ = scanned(kernel(183), "http://w/Image")
    ((_, entry),) = scan.entries
    assert entry.unbootable == "it is for aarch64, this machine is ppc64le"


def test_a_configuration_counts_before_a_kernel() -> None:
    urls: dict[str, str | bytes] = {
        "tftp://192.168.10.1/pxelinux.cfg/default": "DEFAULT v\nLABEL v\nKERNEL v\n",
        "tftp://192.168.10.1/vmlinuz": kernel(21),
    }
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": LEASE | {"bootfile": "vmlinuz"}})
    scan = scan_lease(host.files("eth0"), formats())
    assert [form for form, _ in scan.entries] == ["pxe"]


def test_a_root_that_is_no_nfs_servers_is_not_taken_for_one() -> None:
    for rootpath in ("iscsi:192.168.10.1::::iqn.x", "http://w/root.img", ""):
        scan, _ = scanned(kernel(21), "http://w/k", rootpath=rootpath)
        assert [entry.cmdline for _, entry in scan.entries] == [""]
    scan, _ = scanned(kernel(21), "http://w/k", rootpath="10.0.0.1:/r")
    assert scan.entries[0][1].cmdline.endswith("nfsroot=10.0.0.1:/r")


def test_parameters_of_the_boot_file_are_the_kernels() -> None:
    scan, _ = scanned(kernel(21), "http://w/k", bootfile_param="a b", rootpath="/r")
    assert scan.entries[0][1].cmdline == "a b"


def test_a_unified_image_is_booted_by_its_parts() -> None:
    linux = kernel(21)
    sections = [
        (".osrel", b"PRETTY_NAME=Own\nID=own\n"),
        (".cmdline", b"root=live ro\0"),
        (".uname", b"6.12"),
        (".linux", linux),
        (".initrd", b"070701"),
    ]
    image = efi.program(sections, "none of EFI's")
    scan, host = scanned(image, "http://w/d/boot")
    ((form, entry),) = scan.entries
    assert (form, entry.title, entry.config) == ("uki", "Own (6.12)", "http://w/d/boot")
    assert (entry.cmdline, entry.default, entry.effects) == ("root=live ro", True, ())
    parts = [entry.kernel, *entry.initrds]
    assert [image[p.offset : p.offset + p.size] for p in parts if p] == [linux, b"070701"]
    assert {part.url for part in parts if part} == {"http://w/d/boot"}
    assert entry.kernel
    assert str(entry.kernel).endswith(f"http://w/d/boot@{entry.kernel.offset}+{len(linux)}")
    assert sum(length for _, _, length in host.pieces) <= 1 << 17


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (efi.program([(".text", b"x")]), "a program for EFI"),
        (bytes(0x8001) + b"CD001" + bytes(2048), "an ISO file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a known kernel, image or configuration"),
    ],
)
def test_what_cannot_be_booted_is_named(content: bytes, words: str) -> None:
    scan, _ = scanned(content, "http://w/file")
    assert scan.entries == ()
    assert [p.config for p in scan.problems if words in p.message] == ["http://w/file"]


def test_a_page_about_an_error_is_no_configuration() -> None:
    scan, _ = scanned("<html>404</html>", "http://w/boot?mac=1")
    assert scan.entries == ()
    messages = [(p.config, p.message) for p in scan.problems]
    assert ("http://w/boot?mac=1", "not a known boot configuration") in messages


def test_a_server_without_parts_of_files_still_offers_a_kernel_by_its_name() -> None:
    leases = {"eth0": LEASE | {"bootfile": "vmlinuz"}}
    host = Machine({"eth0": {}}, urls={}, leases=leases)
    scan = scan_lease(host.files("eth0"), formats())
    assert [entry.title for _, entry in scan.entries] == ["netboot (vmlinuz)"]


def test_a_damaged_image_never_raises_and_is_told() -> None:
    whole = efi.program([(".linux", kernel(21)), (".initrd", b"x")], "none of EFI's")
    for cut in (2, 63, 100, 140, 300, 450, 600, 1000, len(whole) // 2):
        scan, _ = scanned(whole[:cut], "http://w/file")
        assert scan.entries == ()
        assert scan.problems


def test_a_unified_image_may_have_the_name_that_firmware_looks_for() -> None:
    image = efi.program([(".linux", kernel(21))], "none of EFI's")
    scan, _ = scanned(image, "http://w/BOOTX64.EFI")
    assert [form for form, _ in scan.entries] == ["uki"]
    scan, _ = scanned(efi.program([(".text", b"x")]), "http://w/BOOTX64.EFI")
    assert any("a program for EFI" in problem.message for problem in scan.problems)


def test_a_script_is_asked_for_once() -> None:
    for url in ("http://w/boot.ipxe", "http://w/boot?mac=1"):
        scan, host = scanned("#!ipxe\nkernel /v\nboot\n", url)
        assert [form for form, _ in scan.entries] == ["ipxe"]
        assert (host.pieces, set(host.asked)) == ([], {url})
        scan, _ = scanned("", url)
        assert [entry.action for _, entry in scan.entries] == ["exit"]


def test_a_kernel_whose_url_has_a_query_is_booted_all_the_same() -> None:
    leases = {"eth0": LEASE | {"bootfile": "http://w/k?arch=ppc64le"}}
    text = kernel(21).decode("latin-1")
    host = Machine({"eth0": {}}, urls={"http://w/k?arch=ppc64le": text}, leases=leases)
    scan = scan_lease(host.files("eth0"), formats())
    assert [entry.title for _, entry in scan.entries] == ["netboot (k)"]
