"""Files of a running system, found by its fstab."""

import pytest

from parsers.api import FileRef
from parsers.places.fstab import MountTable
from tests.fakes import Machine, MachineFiles
from tests.parsers.one_file import DISKS

FSTAB = """# a comment
UUID="aaaa-1" /boot ext2 defaults 0 2
/dev/sdb1 /boot/deep ext2
LABEL=gone /srv/ ext4 defaults 0 0
UUID=aaaa-2 / ext4
LABEL=my\\040disk /with\\040blank ext4
none swap swap
"""


def system(**tree: str) -> MountTable:
    files = {"/etc/fstab": FSTAB, **tree}
    return MountTable(Machine({"sda2": files, "sda1": {"/k": ""}}, volumes=DISKS).files("sda2"))


@pytest.mark.parametrize(
    ("path", "ref"),
    [
        ("/boot/k", FileRef(path="/k", device="sda1")),
        ("/boot/deep/k", FileRef(path="/k", device="sdb1")),
        ("/srv/k", FileRef(path="/k", device="LABEL=gone")),
        ("/with blank/k", FileRef(path="/k", device="LABEL=my disk")),
        ("/bootx/k", FileRef(path="/bootx/k")),
        ("/vmlinuz", FileRef(path="/vmlinuz")),
        ("boot/k", FileRef(path="/k", device="sda1")),
    ],
)
def test_the_mount_that_reaches_furthest_has_the_file(path: str, ref: FileRef) -> None:
    assert system().locate(path) == ref


def test_a_file_that_is_there_is_meant() -> None:
    assert system(**{"/boot/k": ""}).locate("/boot/k") == FileRef(path="/boot/k")


def test_a_boot_partition_that_nothing_tells_of_has_the_file_at_its_top() -> None:
    files = Machine({"sda1": {"/k": ""}}, volumes=DISKS).files("sda1")
    assert MountTable(files).locate("/boot/k") == FileRef(path="/k")


class Damaged(MachineFiles):
    """A tree with an unreadable fstab."""

    def read(self, path: str) -> str | None:
        if path == "/etc/fstab":
            raise OSError(5, "Input/output error")
        return super().read(path)


def test_a_damaged_fstab_costs_only_itself() -> None:
    files = Damaged(Machine({"sda2": {"/boot/k": ""}}, volumes=DISKS), "sda2")
    assert MountTable(files).locate("/boot/k") == FileRef(path="/boot/k")


def test_a_file_counts_as_there_unless_it_can_be_looked_for() -> None:
    found = system()
    assert found.has(FileRef(path="/k", device="sda1"))
    assert not found.has(FileRef(path="/lost", device="sda1"))
    assert found.has(FileRef(path="/k", device="LABEL=gone"))


@pytest.mark.parametrize("target", ["boot/k", "/boot/k", "./boot/../boot/k"])
def test_a_link_leads_to_where_another_volume_is_mounted(target: str) -> None:
    trees = {"sda2": {"/etc/fstab": "UUID=aaaa-1 /boot ext4 defaults 0 2\n"}, "sda1": {"/k": ""}}
    machine = Machine(trees, volumes=DISKS, links={"/vmlinuz": target})
    assert MountTable(machine.files("sda2")).locate("vmlinuz") == FileRef(path="/k", device="sda1")
