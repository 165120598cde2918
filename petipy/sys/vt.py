"""Virtual terminals: the keyboard's table, the compose table, the letters of the font.

linux/kd.h has the numbers of these ioctls. They are the same on all architectures. The keyboard's
table belongs to the machine: all virtual terminals share it. Failures are OSError.
"""

import errno
import fcntl
import os
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_KDSKBMODE, _UNICODE = 0x4B45, 3
_KDSKBENT = 0x4B47
_KDSKBDIACRUC = 0x4BFB
_GIO_UNIMAP = 0x4B66
_HOLE = 0x0200  # K_HOLE: the key does nothing
_NO_TABLE = 0x027F  # K_NOSUCHMAP: the table is taken away
_TABLES = 256
_MOST_COMPOSED = 256
_MOST_LETTERS = 4096  # of a font's map; the kernel's own has some 300

Tables = Mapping[int, Sequence[int]]  # modifiers → the symbol of each key, from key 0
Compose = Sequence[tuple[str, str, str]]  # dead key or first key, second key, result


@contextmanager
def _open(path: str) -> Iterator[int]:
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def load_keymap(path: str, tables: Tables, compose: Compose) -> None:
    """Give the keyboard another layout, through the virtual terminal `path`.

    Its keys send UTF-8 then. Modifiers without a table in the layout get none in the kernel.
    """
    with _open(path) as fd:
        fcntl.ioctl(fd, _KDSKBMODE, _UNICODE)  # other modes refuse symbols beyond Latin-1
        for table in range(_TABLES):
            if table not in tables and table:  # table 0, without modifiers, cannot go
                fcntl.ioctl(fd, _KDSKBENT, struct.pack("=BBH", table, 0, _NO_TABLE))
        for table, symbols in tables.items():
            for key, symbol in enumerate(symbols):
                _set_key(fd, table, key, symbol)
        rows = [struct.pack("=III", *map(ord, row)) for row in compose[:_MOST_COMPOSED]]
        data = struct.pack("=I", len(rows)) + b"".join(rows)
        # fcntl passes more than 1024 bytes only in place.
        fcntl.ioctl(fd, _KDSKBDIACRUC, bytearray(data.ljust(4 + 12 * _MOST_COMPOSED, b"\0")))


def _set_key(fd: int, table: int, key: int, symbol: int) -> None:
    try:
        fcntl.ioctl(fd, _KDSKBENT, struct.pack("=BBH", table, key, symbol))
    except OSError as error:
        if error.errno != errno.EINVAL:  # a symbol that this kernel does not have
            raise
        fcntl.ioctl(fd, _KDSKBENT, struct.pack("=BBH", table, key, _HOLE))


def read_letters(path: str) -> frozenset[str]:
    """Return the characters for which the font of the virtual terminal has a picture."""
    pairs = array("H", bytes(4 * _MOST_LETTERS))  # character and glyph in turn
    wanted = bytearray(struct.pack("@HP", _MOST_LETTERS, pairs.buffer_info()[0]))
    with _open(path) as fd:
        fcntl.ioctl(fd, _GIO_UNIMAP, wanted)  # struct unimapdesc
    count, _ = struct.unpack("@HP", wanted)
    return frozenset(map(chr, pairs[: 2 * count : 2]))
