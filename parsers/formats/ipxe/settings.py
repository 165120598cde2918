"""iPXE's settings: those of a script, and those of the machine and its lease.

name = [ block, "/" ], name, [ ":", type ] ;
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from parsers import machines
from parsers.api import Files, Origin
from parsers.binary import smbios
from parsers.binary.smbios import BOARD, CHASSIS, SYSTEM
from parsers.formats.ipxe.origin import SourceSpan, TracedText
from parsers.formats.ipxe.values import TYPES, Value, parse_value
from parsers.places.lease import list_links, server
from parsers.places.urls import is_url, split

# Name, type, number of the DHCP option, and udhcpc's names (the first with a value counts).
# An address is of one family: the lease's lists of name servers and routers have both.
_LEASE = (
    ("ip", "ipv4", 0, "ip"),
    ("ip6", "ipv6", 0, "ip6"),
    ("netmask", "ipv4", 1, "subnet"),
    ("gateway", "ipv4", 3, "router"),
    ("gateway6", "ipv6", 0, "router"),
    ("dns", "ipv4", 6, "dns"),
    ("dns6", "ipv6", 0, "dns"),
    ("dnssl", "dnssl", 119, "search"),
    ("hostname", "string", 12, "hostname"),
    ("domain", "string", 15, "domain search"),
    ("root-path", "string", 17, "rootpath"),
    ("ntp-server", "ipv4", 42, "ntpsrv"),
    ("dhcp-server", "ipv4", 54, "serverid"),
    ("tftp-server", "string", 66, "tftp"),
    ("next-server", "ipv4", 0, "siaddr"),
    ("filename", "string", 67, "bootfile boot_file bootfile_url"),
    ("mtu", "int16", 26, "mtu"),
    ("syslog", "ipv4", 7, "logsrv"),
    ("user-class", "string", 77, ""),
    ("mac", "hex", 0, "mac"),
    ("uuid", "uuid", 97, "uuid"),
)
_TYPES = {name: type for name, type, _, _ in _LEASE} | {"len6": "int8", "busid": "hex"}
_NUMBERS = {str(number): name for name, _, number, _ in _LEASE if number}
# Strings of SMBIOS: name → type of the structure, and place of the string's number in it.
_MACHINE = {
    "manufacturer": (SYSTEM, 4),
    "product": (SYSTEM, 5),
    "serial": (SYSTEM, 7),
    "asset": (CHASSIS, 8),
    "board-serial": (BOARD, 7),
}
# netX is the interface that the script came over. iPXE numbers the interfaces from zero.
_INTERFACE = re.compile(r"net(?P<number>[0-9]{1,3}|X)(?:\.dhcp)?|dhcp")
_OWN = "netX"
_NAME = re.compile(r"(?:(?P<block>[^/]*)/)?(?P<name>[^:]*)(?::(?P<type>.*))?", re.S)


class IpxeSettings:
    """Settings by their names: NAME or BLOCK/NAME, with :TYPE for another type."""

    def __init__(
        self, known: Mapping[str, Value], others: Mapping[str, Mapping[str, Value]] | None = None
    ) -> None:
        """Start with the known settings. `others` are those of the machine's other interfaces."""
        self._known, self._others = known, others or {}
        named = known.get("ifname")
        self._number = named.text() if named else "net0"
        self._set: dict[tuple[str, str], Value] = {}  # by block and name
        # The command that set it, and the text with its traces.
        self._sources: dict[tuple[str, str], tuple[Origin, TracedText]] = {}

    def copy(self) -> "IpxeSettings":
        new = IpxeSettings(self._known, self._others)
        new._set, new._sources = dict(self._set), dict(self._sources)
        return new

    def text(self, spelling: str) -> TracedText:
        """Return the formatted value with its traces, or an empty text."""
        block, name, type = self._split(spelling)
        key = self._key(block, name)
        value = self._set[key] if key else self._own(block, name)
        found = value.text(type) if value else ""
        what = f"${{{spelling}}}"
        if key is None:
            return TracedText(
                found, (SourceSpan(Origin(what, found, "", 0), 0, len(found)),) if found else ()
            )
        origin, source = self._sources[key]
        own = SourceSpan(Origin(what, found, origin.config, origin.line, origin.how), 0, len(found))
        # A value formatted as another type has other characters.
        return TracedText(found, (own, *source.traces) if found == source.text else (own,))

    def get(self, spelling: str) -> str:
        """Return the formatted value, or "" without such a setting."""
        block, name, type = self._split(spelling)
        found = self._find(block, name)
        return found.text(type) if found else ""

    def find(self, spelling: str) -> Value | None:
        block, name, _ = self._split(spelling)
        return self._find(block, name)

    def put(self, spelling: str, source: TracedText, origin: Origin) -> bool:
        """Set a value. Return False if it is not of the setting's type.

        An empty text removes the setting.
        """
        block, name, type = self._split(spelling)
        text = source.text
        if type and type not in TYPES:
            return False
        if not text:
            # The machine's own value shows again.
            self._set.pop((block, name), None)
            return True
        new = parse_value(text, type or _TYPES.get(name, "string"))
        if new:
            self._set[block, name] = new
            self._sources[block, name] = origin, source
        return new is not None

    def keep(self, spelling: str, new: Value, origin: Origin) -> None:
        block, name, _ = self._split(spelling)
        self._set[block, name] = new
        self._sources[block, name] = origin, TracedText("")

    def _find(self, block: str, name: str) -> Value | None:
        key = self._key(block, name)
        return self._set[key] if key else self._own(block, name)

    def _own(self, block: str, name: str) -> Value | None:
        """Return the machine's own value."""
        if block in ("", _OWN, "builtin"):
            return self._known.get(name)
        return self._others.get(block, {}).get(name)

    def _split(self, spelling: str) -> tuple[str, str, str]:
        """Return block, name and type; the block of the lease's own interface is netX."""
        block, name, type = _split(spelling)
        return (_OWN if block == self._number else block), name, type

    def _key(self, block: str, name: str) -> tuple[str, str] | None:
        """Return the key of a setting that was set. Without a block it may be in any."""
        if (block, name) in self._set:
            return block, name
        return None if block else next((key for key in self._set if key[1] == name), None)


