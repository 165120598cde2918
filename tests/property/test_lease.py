"""A bad DHCP server or file server costs the network's entries and no more."""

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.formats import formats
from petipy.sandbox.messages import SCANS
from petipy.scan.lease import scan_lease
from petipy.scan.netboot import places
from tests.effort import ending
from tests.fakes import Machine
from tests.property.test_formats import SETTINGS

NAMES = st.sampled_from(
    [
        *("ip", "mac", "uuid", "siaddr", "tftp", "serverid", "router", "subnet", "bootfile"),
        *("boot_file", "bootfile_url", "bootfile_param", "pxeconffile", "pxepathprefix"),
        *("rootpath", "interface", "links", "tftpservers", "ip6", "clientuuid", "proxy", "pxemenu"),
    ]
)
VALUES = st.text(max_size=20) | st.sampled_from(
    [
        *("10.0.0.1", "fe80::1", "0.0.0.0", "999.1.1.1", "52:54:00:12:34:56", ":" * 30),
        *("pxelinux.0", "boot/grub2/core.elf", "grubx64.efi", "vmlinux", "boot.ipxe", "conf"),
        *("grub/grub.0", "snponly.efi", "BOOTX64.EFI", "a.iso", "b.uki", "10.0.0.1 10.0.0.2 x"),
        *("eth0=52:54:00:12:34:56 eth1=", "= =a b=c=d", "2001:db8::1/64", "::", "0:x", "p-"),
        *("http://web/x?a=b", "tftp://", "http://[", "://", "../../..", "/", "a//b/", "\0", "?"),
    ]
)
LEASES = st.dictionaries(NAMES, VALUES, max_size=8)
TEXTS = st.text(max_size=60) | st.sampled_from(
    ["", "LABEL a\nLINUX v\nINCLUDE x\n", "#!ipxe\nkernel v\nboot\n", "menuentry a { linux /v }"]
)


@settings(SETTINGS)
@given(lease=LEASES, text=TEXTS)
def test_any_lease_and_any_answer(lease: dict[str, str], text: str) -> None:
    tried = [url for place in places(lease) for url in place.urls]
    assert len(tried) < 150
    host = Machine({"eth0": {}}, urls={}, leases={"eth0": lease})
    files = host.files("eth0")
    urls = dict.fromkeys(tried, text)
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": lease})
    with ending():
        silent = scan_lease(files, formats())
        scan = scan_lease(host.files("eth0"), formats())
    assert silent.entries or silent.problems
    for found in (silent, scan):
        assert not [p for p in found.problems if "parser failed" in p.message]
        assert SCANS.decode(SCANS.encode(found)) == found
