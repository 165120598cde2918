"""silo.conf in detail; whole files are in golden/silo."""

import pytest

from parsers.api import FileRef
from tests.parsers.one_file import entries, items


@pytest.mark.parametrize(
    ("image", "ref"),
    [
        ("/vmlinux", FileRef(path="/vmlinux")),
        ("1/vmlinux", FileRef(path="/vmlinux")),
        ("2/boot/vmlinux", FileRef(path="/boot/vmlinux", device="sda2")),
        ("/sbus/esp/sd@3,0;2/vmlinux", FileRef(path="/vmlinux", device="sda2")),
        ("sdb1:/vmlinux", FileRef(path="/vmlinux", device="sdb1")),
        ("vmlinux", FileRef(path="/vmlinux")),
    ],
)
def test_a_file_may_begin_with_a_device_and_a_partition(image: str, ref: FileRef) -> None:
    (entry,) = entries(items("silo", f'image="{image}"\n', machine="sparc64"))
    assert entry.kernel == ref


def test_the_partition_of_the_menu_or_of_the_image_counts_where_the_file_has_none() -> None:
    text = "partition=2\nimage=/a\nimage=1/b\nimage=/c\npartition=1\n"
    kernels = [e.kernel for e in entries(items("silo", text, machine="sparc64"))]
    assert kernels == [
        FileRef(path="/a", device="sda2"),
        FileRef(path="/b"),
        FileRef(path="/c"),
    ]


@pytest.mark.parametrize(
    ("machine", "titles"),
    [("sparc64", ["all", "new"]), ("sparc", ["all", "old"]), ("ppc64le", [])],
)
def test_images_for_other_kinds_of_sparc_cannot_boot(machine: str, titles: list[str]) -> None:
    text = (
        "image=/1\nlabel=all\nimage[sun4u]=/2\nlabel=new\nimage[sun4c,sun4d,sun4m]=/3\nlabel=old\n"
    )
    found = entries(items("silo", text, machine=machine))
    reason = "it is for {}, this machine is {}"
    elsewhere = [reason.format(kind, machine) for kind in ("sun4u", "sun4c,sun4d,sun4m", "sparc")]
    assert [e.title for e in found] == ["all", "new", "old"]
    assert [e.title for e in found if not e.unbootable] == titles
    assert {e.unbootable for e in found} - {""} <= set(elsewhere)


def test_another_machine_shows_the_images_and_why_they_cannot_boot() -> None:
    (entry,) = entries(items("silo", "image=/vmlinux\n"))
    assert entry.unbootable == "it is for sparc, this machine is ppc64le"


def test_solaris_and_other_boot_blocks_cannot_boot() -> None:
    text = "image=1/ufsboot\nlabel=a\nsolaris\nother=/dev/sda3\nlabel=b\n"
    first, second = entries(items("silo", text, machine="sparc64"))
    assert "Solaris" in first.unbootable
    assert "another boot loader" in second.unbootable
    assert first.kernel is second.kernel is None


def test_files_and_directories_that_are_only_shown_cannot_boot() -> None:
    text = 'image = "cat /etc/hello.msg"\n label = H\nimage = "ls -l /lib"\n label = L\n'
    found = entries(items("silo", text, machine="sparc64"))
    assert [e.unbootable for e in found] == [
        "it only shows something: cat /etc/hello.msg",
        "it only shows something: ls -l /lib",
    ]


def test_command_line_and_several_initrds() -> None:
    text = "root=/dev/sda2\nimage=/v\nread-only\nappend=quiet\ninitrd=2/a|/b\n"
    (entry,) = entries(items("silo", text, machine="sparc64"))
    assert entry.cmdline == "root=/dev/sda2 ro quiet"
    assert entry.initrds == (FileRef(path="/a", device="sda2"), FileRef(path="/b"))
