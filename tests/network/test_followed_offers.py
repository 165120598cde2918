"""Offers of real servers to systemd-networkd, and the entries that the lease leads to."""

import struct
import time
from pathlib import Path

from tests.network import follower
from tests.network.dhcp_faults import ACK, DISCOVER, NAK, OFFER, REQUEST, faulty_dhcp
from tests.network.namespace import Namespace
from tests.network.packets import encode
from tests.network.servers import TFTP_ROOT, put, start_dnsmasq, start_kea, start_tftpd
from tests.network.test_followed import PXE, RANGE
from tests.network.test_listener import second_server

GRUB = "menuentry Install { linux /vmlinux }\n"


def serve_files(space: Namespace) -> str:
    """Put a tree of GRUB and one of PXELINUX below the server's directory; return its path."""
    root = space.room / TFTP_ROOT
    root.mkdir(exist_ok=True)
    put(root, {"pxelinux.cfg/default": PXE, "grub/grub.cfg": GRUB})
    return str(root)


def test_a_proxydhcp_server_names_what_to_boot(
    spaces: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    lan, client = spaces
    with second_server(lan, tmp_path / "pxe") as pxe:
        start_dnsmasq(lan, RANGE, interface="br0")
        start_dnsmasq(
            pxe,
            *("dhcp-range=192.0.2.0,proxy", "pxe-service=12,Install,grub/core,192.0.2.3"),
            *("enable-tftp", f"tftp-root={serve_files(pxe)}"),
        )
        machine = follower.start(client)
        source = machine.wait("eth0", 40, state="ready", entries=["Install"])
    lease = source["lease"]
    assert (lease["serverid"], lease["proxy"]) == ("192.0.2.1", "192.0.2.3")
    assert lease["boot_file"].startswith("grub/core")


def test_a_second_servers_boot_file_counts_whichever_address_is_taken(
    spaces: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    lan, client = spaces
    with second_server(lan, tmp_path / "other") as other:
        start_kea(lan, 4, make_kea("br0", "192.0.2.100-192.0.2.110"))
        boot = {"next-server": "192.0.2.3", "boot-file-name": "grub/core.elf"}
        start_kea(other, 4, make_kea("lan0", "192.0.2.120-192.0.2.130", **boot))
        start_dnsmasq(other, "enable-tftp", f"tftp-root={serve_files(other)}")
        machine = follower.start(client)
        source = machine.wait("eth0", 40, state="ready", entries=["Install"])
    assert source["lease"]["siaddr"] == "192.0.2.3"


def make_kea(interface: str, pool: str, **words: str) -> dict[str, object]:
    subnet = {"subnet": "192.0.2.0/24", "pools": [{"pool": pool}], **words}
    return {"interfaces-config": {"interfaces": [interface]}, "subnet4": [subnet]}


def test_a_lease_of_ten_seconds_is_renewed_and_scanned_once(
    server: Namespace, client: Namespace
) -> None:
    serve_files(server)
    start_tftpd(server)
    # A renewal that did not say what the client is would lose the boot file.
    test = "option[93].hex == 0x000c and substring(option[60].hex, 0, 9) == 'PXEClient'"
    boot = {"next-server": "192.0.2.1", "boot-file-name": "pxelinux.0"}
    kea = start_kea(
        server,
        4,
        {
            **make_kea("lan0", "192.0.2.100-192.0.2.110"),
            **{"valid-lifetime": 10, "renew-timer": 2, "rebind-timer": 6},
            "client-classes": [{"name": "pseries", "test": test, **boot}],
        },
    )
    machine = follower.start(client)
    machine.wait("eth0", 40, state="ready", entries=["one", "two"])
    kea.wait(lambda: kea.said.count("DHCP4_LEASE_ALLOC") >= 4, "third renewal", 30)
    time.sleep(0.5)  # the time of a scan
    machine.wait("eth0", state="ready", entries=["one", "two"])
    states = [line for line in machine.program.said.splitlines() if line.startswith("{")]
    scanning = ['"state": "scanning"' in line for line in states]
    ready = next(n for n, line in enumerate(states) if '"state": "ready"' in line)
    assert any(scanning)
    assert not any(scanning[ready:])


def test_a_refused_address_says_so_until_another_comes(
    server: Namespace, client: Namespace
) -> None:
    root = serve_files(server)
    start_dnsmasq(server, "enable-tftp", f"tftp-root={root}", interface="lan0")
    # The name of the boot file comes in two parts, and the configuration in a third option.
    parts = b"\x43\x04pxel\x43\x06inux.0" + encode({209: b"pxelinux.cfg/default\n"})
    with faulty_dhcp(server, {DISCOVER: OFFER, REQUEST: NAK}) as dhcp:
        dhcp.options = parts + encode({150: bytes([192, 0, 2, 1]), 26: struct.pack(">H", 1400)})
        machine = follower.start(client)
        machine.program.says("192.0.2.1 refuses the address", 30)
        dhcp.answers[REQUEST] = ACK
        source = machine.wait("eth0", 60, state="ready", entries=["one", "two"])
    lease = source["lease"]
    assert lease["bootfile"] == "pxelinux.0"
    assert (lease["pxeconffile"], lease["tftpservers"]) == ("pxelinux.cfg/default", "192.0.2.1")
    assert lease["mtu"] == "1400"
