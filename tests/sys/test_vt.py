"""The ioctls of virtual terminals, against a kernel that only takes note of them."""

import ctypes
import errno
import struct
from typing import Any

import pytest

from petipy.sys import vt

EXISTING = "/dev/null"  # can be opened anywhere


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Any]]:
    made: list[tuple[int, Any]] = []

    def ioctl(fd: int, number: int, argument: Any) -> None:
        made.append((number, argument))
        assert not isinstance(argument, bytes) or len(argument) <= 1024, "fcntl refuses more"
        if number == 0x4B47 and struct.unpack("=BBH", argument)[2] == 0x0499:
            raise OSError(errno.EINVAL, "a dead key that this kernel does not know")

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    return made


def test_a_layout_replaces_each_table_of_the_kernel(calls: list[tuple[int, Any]]) -> None:
    vt.load_keymap(EXISTING, {0: [0x0200, 0x0B71], 2: [0xF439]}, [("'", "e", "é")])
    assert calls[0] == (0x4B45, 3), "UTF-8 first: else symbols beyond Latin-1 are refused"
    entries = [struct.unpack("=BBH", data) for number, data in calls if number == 0x4B47]
    gone = {table for table, _, symbol in entries if symbol == 0x027F}
    assert gone == {*range(256)} - {0, 2}
    assert [e for e in entries if e[2] != 0x027F] == [
        *((0, 0, 0x0200), (0, 1, 0x0B71)),
        (2, 0, 0xF439),
    ]
    number, table = calls[-1]
    assert (number, len(table)) == (0x4BFB, 4 + 12 * 256)
    assert struct.unpack_from("=IIII", table) == (1, ord("'"), ord("e"), ord("é"))


def test_a_symbol_that_the_kernel_does_not_know_is_no_key(calls: list[tuple[int, Any]]) -> None:
    vt.load_keymap(EXISTING, {0: [0x0499, 0x0B71]}, [])
    entries = [struct.unpack("=BBH", data) for number, data in calls if number == 0x4B47]
    assert entries[-3:] == [(0, 0, 0x0499), (0, 0, 0x0200), (0, 1, 0x0B71)]


def test_the_letters_of_a_font_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def ioctl(fd: int, number: int, argument: bytearray) -> None:
        assert number == 0x4B66
        room, address = struct.unpack("@HP", argument)
        assert room >= 512
        pairs = (ctypes.c_ushort * 4).from_address(address)
        pairs[:] = [ord("ö"), 0x94, ord("A"), 0x41]
        argument[:2] = struct.pack("=H", 2)

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    assert vt.read_letters(EXISTING) == {"ö", "A"}
