"""A German keyboard at the machine's screen: what is on the keys is what is typed and shown."""

import hashlib
from pathlib import Path

import pytest

from initramfs.disks import Names
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.screen import Screen
from tests.e2e.target import System
from tests.e2e.vm import Machine, start

pytestmark = pytest.mark.e2e
# QEMU names keys by the American layout.
TYPED = {"y": "z", "semicolon": "ö", "minus": "ß", "equal e": "é", "alt_r-q": "@", "shift-y": "Z"}
CAPITALS = {"y": "Z", "z": "Y", "semicolon": "Ö", "1": "1", "shift-z": "y"}
NAME, PASSWORD = "zoey", "Yzz-yzY"
GUARDED = f"""\
set superusers="{NAME}"
export superusers
password_pbkdf2 {NAME} grub.pbkdf2.sha512.1000.{{salt}}.{{hash}}
"""


def guard(salt: bytes = b"0123456789abcdef") -> str:
    """Return lines of a grub.cfg that lock everything with the password."""
    made = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 1000)
    return GUARDED.format(salt=salt.hex().upper(), hash=made.hex().upper())


def test_a_german_keyboard_types_what_is_on_its_keys(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    """A password has y and z. Its prompt names the layout, and F2 leads to another one."""
    whole = install(Installation([chosen], Names.new("root"), custom=guard()))
    machine = image.machine(
        Machine(drives=[("virtio", whole)], screen=True), "console=tty0 petipy.keymap=de-latin1"
    )

    with start(machine, tmp_path) as guest:
        screen = Screen(guest, image.kernel, tmp_path)
        guest.console.expect("vda2: 3 entries", within=300)
        screen.expect("for the menu")
        screen.press("ret")
        screen.expect("► * Debian GNU/Linux")
        screen.press("e")
        screen.expect("Editing needs a password.", "Keyboard: de, German", "F2 layout")
        screen.press(*" ".join(TYPED).split())
        screen.expect("".join(TYPED.values()))
        screen.press("ctrl-u", "caps_lock", *CAPITALS)
        screen.expect("".join(CAPITALS.values()))
        screen.press("caps_lock", "ctrl-u", *"yoez", "tab", "ctrl-t")
        screen.expect(NAME, "Ctrl-T hide")
        screen.press("shift-z", *"yy", "slash", *"zy", "shift-z")
        screen.expect(PASSWORD)

        screen.press("f2")
        screen.expect("► de ", "Layouts")
        screen.press("home")
        screen.expect("► us ")
        screen.press("ret")
        screen.expect("Editing needs a password.", "Keyboard: us, English (US)", PASSWORD)
        screen.press("ctrl-u", "shift-y", *"zz", "minus", *"yz", "shift-y")
        screen.expect(PASSWORD)
        screen.press("ret")
        screen.expect("Petipy", "Command line", f"/boot/vmlinux-{chosen.release}")
