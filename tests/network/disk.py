"""A disk with an installed system beside the network: the program may not write a byte to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.network.program import DISK
from tests.root import disks

GRUB = 'menuentry "the installed system" {\n\tlinux /boot/vmlinux from-the-disk\n}\n'
INSTALLED = "> .*the installed system"  # the cursor is there
FROM_DISK = "BOOT_IMAGE=/boot/vmlinux from-the-disk"  # the command line


@dataclass(frozen=True)
class Disk:
    """A disk of the machine, as a power cut has left it. `word` is one for `start_petipy`."""

    image: Path
    digest: str  # at the start
    word: str

    def is_untouched(self) -> None:
        assert disks.digest(self.image) == self.digest


@contextmanager
def attach_disk(room: Path) -> Iterator[Disk]:
    """Make the disk in a new folder, and attach it. At the end it is as it was."""
    tree = room / "tree"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "etc").mkdir()
    (tree / "boot/grub/grub.cfg").write_text(GRUB)
    (tree / "boot/vmlinux").write_bytes(b"good")
    image = disks.crashed(disks.ext4(room / "live", tree), room / "disk.img")
    before = disks.digest(image)
    with disks.attached(image) as node:
        disk = Disk(image, before, DISK + node)
        yield disk
    disk.is_untouched()
