"""A kernel that is locked down loads drivers with our signature, and still boots a disk."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Image, Install, build
from tests.e2e.debian import Installation
from tests.e2e.target import wait_for_target
from tests.e2e.vm import Machine, start

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_locked_down_kernel_boots_a_disk_behind_a_signed_driver(
    debian: Installation, install: Install, tmp_path: Path
) -> None:
    """The drivers of USB disks are modules. kexec_load is forbidden; kexec_file_load is not."""
    place = build("tests/signed-image", "--kernel", "tailored", "--keep-signatures")
    image = Image(place / "vmlinux", place / "petipy.cpio.zst")
    machine = Machine(drives=[("usb", install(debian))])
    with start(image.machine(machine, "petipy.timeout=0 lockdown=integrity"), tmp_path) as guest:
        assert wait_for_target(guest.console)["cmdline"] == f"[{debian.command_line()}]"