@lru_cache(1000)
def _split(spelling: str) -> tuple[str, str, str]:
    m = _NAME.fullmatch(spelling)
    assert m is not None
    block, name = m["block"] or "", m["name"]
    if interface := _INTERFACE.fullmatch(block):
        number = interface["number"] or "X"
        block = _OWN if number == "X" else f"net{int(number)}"
    return block, _NUMBERS.get(name, name), m["type"] or ""


def read_others(files: Files) -> dict[str, dict[str, Value]]:
    """Return the settings of the machine's interfaces by iPXE's names, but not of the lease's own.

    An interface without a lease has only an address and a name.
    """
    links = list_links(files.host.lease)
    own = find_own(files.host.lease)
    return {
        f"net{number}": {
            name: _parse_known(name, text)
            for name, text in (("mac", mac), ("ifname", f"net{number}"))
        }
        for number, (_, mac) in enumerate(links)
        if number != own
    }


def find_own(lease: Mapping[str, str]) -> int:
    """Return the number of the interface that the lease came over.

    A bond or a VLAN has the number of the card with its address, else one of its own.
    """
    links = list_links(lease)
    by_name = [number for number, (name, _) in enumerate(links) if name == lease.get("interface")]
    address = lease.get("mac", "").lower()
    by_address = (number for number, (_, mac) in enumerate(links) if mac == address)
    return next(iter((*by_name, *by_address)), len(links))


def read_known(files: Files, where: str) -> dict[str, Value]:
    """Return the settings that iPXE has before the script at `where`, a URL or a path, runs."""
    texts = {"user-class": "iPXE", "version": "1.21.1", "platform": "efi"}
    architecture = machines.find(files.host.machine)
    texts["buildarch"] = architecture.ipxe or architecture.name
    lease = files.host.lease
    for name, _, _, words in _LEASE:
        text = next((t for word in words.split() if (t := lease.get(word, "").strip())), "")
        texts[name] = _choose(_TYPES[name], text) or texts.get(name, "")
    texts["ip6"], _, texts["len6"] = texts["ip6"].partition("/")
    table = files.host.firmware.smbios
    for name, (kind, place) in _MACHINE.items() if table else ():
        texts[name] = smbios.text(table, kind, place)
    texts["uuid"] = texts["uuid"] or smbios.system_uuid(table)
    texts["next-server"] = texts["next-server"] or server(files.host.lease)
    if is_url(where):
        texts["cwuri"] = where
        texts["cwduri"] = where.rpartition("/")[0] + "/"
        texts["filename"] = texts["filename"] or split(where)[1]
    if files.host.lease:
        texts["ifname"] = f"net{find_own(files.host.lease)}"
    return {name: _parse_known(name, text) for name, text in texts.items() if text}


def _choose(type: str, text: str) -> str:
    """Return the first address of the type's family in a list. Another type's text is whole."""
    if type not in ("ipv4", "ipv6"):
        return text
    return next((word for word in text.split() if (":" in word) == (type == "ipv6")), "")


def _parse_known(name: str, text: str) -> Value:
    """Parse a known value. A lease may have host names where iPXE takes only addresses."""
    return parse_value(text, _TYPES.get(name, "string")) or Value(text.encode(), "string")
