"""Boot without anybody at a console, from each kind of disk and each kind of configuration."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from initramfs.disks import Names, bare, disk
from initramfs.host import REPOSITORY, run, tool
from tests.e2e.cds import cd, cd_files, live_files
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.installed import Configured, Specified, Unified, by_extlinux, by_yaboot
from tests.e2e.target import BOOT, System, wait_for_target
from tests.e2e.vm import Bus, Firmware, Machine, start
from tests.trees import Content, lay

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("bus", "firmware"),
    [
        ("virtio", "vof"),
        ("vscsi", "slof"),
        ("nvme", "vof"),
        ("usb", "vof"),
        pytest.param("virtio", "slof", marks=pytest.mark.slow),
        pytest.param("virtio-scsi", "vof", marks=pytest.mark.slow),
        pytest.param("nvme", "slof", marks=pytest.mark.slow),
    ],
)
def test_alone_it_boots_a_disk_that_the_second_kernel_can_read_too(
    bus: Bus,
    firmware: Firmware,
    image: Image,
    debian: Installation,
    install: Install,
    tmp_path: Path,
) -> None:
    # A DMA window that the first kernel leaves behind breaks NVMe and USB in the second.
    machine = Machine(drives=[(bus, install(debian))], firmware=firmware)
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[{debian.command_line()}]"
        assert said["root"].endswith(f"ext4 [{debian.names.uuid}]")
        told = json.loads(said["story"])
        assert told["chosen"]["by"] == "automatic boot"
        assert [source["state"] for source in told["sources"]] == ["ready"]
        assert told["stages"]["udev"] < told["stages"]["load"]
        guest.ends(within=60)


def test_a_start_without_tricks_for_speed_boots_too(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    machine = Machine(drives=[("virtio", install(debian))])
    append = "petipy.timeout=0 PETIPY_PLAIN_START=1"
    with start(image.machine(machine, append), tmp_path) as guest:
        assert wait_for_target(guest.console)["cmdline"] == f"[{debian.command_line()}]"


def test_alone_it_boots_a_cd(image: Image, chosen: System, tmp_path: Path) -> None:
    tree = lay(tmp_path / "tree", cd_files(chosen, "LIVE", "console=hvc0 quiet"))
    machine = Machine(drives=[("cd", cd(tmp_path / "cd.iso", tree, "LIVE"))])
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["cmdline"].endswith("root=LABEL=LIVE console=hvc0 quiet]")
        assert said["root"].endswith("iso9660 [LIVE]")


FROM_A_FILE = """\
set iso=/srv/media/live.iso
menuentry "Live system" {
	search --set=root --file $iso
	loopback loop $iso
	linux (loop)/casper/vmlinux console=hvc0 quiet iso-scan/filename=$iso
	initrd (loop)/casper/initrd
}
"""


def test_alone_it_boots_what_grub_takes_out_of_a_file(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    medium = cd(tmp_path / "live.iso", lay(tmp_path / "live", live_files(chosen, "LIVE")), "LIVE")
    files: dict[str, Content] = {"/boot/grub/grub.cfg": FROM_A_FILE, "/srv/media/live.iso": medium}
    whole = disk(tmp_path / "disk.img", lay(tmp_path / "tree", files), Names.new("root"))
    machine = Machine(drives=[("virtio", whole)])
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["cmdline"].startswith("[BOOT_IMAGE=(loop)/casper/vmlinux console=hvc0 quiet")
        assert said["medium"] == "vda2 [LIVE]"


@pytest.mark.parametrize(
    ("made", "bus"),
    [(by_yaboot, "vscsi"), (by_extlinux, "virtio"), (Unified, "virtio")],
    ids=["yaboot", "extlinux", "unified"],
)
def test_alone_it_boots_the_default_of_another_format(
    made: Callable[[System, Names], Configured | Unified],
    bus: Bus,
    image: Image,
    chosen: System,
    install: Install,
    tmp_path: Path,
) -> None:
    installed = made(chosen, Names.new("root"))
    machine = Machine(drives=[(bus, install(installed))])
    with start(image.machine(machine), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[{installed.command_line()}]"
        assert said["root"].endswith(f"ext4 [{installed.names.uuid}]")


def test_an_entry_that_cannot_start_gives_way_to_the_next(
    image: Image, chosen: System, older: System, install: Install, tmp_path: Path
) -> None:
    """The default's kernel is cut off: the disk's other kernel boots, of another version."""
    torn = tmp_path / "torn"
    torn.write_bytes(chosen.kernel.read_bytes()[:100_000])
    names = Names.new("root")
    broken = Installation([replace(chosen, kernel=torn), older], names, timeout=1)
    with start(image.machine(Machine(drives=[("virtio", install(broken))])), tmp_path) as guest:
        complaint = (
            rf"Debian GNU/Linux did not boot: .*vmlinux-{re.escape(chosen.release)}: .*cut off"
        )
        guest.console.expect(complaint, within=BOOT)
        said = wait_for_target(guest.console)
        assert said["kernel"] == older.release
        assert said["root"].endswith(f"ext4 [{names.uuid}]")


TOO_LARGE = """\
set timeout=0
menuentry "Too large" {
	linux /boot/vmlinux root=UUID=@UUID@ wrong
	initrd newc:x:/sparse
}
menuentry "Good" {
	linux /boot/vmlinux root=UUID=@UUID@ ro @CMDLINE@
	initrd /boot/initrd.img
}
"""


def test_a_file_larger_than_memory_costs_its_entry_alone(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """GRUB's default wants an archive of a file with 64 GiB: nothing of it is copied."""
    system = Configured(chosen, Names.new("root"), "/boot/grub/grub.cfg", TOO_LARGE)
    tree = lay(tmp_path / "tree", {**system.files(), "/sparse": "x"})
    whole = bare(tmp_path / "disk.img", tree, system.names)
    run([tool("debugfs") or "debugfs", "-w", "-R", f"sif /sparse size {64 << 30}", whole])
    with start(image.machine(Machine(drives=[("virtio", whole)])), tmp_path) as guest:
        words = r"Too large did not boot: \(vda\)/boot/vmlinux: no room in memory: .*/sparse"
        guest.console.expect(words, within=BOOT)
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[BOOT_IMAGE=/boot/vmlinux {system.command_line()}]"


