import pytest

from parsers.api import Entry, FileRef, Volume
from parsers.places.volumes import describe, find, list_searches, make_index, rename_files

VOLUMES = (
    Volume(name="sda1", uuid="ABCD-1234", label="boot disk", partuuid="1234abcd-01", disk="sda"),
    Volume(
        name="nvme0n1p2",
        uuid="0aee4a1b-5f51-4d6e-a5b4-9c1f9d0a77aa",
        partlabel="root/é",
        partition=2,
        firmware_path="/pci@800000020000000/nvme@1/namespace@1",
    ),
    Volume(name="dm-0", label="boot disk", firmware_path="/pci@800000020000000/scsi@3:"),
    Volume(name="sr0", udev_links="disk/by-id/ata-QEMU_DVD disk/by-path/pci-0000:00:1f.2-ata-1"),
    Volume(name="dm-1", mapped="my--group-root", lvm="my-group/root"),
    Volume(name="md127", md="boot", md_uuid="aa:bb:cc:dd"),
    Volume(name="sr0:/old.iso", label="INSTALL", disk="sr0", image="/old.iso"),
)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("UUID=ABCD-1234", "sda1"),
        ("UUID=abcd-1234", "sda1"),
        ('UUID="ABCD-1234"', "sda1"),
        ('"UUID=ABCD-1234"', "sda1"),
        ("'uuid=abcd-1234'", "sda1"),
        (" UUID=ABCD-1234 ", "sda1"),
        ("LABEL=boot disk", "sda1"),
        ("LABEL=Boot Disk", None),
        ("PARTUUID=1234ABCD-01", "sda1"),
        ("PARTLABEL=root/é", "nvme0n1p2"),
        ("/dev/disk/by-uuid/ABCD-1234", "sda1"),
        (r"/dev/disk/by-label/boot\x20disk", "sda1"),
        ("/dev/disk/by-partuuid/1234abcd-01", "sda1"),
        (r"/dev/disk/by-partlabel/root\x2f\xc3\xa9", "nvme0n1p2"),
        ("/dev/nvme0n1p2", "nvme0n1p2"),
        ("nvme0n1p2", "nvme0n1p2"),
        ("dm-0", "dm-0"),
        ("/dev/mapper/my--group-root", "dm-1"),
        ("/dev/disk/by-id/dm-name-my--group-root", "dm-1"),
        ("/dev/my-group/root", "dm-1"),
        ("my-group/root", None),
        ("/dev/md/boot", "md127"),
        ("/dev/disk/by-id/md-uuid-aa:bb:cc:dd", "md127"),
        ("/dev/disk/by-id/ata-QEMU_DVD", "sr0"),
        ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1", "sr0"),
        ("disk/by-id/ata-QEMU_DVD", None),
        ("/dev/disk/by-id/ata-QEMU", None),
        ("/dev/mapper/", None),
        ("/dev/md/", None),
        ("/pci@800000020000000/nvme@1/namespace@1:2", "nvme0n1p2"),
        ("/PCI@800000020000000/nvme@1/namespace@1:2,\\yaboot", "nvme0n1p2"),
        ("/pci@800000020000000/nvme@1/namespace@1:3", None),
        ("/pci@800000020000000/nvme@1/namespace@1", None),
        ("/pci@800000020000000/scsi@3", "dm-0"),
        ("/pci@800000020000000/scsi@3:", "dm-0"),
        ("UUID=", None),
        ("LABEL=", None),
        ("PARTUUID=", None),
        ("", None),
        ("/", None),
        ("/dev/", None),
        ("/dev/sda", None),
        ("hd0,gpt2", None),
        ("UUID=9999", None),
        ("/pci@1:99999999999999999999", None),
        ("sda1:/isos/a.iso", "sda1:/isos/a.iso"),
        ("/dev/sda1:/a.iso", None),
        ("sda1:a.iso", None),
        ("sda:/a.iso", None),
        ("LABEL=INSTALL", None),
    ],
)
def test_find(spec: str, name: str | None) -> None:
    volume = find(spec, VOLUMES)
    assert (volume.name if volume else None) == name
    assert make_index(VOLUMES)(spec) == name


def test_a_path_of_absurd_length_is_looked_for_as_well() -> None:
    assert find("/pci@1:" + "9" * 10_000, VOLUMES) is None


def test_the_search_for_an_image_takes_no_more_memory_than_its_name() -> None:
    spec = "sda1" + ":/a.iso" * 20_000
    kept = sum(len(name) for keys, _ in list_searches(spec) for _, name in keys)
    assert kept < 3 * len(spec)


def test_all_files_of_an_entry_are_renamed_for_another_volume() -> None:
    own, other = FileRef(path="/k"), FileRef(path="/i", device="sda2")
    entry = Entry(
        title="a",
        name="a",
        config="/c",
        line=1,
        kernel=own,
        initrds=(own, other),
        devicetree=own,
        overlays=(other, own),
    )
    found = rename_files(entry, "sda1", "sda2")
    there, here = FileRef(path="/k", device="sda1"), FileRef(path="/i")
    assert (found.config, found.kernel, found.devicetree) == ("(sda1)/c", there, there)
    assert (found.initrds, found.overlays) == ((there, here), (here, there))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("UUID=1234", "the file system with UUID 1234"),
        ('UUID="1234"', "the file system with UUID 1234"),
        (r"/dev/disk/by-label/a\x20b", "the file system labelled a b"),
        ("PARTUUID=1-01", "the partition with UUID 1-01"),
        ("PARTLABEL=x", "the partition labelled x"),
        ("/dev/sda1", "the device sda1"),
        ("hd0,gpt2", "the device hd0,gpt2"),
        ("sdb1:/iso/a.iso", "the file /iso/a.iso on the device sdb1"),
        ("/vdevice/scsi@1:2", "the firmware's device /vdevice/scsi@1:2"),
    ],
)
def test_describe(spec: str, words: str) -> None:
    assert describe(spec) == words
