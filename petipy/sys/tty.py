"""Terminals: modes, window size, and what is still to be sent. Failures are OSError."""

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Modes = list[Any]  # what tcgetattr gives
_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


@contextmanager
def _os_errors() -> Iterator[None]:
    """termios.error is no OSError, though it has the same number and words."""
    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from error


def open_tty(path: str) -> int:
    """A non-blocking descriptor. It never becomes the controlling terminal of this process, and
    opening does not wait for a carrier. ENODEV or ENXIO: the node has no device behind it."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        modes(fd)
    except OSError:
        os.close(fd)
        raise
    return fd


def modes(fd: int) -> Modes:
    with _os_errors():
        return termios.tcgetattr(fd)


def set_modes(fd: int, wanted: Modes) -> None:
    """At once: waiting for the output to drain would wait for ever on a stopped line."""
    with _os_errors():
        termios.tcsetattr(fd, termios.TCSANOW, wanted)


def raw(fd: int) -> None:
    """Every byte as it comes, nothing echoed, no signals; a BREAK is no input at all."""
    wanted = modes(fd)
    wanted[_IFLAG] = termios.IGNBRK
    wanted[_OFLAG] &= ~termios.OPOST
    wanted[_LFLAG] &= ~(
        termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
    )
    wanted[_CFLAG] &= ~(termios.CSIZE | termios.PARENB)
    wanted[_CFLAG] |= termios.CS8 | termios.CLOCAL | termios.CREAD
    wanted[_CC][termios.VMIN], wanted[_CC][termios.VTIME] = 1, 0
    set_modes(fd, wanted)


def cooked(fd: int) -> None:
    """What a shell expects to find. ICRNL, because serial lines send CR for Enter."""
    wanted = modes(fd)
    wanted[_IFLAG] = termios.ICRNL | termios.IXON | termios.IGNBRK
    wanted[_OFLAG] |= termios.OPOST | termios.ONLCR
    wanted[_LFLAG] |= (
        termios.ECHO
        | termios.ECHOE
        | termios.ECHOK
        | termios.ICANON
        | termios.ISIG
        | termios.IEXTEN
    )
    wanted[_CFLAG] |= termios.CLOCAL | termios.CREAD
    set_modes(fd, wanted)


def size(fd: int) -> tuple[int, int]:
    """(columns, rows); both 0 where nobody has said, as on serial lines and hvc."""
    with _os_errors():
        rows, columns = termios.tcgetwinsize(fd)
    return columns, rows


def set_size(fd: int, columns: int, rows: int) -> None:
    with _os_errors():
        termios.tcsetwinsize(fd, (rows, columns))


def discard_input(fd: int) -> None:
    with _os_errors():
        termios.tcflush(fd, termios.TCIFLUSH)


def unsent(fd: int) -> int:
    """Bytes that the driver has taken and the line has not carried yet."""
    count: int
    (count,) = struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, b"\0\0\0\0"))
    return count


def take(fd: int) -> None:
    """Make it the controlling terminal of this session, even if another session has it (needs
    CAP_SYS_ADMIN then); the caller must lead a session."""
    fcntl.ioctl(fd, termios.TIOCSCTTY, 1)
