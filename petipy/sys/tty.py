"""Terminals: modes, window size, pending output. Failures are OSError."""

import errno
import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Modes = list[Any]  # as tcgetattr returns them
_IFLAG, _OFLAG, _CFLAG, _LFLAG, _OSPEED, _CC = 0, 1, 2, 3, 5, 6


@contextmanager
def _os_errors() -> Iterator[None]:
    """Turn termios.error into OSError. It has the same number and text, but another base class."""
    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from error


def open_tty(path: str) -> int:
    """Open a terminal and return a non-blocking descriptor.

    The terminal does not become the controlling terminal of this process. Opening does not wait
    for a carrier. ENODEV or ENXIO: the node has no device behind it.
    """
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        get_modes(fd)
    except OSError:
        os.close(fd)
        raise
    return fd


def check_open_for_both(fd: int) -> None:
    """Raise OSError unless the descriptor is of a terminal, open for reading and writing.

    Its owner could open the terminal so; to open it anew gives no further right.
    """
    if fcntl.fcntl(fd, fcntl.F_GETFL) & (os.O_ACCMODE | os.O_PATH) != os.O_RDWR:
        raise OSError(errno.EACCES, "the terminal is not open for reading and writing")
    get_modes(fd)


def get_modes(fd: int) -> Modes:
    with _os_errors():
        return termios.tcgetattr(fd)


def set_modes(fd: int, modes: Modes) -> None:
    """Set the modes at once. Waiting for pending output would block for ever on a stopped line."""
    with _os_errors():
        termios.tcsetattr(fd, termios.TCSANOW, modes)


def set_raw(fd: int) -> None:
    """Deliver every byte as it comes, echo nothing, raise no signals, ignore a BREAK."""
    modes = get_modes(fd)
    modes[_IFLAG] = termios.IGNBRK
    modes[_OFLAG] &= ~termios.OPOST
    modes[_LFLAG] &= ~(
        termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
    )
    modes[_CFLAG] &= ~(termios.CSIZE | termios.PARENB)
    modes[_CFLAG] |= termios.CS8 | termios.CLOCAL | termios.CREAD
    modes[_CC][termios.VMIN], modes[_CC][termios.VTIME] = 1, 0
    set_modes(fd, modes)


def set_cooked(fd: int) -> None:
    """Set the modes that a shell expects. ICRNL is on because serial lines send CR for Enter."""
    modes = get_modes(fd)
    modes[_IFLAG] = termios.ICRNL | termios.IXON | termios.IGNBRK
    modes[_OFLAG] |= termios.OPOST | termios.ONLCR
    modes[_LFLAG] |= (
        termios.ECHO
        | termios.ECHOE
        | termios.ECHOK
        | termios.ICANON
        | termios.ISIG
        | termios.IEXTEN
    )
    modes[_CFLAG] |= termios.CLOCAL | termios.CREAD
    set_modes(fd, modes)


@contextmanager
def silence(fd: int) -> Iterator[None]:
    """Echo nothing that is typed, for the time of the context."""
    before = get_modes(fd)
    modes = get_modes(fd)
    modes[_LFLAG] &= ~termios.ECHO
    set_modes(fd, modes)
    try:
        yield
    finally:
        set_modes(fd, before)


def get_size(fd: int) -> tuple[int, int]:
    """Return (columns, rows). Both are 0 where nobody has set them, as on serial lines and hvc."""
    with _os_errors():
        rows, columns = termios.tcgetwinsize(fd)
    return columns, rows


def set_size(fd: int, columns: int, rows: int) -> None:
    with _os_errors():
        termios.tcsetwinsize(fd, (rows, columns))


def discard_input(fd: int) -> None:
    with _os_errors():
        termios.tcflush(fd, termios.TCIFLUSH)


def count_unsent(fd: int) -> int:
    """Return the number of bytes that the driver has accepted and the line has not carried yet."""
    count: int
    (count,) = struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, b"\0\0\0\0"))
    return count


def get_speed(fd: int) -> int:
    """Return the bits per second of the line; 0 for a speed without a name.

    A line without one, such as hvc or a pseudo-terminal, says 38400 most often.
    """
    code = get_modes(fd)[_OSPEED]
    names = (name for name in vars(termios) if name[0] == "B" and name[1:].isdigit())
    return next((int(name[1:]) for name in names if getattr(termios, name) == code), 0)


def has_carrier(fd: int) -> bool:
    """Return True if the other end says that it is there, by DCD or DSR.

    OSError for a line without such signals.
    """
    (signals,) = struct.unpack("i", fcntl.ioctl(fd, termios.TIOCMGET, b"\0\0\0\0"))
    return bool(signals & (termios.TIOCM_CD | termios.TIOCM_DSR))


def set_controlling(fd: int) -> None:
    """Make the terminal the controlling terminal of this session.

    The caller must lead a session. Taking the terminal from another session needs CAP_SYS_ADMIN.
    """
    fcntl.ioctl(fd, termios.TIOCSCTTY, 1)
