"""Boot over the network from QEMU's own BOOTP and TFTP: everybody's first try."""

import re
import socket
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Machine, Nic, start

pytestmark = pytest.mark.e2e

PXELINUX = """\
default target
label target
	menu label The target
	kernel vmlinux
	initrd initrd
	append console=hvc0 quiet BOOTIF=is-not-added
"""


def lay_tftp_root(place: Path, system: System, configuration: str) -> Path:
    (place / "pxelinux.cfg").mkdir(parents=True)
    (place / "pxelinux.cfg/default").write_text(configuration)
    (place / "vmlinux").symlink_to(system.kernel)
    (place / "initrd").symlink_to(system.initrd)
    return place


def boot_without_a_disk(image: Image, chosen: System, tmp_path: Path, model: str) -> None:
    """Boot from QEMU's servers by a network card of a model; the system that boots ends QEMU."""
    root = lay_tftp_root(tmp_path / "tftp", chosen, PXELINUX)
    machine = Machine(nics=[Nic(user=f"tftp={root},bootfile=pxelinux.0", model=model)])
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        # The configuration's words, and nothing else.
        assert said["cmdline"] == "[console=hvc0 quiet BOOTIF=is-not-added]"
        guest.ends(within=60)


def test_a_machine_without_a_disk_boots_from_qemus_own_servers(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    boot_without_a_disk(image, chosen, tmp_path, "virtio-net-pci")


# QEMU's cards for pseries beside virtio. Debian's kernel for ppc64el has no driver for vmxnet3 and
# rocker.
CARDS = (
    *("e1000", "e1000e", "i82559c", "igb", "ne2k_pci", "pcnet", "rtl8139", "spapr-vlan", "sungem"),
    *("tulip", "usb-net"),
)


@pytest.mark.slow
@pytest.mark.parametrize("model", CARDS)
def test_each_card_that_qemu_has_boots_from_qemus_own_servers(
    model: str, image: Image, chosen: System, tmp_path: Path
) -> None:
    if f'name "{model}"' not in list_cards():
        pytest.skip(f"this QEMU has no {model}")
    boot_without_a_disk(image, chosen, tmp_path, model)


@cache
def list_cards() -> str:
    """Return QEMU's list of the devices that it has for pseries."""
    command = ["qemu-system-ppc64", "-M", "pseries", "-device", "help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# RFC 5424, section 6: priority, version, time, host, name; nothing; UTF-8 with its mark.
SYSLOG = re.compile(
    r"<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 10\.0\.2\.15 petipy - - - \ufeff(.+)"
)


def test_where_the_host_wants_the_network_first_it_boots_before_the_disk_and_logs_to_a_server(
    image: Image, chosen: System, debian: Installation, install: Install, tmp_path: Path
) -> None:
    root = lay_tftp_root(tmp_path / "tftp", chosen, PXELINUX)
    nic = Nic(user=f"tftp={root},bootfile=pxelinux.0", shut=False)
    machine = Machine(drives=[("virtio", install(debian))], nics=[nic], once="n")
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        settings = f"petipy.timeout=0 petipy.syslog=10.0.2.2:{server.getsockname()[1]}"
        with start(image.machine(machine, settings), tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"].startswith(
                "[console=hvc0 quiet BOOTIF"
            )
        lines = receive_all(server)
    found = [match for line in lines if (match := SYSLOG.fullmatch(line))]
    assert len(found) == len(lines) > 3, lines
    assert {"30"} <= {match[1] for match in found}, "daemon, information"
    words = [match[2] for match in found]
    assert "eth0: 1 entry" in words
    assert "Loading The target" in words


def receive_all(server: socket.socket) -> list[str]:
    """Return the datagrams that have come."""
    lines = []
    while True:
        try:
            lines.append(server.recv(4096).decode())
        except BlockingIOError:
            return lines
