"""The machine around a volume's tree, as parsers see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from parsers.api import Files, Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """The answers of the running machine's firmware."""

    # EFI's variables, those that a boot configuration may depend on: "NAME-GUID" → contents.
    # None: it is no EFI, or not known.
    variables: Mapping[str, bytes] | None = None
    smbios: bytes = b""  # SMBIOS' structures, one after the other; empty if it has none
    clock: int = 0  # seconds since 1970 by its clock; 0: it has none


UNKNOWN = Firmware()


class Piece(NamedTuple):
    """Bytes of a file on a server, and the file's size."""

    data: bytes  # fewer than wanted at the end of the file
    size: int | None = None  # bytes of the whole file; None: the server does not say


# Named functions, which can be pickled.
def _know_no_piece(url: str, offset: int, length: int) -> Piece | None:
    return None


def _take_no_hint(urls: Sequence[str]) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine around a tree: its volumes, the way to their trees, its firmware and network."""

    machine: str  # as uname says: ppc64le, x86_64, aarch64, s390x
    volumes: "Sequence[Volume]" = ()  # known at the moment, the tree's own included
    compatible: Sequence[str] = ()  # the device tree root's `compatible`, the closest first
    firmware: Firmware = UNKNOWN
    # DHCP's answer, when the configuration came over the network. The names are those of udhcpc's
    # script (ip, serverid, siaddr, tftp, bootfile, boot_file, pxeconffile, pxepathprefix …),
    # besides `interface`, `mac`, the machine's own `uuid`, and `links`: every network card of the
    # machine in the kernel's order, as "eth0=52:54:00:12:34:56 eth1=52:54:00:12:34:57".
    lease: Mapping[str, str] = field(default_factory=dict)
    # Volume.name → the volume's tree; None when it cannot be mounted.
    on: Callable[[str], "Files | None"] = lambda _: None
    # URL → its text; None when nothing answers there, or there is no network.
    fetch: Callable[[str], str | None] = lambda _: None
    # URL, offset, length → bytes of the file there; None when nothing answers. A kernel is known by
    # its first bytes, without its other 100 MB.
    piece: Callable[[str, int, int], Piece | None] = _know_no_piece
    # URLs that will be asked for next, in this order: they may be asked for at once.
    prefetch: Callable[[Sequence[str]], None] = _take_no_hint
