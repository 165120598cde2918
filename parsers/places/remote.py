"""Find out if a file exists on a server: fetch it, or only a part of a large one."""

import re
from posixpath import basename
from typing import Literal

from parsers.host import Host
from parsers.places.urls import split

# A kernel or an initrd is taken to exist: only the boot fetches it.
_LARGE = re.compile(
    r"vmlinu[xz]|[bz]?z?image\b|linux\b|kernel\b|init(?:rd|ramfs)|.*\.(?:gz|img|xz)$", re.I
)
_PROGRAM = re.compile(r".*\.(?:efi|iso|squashfs|bin|elf)", re.I)


def find_kind(host: Host, url: str) -> Literal["file"] | None:
    """Return "file" if it exists, or has the name of a kernel or an initrd."""
    name = basename(split(url)[1])
    if _LARGE.match(name):
        return "file"
    if _PROGRAM.fullmatch(name):
        return "file" if host.piece(url, 0, 64) else None
    return None if host.fetch(url) is None else "file"


def is_program(url: str) -> bool:
    """Return True for the name of a file that is read in parts."""
    name = basename(split(url)[1])
    return bool(_LARGE.match(name) or _PROGRAM.fullmatch(name))
