"""One file that a person has opened: whatever it is, and wherever it lies."""

import pytest

from parsers.api import FileRef, Files
from parsers.formats import formats
from petipy.scan.opened import scan_path
from petipy.state.model import Scan
from tests.fakes import Machine
from tests.samples import iso

GRUB = "menuentry A {\n linux /k quiet\n}\n"
FILES: dict[str, str | bytes] = {
    "/k": "",
    "/srv/grub.cfg.old": GRUB,
    "/srv/my.cfg": "if true; then\n" + GRUB + "fi\n",
    "/srv/boot.ipxe": "#!ipxe\nkernel /k quiet\nboot\n",
    "/srv/menu": "DEFAULT A\nLABEL A\n KERNEL /k\n APPEND quiet\n",
    "/srv/syslinux.cfg": "DEFAULT A\nLABEL A\n KERNEL /k\n APPEND quiet\n",
    "/srv/linux": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x15\x00" + bytes(1 << 20),
    "/srv/odd": b"\x00\x01\x02" * 400,
    "/srv/text": "to be read by people\n",
    "/srv/live.img": iso("LIVE"),
    "/boot/grub/grub.cfg": "menuentry other { linux /k }\n",
}


def look(path: str) -> Scan:
    files: Files = Machine({"sda1": FILES}, machine="ppc64le").files("sda1")
    return scan_path(files, formats(), path)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/srv/my.cfg", "grub"),
        ("/srv/grub.cfg.old", "grub"),
        ("/srv/boot.ipxe", "ipxe"),
        ("/srv/menu", "syslinux"),
        ("/srv/syslinux.cfg", "syslinux"),
    ],
)
def test_a_configuration_offers_its_entries_and_no_others(path: str, form: str) -> None:
    scan = look(path)
    ((found, entry),) = scan.entries
    assert (found, entry.config) == (form, path)
    assert entry.kernel == FileRef(path="/k")
    assert "quiet" in entry.cmdline
    assert scan.images == ()


def test_a_kernel_is_an_entry() -> None:
    ((_, entry),) = look("/srv/linux").entries
    assert (entry.title, entry.kernel) == ("linux", FileRef(path="/srv/linux"))
    assert not entry.unbootable


def test_an_image_file_is_looked_into_whatever_its_name() -> None:
    (image,) = look("/srv/live.img").images
    assert (image.path, image.fs, image.label) == ("/srv/live.img", "iso9660", "LIVE")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/srv/odd", "not a known kernel, image or configuration"),
        ("/srv/text", "not a known kernel, image or configuration"),
        ("/srv/none", "there is no such file"),
        ("/srv", "there is no such file"),
    ],
)
def test_anything_else_is_told(path: str, words: str) -> None:
    scan = look(path)
    assert scan.entries == ()
    assert [problem.message for problem in scan.problems] == [words]
