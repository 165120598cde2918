"""A German keyboard at the machine's screen: what is on the keys is what is typed and shown."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Image
from tests.e2e.monitor import Monitor
from tests.e2e.picture import font
from tests.e2e.test_screen import Screen
from tests.e2e.vm import Machine, start
from tests.ui.pictures.draw import read_glyphs

pytestmark = pytest.mark.e2e
# QEMU names keys by the American layout.
TYPED = {"y": "z", "semicolon": "ö", "minus": "ß", "equal e": "é", "alt_r-q": "@", "shift-y": "Z"}


def press(monitor: Monitor, chord: str) -> None:
    """Press keys together: "shift-y"."""
    keys = [{"type": "qcode", "data": name} for name in chord.split("-")]
    monitor("send-key", keys=keys)


def test_a_german_keyboard_types_what_is_on_its_keys(image: Image, tmp_path: Path) -> None:
    kernel = image.kernel.read_bytes()
    glyphs = font(kernel)
    glyphs |= {int.from_bytes(bytes(bits), "big"): c for c, bits in read_glyphs(kernel).items()}
    machine = image.machine(Machine(screen=True), "console=tty0 petipy.keymap=de-latin1")

    with start(machine, tmp_path) as guest:
        screen = Screen(guest, guest.monitor, glyphs, tmp_path)
        guest.console.expect("press Enter", within=300)
        screen.expect("press Enter")
        press(guest.monitor, "ret")
        screen.expect("Boot menu")
        press(guest.monitor, "shift-o")  # a field for a place
        screen.expect("Esc back")
        for chord in " ".join(TYPED).split():
            press(guest.monitor, chord)
            guest.console.listen(0.2)
        screen.expect("".join(TYPED.values()))
