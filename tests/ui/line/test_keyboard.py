import os
import pty
import termios

import pytest

from petipy.sys import tty
from petipy.ui.line.keyboard import Keyboard, find_patience
from petipy.ui.line.keys import Report
from petipy.ui.line.terminal import Terminal


class Line(Terminal):
    def __init__(self, path: str, speed: int) -> None:
        super().__init__(path)
        self._speed = speed

    @property
    def speed(self) -> int:
        return self._speed


@pytest.mark.parametrize(
    ("path", "speed", "seconds"),
    [
        ("/dev/tty1", 0, 0.05),
        ("/dev/hvc0", 38400, 0.23),
        ("/dev/ttyS0", 115200, 0.18),
        ("/dev/ttyS0", 9600, 0.46),
        ("/dev/ttyS0", 300, 1.0),
        ("/dev/ttyS0", 0, 0.46),
    ],
)
def test_esc_takes_longer_on_a_slow_line(path: str, speed: int, seconds: float) -> None:
    assert find_patience(Line(path, speed)) == pytest.approx(seconds, abs=0.01)


def test_the_speed_is_that_of_the_line() -> None:
    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    for name, speed in (("B9600", 9600), ("B115200", 115200), ("B300", 300)):
        modes[4] = modes[5] = getattr(termios, name)
        termios.tcsetattr(theirs, termios.TCSANOW, modes)
        assert tty.get_speed(theirs) == speed
    with pytest.raises(OSError, match="ioctl"):
        tty.has_carrier(theirs)
    os.close(ours)
    os.close(theirs)


def press_escape() -> Keyboard:
    keyboard = Keyboard()
    keyboard.patience = 0.2
    assert keyboard.take(b"\x1b", 0.0) == []
    assert keyboard.deadline == 0.2
    assert keyboard.take(b"", 0.2) == ["esc"]
    return keyboard


@pytest.mark.parametrize(
    ("pieces", "keys"),
    [
        ([b"[24;80R"], [Report("R", (24, 80))]),
        ([b"[", b"24;", b"80R"], [Report("R", (24, 80))]),
        ([b"[B"], ["down"]),
        ([b"OA"], ["up"]),
        ([b"O"], ["O"]),
        ([b"O", b"S"], ["O", "S"]),
        ([b"j"], ["j"]),
    ],
)
def test_the_rest_of_a_sequence_whose_esc_has_counted_is_no_letters(
    pieces: list[bytes], keys: list[str | Report]
) -> None:
    keyboard = press_escape()
    assert [key for piece in pieces for key in keyboard.take(piece, 0.5)] == keys


def test_after_a_second_no_rest_is_expected() -> None:
    assert press_escape().take(b"[", 1.3) == ["["]


def test_letters_among_noise_are_noise() -> None:
    assert Keyboard().take(b"\xffx", 0.0) == []
