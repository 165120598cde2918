"""FDTDIR: of a directory's device trees the one that is for this machine."""

import re
from collections.abc import Iterator, Sequence

from parsers.api import Files

_HEAD = 2048  # bytes: the root's properties come first in a device tree
_MOST = 3000  # files that are looked at; the kernel has 1,600 for arm64


def fitting(files: Files, directory: str) -> str | None:
    """The path of the file; None when there is none for a machine such as this.

    U-Boot looks for the name that the board's vendor built into it ($fdtfile). We do not have
    that, but the tree that is running: its names for the board make most files' names, and the
    file itself says for which board it is.
    """
    for path in _named(directory, files.host.compatible):
        if files.kind(path) == "file":
            return path
    wanted = "".join(f"{name}\0" for name in files.host.compatible).encode()
    trees = list(_trees(files, directory))[:_MOST] if wanted else []
    return next((path for path in trees if _says(files, path, wanted)), None)


def _named(directory: str, compatible: Sequence[str]) -> Iterator[str]:
    for name in compatible:
        vendor, _, board = name.rpartition(",")
        if "/" not in name and board:
            yield f"{directory}/{vendor}/{board}.dtb"
            yield f"{directory}/{board}.dtb"


def _trees(files: Files, directory: str) -> Iterator[str]:
    """As `make dtbs_install` lays them: in the directory, or one for each vendor below it."""
    for name in files.names(directory):
        path = f"{directory}/{name}"
        if name.endswith(".dtb"):
            yield path
        elif re.fullmatch(r"[\w-]+", name):
            yield from (f"{path}/{n}" for n in files.names(path) if n.endswith(".dtb"))


def _says(files: Files, path: str, wanted: bytes) -> bool:
    """A property is its length, its name's place among the strings, and its value: three words."""
    head = files.piece(path, 0, _HEAD)
    at = head.find(wanted)
    return at > 8 and head[at - 8 : at - 4] == len(wanted).to_bytes(4, "big")
