"""Boot over the network from an NFS server. Only a guest's kernel is sure to have NFS."""

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import Image
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Machine, Nic, start
from tests.network.namespace import namespace
from tests.network.servers import NFS_ROOT, TFTP_ROOT, put, start_dnsmasq, start_ganesha

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: an NFS server"),
]

PXELINUX = """\
default target
label target
	kernel nfs://192.0.2.1/export/boot/vmlinux
	initrd nfs://192.0.2.1/export/boot/initrd
	append console=hvc0 quiet
label none
	kernel nfs://192.0.2.9/export/vmlinux
"""


def test_kernel_and_initrd_come_by_nfs(image: Image, chosen: System, tmp_path: Path) -> None:
    with namespace(tmp_path / "server") as server:
        nic = Nic(descriptor=server.tap("lan0"))
        server.address("lan0", "192.0.2.1/24")
        put(server.room / TFTP_ROOT, {"pxelinux.cfg/default": PXELINUX})
        files = {"vmlinux": chosen.kernel, "initrd": chosen.initrd}
        put(
            server.room / NFS_ROOT,
            {f"boot/{name}": path.read_bytes() for name, path in files.items()},
        )
        start_ganesha(server)
        start_dnsmasq(
            server,
            "dhcp-range=192.0.2.10,192.0.2.20,10m",
            "dhcp-boot=pxelinux.0",
            "enable-tftp",
            f"tftp-root={server.room / TFTP_ROOT}",
        )
        machine = image.machine(Machine(nics=[nic]), "petipy.timeout=0 petipy.debug")
        with start(machine, tmp_path) as guest:
            said = wait_for_target(guest.console)
            assert said["cmdline"].endswith("console=hvc0 quiet]")
            guest.ends(within=60)
