"""ISO files on a web server: their parts boot, if the system can fetch its disc."""

import shutil
import subprocess
from pathlib import Path

import pytest

from parsers.formats import formats
from petipy.scan.lease import scan_lease
from petipy.state.model import Scan
from tests.fakes import Machine
from tests.trees import lay

pytestmark = pytest.mark.skipif(not shutil.which("xorriso"), reason="needs xorriso")

URL = "http://w/d/system.iso"
KERNEL = b"\x7fELF\x02\x01".ljust(18, b"\0") + b"\x15\0".ljust(9000, b"k")
MENU = "menuentry Live { linux /casper/vmlinux boot=casper --- quiet; initrd /casper/initrd }\n"


def write(folder: Path, menu: str, folder_name: str = "casper") -> bytes:
    files: dict[str, str | bytes | Path] = {
        "/boot/grub/grub.cfg": menu,
        f"/{folder_name}/vmlinux": KERNEL,
        f"/{folder_name}/initrd": b"070701 i",
    }
    tree, image = lay(folder / "tree", files), folder / "disc.iso"
    words = ["xorriso", "-outdev", str(image), "-map", str(tree), "/", "-commit"]
    subprocess.run(words, check=True, capture_output=True)
    return image.read_bytes()


def scanned(content: bytes, url: str = URL) -> Scan:
    lease = {"siaddr": "10.0.0.1", "bootfile": url}
    host = Machine({"eth0": {}}, urls={url: content}, leases={"eth0": lease})
    scan = scan_lease(host.files("eth0"), formats())
    assert sum(length for _, _, length in host.pieces) < 20 << 20
    return scan


def test_kernel_and_initrd_are_parts_of_the_file(tmp_path: Path) -> None:
    image = write(tmp_path, MENU)
    scan = scanned(image)
    entry, *others = (entry for _, entry in scan.entries)
    assert not others
    parts = [part for part in (entry.kernel, *entry.initrds) if part]
    assert [image[part.offset : part.offset + part.size] for part in parts] == [KERNEL, b"070701 i"]
    assert {part.url for part in parts} == {URL}
    assert (entry.title, entry.config, entry.default) == (
        "Live",
        f"{URL}:/boot/grub/grub.cfg",
        True,
    )
    assert entry.cmdline == (f"BOOT_IMAGE=/casper/vmlinux boot=casper ip=dhcp url={URL} --- quiet")
    assert [path for path, _ in scan.preferences] == [f"{URL}:/boot/grub/grub.cfg"]
    assert scan.problems == ()


def test_a_system_that_would_not_find_its_disc_does_not_boot_by_itself(tmp_path: Path) -> None:
    menu = MENU.replace("boot=casper", "root=/dev/sr0").replace("casper/", "linux/")
    scan = scanned(write(tmp_path, menu, "linux"))
    ((_, entry),) = scan.entries
    assert entry.kernel
    assert (entry.default, entry.unbootable) == (False, "")
    assert "medium over the network is not known" in entry.help
    assert [problem.message for problem in scan.problems if problem.message in entry.help]


def test_a_server_that_gives_no_parts_is_named(tmp_path: Path) -> None:
    scan = scanned(write(tmp_path, MENU), "tftp://w/d/system.iso")
    assert scan.entries == ()
    assert any("cannot give parts of it" in problem.message for problem in scan.problems)


def test_a_damaged_disc_never_raises(tmp_path: Path) -> None:
    image = write(tmp_path, MENU)
    for cut in (0x8800, 0x9000, 0xA000, len(image) // 2, len(image) - 4096):
        scanned(image[:cut])
