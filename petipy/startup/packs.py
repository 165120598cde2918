"""Keep programs compressed that a start without a network has no use for.

The kernel would unpack them at each start, by 14.6 instructions per byte, and this program does so
when a link is there, or a signature is to be checked. initramfs/fast/packs.py makes the packs.
Where there are none, as in a plain image or on a desktop, the files lie in their places from the
beginning.

    /usr/lib/petipy/packs/NAME    a line for each file: its mode in octal, a blank, its path
    PATH.zst                      the file, compressed
"""

import os
from contextlib import suppress

PLACE = "usr/lib/petipy/packs"
NETWORK, TLS = "network", "tls"  # systemd-networkd; OpenSSL's libraries and the authorities
OPENPGP = "openpgp"  # gpgv


def unpack(name: str, root: str = "/") -> None:
    """Write the files of a pack to their places, unless that is done. Raise OSError."""
    listing = os.path.join(root, PLACE, name)  # noqa: PTH118  no pathlib here
    try:
        with open(listing) as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        mode, _, path = line.partition(" ")
        _unpack_file(os.path.join(root, path), int(mode, 8))  # noqa: PTH118
    with suppress(FileNotFoundError):  # another process was faster
        os.unlink(listing)  # noqa: PTH108


def _unpack_file(path: str, mode: int) -> None:
    from petipy.sys.zstd import decompress  # few starts need it

    try:
        with open(f"{path}.zst", "rb") as file:
            contents = decompress(file.read())
    except FileNotFoundError:
        if os.path.exists(path):  # noqa: PTH110  unpacked by an earlier try
            return
        raise
    # Under its name the file is complete at any time.
    part = f"{path}.{os.getpid()}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:
        file.write(contents)
    os.rename(part, path)  # noqa: PTH104
    with suppress(FileNotFoundError):
        os.unlink(f"{path}.zst")  # noqa: PTH108
