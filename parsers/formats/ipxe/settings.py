"""iPXE's settings: those a script sets, and those that the machine and its lease have."""

import re
from collections.abc import Mapping
from functools import lru_cache

from parsers import machines
from parsers.api import Files, Origin
from parsers.binary import smbios
from parsers.binary.smbios import BOARD, CHASSIS, SYSTEM
from parsers.formats.ipxe.origin import Trace, TracedText
from parsers.formats.ipxe.values import TYPES, Value, value
from parsers.places.lease import server
from parsers.places.urls import is_url, split

# Name, type, number among DHCP's options, and what udhcpc calls it (the first that is there).
_LEASE = (
    ("ip", "ipv4", 0, "ip"),
    ("netmask", "ipv4", 1, "subnet"),
    ("gateway", "ipv4", 3, "router"),
    ("dns", "ipv4", 6, "dns"),
    ("hostname", "string", 12, "hostname"),
    ("domain", "string", 15, "domain search"),
    ("root-path", "string", 17, "rootpath"),
    ("ntp-server", "ipv4", 42, "ntpsrv"),
    ("dhcp-server", "ipv4", 54, "serverid"),
    ("tftp-server", "string", 66, "tftp"),
    ("next-server", "ipv4", 0, "siaddr"),
    ("filename", "string", 67, "bootfile boot_file"),
    ("syslog", "ipv4", 7, "logsrv"),
    ("user-class", "string", 77, ""),
    ("mac", "hex", 0, "mac"),
    ("uuid", "uuid", 97, "uuid"),
)
_TYPES = {name: type for name, type, _, _ in _LEASE} | {"ip6": "ipv6", "busid": "hex"}
_NUMBERS = {str(number): name for name, _, number, _ in _LEASE if number}
# What SMBIOS tells: name → type of the structure, and where in it.
_MACHINE = {
    "manufacturer": (SYSTEM, 4),
    "product": (SYSTEM, 5),
    "serial": (SYSTEM, 7),
    "asset": (CHASSIS, 8),
    "board-serial": (BOARD, 7),
}
# One interface has the lease, whatever else the machine has; iPXE numbers them from zero.
_INTERFACE = re.compile(r"net[0X](?:\.dhcp)?|dhcp")
_NAME = re.compile(r"(?:(?P<block>[^/]*)/)?(?P<name>[^:]*)(?::(?P<type>.*))?", re.S)


class IpxeSettings:
    """By their names: NAME, BLOCK/NAME, with :TYPE to read or write them as something else."""

    def __init__(self, known: Mapping[str, Value]) -> None:
        self._known = known
        self._set: dict[tuple[str, str], Value] = {}  # (block, name)
        self._made: dict[tuple[str, str], tuple[Origin, TracedText]] = {}  # who set it, and of what

    def copy(self) -> "IpxeSettings":
        new = IpxeSettings(self._known)
        new._set, new._made = dict(self._set), dict(self._made)
        return new

    def text(self, spelling: str) -> TracedText:
        """As `get`, with where it comes from."""
        block, name, type = _split(spelling)
        key = self._key(block, name)
        value = self._set[key] if key else self._own(block, name)
        found = value.text(type) if value else ""
        what = f"${{{spelling}}}"
        if key is None:
            return TracedText(
                found, (Trace(Origin(what, found, "", 0), 0, len(found)),) if found else ()
            )
        origin, made = self._made[key]
        own = Trace(Origin(what, found, origin.config, origin.line, origin.how), 0, len(found))
        # As another type its characters are others.
        return TracedText(found, (own, *made.traces) if found == made.text else (own,))

    def get(self, spelling: str) -> str:
        """Formatted; "" when there is no such setting."""
        block, name, type = _split(spelling)
        found = self._find(block, name)
        return found.text(type) if found else ""

    def find(self, spelling: str) -> Value | None:
        block, name, _ = _split(spelling)
        return self._find(block, name)

    def put(self, spelling: str, made: TracedText, origin: Origin) -> bool:
        """False when it is nothing of the setting's type. An empty text takes the setting away."""
        block, name, type = _split(spelling)
        text = made.text
        if type and type not in TYPES:
            return False
        if not text:
            # What was set comes off; the machine's own would show again.
            self._set.pop((block, name), None)
            return True
        new = value(text, type or _TYPES.get(name, "string"))
        if new:
            self._set[block, name] = new
            self._made[block, name] = origin, made
        return new is not None

    def keep(self, spelling: str, new: Value, origin: Origin) -> None:
        block, name, _ = _split(spelling)
        self._set[block, name] = new
        self._made[block, name] = origin, TracedText("")

    def _find(self, block: str, name: str) -> Value | None:
        key = self._key(block, name)
        return self._set[key] if key else self._own(block, name)

    def _own(self, block: str, name: str) -> Value | None:
        """The machine's."""
        return self._known.get(name) if block in ("", "net0", "builtin") else None

    def _key(self, block: str, name: str) -> tuple[str, str] | None:
        """Where it was set: without a block it may be in any."""
        if (block, name) in self._set:
            return block, name
        return None if block else next((key for key in self._set if key[1] == name), None)


@lru_cache(1000)
def _split(spelling: str) -> tuple[str, str, str]:
    m = _NAME.fullmatch(spelling)
    assert m is not None
    block, name = m["block"] or "", m["name"]
    block = "net0" if _INTERFACE.fullmatch(block) else block
    return block, _NUMBERS.get(name, name), m["type"] or ""


def known(files: Files, where: str) -> dict[str, Value]:
    """What iPXE would know before the script at `where`, a URL or a path, says anything."""
    told = {"user-class": "iPXE", "version": "1.21.1", "platform": "efi"}
    architecture = machines.find(files.host.machine)
    told["buildarch"] = architecture.ipxe or architecture.name
    lease = files.host.lease
    for name, _, _, words in _LEASE:
        said = next((t for word in words.split() if (t := lease.get(word, "").strip())), "")
        # Of several routers and name servers the first.
        said = said.split()[0] if said and _TYPES[name] == "ipv4" else said
        told[name] = said or told.get(name, "")
    table = files.host.firmware.smbios
    for name, (kind, place) in _MACHINE.items() if table else ():
        told[name] = smbios.text(table, kind, place)
    told["uuid"] = told["uuid"] or smbios.system_uuid(table)
    told["next-server"] = told["next-server"] or server(files.host.lease)
    if is_url(where):
        told["cwuri"] = where
        told["cwduri"] = where.rpartition("/")[0] + "/"
        told["filename"] = told["filename"] or split(where)[1]
    if files.host.lease:
        told["ifname"] = "net0"
    return {name: _taken(name, text) for name, text in told.items() if text}


def _taken(name: str, text: str) -> Value:
    """A lease may name hosts where iPXE would only take addresses."""
    return value(text, _TYPES.get(name, "string")) or Value(text.encode(), "string")
