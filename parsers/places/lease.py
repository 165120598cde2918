"""A DHCP lease: the server, the boot file and the configuration. The names are udhcpc's.

RFC 2132 has the file and its server (options 66 and 67), RFC 5970 DHCPv6's URL. RFC 5071 has
PXELINUX's options: 209 is the name of the configuration, and 210 the prefix of relative file names.
"""

from collections.abc import Mapping

from parsers.places.urls import is_url, join, normalize

Lease = Mapping[str, str]

_NOBODY = ("", "0.0.0.0", "::")


def server(lease: Lease) -> str:
    """Return the host of the files. The DHCP server comes last: it may have no files."""
    names = ("tftp", "siaddr", "sname", "serverid")
    return next((lease[name] for name in names if lease.get(name, "") not in _NOBODY), "")


def bootfile(lease: Lease) -> str:
    """Return the URL of the file to boot, or "" without a file name or a server."""
    for name in ("bootfile_url", "bootfile", "boot_file"):
        if lease.get(name):
            return _on(_root(lease), lease[name])
    return ""


def prefix(lease: Lease) -> str:
    """Return the URL, with a slash at its end, before PXELINUX's relative file names; or ""."""
    if path := lease.get("pxepathprefix"):
        # The option is text to put before names, and often lacks the slash.
        return _on(_root(lease), path if path.endswith("/") else f"{path}/")
    base = bootfile(lease) or _root(lease)
    return base and join(base, "./")


def configuration(lease: Lease) -> str:
    """Return the URL of the configuration that option 209 names, or ""."""
    return _on(prefix(lease), lease.get("pxeconffile", ""))


def hardware(lease: Lease) -> str:
    """Return type and address of the interface in PXELINUX's spelling: 01-52-54-00-12-34-56."""
    address = lease.get("mac", "").lower().replace(":", "-")
    # The type is ARP's number. InfiniBand has addresses of 20 bytes.
    kind = "20" if address.count("-") == 19 else "01"
    return address and f"{kind}-{address}"


def _root(lease: Lease) -> str:
    host = server(lease)
    host = f"[{host}]" if host.count(":") > 1 else host
    return host and f"tftp://{host}/"


def _on(base: str, name: str) -> str:
    if is_url(name):
        return normalize(name)
    return join(base, name) if base and name else ""
