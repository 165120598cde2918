"""pxelinux.cfg: the language of syslinux.cfg, with file names on the network.

PXELINUX runs on PCs, and Petitboot reads its language on POWER. On smaller machines U-Boot does, by
its rules for extlinux.conf (cmd/pxe.c).
"""

import re
from collections.abc import Iterator
from posixpath import basename

from parsers import machines
from parsers.api import FileRef, Files, Format, Item
from parsers.formats.syslinux import entries, uboot
from parsers.formats.syslinux.configuration import STATEMENTS
from parsers.formats.syslinux.kernels import PC
from parsers.places.lease import glue, list_names, prefixes, server
from parsers.places.urls import is_url, join, normalize, split

_UBOOT = ("arm", "aarch64", "riscv64", "loongarch64")


class NetworkLocator:
    """A `Locator` for URLs.

    PXELINUX puts the prefix before any name, even before `/x`. The exceptions are a URL, `::x`
    (no prefix) and `host::x` (a file of another host).
    """

    def __init__(self, files: Files, config: str) -> None:
        self._files = files
        # As Petitboot does. xCAT writes for it: append "quiet …".
        self.strips_quotes = files.host.machine not in PC
        host = server(files.host.lease)
        self._root = f"tftp://{host}" if host else split(config)[0]

    def locate(self, directory: str, name: str) -> str:
        if is_url(name):
            return normalize(name)
        host, colons, path = name.partition("::")
        if not colons or "/" in host:
            return glue(directory, name)
        return join(f"tftp://{host}/" if host else f"{self._root}/", f"/{path.lstrip('/')}")

    def read(self, place: str) -> str | None:
        return self._files.host.fetch(place)

    def file(self, place: str) -> FileRef:
        return FileRef(url=place)

    def find_chained(self, loader: str) -> str | None:
        names = (*list_names(self._files.host.lease), "default")
        places = [join(loader, f"pxelinux.cfg/{name}") for name in names]
        self._files.host.prefetch(places)
        return next((place for place in places if self.read(place) is not None), None)

    def is_there(self, place: str) -> None:
        return None


def parse(files: Files, path: str) -> Iterator[Item]:
    by_uboot = machines.find(files.host.machine).name in _UBOOT
    read_items = uboot.read_items if by_uboot else entries.read_items
    yield from read_items(files, NetworkLocator(files, path), path, _directory(files, path))


def _directory(files: Files, url: str) -> str:
    """Return the URL that relative names begin with.

    If DHCP names the configuration, it is the configuration's directory, as in Petitboot, unless
    DHCP gives a prefix, too. Of two readings of the prefix that is right which led to the
    configuration.
    """
    if files.host.lease.get("pxepathprefix") and (found := [*prefixes(files.host.lease)]):
        return next((base for base in found[::-1] if url.startswith(base)), found[0])
    directory = join(url, "./")
    return join(directory, "../") if directory.endswith("/pxelinux.cfg/") else directory


def _is_ours(url: str, text: str) -> bool:
    """Return True if the text may be a configuration, which has no fixed name.

    It is none if it is a program, a script in another language or a page about an error, in which
    no line begins with the name of a statement.
    """
    other = "\0" in text or text.lstrip().startswith(("#!", "<"))
    if other or basename(url).startswith("grub.cfg"):
        return False
    words = (re.split(r"[\s=]", line.strip(), maxsplit=1)[0] for line in text.split("\n"))
    return any(word.lower() in STATEMENTS for word in words)


FORMAT = Format("pxe", (), parse, network=_is_ours, hotkeys_select=True)
