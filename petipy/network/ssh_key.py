"""The key of the host for the ssh server: the machine's own, or the image's.

A machine whose NVRAM certainly lasts makes a key when the server first starts, and keeps it there.
Another one does so if its setting petipy.ssh_key is `new`: where NVRAM may be gone at the next
start, clients would meet another key each time.

No key is kept where users of an installed system can read it, as they can read EFI variables.
"""

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from petipy.log import Log
from petipy.settings import host_key
from petipy.sys import process

if TYPE_CHECKING:
    from petipy.settings.storage import Storage

PLACE, HOST_KEY = "/etc/dropbear", "host_key"  # in the image
MAKER = "/usr/bin/dropbearkey"
_ROOM = "/run/petipy"
_MAKING = 20.0  # seconds


async def find(text: str, storage: "Storage | None", log: Log, place: str = PLACE) -> bytes:
    """Return dropbear's file of the key. `text` is the setting. Raise OSError."""
    if text not in ("", host_key.NEW):
        return host_key.unpack(text)
    lasts = storage is not None and storage.private and not storage.remark
    if storage is not None and (text or lasts):
        try:
            return await _make(storage)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", "") or str(error)
            log.warning(f"petipy.ssh_key: the key of the image is used: {why}")
    return _read(f"{place}/{HOST_KEY}")


async def _make(storage: "Storage") -> bytes:
    """Make a key, and keep it. Raise OSError or ValueError."""
    if not storage.private:
        raise OSError(errno.EACCES, f"others can read {storage.place}")
    path = f"{_ROOM}/new_{HOST_KEY}"  # root alone writes there, and the file is root's alone
    _remove(path)  # dropbearkey makes no key where there is one
    try:
        done = await process.run([MAKER, "-t", "ed25519", "-f", path], within=_MAKING)
        if done.status:
            raise OSError(errno.EIO, f"{MAKER} ended with status {done.status}")
        key = _read(path)
    finally:
        _remove(path)
    await storage.write("ssh_key", host_key.pack(key))
    return key


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  no pathlib here


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
