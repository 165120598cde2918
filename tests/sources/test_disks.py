import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.api import Volume
from petipy.sources.disks import Known
from petipy.sources.settle import Settling
from petipy.sources.source import Arrived, Left, SourceEvent
from petipy.sources.volume import find_firmware_path, make_device
from petipy.state.model import DISK, OPTICAL, USB

PCI = "/devices/pci0000:00/0000:00:03.0/virtio1/block/vda"
VIO = "/devices/vio/71000003/host0/target0:0:2/0:0:2:1/block/sda"
VIRTIO_SCSI = "/devices/pci0000:00/0000:00:04.0/virtio2/host1/target1:0:1/1:0:1:0/block/sdb"


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """A pseries machine: a virtio disk of 20 GB with two partitions, vscsi, an empty CD drive."""
    root = tmp_path / "sys"
    for path, sectors in (
        (PCI, 39062500),
        (f"{PCI}/vda1", 16384),
        (f"{PCI}/vda2", 39042048),
        (VIO, 2048000),
        (VIRTIO_SCSI, 1000),
        ("/devices/vio/71000004/host2/target2:0:0/2:0:0:0/block/sr0", 0),
        ("/devices/virtual/block/dm-0", 4096000000),
    ):
        (root / path[1:]).mkdir(parents=True)
        (root / path[1:] / "size").write_text(f"{sectors}\n")
    base = root / "firmware/devicetree/base/pci@800000020000000/scsi@3"
    base.mkdir(parents=True)
    (root / "devices/pci0000:00/0000:00:03.0/of_node").symlink_to(base)
    (root / "devices/pci0000:00/0000:00:04.0/devspec").write_text("/pci@800000020000000/scsi@4\n")
    (root / "devices/vio/71000003/devspec").write_text("/vdevice/v-scsi@71000003\n")
    return root


def partition(**changes: str) -> dict[str, str]:
    return {
        "DEVPATH": f"{PCI}/vda2",
        "DEVNAME": "/dev/vda2",
        "DEVTYPE": "partition",
        "USEC_INITIALIZED": "1234",
        "ID_FS_TYPE": "ext4",
        "ID_FS_USAGE": "filesystem",
        "ID_FS_UUID": "8E2A-11",
        "ID_FS_LABEL": "my_root",
        "ID_FS_LABEL_ENC": "my\\x20r\\xc3\\xb6\\xc3\\xb6t",
        "ID_PART_ENTRY_UUID": "aaaa-02",
        "ID_PART_ENTRY_NAME": "Linux\\x20root",
        "ID_PART_ENTRY_NUMBER": "2",
        "ID_PART_ENTRY_SCHEME": "gpt",
    } | changes


def test_a_partition_has_every_name_that_it_may_be_called_by(sysfs: Path) -> None:
    device = make_device(partition(), str(sysfs))
    assert device is not None
    assert device.volume == Volume(
        name="vda2",
        uuid="8E2A-11",
        label="my rööt",
        partuuid="aaaa-02",
        partlabel="Linux root",
        fs="ext4",
        disk="vda",
        partition=2,
        scheme="gpt",
        firmware_path="/pci@800000020000000/scsi@3",
    )
    assert (device.node, device.kind) == ("/dev/vda2", DISK)
    assert device.title == "vda2: 20 GB ext4, label my rööt"
    assert device.sequence == 0


def test_another_disk_under_the_same_name_is_another_device(sysfs: Path) -> None:
    first, second = (make_device(partition(DISKSEQ=n), str(sysfs)) for n in ("7", "12"))
    assert first
    assert first.sequence == 7
    assert first != second


@pytest.mark.parametrize(
    "changes",
    [
        {"ID_FS_TYPE": "swap", "ID_FS_USAGE": "other"},
        {"ID_FS_TYPE": "LVM2_member", "ID_FS_USAGE": "raid"},
        {"ID_FS_TYPE": "crypto_LUKS", "ID_FS_USAGE": "crypto"},
        {"ID_FS_TYPE": ""},
        {"DEVNAME": "/dev/zram0"},
        {"DEVNAME": "/dev/ram3"},
        {"DM_MULTIPATH_DEVICE_PATH": "1"},
        {"ID_PART_ENTRY_OFFSET": "0"},
        {"DEVPATH": "/devices/virtual/block/loop0", "DEVNAME": "/dev/loop0"},
        {
            "DEVPATH": "/devices/vio/71000004/host2/target2:0:0/2:0:0:0/block/sr0",
            "DEVNAME": "/dev/sr0",
        },
    ],
)
def test_what_holds_no_files_is_no_volume(changes: dict[str, str], sysfs: Path) -> None:
    assert make_device(partition(**changes), str(sysfs)) is None


