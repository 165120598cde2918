"""A DHCP lease: the server, the boot file and the configuration. The names are udhcpc's.

RFC 2132 has the file and its server (options 66 and 67), RFC 5859 the servers' addresses (150),
RFC 5970 DHCPv6's URL. RFC 5071 has PXELINUX's options: 209 is the name of the configuration, and
210 the prefix of relative file names.
"""

import re
from collections.abc import Iterator, Mapping

from parsers.places.urls import is_url, join, normalize, split

Lease = Mapping[str, str]

# Every word that a lease may have, and its meaning with the number of the option where there are
# several for one thing. They have the order for a reader. Lists are separated by spaces.
# Options without a word here are opt128 to opt254, in hexadecimal.
WORDS: Mapping[str, str] = {
    "interface": "interface",
    "mac": "hardware address",
    "uuid": "this machine's UUID",
    "links": "network cards",  # of the machine: NAME=ADDRESS …
    "ip": "address",
    "subnet": "netmask",
    "ip6": "IPv6 address",
    "router": "routers",
    "staticroutes": "routes",  # NETWORK/BITS GATEWAY …
    "dns": "name servers",
    "domain": "domain",
    "search": "domains to search",
    "hostname": "host name",
    "ntpsrv": "time servers",
    "logsrv": "log servers",
    "mtu": "MTU in bytes",
    "vlanid": "VLAN",
    "vlanpriority": "VLAN priority",
    "serverid": "DHCP server",
    "serverid6": "DHCPv6 server",
    "proxy": "boot offer of",  # another DHCP server, which named what to boot
    "message": "message",
    "vendorclass": "vendor class",
    "clientuuid": "UUID in the answer",
    "tftpservers": "file servers (150)",
    "tftp": "file server (66)",
    "siaddr": "next server",
    "sname": "server's name",
    "bootfile": "boot file (67)",
    "boot_file": "boot file",
    "bootfile_url": "boot file (DHCPv6)",
    "bootfile_param": "its parameters",
    "opened": "opened by a person",  # the boot file alone is what is looked for
    "pxeconffile": "configuration (209)",
    "pxepathprefix": "prefix of files (210)",
    "reboottime": "restart after (211)",
    "rootpath": "root",
    "pxecontrol": "PXE discovery control",
    "pxeservers": "PXE boot servers",  # TYPE:ADDRESS,… for each type
    "pxemenu": "PXE boot menu",  # TYPE:TITLE in a line for each
    "pxeprompt": "PXE prompt",  # SECONDS TEXT
    "pxeitem": "PXE boot item",  # TYPE:LAYER that was asked for
}

# A lease is about booting if it has one of these: every lease has a server.
BOOTING = (
    *("bootfile_url", "bootfile", "boot_file", "pxeconffile", "pxepathprefix", "pxeservers"),
    *("pxemenu",),
)

_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")

_MOST_SERVERS = 4  # of option 150 that are asked in turn
_SIX = ("bootfile_url", "bootfile_param")  # of DHCPv6 alone
_FOUR = ("bootfile", "boot_file", "tftpservers", "tftp", "siaddr", "sname", "serverid")

_NOBODY = ("", "0.0.0.0", "::")
# The words that name a host of files. RFC 5859: option 150 comes before all others. Loaders take
# option 66 before siaddr, and a server's name last: it needs a name server.
_HOSTS = ("tftpservers", "tftp", "siaddr", "sname", "serverid", "serverid6")


def is_about_booting(lease: Lease) -> bool:
    """Return True if the lease names something to boot, or a way to it."""
    return any(lease.get(word) for word in BOOTING)


def begins_with_own_disk(lease: Lease) -> bool:
    """Return True if the first item of PXE's menu is the machine's own disk: type 0.

    PXE 2.1, section 2.3. A boot file wins over the menu.
    """
    named = any(lease.get(word) for word in ("bootfile", "boot_file", "bootfile_url"))
    return not named and lease.get("pxemenu", "").startswith("0:")


def views(lease: Lease) -> Iterator[Lease]:
    """Yield the lease with one server each: that of a family of addresses, those of option 150.

    DHCPv6's comes first: it is a whole URL, and rarely there by accident. RFC 5859: the servers of
    option 150 are asked in their order.
    """
    for view in _list_families(lease):
        hosts = view.get("tftpservers", "").split()[:_MOST_SERVERS]
        if len(hosts) > 1:
            yield from ({**view, "tftpservers": host} for host in hosts)
        else:
            yield view


def _list_families(lease: Lease) -> Iterator[Lease]:
    """Yield the lease as each family of addresses tells it, if both name a boot file."""
    if not (lease.get("bootfile_url") and (lease.get("bootfile") or lease.get("boot_file"))):
        yield lease
        return
    for others in (_FOUR, _SIX):
        yield {word: value for word, value in lease.items() if word not in others}


