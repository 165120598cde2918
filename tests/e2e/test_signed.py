"""A disk whose grub.cfg enforces OpenPGP signatures, and an image that has the key for them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from initramfs.disks import Names
from initramfs.host import default_cache
from tests.e2e.conftest import Image, Install, build
from tests.e2e.installed import Configured
from tests.e2e.target import BOOT, System, wait_for_target
from tests.e2e.vm import Machine, start
from tests.openpgp import Keys, make_keys
from tests.trees import Content

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NAME = "Release key"
TOP = """\
set fallback=1
set check_signatures=enforce
source /boot/grub/menu.cfg
"""
MENU = """\
menuentry Changed {
	linux /boot/vmlinux wrong
	initrd /boot/changed.img
}
menuentry Signed {
	linux /boot/vmlinux root=UUID=@UUID@ ro @CMDLINE@
	initrd /boot/initrd.img
}
"""


def keep_keyring(keys: Keys, place: Path) -> Path:
    """Return the keyring of the image, which is built again for another key only."""
    if not place.exists():
        keys.make(NAME)
        place.write_bytes(keys.export())
    return place


@dataclass(frozen=True)
class Signed:
    """A system whose files have signatures; that of one initrd is of another content."""

    plain: Configured
    keys: Keys

    @property
    def names(self) -> Names:
        return self.plain.names

    def files(self) -> dict[str, Content]:
        files = self.plain.files()
        good = [self.plain.config, "/boot/vmlinux", "/boot/initrd.img"]
        files |= {f"{path}.sig": self.keys.sign(read(files[path]), NAME) for path in good}
        changed = read(files["/boot/initrd.img"]) + bytes(4)
        files |= {"/boot/changed.img": changed}
        files |= {"/boot/changed.img.sig": files["/boot/initrd.img.sig"]}
        return {**files, "/boot/grub/grub.cfg": TOP}


def read(content: Content) -> bytes:
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


def test_what_is_signed_boots_by_itself_and_what_was_changed_does_not(
    chosen: System, install: Install, tmp_path: Path
) -> None:
    with make_keys(default_cache() / "openpgp-keys") as keys:
        keyring = keep_keyring(keys, default_cache() / "openpgp-keyring.gpg")
        place = build("keyring-image", "--keyring", str(keyring))
        image = Image(place / "vmlinux", place / "petipy.cpio.zst")
        system = Configured(chosen, Names.new("root"), "/boot/grub/menu.cfg", MENU)
        machine = Machine(drives=[("virtio", install(Signed(system, keys)))])
    with start(image.machine(machine, "petipy.timeout=0"), tmp_path) as guest:
        words = r"Changed did not boot: changed\.img: signature .*: it is damaged, or the signature"
        guest.console.expect(words, within=BOOT)
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[BOOT_IMAGE=/boot/vmlinux {system.command_line()}]"