def test_a_loop_device_that_goes_with_its_mount_is_no_volume(sysfs: Path) -> None:
    path = "/devices/virtual/block/loop3"
    loop = {"DEVPATH": path, "DEVNAME": "/dev/loop3", "DEVTYPE": "disk"}
    directory = sysfs / path.lstrip("/") / "loop"
    directory.mkdir(parents=True)
    (directory.parent / "size").write_text("1000\n")
    for autoclear, volume in ("0\n", True), ("1\n", False):
        (directory / "autoclear").write_text(autoclear)
        assert (make_device(partition(**loop), str(sysfs)) is not None) == volume


def test_titles_say_what_kind_of_thing_it_is(sysfs: Path) -> None:
    usb = make_device(partition(ID_BUS="usb", ID_FS_LABEL_ENC="", ID_FS_LABEL=""), str(sysfs))
    disc = {"DEVPATH": VIO, "DEVNAME": "/dev/sr1", "DEVTYPE": "disk", "ID_CDROM": "1"}
    cd = make_device(partition(**disc, ID_FS_TYPE="iso9660"), str(sysfs))
    mapped = {"DEVPATH": "/devices/virtual/block/dm-0", "DEVNAME": "/dev/dm-0", "DEVTYPE": "disk"}
    dm = make_device(partition(**mapped, DM_NAME="vg-root", ID_FS_TYPE="xfs"), str(sysfs))
    assert usb is not None
    assert cd is not None
    assert dm is not None
    assert (usb.kind, usb.title) == (USB, "vda2: USB, 20 GB ext4")
    assert (cd.kind, cd.title) == (OPTICAL, "sr1: disc, 1 GB iso9660, label my rööt")
    assert dm.title == "dm-0 (vg-root): 2.1 TB xfs, label my rööt"


DM = {"DEVPATH": "/devices/virtual/block/dm-0", "DEVNAME": "/dev/dm-0", "DEVTYPE": "disk"}
LETTERS = "abcdefGHIJKLMNOPQRSTUVWXYZ012345"


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        (
            {"DM_NAME": "my--vg-root", "DM_UUID": f"LVM-{LETTERS}{LETTERS.lower()}"},
            {
                "mapped": "my--vg-root",
                "lvm": "my-vg/root",
                "lvm_uuid": "abcdef-GHIJ-KLMN-OPQR-STUV-WXYZ-012345/abcdef-ghij-klmn-opqr-stuv"
                "-wxyz-012345",
            },
        ),
        (
            {"DM_NAME": "luks-1", "DM_UUID": f"CRYPT-LUKS2-{'0a' * 16}-luks-1"},
            {"mapped": "luks-1", "crypt_uuid": "0a" * 16},
        ),
        ({"MD_NAME": "host:data", "MD_UUID": "1:2:3:4"}, {"md": "data", "md_uuid": "1:2:3:4"}),
        ({"MD_DEVNAME": "0"}, {"md": "0"}),
    ],
)
def test_what_lies_on_other_devices_has_names_of_its_own(
    properties: dict[str, str], names: dict[str, str], sysfs: Path
) -> None:
    device = make_device(partition(**DM, **properties), str(sysfs))
    assert device is not None
    assert {name: getattr(device.volume, name) for name in names} == names


def test_udevs_links_are_names_of_a_device(sysfs: Path) -> None:
    links = "/dev/disk/by-path/pci-0000:00:03.0-part1 /dev/disk/by-id/virtio-1-part1"
    device = make_device(partition(DEVLINKS=links), str(sysfs))
    assert device is not None
    assert device.volume.udev_links == (
        "disk/by-id/virtio-1-part1 disk/by-path/pci-0000:00:03.0-part1"
    )


