"""Boot over the network from NFS servers. Only a guest's kernel is sure to have NFS."""

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

# The server at 192.0.2.1 knows version 4 alone, that at 192.0.2.2 version 3.
PXELINUX = """\
default target
label target
\tkernel nfs://192.0.2.1/export/boot/vmlinux
\tinitrd nfs://192.0.2.2/export/boot/initrd
\tappend console=hvc0 quiet
"""


def test_the_kernel_comes_by_nfs_4_and_the_initrd_by_nfs_3(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    with namespace(tmp_path / "server") as server:
        nic = Nic(descriptor=server.tap("lan0"))
        server.address("lan0", "192.0.2.1/24", "192.0.2.2/24")
        put(server.room / TFTP_ROOT, {"pxelinux.cfg/default": PXELINUX})
        files = {"vmlinux": chosen.kernel, "initrd": chosen.initrd}
        put(
            server.room / NFS_ROOT,
            {f"boot/{name}": path.read_bytes() for name, path in files.items()},
        )
        start_ganesha(server, 4, "192.0.2.1")
        start_ganesha(server, 3, "192.0.2.2")
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
