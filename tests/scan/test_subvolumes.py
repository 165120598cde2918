"""Configurations in the subvolumes of a btrfs, seen from its top."""

import pytest

from parsers.api import Entry, FileRef, Volume
from parsers.formats import formats
from petipy.scan.images import images
from petipy.scan.subvolumes import MOST, subvolumes
from petipy.scan.tree import scan_tree
from petipy.state.model import Image
from tests.fakes import Machine, MachineFiles
from tests.samples import iso

BTRFS = Volume(name="sda2", uuid="11-22", fs="btrfs", disk="sda", partition=2)
YABOOT = "image=/boot/vmlinux\n\tlabel=linux\n\tinitrd=/boot/initrd\n"
KERNEL = {"/boot/vmlinux": "kernel", "/boot/initrd": "initrd"}


def below(root: str, tree: dict[str, str]) -> dict[str, str]:
    return {f"{root}{path}": text for path, text in tree.items()}


def files(*trees: dict[str, str], volume: Volume = BTRFS) -> MachineFiles:
    merged: dict[str, str | bytes] = {}
    for tree in trees:
        merged |= tree
    return Machine({volume.name: merged}, volumes=(volume,)).files(volume.name)


def entries(machine: MachineFiles) -> list[Entry]:
    scan = scan_tree(machine, formats())
    assert not scan.problems
    assert not scan.missing
    return [entry for _, entry in scan.entries]


@pytest.mark.parametrize("root", ["/@", "/@rootfs", "/root"])
def test_a_configuration_speaks_of_the_subvolume_that_it_is_in(root: str) -> None:
    tree = below(root, KERNEL | {"/etc/yaboot.conf": YABOOT})
    (entry,) = entries(files(tree, {"/@home/me/etc": "", "/boot/vmlinux": "another's"}))
    assert entry.config == f"{root}/etc/yaboot.conf"
    assert entry.kernel == FileRef(path=f"{root}/boot/vmlinux")
    assert entry.initrds == (FileRef(path=f"{root}/boot/initrd"),)


def test_a_configuration_in_the_default_subvolume_speaks_of_that_one() -> None:
    default = "/@/.snapshots/1/snapshot"
    tree = below(default, KERNEL | {"/etc/yaboot.conf": YABOOT})
    machine = files(tree, {"/boot/vmlinux": "another's"})
    machine.machine.default = default
    (entry,) = entries(machine)
    assert entry.config == "/etc/yaboot.conf"
    assert entry.kernel == FileRef(path=f"{default}/boot/vmlinux")
    assert entry.initrds == (FileRef(path="/boot/initrd"),)


def test_the_top_and_the_default_subvolume_do_not_mix() -> None:
    default = "/@/.snapshots/1/snapshot"
    today = KERNEL | {"/etc/yaboot.conf": YABOOT, "/boot/new": "", "/boot/vmlinuz-6": "k"}
    before = {"/etc/yaboot.conf": "image=/boot/new\n\tlabel=old\n", "/boot/vmlinux": "another's"}
    machine = files(below(default, today), before)
    machine.machine.default = default
    scan = scan_tree(machine, [form for form in formats() if form.name == "yaboot"])
    assert [(e.config, e.kernel) for _, e in scan.entries] == [
        (f"{default}/etc/yaboot.conf", FileRef(path=f"{default}/boot/vmlinux")),
        ("/etc/yaboot.conf", FileRef(path="/(top of the file system)/boot/new")),
    ]
    assert len(scan.missing) == 1


def test_a_grub_cfg_at_the_top_does_not_hide_that_of_today() -> None:
    default = "/@/.snapshots/1/snapshot"
    grub = "set btrfs_relative_path=y\nmenuentry {0} {{ linux /boot/vmlinux {0} }}\n"
    today = KERNEL | {"/boot/grub2/grub.cfg": grub.format("today")}
    before = {"/boot/grub2/grub.cfg": grub.format("old"), "/boot/vmlinux": "another's"}
    machine = files(below(default, today), before)
    machine.machine.default = default
    found = entries(machine)
    assert [(e.title, e.config, e.default) for e in found] == [
        ("today", f"{default}/boot/grub2/grub.cfg", True),
        ("old", "/boot/grub2/grub.cfg", True),
    ]
    assert [e.kernel and e.kernel.path for e in found] == [f"{default}/boot/vmlinux"] * 2


@pytest.mark.parametrize("root", ["/@", "/@rootfs", "/root"])
def test_grub_speaks_of_the_whole_file_system(root: str) -> None:
    grub = f"menuentry a {{ linux {root}/boot/vmlinux at=$prefix; initrd {root}/boot/initrd }}\n"
    tree = below(root, KERNEL | {"/boot/grub/grub.cfg": grub})
    (entry,) = entries(files(tree))
    assert entry.config == f"{root}/boot/grub/grub.cfg"
    assert entry.kernel == FileRef(path=f"{root}/boot/vmlinux")
    assert entry.cmdline.endswith(f" at=(hd0,2){root}/boot/grub")


def test_suses_grub_takes_the_subvolume_for_the_whole() -> None:
    grub = "set btrfs_relative_path=y\nmenuentry a { linux /boot/vmlinux; initrd /boot/initrd }\n"
    (entry,) = entries(files(below("/@", KERNEL | {"/boot/grub2/grub.cfg": grub})))
    assert entry.kernel == FileRef(path="/@/boot/vmlinux")
    assert entry.cmdline == "BOOT_IMAGE=/boot/vmlinux"


def test_no_file_is_looked_at_twice() -> None:
    tree = KERNEL | {"/etc/yaboot.conf": YABOOT}
    twice = files(below("/@", tree), below("/@copy", tree), tree)
    assert [(e.config, e.also) for e in entries(twice)] == [("/etc/yaboot.conf", ())]


def test_a_mistake_is_told_where_it_is() -> None:
    machine = files(below("/@", KERNEL | {"/etc/yaboot.conf": YABOOT + "\tbad bad = \n"}))
    (problem,) = scan_tree(machine, formats()).problems
    assert (problem.config, problem.line) == ("/@/etc/yaboot.conf", 4)


def test_what_is_no_btrfs_has_no_subvolumes_and_snapshots_are_not_all_looked_into() -> None:
    tree = below("/@", KERNEL)
    assert not subvolumes(files(tree, volume=Volume(name="sda1", fs="ext4")))
    assert not subvolumes(files(below("/root", KERNEL), volume=Volume(name="dir")))
    many = files(*(below(f"/@{n}", KERNEL) for n in range(100)))
    assert len(subvolumes(many)) == MOST
    (left_out,) = scan_tree(many, formats()).problems
    assert left_out.config not in subvolumes(many)
    assert left_out.message == f"more than {MOST} subvolumes: this and the rest are left out"


def test_images_in_subvolumes_are_found() -> None:
    host = Machine({"sda2": {"/@/isos/a.iso": iso(), "/@/etc/x": ""}}, volumes=(BTRFS,))
    found = [item.path for item in images(host.files("sda2")) if isinstance(item, Image)]
    assert found == ["/@/isos/a.iso"]