def test_without_udevs_rules_the_kernel_names_them(sysfs: Path) -> None:
    about = sysfs / "devices/virtual/block/dm-0/dm"
    about.mkdir()
    (about / "name").write_text("vg-root\n")
    (about / "uuid").write_text(f"LVM-{LETTERS}{LETTERS}\n")
    device = make_device(partition(**DM), str(sysfs))
    assert device is not None
    assert (device.volume.mapped, device.volume.lvm) == ("vg-root", "vg/root")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{PCI}/vda1", "/pci@800000020000000/scsi@3"),
        (VIO, "/vdevice/v-scsi@71000003/disk@8201000000000000"),
        (VIRTIO_SCSI, "/pci@800000020000000/scsi@4/disk@101000000000000"),
        ("/devices/virtual/block/dm-0", ""),
    ],
)
def test_open_firmwares_name_of_a_disk(path: str, expected: str, sysfs: Path) -> None:
    assert find_firmware_path(path, str(sysfs)) == expected


def names(events: Iterator[SourceEvent]) -> list[str]:
    return list(map(name, events))


def name(event: SourceEvent) -> str:
    if isinstance(event, Arrived):
        return f"+{event.source.name}"
    return f"-{event.name}" if isinstance(event, Left) else "settled"


def test_each_volume_is_told_once_until_it_changes(sysfs: Path) -> None:
    known = Known(str(sysfs))
    assert names(known.take("add", partition())) == ["+vda2"]
    assert names(known.take("add", partition())) == []
    assert names(known.take("change", partition())) == ["+vda2"]  # new contents, perhaps
    assert names(known.take("add", partition(ID_FS_UUID="other"))) == ["+vda2"]
    assert names(known.take("change", partition(ID_FS_TYPE=""))) == ["-vda2"]
    assert names(known.take("remove", partition())) == []
    assert names(known.take("add", partition())) == ["+vda2"]
    assert names(known.take("remove", {"DEVNAME": "/dev/vda2"})) == ["-vda2"]


def test_a_disk_of_noise_is_in_the_log_once_and_no_other_device_is(sysfs: Path) -> None:
    lines: list[str] = []
    known = Known(str(sysfs), lines.append)
    noise = {"DEVPATH": VIO, "DEVNAME": "/dev/sda", "DEVTYPE": "disk", "USEC_INITIALIZED": "1"}
    table = {"DEVPATH": PCI, "DEVNAME": "/dev/vda", "DEVTYPE": "disk", "USEC_INITIALIZED": "1"}
    boot = partition(DEVPATH=f"{PCI}/vda1", DEVNAME="/dev/vda1", ID_FS_TYPE="")
    drive = noise | {"DEVPATH": "/devices/none", "DEVNAME": "/dev/sr0"}  # without a disc
    for p in (noise, noise, table | {"ID_PART_TABLE_TYPE": "gpt"}, boot, drive, partition()):
        list(known.take("change", p))
    assert lines == ["sda: 1 GB, no file system and no partition table that is known"]


