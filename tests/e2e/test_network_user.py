"""Boot over the network without a disk, from QEMU's own BOOTP and TFTP: everybody's first try."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Image
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


def test_a_machine_without_a_disk_boots_from_qemus_own_servers(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    root = lay_tftp_root(tmp_path / "tftp", chosen, PXELINUX)
    machine = Machine(nics=[Nic(user=f"tftp={root},bootfile=pxelinux.0")])
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        # The configuration's words, and nothing else.
        assert said["cmdline"] == "[console=hvc0 quiet BOOTIF=is-not-added]"
        guest.ends(within=60)
