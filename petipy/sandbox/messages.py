"""The messages of the sandbox, as types: requests, answers, and the asks of a child.

A request and its answer belong together: ScanRequest and state.model.Scan, CaptureRequest and
`captures`; OpenRequest and one descriptor for each file; WriteRequest and nothing; ListRequest and
`listing`.
"""

from dataclasses import dataclass
from errno import EIO
from typing import Annotated

from petipy.codec import Codec
from petipy.state.model import Change, Device, File, Scan

LONGEST_ASK = 1 << 15  # bytes: the longest path, with every byte escaped, fits


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """Find the entries on the first device. The others may be mounted for references."""

    devices: tuple[Device, ...]
    machine: str  # as uname says
    patience: float  # seconds
    dialect: str = ""  # of every configuration whose language has it; "" for each its own
    path: str = ""  # of the one file that counts: Source.path


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """Note the files that a scan of the first device reads. The others may be mounted, too."""

    devices: tuple[Device, ...]
    machine: str  # as uname says
    patience: float  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """Open files for reading. They lie on the devices, or in image files there.

    The configurations are only compared with their stamps.
    """

    files: tuple[File, ...]
    devices: tuple[Device, ...]
    configs: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """Make a change to the device."""

    change: Change
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """List a directory of the first device, which may be an image file on another one."""

    devices: tuple[Device, ...]
    path: str
    patience: float  # seconds
    machine: str = ""  # as in the other requests; no format looks at it


Request = ScanRequest | CaptureRequest | OpenRequest | WriteRequest | ListRequest
REQUESTS: Codec[Request] = Codec(Request)

SCANS: Codec[Scan] = Codec(Scan)


def _is_short(text: str) -> bool:
    return len(text) <= 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The reason why there is no answer: a number from errno, and a sentence for people."""

    errno: Annotated[int, range(1, 4096)]
    sentence: Annotated[str, _is_short]

    @classmethod
    def of(cls, errno: int, sentence: str) -> "Failure":
        """Return the failure, with a sentence that can be sent, whatever it quotes."""
        number = errno if 0 < errno < 4096 else EIO
        return cls(errno=number, sentence=sentence[:2000].encode(errors="replace").decode())


FAILURES: Codec[Failure] = Codec(Failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A child's ask for the roots of a volume that its request allows, or of an image file on one.

    The answer has the descriptors of petipy.sandbox.mounter.Mounter.roots.
    """

    volume: str


Ask = Mount
ASKS: Codec[Ask] = Codec(Ask)