@pytest.mark.parametrize("kind", ["0x83", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"])
def test_a_partition_whose_file_system_is_damaged_is_in_the_log(sysfs: Path, kind: str) -> None:
    lines: list[str] = []
    damaged = partition(ID_FS_TYPE="", ID_PART_ENTRY_TYPE=kind)
    list(Known(str(sysfs), lines.append).take("add", damaged))
    (line,) = lines
    assert re.fullmatch(r"vda2: .* .B, no file system that is known", line)


def test_a_device_that_udev_has_not_looked_at_is_awaited(sysfs: Path) -> None:
    known = Known(str(sysfs))
    early = partition()
    del early["USEC_INITIALIZED"], early["ID_FS_TYPE"]
    assert names(known.compare(iter([early]))) == []
    assert known.awaited == {"vda2"}
    assert names(known.take("add", partition())) == ["+vda2"]
    assert known.awaited == set()


def test_a_device_without_a_node_is_not_awaited(sysfs: Path) -> None:
    """The kernel adds it at that moment, and tells so later, or hides it: a path of an NVMe."""
    known = Known(str(sysfs))
    early = partition()
    del early["USEC_INITIALIZED"], early["ID_FS_TYPE"], early["DEVNAME"]
    assert names(known.compare(iter([early]))) == []
    assert known.awaited == set()
    assert names(known.give_up()) == []
    assert names(known.take("add", partition())) == ["+vda2"]


def test_a_device_that_udev_fails_at_is_reported_without_contents(sysfs: Path) -> None:
    """They may have a lock. What udev has said before counts on."""
    failed = partition(ID_FS_TYPE="", UDEV_WORKER_FAILED="1")
    known = Known(str(sysfs))
    ((event,), again) = [*known.take("add", failed)], [*known.take("change", failed)]
    assert isinstance(event, Arrived)
    assert (event.source.device, event.source.given_up) == (None, True)
    assert again == []
    assert names(known.take("change", partition(ID_FS_TYPE=""))) == ["-vda2"]
    assert names(known.take("add", partition())) == ["+vda2"]
    (event,) = known.take("change", failed)
    assert isinstance(event, Arrived)
    assert event.source.device
    assert names(known.take("add", failed | {"DEVNAME": "/dev/ram3"})) == []


def test_a_device_that_udev_never_handles_is_reported_when_the_wait_is_over(sysfs: Path) -> None:
    known = Known(str(sysfs))
    early = partition()
    del early["USEC_INITIALIZED"]
    known.awaited = {"vda2"}
    assert names(known.take("add", early)) == []
    assert names(known.give_up()) == ["+vda2"]
    assert names(known.give_up()) == []
    assert names(known.compare(iter([]))) == ["-vda2"]


def test_after_lost_events_a_new_list_tells_the_difference(sysfs: Path) -> None:
    known = Known(str(sysfs))
    one = partition(DEVNAME="/dev/vda1", DEVPATH=f"{PCI}/vda1")
    assert names(known.compare(iter([one, partition()]))) == ["+vda1", "+vda2"]
    assert names(known.compare(iter([partition()]))) == ["-vda1"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run/udev").mkdir(parents=True)
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "run/udev/control").touch()
    (tmp_path / "run/coldplug").touch()
    netlink(tmp_path, 0)
    return tmp_path


def netlink(root: Path, waiting: int) -> None:
    (root / "proc/net/netlink").write_text(
        "sk               Eth Pid        Groups   Rmem     Wmem     Dump\n"
        f"00000000b2 15  512        00000001 {waiting}        0        0\n"
        "00000000b3 15  513        00000002 99       0        0\n"
        "00000000b4 0   513        00000001 99       0        0\n"
    )


def settling(root: Path, clock: Clock) -> Settling:
    return Settling(str(root / "run"), str(root / "proc"), clock)


def test_udev_is_done_when_two_looks_find_nothing_to_do(run: Path) -> None:
    settled = settling(run, Clock())
    assert [settled.quiet(()), settled.quiet(())] == [False, True]


@pytest.mark.parametrize("what", ["control", "queue", "coldplug", "socket", "device"])
def test_udev_is_not_done_while_anything_is_left(what: str, run: Path) -> None:
    settled, awaited = settling(run, Clock()), set[str]()
    assert not settled.quiet(awaited)
    if what == "control":
        (run / "run/udev/control").unlink()
    elif what == "queue":
        (run / "run/udev/queue").touch()
    elif what == "coldplug":
        (run / "run/coldplug").unlink()
    elif what == "socket":
        netlink(run, 300)
    else:
        awaited = {"vda"}
    assert [settled.quiet(awaited) for _ in range(3)] == [False] * 3


def test_a_device_that_udev_gave_up_is_not_waited_for(run: Path) -> None:
    clock = Clock()
    settled = settling(run, clock)
    clock.now = 2.1
    assert [settled.quiet({"vda"}), settled.quiet({"vda"})] == [False, True]


def test_waiting_for_udev_ends_some_time(run: Path) -> None:
    clock = Clock()
    settled = settling(run, clock)
    (run / "run/udev/queue").touch()
    clock.now = 19.0
    assert not settled.quiet(())
    clock.now = 21.0
    assert settled.quiet(())
    assert settled.overdue


def test_a_system_that_does_not_tell_of_coldplug_is_believed_after_a_while(run: Path) -> None:
    clock = Clock()
    settled = settling(run, clock)
    (run / "run/coldplug").unlink()
    assert [settled.quiet(()), settled.quiet(())] == [False, False]
    clock.now = 2.1
    assert [settled.quiet(()), settled.quiet(())] == [False, True]
