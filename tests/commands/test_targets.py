"""Targets of the commands, and the mounts of a machine."""

from pathlib import Path

import pytest

from parsers.api import Volume
from petipy.commands.base import BadUsage
from petipy.commands.survey import choose_formats
from petipy.commands.targets import OpenDevices, Target, read_mounts
from petipy.commands.trees import open_trees
from petipy.scan.tree import scan_tree
from petipy.state.model import DIRECTORY, Device

MOUNTINFO = """\
28 1 0:25 /@ / rw,relatime shared:1 - btrfs /dev/none2 rw,subvol=/@
30 28 0:26 / /proc rw - proc proc rw
41 28 0:25 /@home /home rw shared:1 - btrfs /dev/none2 rw,subvol=/@home
42 28 8:1 / /boot/efi\\040one rw - vfat /dev/none1 rw
"""
CONFIG = """\
menuentry Ubuntu {
\tlinux /@/boot/vmlinuz-6 root=UUID=1 rootflags=subvol=@
\tinitrd /@/boot/initrd.img-6
}
"""


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("a=/x", "/x", {}),
        ("a=/x,uuid=1,label=l,partuuid=2", "/x", {"uuid": "1", "label": "l", "partuuid": "2"}),
        ("a=/with,comma,uuid=1", "/with,comma", {"uuid": "1"}),
        ("a=/x,label=a,b", "/x", {"label": "a,b"}),
        ("a=/x=y", "/x=y", {}),
        ("a=/x,uuid=", "/x", {"uuid": ""}),
    ],
)
def test_device_argument(text: str, path: str, says: dict[str, str]) -> None:
    target = Target.parse(text)
    assert (target.name, target.path, dict(target.says)) == ("a", path, says)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a=/x,uuid=1,disk=sda,partition=1,scheme=gpt", "partition"),
        ("a=/x,nonsense=1", "nonsense"),
        ("a=/x,UUID=1", "UUID"),
        ("a=/x,uuid=1,labl=x,fs=ext4", "labl"),
        ("a=/with,comma,odd=,uuid=1", "odd"),
    ],
)
def test_an_unknown_word_is_an_error(text: str, word: str) -> None:
    with pytest.raises(BadUsage, match=rf"^unknown word: {word} \(known: crypt_uuid, disk, "):
        Target.parse(text)


def test_a_path_that_is_there_may_look_like_a_word(tmp_path: Path) -> None:
    (tmp_path / "x,odd=1,two=2").mkdir()
    target = Target.parse(f"a={tmp_path}/x,odd=1,two=2,uuid=u")
    assert (target.path, target.says) == (f"{tmp_path}/x,odd=1,two=2", (("uuid", "u"),))


@pytest.mark.parametrize(
    ("name", "disk", "partition"),
    [("sda2", "sda", 2), ("nvme0n1p12", "nvme0n1", 12), ("sda", "sda", 0), ("sda2", "", 0)],
)
def test_a_name_says_which_partition_of_its_disk_it_is(
    tmp_path: Path, name: str, disk: str, partition: int
) -> None:
    devices = OpenDevices()
    devices.add(Target(name, str(tmp_path), (("disk", disk),)))
    assert devices.found[0].volume.partition == partition


def test_of_what_is_mounted_it_is_known_which_part_it_is_and_where() -> None:
    root, efi = Volume(name="none2", fs="btrfs"), Volume(name="none1", fs="vfat")
    found = list(read_mounts(MOUNTINFO.splitlines()))
    assert found == [(root, "/@", "/"), (efi, "/", "/boot/efi one")]


def test_a_running_systems_kernels_are_there_under_the_names_that_grub_has_for_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "boot/grub").mkdir(parents=True)
    (tmp_path / "boot/grub/grub.cfg").write_text(CONFIG)
    (tmp_path / "boot/vmlinuz-6").write_text("kernel")
    volume = Volume(name="sda2", fs="btrfs")
    device = Device(volume=volume, node=str(tmp_path), kind=DIRECTORY, part="/@")
    ((_, files),) = [
        (found, scan_tree(tree, choose_formats()))
        for found, tree in open_trees([device], [device], "x86_64")
        if not isinstance(tree, OSError)
    ]
    assert [entry.title for _, entry in files.entries] == ["Ubuntu"]
    assert [ref.path for ref in files.missing] == ["/@/boot/initrd.img-6"]
