"""ISO files on a disk: which are found, and what is offered of what is in them."""

from parsers.api import Files, Problem, Volume
from parsers.formats import formats
from petipy.scan.images import MOST, images
from petipy.scan.tree import scan_tree
from petipy.state.model import Image
from tests.fakes import Machine
from tests.samples import iso

HOST = Volume(name="sda1", uuid="11-22", fs="ext4")
INNER = Volume(name="sda1:/a.iso", disk="sda1", image="/a.iso", fs="iso9660", label="LIVE")
CASPER = {"/casper/vmlinux": "", "/casper/initrd": ""}
GRUB = "menuentry 'Install' {\n linux /casper/vmlinux --- quiet\n initrd /casper/initrd\n}\n"


def disk(*paths: str) -> Files:
    return Machine({"sda1": {path: iso(path[-12:]) for path in paths}}).files("sda1")


def paths(files: Files) -> list[str]:
    return [item.path for item in images(files) if isinstance(item, Image)]


def within(tree: dict[str, str]) -> Files:
    return Machine({INNER.name: CASPER | tree}, volumes=(INNER, HOST)).files(INNER.name)


def test_iso_files_are_found_where_people_put_them() -> None:
    there = (
        *("/a.iso", "/ISOs/b.ISO", "/boot/iso/c.iso", "/boot/d.iso", "/boot/images/e.iso"),
        *("/home/no.iso", "/isos/deeper/no.iso", "/isos/no.img"),
    )
    assert set(paths(disk(*there))) == set(there[:5])
    (image,) = (i for i in images(disk("/a.iso")) if isinstance(i, Image))
    assert (image.fs, image.label, image.uuid) == ("iso9660", "/a.iso", "2024-05-01-12-00-00-00")


def test_a_file_that_is_no_image_is_told_of() -> None:
    files = Machine({"sda1": {"/a.iso": bytes(100_000), "/b.iso": "", "/c.iso": iso()}})
    found = list(images(files.files("sda1")))
    words = "no file system that is known is in it; is it whole?"
    assert found[:2] == [Problem("/a.iso", 0, words), Problem("/b.iso", 0, words)]
    assert isinstance(found[2], Image)


def test_no_disk_has_so_many_images_that_looking_at_them_would_not_end() -> None:
    found = list(images(disk(*(f"/{n:03}.iso" for n in range(100)))))
    assert len(found) == MOST + 1
    assert found[-1] == Problem(
        "/032.iso", 0, f"more than {MOST} ISO files: this and the rest are left out"
    )


def test_a_scan_names_the_images_but_looks_into_none() -> None:
    host = Machine({"sda1": {"/a.iso": iso("LIVE"), "/b.iso": "torn"}})
    scan = scan_tree(host.files("sda1"), formats())
    assert [image.path for image in scan.images] == ["/a.iso"]
    assert [problem.config for problem in scan.problems] == ["/b.iso"]
    assert not host.opened


def test_an_images_loopback_cfg_is_its_configuration() -> None:
    loopback = """
menuentry Try { linux /casper/vmlinux iso-scan/filename=${iso_path} --- quiet }
menuentry ($root) { linux (loop)/casper/vmlinux }
"""
    files = within({"/boot/grub/loopback.cfg": loopback, "/boot/grub/grub.cfg": GRUB})
    first, second = (entry for _, entry in scan_tree(files, formats()).entries)
    assert (first.title, first.config) == ("Try", "/boot/grub/loopback.cfg")
    assert first.cmdline == "BOOT_IMAGE=/casper/vmlinux iso-scan/filename=/a.iso --- quiet"
    assert second.title == "(loop)"
    assert second.cmdline.endswith(" iso-scan/filename=/a.iso")
    assert second.kernel
    assert (second.kernel.device, second.kernel.path) == ("", "/casper/vmlinux")


def test_an_images_other_configurations_are_told_where_the_image_is() -> None:
    scan = scan_tree(within({"/boot/grub/grub.cfg": GRUB}), formats())
    ((_, entry),) = scan.entries
    assert entry.cmdline == "BOOT_IMAGE=/casper/vmlinux iso-scan/filename=/a.iso --- quiet"
    assert entry.origins[-1].value == "iso-scan/filename=/a.iso"
    assert not scan.problems
    assert not scan.missing


def test_a_system_that_may_not_find_its_medium_is_offered_with_a_warning() -> None:
    grub = "menuentry Odd { linux /vmlinux }\nmenuentry Safe { linux /vmlinux s }\n"
    grub += "menuentry Memtest { chainloader /memtest }\n"
    files = Machine({INNER.name: {"/vmlinux": "", "/boot/grub/grub.cfg": grub}}, (INNER, HOST))
    scan = scan_tree(files.files(INNER.name), formats())
    assert [entry.title for _, entry in scan.entries] == ["Odd", "Safe", "Memtest"]
    words = "how its system finds its medium in a file is not known"
    assert scan.problems == (Problem("/boot/grub/grub.cfg", 1, words),)
    assert [entry.help for _, entry in scan.entries] == [f"Warning: {words}."] * 2 + [""]


def test_an_image_finds_itself_by_its_label_and_its_disk_by_its_own_file() -> None:
    grub = """
search --set=root --label LIVE
search --set=disk --file /a.iso
probe --set=id --fs-uuid $disk
menuentry $root { linux /casper/vmlinux on=$id }
"""
    host = Machine(
        {INNER.name: CASPER | {"/boot/grub/grub.cfg": grub}, "sda1": {"/a.iso": iso()}},
        volumes=(HOST, INNER),
    )
    scan = scan_tree(host.files(INNER.name), formats())
    ((_, entry),) = scan.entries
    assert entry.title == "loop"
    assert "on=11-22" in entry.cmdline
    assert not scan.missing
