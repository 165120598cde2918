"""PXE's part of DHCP: the vendor options (Preboot Execution Environment 2.1, section 2.3). Pure.

Option 43 has options of its own: 6 says how to find boot servers, 8 lists them by the type of what
they boot, 9 is a menu of types, 10 a prompt for it, and 71 the item that was chosen.
"""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from petipy.network.options import LONGEST, Values, read_text, split_options

CLASS = b"PXEClient"
PORT = 4011  # of proxyDHCP and boot servers
LOCAL = 0  # the type of a menu's item that means the machine's own disk
UNDI = bytes((1, 3, 0))  # the client's network interface, as iPXE: UNDI 3.0 (RFC 4578)
ENTERPRISE = 343  # Intel's, before a client's DHCPv6 vendor class (UEFI 2.10, section 24.3)
_CONTROL, _SERVERS, _MENU, _PROMPT, _ITEM = 6, 8, 9, 10, 71
_MOST = 64  # servers, or items of the menu
_NO_BROADCAST = 1  # a bit of the control


@dataclass(frozen=True, slots=True, kw_only=True)
class BootServers:
    """Ways to boot servers: their addresses by type, and the types that the menu has."""

    control: int = 0
    servers: tuple[tuple[int, tuple[str, ...]], ...] = ()
    menu: tuple[tuple[int, str], ...] = ()
    item: tuple[int, int] | None = None  # type and layer that the answer is about

    @property
    def wanted(self) -> int | None:
        """The type of the item that boots without a person: the menu's first, else the first.

        None without any.
        """
        return next((type for type, _ in (*self.menu, *self.servers)), None)

    def addresses(self, type: int) -> tuple[str, ...]:
        """Return the addresses of a type's servers; () if only a broadcast finds them."""
        return next((addresses for known, addresses in self.servers if known == type), ())

    @property
    def may_broadcast(self) -> bool:
        return not self.control & _NO_BROADCAST


def read_vendor(data: bytes, values: Values, *, certain: bool) -> BootServers | None:
    """Read option 43 into words. None if it is not PXE's.

    Every vendor has options of its own there. They are PXE's if the server has said so by its
    class (`certain`), or if they have the shape and the number of boot servers.
    """
    found: dict[int, bytes] = {}
    try:
        for number, value in split_options(data):
            found[number] = found.get(number, b"") + value
        if not certain and not ({_CONTROL, _SERVERS} & found.keys() and _fits(found)):
            return None
        result = _read(found)
    except (ValueError, struct.error) as error:
        if certain:
            values.refuse("option 43", str(error))
        return None
    _tell(result, found, values)
    return result


def _fits(found: Mapping[int, bytes]) -> bool:
    return len(found.get(_CONTROL, b"0")) == 1


def _read(found: Mapping[int, bytes]) -> BootServers:
    control = found.get(_CONTROL, b"\0")
    item = found.get(_ITEM)
    if len(control) != 1:
        raise ValueError("a control of a wrong size")
    if item is not None and len(item) != 4:
        raise ValueError("a boot item of a wrong size")
    kind, layer = struct.unpack(">HH", item) if item else (0, 0)
    return BootServers(
        control=control[0],
        servers=_read_servers(found.get(_SERVERS, b"")),
        menu=_read_menu(found.get(_MENU, b"")),
        item=(kind, layer) if item else None,
    )


def _read_servers(data: bytes) -> tuple[tuple[int, tuple[str, ...]], ...]:
    servers, at, total = [], 0, 0
    while at < len(data):
        kind, count = struct.unpack_from(">HB", data, at)
        addresses = data[at + 3 : at + 3 + 4 * count]
        total += 1 + count
        if len(addresses) < 4 * count or total > _MOST:
            raise ValueError("malformed boot servers")
        parts = (addresses[n : n + 4] for n in range(0, len(addresses), 4))
        servers.append((kind, tuple(socket.inet_ntop(socket.AF_INET, part) for part in parts)))
        at += 3 + 4 * count
    return tuple(servers)


def _read_menu(data: bytes) -> tuple[tuple[int, str], ...]:
    menu: list[tuple[int, str]] = []
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(">HB", data, at)
        title = data[at + 3 : at + 3 + size]
        if len(title) < size or len(menu) == _MOST:
            raise ValueError("a malformed boot menu")
        menu.append((kind, read_text(title)))
        at += 3 + size
    return tuple(menu)


def _tell(result: BootServers, found: Mapping[int, bytes], values: Values) -> None:
    """Put what was read into the words of a lease."""
    words = {
        "pxeservers": " ".join(f"{kind}:{','.join(hosts)}" for kind, hosts in result.servers),
        "pxemenu": "\n".join(f"{kind}:{title}" for kind, title in result.menu),
        "pxecontrol": str(result.control) if _CONTROL in found else "",
        "pxeitem": "{}:{}".format(*result.item) if result.item else "",
    }
    if prompt := found.get(_PROMPT):
        try:
            words["pxeprompt"] = f"{prompt[0]} {read_text(prompt[1:])}".rstrip()
        except ValueError as error:
            values.refuse("the prompt in option 43", str(error))
    for word, text in words.items():
        if len(text) > LONGEST:
            values.refuse("option 43", f"more than {LONGEST} characters")
        elif text:
            values.words[word] = text


def write_item(kind: int, layer: int = 0) -> bytes:
    """Return option 43 of a request for an item."""
    return struct.pack(">BBHHB", _ITEM, 4, kind, layer, 255)


def write_class(name: str, architecture: int) -> str:
    """Return a client's vendor class for a processor type (PXE 2.1: five decimal digits)."""
    return f"{name}:Arch:{architecture:05}:UNDI:003000"
