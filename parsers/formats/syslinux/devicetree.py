"""FDTDIR: choose the device tree for this machine from a directory."""

import re
from collections.abc import Iterator, Sequence

from parsers.api import Files

_HEAD = 2048  # bytes; the root's properties come first in a device tree
_MOST = 3000  # files to look at; the kernel has 1,600 for arm64


def find_devicetree(files: Files, directory: str) -> str | None:
    """Return the path of the machine's device tree, or None.

    U-Boot looks for a name that the board's vendor built into it ($fdtfile), which is unknown here.
    The running tree has names for the board: most file names are made of them. Else each file says
    for which board it is.
    """
    for path in _usual_paths(directory, files.host.compatible):
        if files.kind(path) == "file":
            return path
    wanted = "".join(f"{name}\0" for name in files.host.compatible).encode()
    trees = list(_trees(files, directory))[:_MOST] if wanted else []
    return next((path for path in trees if _is_for(files, path, wanted)), None)


def _usual_paths(directory: str, compatible: Sequence[str]) -> Iterator[str]:
    for name in compatible:
        vendor, _, board = name.rpartition(",")
        if "/" not in name and board:
            yield f"{directory}/{vendor}/{board}.dtb"
            yield f"{directory}/{board}.dtb"


def _trees(files: Files, directory: str) -> Iterator[str]:
    """Yield the trees as `make dtbs_install` installs them: here, or in a vendor's directory."""
    for name in files.names(directory):
        path = f"{directory}/{name}"
        if name.endswith(".dtb"):
            yield path
        elif re.fullmatch(r"[\w-]+", name):
            yield from (f"{path}/{n}" for n in files.names(path) if n.endswith(".dtb"))


def _is_for(files: Files, path: str, wanted: bytes) -> bool:
    """Return True if the tree's root has the property value `wanted`.

    A property is a length, the offset of its name among the strings, and the value.
    """
    head = files.piece(path, 0, _HEAD)
    at = head.find(wanted)
    return at > 8 and head[at - 8 : at - 4] == len(wanted).to_bytes(4, "big")
