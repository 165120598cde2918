"""syslinux.cfg, isolinux.cfg, extlinux.conf: labels with kernels, and menus of them.

SYSLINUX runs on PCs only. On other machines U-Boot reads extlinux.conf, by rules of its own.
"""

from collections.abc import Iterator
from posixpath import basename, dirname, normpath

from parsers.api import FileRef, Files, Format, Item
from parsers.formats.syslinux import entries, uboot
from parsers.formats.syslinux.configuration import STATEMENTS
from parsers.formats.syslinux.kernels import PC


class DiskLocator:
    """A `Locator` for a volume. A name is relative, or begins with a slash of either kind."""

    strips_quotes = False

    def __init__(self, files: Files) -> None:
        self._files = files

    def locate(self, directory: str, name: str) -> str:
        name = name.replace("\\", "/")
        path = name if name.startswith("/") else f"{directory}/{name}"
        path = "/" + normpath(f"/{path}").lstrip("/")
        return f"{path.rstrip('/')}/" if name.endswith("/") else path

    def read(self, place: str) -> str | None:
        return self._files.read(place)

    def file(self, place: str) -> FileRef:
        return FileRef(path=place)

    def find_chained(self, loader: str) -> None:
        return None

    def is_there(self, place: str) -> bool:
        return self._files.kind(place) is not None


def parse(files: Files, path: str) -> Iterator[Item]:
    theirs = basename(path).lower() == "extlinux.conf" and files.host.machine not in PC
    read_items = uboot.read_items if theirs else entries.read_items
    yield from read_items(files, DiskLocator(files), path, f"{dirname(path).rstrip('/')}/")


_DIRECTORIES = {
    # U-Boot looks into /extlinux first.
    "extlinux.conf": ("/extlinux", "/boot/extlinux", "/boot/syslinux", "/syslinux", "/boot", ""),
    "syslinux.cfg": (
        *("/boot/syslinux", "/syslinux", "/boot/extlinux", "/extlinux", "/boot", ""),
        *("/EFI/syslinux", "/EFI/BOOT", "/EFI/boot", "/efi/boot", "/boot/isolinux", "/isolinux"),
    ),
    # The last is on SUSE's installation media: a directory for each machine.
    "isolinux.cfg": (
        *("/boot/isolinux", "/isolinux", "/boot/syslinux", "/syslinux", "/boot", ""),
        "/boot/*/loader",
    ),
}
_PATHS = [f"{place}/{name}" for name, places in _DIRECTORIES.items() for place in places]

FORMAT = Format(
    "syslinux",
    # iso9660 without Rock Ridge or Joliet has upper case. So has FAT with some kernels.
    (*_PATHS, *dict.fromkeys(path.upper() for path in _PATHS)),
    parse,
    hotkeys_select=True,
    statements=STATEMENTS,
)
