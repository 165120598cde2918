"""The menu at the machine's own screen: its keyboard, its languages, and the kernel's messages."""

from pathlib import Path

import pytest

from initramfs.disks import Names, bare
from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.screen import Screen
from tests.e2e.target import wait_for_target
from tests.e2e.vm import Guest, Machine, start
from tests.trees import lay

pytestmark = pytest.mark.e2e
# A title, and what the font shows of it.
TITLES = {
    "Größenwahn über Ärger": "Größenwahn über Ärger",
    "Élève à la leçon": "Élève à la leçon",
    "¿Qué? ½ │": "¿Qué? ½ │",
    "Łódź, œuvre": "Lódz, ouvre",
    "日本語": "??????",
}


@pytest.mark.parametrize(
    "card",
    [
        "bochs-display,xres=1024,yres=768",
        pytest.param("virtio-gpu-pci,xres=1024,yres=768", marks=pytest.mark.slow),
    ],
)
def test_the_menu_is_on_a_screen_obeys_its_keyboard_and_speaks_the_languages_of_its_font(
    card: str, image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    entries = "".join(f"menuentry '{name}' {{ linux /vmlinux }}\n" for name in TITLES)
    files = {"/boot/grub/grub.cfg": entries, "/vmlinux": "?"}
    other = bare(tmp_path / "other.img", lay(tmp_path / "other", files), Names.new("Übung"))
    system = install(debian)
    machine = Machine(drives=[("virtio", system), ("virtio", other)], screen=True, card=card)
    # The kernel shows every message but those for debugging.
    append = "console=tty0 loglevel=7 petipy.timeout=600"
    with start(image.machine(machine, append), tmp_path) as guest:
        screen = Screen(guest, image.kernel, tmp_path)
        guest.console.expect(r"\d+ s until it boots", within=menu.START)
        screen.expect("Default: Debian GNU/Linux (vda2)")
        guest.console.listen(2)  # Petipy takes a key of the first moment for noise
        screen.press("m")
        guest.console.expect(r"Countdown stopped", within=menu.START)
        screen.expect("ext4, label Übung", *TITLES.values())
        screen.press("down", "ret")
        screen.expect("with Linux", "(recovery mode)")
        screen.press("esc")
        screen.expect("ext4, label Übung")
        screen.press("up")

        use_language(screen, "d")
        screen.expect("Petipy", "Startmenü", "Sprache: de, Deutsch", *TITLES.values())
        screen.press("e")
        screen.expect("Initrds (durch Leerzeichen getrennt)")
        screen.press("esc")
        use_language(screen, "f")
        screen.expect("Menu de démarrage", "Langue : fr, Français")
        screen.press("shift-i")
        screen.expect("Informations système", "IBM pSeries (emulated by qemu)")
        screen.press("esc")
        screen.expect("Menu de démarrage")
        use_language(screen, "j")
        screen.expect("Cette console ne peut pas montrer 'ja'")
        screen.press("esc")

        see_message(screen, guest)
        screen.press("ret")
        guest.console.expect("Starting new kernel", within=menu.START)
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[{debian.command_line()}]"


def use_language(screen: Screen, letter: str) -> None:
    """Choose the first language in the list whose code begins with the letter."""
    screen.press("shift-l")
    screen.expect("de    Deutsch, German")
    screen.press(letter, "ret")


def see_message(screen: Screen, guest: Guest) -> None:
    """Check that the kernel's messages come to the log, and that the menu stays whole."""
    screen.press("l")
    screen.expect("vda2: 3 entries")
    screen.press("f")  # only what comes, the newest first
    guest.monitor("device_add", driver="usb-mouse", id="mouse", bus="usb.0")
    screen.expect("kernel: usb 1-", "QEMU USB Mouse")
    screen.press("f", "q")
    screen.expect("Menu de démarrage")
    before = screen.settle()
    screen.press("ctrl-l")
    screen.expect("Menu de démarrage")
    assert screen.settle() == before
