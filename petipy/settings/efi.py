"""The settings in EFI variables: Petipy's, and those that Petitboot has left on arm64.

A variable has the name of its setting, and the value as it would stand on a command line, in UTF-8.
The firmware replaces a variable as a whole or not at all. Every installed system can write there.

Of the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE), LoaderEntryOneShot is the setting
`next`, and LoaderConfigTimeoutOneShot is `menu`. Variables such as LoaderInfo are not set: a
running system can make non-volatile variables only, and systemd-boot could never replace those by
its own, which are volatile (UEFI 2.10, 8.2).
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from petipy.settings.storage import Statement, Storage
from petipy.sys.attributes import set_immutable

GUID = "b0c4a7d2-51d3-4f3b-9e0c-7a1f2c86e5d4"  # of Petipy's variables
PETITBOOT = "fb78ab4b-bd43-41a0-99a2-4e74bef9169b"  # discover/platform-arm64.c
SYSTEMD = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
# systemctl reboot --boot-loader-entry= and --boot-loader-menu=
_ONCE = {"next": "LoaderEntryOneShot", "menu": "LoaderConfigTimeoutOneShot"}
# The interface's words for a time-out: 0 leaves it out, and the menu stays.
_TIMEOUTS = {"0": "never", "menu-force": "never", "menu-hidden": "0", "menu-disabled": "0"}
_ATTRIBUTES = (7).to_bytes(4, "little")  # non-volatile, for boot services and at run time
_LARGEST = 1024  # bytes of a value: all variables together have 64 kB on many machines
_MOST = 256  # variables of one kind


class EfiVariables(Storage):
    """The variables of the firmware. `mount` gives a descriptor of efivarfs' directory."""

    place = "EFI variables"

    def __init__(self, mount: Callable[[], int]) -> None:
        self._mount = mount

    def read(self) -> Iterable[Statement]:
        directory = self._mount()
        try:
            return list(self._read(f"/proc/self/fd/{directory}"))
        finally:
            os.close(directory)

    def _read(self, directory: str) -> Iterator[Statement]:
        names = sorted(os.listdir(directory))  # noqa: PTH208  pathlib is one more import
        unread: list[Statement] = []

        def read(name: str, guid: str) -> bytes:
            """Return the value; b"" without one, and a statement in `unread` if that is a fault."""
            try:
                return (_read(f"{directory}/{name}-{guid}") or b"")[len(_ATTRIBUTES) :]
            except OSError as error:
                words = f"not read: {error.strerror or error}"
                unread.append(Statement("", words, self.place, name, wrong=True))
            return b""

        def find(guid: str) -> Iterator[tuple[str, str]]:
            for name in [n for n in names if n.endswith(f"-{guid}")][:_MOST]:
                short = name.removesuffix(f"-{guid}")
                if value := read(short, guid).rstrip(b"\0"):
                    yield short, value.decode(errors="surrogateescape")

        others = [(self.place, name, value) for name, value in find(PETITBOOT)]
        if others:
            from petipy.settings import petitboot  # few machines have had it

            yield from petitboot.translate(others)
        for setting, name in _ONCE.items():
            once = read(name, SYSTEMD)
            if text := once.decode("utf-16-le", errors="replace").rstrip("\0"):
                # Entries of the Boot Loader Specification have names without the suffix.
                text = text.removesuffix(".conf")
                yield Statement(setting, _TIMEOUTS.get(text, text), self.place, name)
        for name, value in find(GUID):
            yield Statement(name, value, self.place)
        yield from unread

    async def write(self, name: str, text: str | None) -> None:
        value = (text or "").encode(errors="surrogateescape")
        if len(value) > _LARGEST:
            words = f"this takes {len(value)} bytes; an EFI variable of Petipy has {_LARGEST}"
            raise OSError(errno.EFBIG, words)
        directory = self._mount()
        try:
            path = f"/proc/self/fd/{directory}/{name}-{GUID}"
            _replace(path, _ATTRIBUTES + value if value else None)
            if name in _ONCE and not value:
                _replace(f"/proc/self/fd/{directory}/{_ONCE[name]}-{SYSTEMD}", None)
        finally:
            os.close(directory)


def _replace(path: str, wanted: bytes | None) -> None:
    """Make `wanted` the attributes and the value of a variable, or remove it."""
    with suppress(OSError):  # what cannot be read is replaced
        if _read(path) == wanted:
            return
    # Linux makes a variable immutable if it does not know that firmware survives its loss.
    with suppress(OSError):
        set_immutable(path, False)
    if wanted is None:
        os.unlink(path)  # noqa: PTH108  pathlib is one more import
        return
    with open(path, "wb", buffering=0) as file:
        file.write(wanted)  # one call of write(2) is one call to the firmware


def _read(path: str) -> bytes | None:
    """Return attributes and value; None without the variable. Raise OSError."""
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.read(len(_ATTRIBUTES) + _LARGEST + 2)
    except FileNotFoundError:
        return None
    if len(data) > len(_ATTRIBUTES) + _LARGEST + 1:
        raise OSError(errno.EFBIG, f"it has more than {_LARGEST} bytes")
    return data or None