def server(lease: Lease) -> str:
    """Return the host of the files. The DHCP server comes last: it may have no files."""
    return next(servers(lease), "")


def servers(lease: Lease) -> Iterator[str]:
    """Yield the hosts that may have the files, the likeliest first, each once."""
    hosts = (host for word in _HOSTS for host in lease.get(word, "").split())
    yield from dict.fromkeys(_host(host) for host in hosts if host not in _NOBODY)


def bootfile(lease: Lease) -> str:
    """Return the URL of the file to boot, or "" without a file name or a server."""
    return next(bootfiles(lease), "")


def bootfiles(lease: Lease) -> Iterator[str]:
    """Yield the URLs of the files to boot: DHCPv6's whole URL comes before a name.

    Option 67 wins over the packet's own field.
    """
    found = [lease.get("bootfile_url", ""), lease.get("bootfile") or lease.get("boot_file", "")]
    yield from dict.fromkeys(url for name in found if name and (url := _on(_root(lease), name)))


def prefix(lease: Lease) -> str:
    """Return the URL to put before PXELINUX's relative file names, or ""."""
    return next(prefixes(lease), "")


def prefixes(lease: Lease) -> Iterator[str]:
    """Yield the URLs that PXELINUX's relative file names may begin with, the likeliest first.

    RFC 5071: option 210 is text to put before a name, and no slash is added. Servers that forget
    the slash mean a directory, so that comes second.
    """
    if path := lease.get("pxepathprefix"):
        if whole := _on(_root(lease), path):
            yield from dict.fromkeys((whole, f"{whole.rstrip('/')}/"))
    elif base := bootfile(lease) or _root(lease):
        yield join(base, "./")


def glue(base: str, name: str) -> str:
    """Return the URL of a relative name behind a prefix; a name with a slash in front, too."""
    return normalize(f"{base}{name.lstrip('/')}")


def configuration(lease: Lease) -> str:
    """Return the URL of the configuration that option 209 names, or ""."""
    return next(configurations(lease), "")


def configurations(lease: Lease) -> Iterator[str]:
    """Yield the URLs that option 209 may mean. A name with a slash in front is an absolute one."""
    name = _turn_slashes(lease.get("pxeconffile", ""))
    if is_url(name):
        yield normalize(name)
    elif name.startswith("/"):
        yield from filter(None, [_on(prefix(lease), name)])
    elif name:
        yield from dict.fromkeys(glue(base, name) for base in prefixes(lease))


def hardware(lease: Lease) -> str:
    """Return type and address of the interface in PXELINUX's spelling: 01-52-54-00-12-34-56."""
    address = lease.get("mac", "").lower().replace(":", "-")
    # The type is ARP's number. InfiniBand has addresses of 20 bytes.
    kind = "20" if address.count("-") == 19 else "01"
    return address and f"{kind}-{address}"


def list_names(lease: Lease) -> Iterator[str]:
    """Yield the names by which loaders ask for the file of a machine.

    These are its UUID, its hardware address, and its IPv4 address in hexadecimal, of which shorter
    and shorter beginnings follow.
    """
    uuid = lease.get("clientuuid") or lease.get("uuid", "")
    yield from (name for name in (uuid.lower(), hardware(lease)) if name)
    address = lease.get("ip", "")
    parts = [int(part) for part in address.split(".")] if _DOTTED.fullmatch(address) else []
    if parts and max(parts) < 256:
        digits = "".join(f"{part:02X}" for part in parts)
        yield from (digits[:length] for length in range(8, 0, -1))


def list_links(lease: Lease) -> list[tuple[str, str]]:
    """Return name and address of every network card of the machine, in the kernel's order."""
    parts = (word.partition("=") for word in lease.get("links", "").split())
    return [(name, mac.lower()) for name, _, mac in parts]


def _host(text: str) -> str:
    """Return the host of a server's name, which some servers give as a URL."""
    return split(text)[0].partition("://")[2] if is_url(text) else text


def _root(lease: Lease) -> str:
    """Return the URL of the root of the file server, with a slash at its end; or ""."""
    if is_url(tftp := lease.get("tftp", "")):
        return join(tftp, "/")
    named = next((lease[word] for word in _HOSTS[:4] if lease.get(word, "") not in _NOBODY), "")
    if not named and is_url(url := lease.get("bootfile_url", "")):
        return join(url, "/")
    host = server(lease)
    host = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    return host and f"tftp://{host}/"


def _turn_slashes(name: str) -> str:
    r"""Return a name with the slashes of a URL: Windows' servers write boot\x64\wdsnbp.com.

    They take both. Other servers that have such a name in their settings know only slashes. What
    follows a `?` is a program's own matter.
    """
    path, mark, query = name.partition("?")
    return path.replace("\\", "/") + mark + query


def _on(base: str, name: str) -> str:
    name = _turn_slashes(name)
    if is_url(name):
        return normalize(name)
    return join(base, name) if base and name else ""