def test_all_processors_reach_a_kernel_of_another_version(
    image: Image, older: System, install: Install, tmp_path: Path
) -> None:
    debian = Installation([older], Names.new("root"))
    machine = Machine(drives=[("virtio", install(debian))], cpus=2)
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["kernel"] == older.release
        assert said["cpus"] == "2"
        assert said["cmdline"] == f"[{debian.command_line()}]"


@pytest.mark.parametrize("suite", ["oldstable", pytest.param("testing", marks=pytest.mark.slow)])
def test_the_image_of_another_suite_boots_too(
    suite: str, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """Kernel, Python and udev are others: modules, page sizes, the moment when udevd listens."""
    place = tmp_path / "image"
    run([REPOSITORY / "initramfs/build", "--suite", suite, "--output", place])
    other = Image(place / "vmlinux", place / "petipy.cpio.zst")
    machine = Machine(drives=[("virtio", install(debian))])
    with start(other.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        assert wait_for_target(guest.console)["cmdline"] == f"[{debian.command_line()}]"


def test_a_small_machine_boots_from_a_disk_without_partitions(
    image: Image, debian: Installation, tmp_path: Path
) -> None:
    whole = bare(tmp_path / "disk.img", lay(tmp_path / "tree", debian.files()), debian.names)
    # Half of the memory holds the unpacked image; a plain one takes more than 128 MB.
    machine = Machine(drives=[("virtio", whole)], memory=512 if image.plain else 256)
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[{debian.command_line()}]"
        assert said["root"] == f"vda ext4 [{debian.names.uuid}]"


def test_a_machine_of_192_mb_boots_with_a_kernel_of_our_own(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """A pseries guest has multiples of 256 MB, so the command line takes the rest away."""
    if "tailored" not in str(image.kernel):
        pytest.skip("Debian's kernel takes too much of the memory")
    machine = Machine(drives=[("virtio", install(debian))], memory=256)
    with start(image.machine(machine, "petipy.timeout=0 mem=192M"), tmp_path) as guest:
        assert wait_for_target(guest.console)["cmdline"] == f"[{debian.command_line()}]"


def test_a_boot_loader_specification_entry_boots_the_one_that_loader_conf_names(
    image: Image, chosen: System, older: System, install: Install, tmp_path: Path
) -> None:
    specified = Specified([chosen, older], Names.new("root"), f"*-{older.release}.conf")
    with start(image.machine(Machine(drives=[("virtio", install(specified))])), tmp_path) as guest:
        said = wait_for_target(guest.console)
        assert said["kernel"] == older.release
        assert said["cmdline"] == f"[{specified.command_line()}]"
        assert said["root"].endswith(f"ext4 [{specified.names.uuid}]")
