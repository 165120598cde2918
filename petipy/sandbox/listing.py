"""The names in a directory of a device, for a person who types a path. Few people do."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from parsers.api import FileName, Files
from petipy.codec import Codec
from petipy.sandbox.messages import ListRequest
from petipy.state.model import Device

if TYPE_CHECKING:
    from petipy.sandbox.client import Scanner

MOST = 2000  # names
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Names in a directory, those of directories with a "/" at their end. Others are files."""

    files: Annotated[tuple[FileName, ...], range(MOST + 1)]
    directories: Annotated[tuple[FileName, ...], range(MOST + 1)]


LISTINGS: Codec[Listing] = Codec(Listing)


def look(files: Files, path: str) -> bytes:
    """Return the answer about a directory of a tree, in the child. OSError if it is none."""
    if path.strip("/") and files.kind(path) != "directory":
        raise OSError(errno.ENOENT, "there is no such directory")
    kinds = [(name, files.kind(f"{path}/{name}")) for name in files.names(path)[:MOST]]
    return LISTINGS.encode(
        Listing(
            files=tuple(name for name, kind in kinds if kind == "file"),
            directories=tuple(name for name, kind in kinds if kind == "directory"),
        )
    )


async def list_directory(
    scanner: "Scanner", device: str, path: str, devices: Sequence[Device]
) -> tuple[str, ...]:
    """Return the names in a directory of a device; those of directories end in "/".

    OSError, with a sentence, if there is no such device or directory, or it cannot be read.
    """
    first = next((known for known in devices if known.name == device), None)
    if first is None or first.kind.remote:
        raise OSError(errno.ENODEV, f"there is no device {device}")
    others = (known for known in devices if known is not first and not known.kind.remote)
    request = ListRequest(devices=(first, *others), path=path, patience=_PATIENCE)
    found = await scanner.value(request, _PATIENCE, LISTINGS)
    return (*(f"{name}/" for name in found.directories), *found.files)
