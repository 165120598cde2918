"""Recorded leases: the files that DHCP clients leave, read into the words of a lease.

Known are

- udhcpc's environment, dhclient's, and `dhcpcd --dumplease`: name=value lines
- systemd-networkd's /run/systemd/netif/leases/INDEX
- dhclient's file of leases, of which the last one counts; `nmcli -f DHCP4,DHCP6 …`
- dhcpcd's own file: the packet itself
- JSON: an object of words, an object of such objects by interface, or a machine file's "network"
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from parsers.places.lease import WORDS
from petipy.commands.base import BadUsage
from petipy.network import dhcp4
from petipy.network.heard import is_plain, is_word
from petipy.report.visible import escape

_LARGEST = 1 << 20  # bytes of a file
_COOKIE = slice(236, 240)  # of a packet
_LINE = re.compile(r"(?:export\s+|declare -x\s+)?(?P<name>[A-Za-z_][\w.-]*)=(?P<value>.*)")
# dhclient's `option routers 192.0.2.1, 192.0.2.2;` and nmcli's `DHCP4.OPTION[1]:  routers = …`.
_STATEMENT = re.compile(r"(?:option\s+)?(?P<name>[a-z][\w.-]*)\s+(?P<value>\S.*);")
_ITEM = re.compile(r"DHCP[46]\.OPTION\[\d+\]:\s*(?P<name>[a-z][\w-]*) = (?P<value>.*)")
_OPTION = re.compile(r"(?:opt|option_|unknown_)(\d{1,3})", re.I)
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.I)
_CLIENT = re.compile(r"(?:01|ff)?(?P<mac>(?:[0-9a-f]{2}){6})", re.I)

# Other clients' names for a word: dhcpcd's and dhclient's, networkd's.
_NAMES: Mapping[str, str] = {
    "ip_address": "ip",
    "fixed_address": "ip",
    "address": "ip",
    "subnet_mask": "subnet",
    "netmask": "subnet",
    "routers": "router",
    "domain_name_servers": "dns",
    "domain_name": "domain",
    "domainname": "domain",
    "domain_search": "search",
    "domain_search_list": "search",
    "host_name": "hostname",
    "ntp_servers": "ntpsrv",
    "ntp": "ntpsrv",
    "log_servers": "logsrv",
    "interface_mtu": "mtu",
    "dhcp_server_identifier": "serverid",
    "server_address": "serverid",
    "next_server": "siaddr",
    "server_name": "sname",
    "filename": "boot_file",
    "bootfile_name": "bootfile",
    "tftp_server_name": "tftp",
    "tftp_server_address": "tftpservers",
    "root_path": "rootpath",
    "vendor_class_identifier": "vendorclass",
    "pxelinux_configfile": "pxeconffile",
    "pxelinux_pathprefix": "pxepathprefix",
    "pxelinux_reboottime": "reboottime",
    "dhcp6_name_servers": "dns",
    "dhcp6_domain_search": "search",
    "dhcp6_bootfile_url": "bootfile_url",
    "dhcp6_bootfile_param": "bootfile_param",
    "dhcp6_ia_na1_ia_addr1": "ip6",
    "ipv6": "ip6",
    "name_servers": "dns",
}
# Variables of a shell that are words of a lease as well.
_SHELL = {"HOSTNAME"}


def read_leases(path: str) -> dict[str, dict[str, str]]:
    """Return the leases in a file, by interface; BadUsage if there is none."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise BadUsage(f"{path}: more than {_LARGEST >> 20} MiB")
    except OSError as error:
        raise BadUsage(f"{path}: {error.strerror}") from None
    if data[_COOKIE] == dhcp4.COOKIE:
        return _name({"": _read_packet(path, data)}, path)
    text = data.decode("utf-8", "replace")
    if text.lstrip()[:1] in ("{", "["):
        return _name(dict(_read_json(path, text)), path)
    return _name({"": _translate(dict(_read_lines(text)))}, path)


def _name(leases: Mapping[str, Mapping[str, str]], path: str) -> dict[str, dict[str, str]]:
    """Check the words, and give each lease the name of its interface."""
    named: dict[str, dict[str, str]] = {}
    for number, (name, lease) in enumerate(leases.items()):
        for word, value in lease.items():
            if not is_plain(value):
                raise BadUsage(f"{path}: {word}: {escape(value)[:60]}: too long, or not printable")
        known = {word: lease[word] for word in WORDS if lease.get(word)}
        known |= {word: lease[word] for word in lease if is_word(word) and lease[word]}
        interface = name or known.get("interface") or f"eth{number}"
        if known:
            named[interface] = known | {"interface": interface}
    if not named:
        raise BadUsage(f"{path}: it has no word of a lease, such as bootfile=…")
    return named


def _read_packet(path: str, data: bytes) -> dict[str, str]:
    packet = dhcp4.read(data)
    if isinstance(packet, str):
        raise BadUsage(f"{path}: no DHCP packet: {packet}")
    words = dhcp4.read_words(packet)[0].words
    own = {"ip": packet.address, "mac": packet.mac.hex(":"), "serverid": packet.server}
    return words | {word: value for word, value in own.items() if value}


def _read_json(path: str, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadUsage(f"{path}: no JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("network"), list):
        value = {
            str(item.get("device") or f"eth{number}"): {
                **_texts(item.get("params")),
                **_texts({"mac": item.get("mac")}),
            }
            for number, item in enumerate(value["network"])
            if isinstance(item, dict)
        }
    if not isinstance(value, dict):
        raise BadUsage(f"{path}: no object of words, such as {{'bootfile': '…'}}")
    inner = {name: item for name, item in value.items() if isinstance(item, dict)}
    for name, item in inner.items() if inner else [("", value)]:
        yield name, _translate(_texts(item))


def _texts(value: object) -> dict[str, str]:
    items = value.items() if isinstance(value, dict) else ()
    return {
        name: str(item)
        for name, item in items
        if isinstance(item, str | int) and not isinstance(item, bool)
    }


def _read_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield names with values; a later one of the same name counts."""
    for raw in text.splitlines():
        line = raw.strip()
        m = _LINE.fullmatch(line) or _ITEM.fullmatch(line) or _STATEMENT.fullmatch(line)
        if not m or m["name"] in _SHELL:
            continue
        value = m["value"]
        if value[:1] in ("'", '"'):
            try:
                value = " ".join(shlex.split(value))
            except ValueError:
                value = value.strip("'\"")
        yield m["name"].rpartition(".")[2], value.replace(", ", " ")


def _translate(found: Mapping[str, str]) -> dict[str, str]:
    """Return the words of a lease, from the names of any client."""
    words: dict[str, str] = {}
    options: dict[int, bytes] = {}
    for name, value in found.items():
        short = name.lower().replace("-", "_").removeprefix("new_")
        if (m := _OPTION.fullmatch(short)) and _HEX.fullmatch(value) and int(m[1]) < 256:
            options[int(m[1])] = bytes.fromhex(value)
        elif short in ("clientid", "dhcp_client_identifier"):
            client = _CLIENT.fullmatch(value.replace(":", ""))
            if client:
                words.setdefault("mac", bytes.fromhex(client["mac"]).hex(":"))
        else:
            words.setdefault(_NAMES.get(short, short), value)
    if options:
        packet = dhcp4.Packet(op=dhcp4.REPLY_OP, xid=0, options=options)
        words = {**dhcp4.read_words(packet)[0].words, **words}
    return words
