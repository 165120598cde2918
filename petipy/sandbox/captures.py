"""The answer to a CaptureRequest. Only captures import it."""

from dataclasses import dataclass

from parsers.api import AbsolutePath
from petipy.codec import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The files of one device, as far as a scan read them: these are keys of a machine file."""

    files: dict[AbsolutePath, str]
    literal: dict[AbsolutePath, str]
    sizes: dict[AbsolutePath, int]  # bytes
    directories: tuple[AbsolutePath, ...]
    links: dict[AbsolutePath, str]
    times: dict[AbsolutePath, int]  # seconds since 1970
    pieces: dict[AbsolutePath, tuple[tuple[int, str], ...]]  # offset, and bytes in base64
    defaults: dict[AbsolutePath, str]  # paths in a btrfs' default subvolume, from the top
    blanked: dict[AbsolutePath, tuple[int, int]]  # how many values, and comments


CAPTURES: Codec[dict[str, Contents]] = Codec(dict[str, Contents])  # by device name
