"""What a DHCP lease says about booting. Pure. The names are those of udhcpc's script.

RFC 2132 for the file and its server (options 66, 67), RFC 5071 for PXELINUX's options: 209 names
the configuration, 210 is what its relative file names begin with; RFC 5970 for DHCPv6's URL.
"""

from collections.abc import Mapping

from parsers.places.urls import is_url, join, normal

Lease = Mapping[str, str]

_NOBODY = ("", "0.0.0.0", "::")


def server(lease: Lease) -> str:
    """The host that files come from; of the DHCP server itself nobody knows that it has any."""
    names = ("tftp", "siaddr", "sname", "serverid")
    return next((lease[name] for name in names if lease.get(name, "") not in _NOBODY), "")


def bootfile(lease: Lease) -> str:
    """The URL of the file to boot; "" when none is named, or nobody to have it."""
    for name in ("bootfile_url", "bootfile", "boot_file"):
        if lease.get(name):
            return _on(_root(lease), lease[name])
    return ""


def prefix(lease: Lease) -> str:
    """The URL that PXELINUX's relative file names begin with, up to a slash; or ""."""
    if said := lease.get("pxepathprefix"):
        # It is text put before names, and often lacks the slash that is meant.
        return _on(_root(lease), said if said.endswith("/") else f"{said}/")
    base = bootfile(lease) or _root(lease)
    return base and join(base, "./")


def configuration(lease: Lease) -> str:
    """The URL of the configuration that option 209 names; or ""."""
    return _on(prefix(lease), lease.get("pxeconffile", ""))


def hardware(lease: Lease) -> str:
    """Type and address of the interface, as PXELINUX writes them: 01-52-54-00-12-34-56."""
    address = lease.get("mac", "").lower().replace(":", "-")
    # ARP's numbers of the kinds of hardware: InfiniBand has addresses of 20 bytes.
    kind = "20" if address.count("-") == 19 else "01"
    return address and f"{kind}-{address}"


def _root(lease: Lease) -> str:
    host = server(lease)
    host = f"[{host}]" if host.count(":") > 1 else host
    return host and f"tftp://{host}/"


def _on(base: str, name: str) -> str:
    if is_url(name):
        return normal(name)
    return join(base, name) if base and name else ""
