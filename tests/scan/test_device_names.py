"""A device by any of its names is the same one in every format that names devices."""

from collections.abc import Callable

import pytest

from parsers.api import Volume
from parsers.formats import formats
from petipy.scan.tree import scan_tree
from petipy.state.model import Device
from petipy.state.resolve import choices
from tests.fakes import Machine

OWN = Volume(name="sda1", disk="sda", scheme="gpt", partition=1, uuid="aaaa-1", fs="ext4")
VOLUMES = (
    OWN,
    Volume(
        name="sda2",
        disk="sda",
        scheme="gpt",
        partition=2,
        uuid="bbbb-2",
        label="boot",
        partuuid="p-2",
        partlabel="second",
        firmware_path="/vdevice/scsi@1/disk@0",
        fs="ext4",
        udev_links="disk/by-id/scsi-0QEMU_1-part2 disk/by-path/ccw-0.0.0200-part2",
    ),
    Volume(name="dm-0", mapped="vg-boot", lvm="vg/boot", fs="ext4"),
    Volume(name="md127", md="boot", md_uuid="a:b:c:d", fs="ext4"),
)
NAMES = {
    "sda2": (
        *("UUID=bbbb-2", "LABEL=boot", "PARTUUID=p-2", "PARTLABEL=second", "/dev/sda2"),
        *("/dev/disk/by-uuid/bbbb-2", "/dev/disk/by-label/boot"),
        *("/dev/disk/by-partuuid/p-2", "/dev/disk/by-partlabel/second"),
        *("/dev/disk/by-id/scsi-0QEMU_1-part2", "/dev/disk/by-path/ccw-0.0.0200-part2"),
        "/vdevice/scsi@1/disk@0:2",
    ),
    "dm-0": ("/dev/mapper/vg-boot", "/dev/vg/boot", "/dev/disk/by-id/dm-name-vg-boot"),
    "md127": ("/dev/md/boot", "/dev/md127", "/dev/disk/by-id/md-uuid-a:b:c:d"),
}
ALL = [(name, device) for device, names in NAMES.items() for name in names]


def file(name: str) -> str:
    """/k on a device, as Open Firmware and Petitboot write it."""
    return f"{name}{',' if name.startswith('/vdevice') else ':'}/k"


def fstab(name: str) -> str:
    return f"{name} /boot ext4 defaults 0 2\n"


# Format → its configuration, and the fstab beside it.
SAYING: dict[str, Callable[[str], tuple[str, str]]] = {
    "yaboot": lambda name: (f'image="{file(name)}"\nlabel=a\n', ""),
    "kboot": lambda name: (f"a='{file(name)} x'\n", ""),
    "native": lambda name: (f"name a\nimage {file(name)}\n", ""),
    "lilo": lambda name: ("image=/boot/k\nlabel=a\n", fstab(name)),
    "zipl": lambda name: ("[a]\nimage=/boot/k\n", fstab(name)),
}


def kernel(form: str, name: str) -> tuple[str, str]:
    """The device that its kernel is on, or what it waits for."""
    found = next(f for f in formats() if f.name == form)
    text, mounts = SAYING[form](name)
    trees: dict[str, dict[str, str | bytes]] = {v.name: {"/k": ""} for v in VOLUMES[1:]}
    trees["sda1"] = {found.paths[0]: text, "/etc/fstab": mounts}
    files = Machine(trees, volumes=VOLUMES, machine="s390x").files("sda1")
    scan = scan_tree(files, [found])
    (only,) = choices([(Device(volume=OWN, node="sda1"), scan)], VOLUMES)
    return only.kernel.device if only.kernel else "", only.waits_for


@pytest.mark.parametrize("form", SAYING)
@pytest.mark.parametrize(("name", "device"), ALL)
def test_a_device_is_found_by_each_of_its_names(form: str, name: str, device: str) -> None:
    assert kernel(form, name) == (device, "")


@pytest.mark.parametrize("form", SAYING)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("UUID=9999", "the file system with UUID 9999"),
        ("PARTLABEL=none", "the partition labelled none"),
        ("/dev/sdz9", "the device sdz9"),
        ("/dev/mapper/none", "the device mapper/none"),
    ],
)
def test_one_that_is_not_there_is_waited_for_by_name(form: str, name: str, words: str) -> None:
    assert kernel(form, name) == ("", words)
