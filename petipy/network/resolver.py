"""The name servers in /etc/resolv.conf (resolv.conf(5)), as the leases name them."""

import os
import re
import socket
from collections.abc import Iterable, Sequence

PLACE = "/etc/resolv.conf"
_MOST_SERVERS = 3  # glibc's MAXNS: it reads no more
_MOST_DOMAINS, _LONGEST = 6, 256  # of the search list; older libraries read no more
# RFC 1123, and the underscore that real networks have. A full stop at the end is allowed.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,15}")  # the name of an interface
# A server that is silent costs 2 s, not 5, before the next one is asked.
_OPTIONS = "options timeout:2 attempts:3"


def make_text(servers: Iterable[str], domains: Iterable[str]) -> str:
    """Return the file's text. Words that are no addresses, or no names, are left out."""
    chosen = [*dict.fromkeys(filter(is_address, servers))][:_MOST_SERVERS]
    lines = [f"nameserver {server}" for server in chosen]
    if search := _choose_domains(domains):
        lines.append(f"search {' '.join(search)}")
    return "".join(f"{line}\n" for line in (*lines, _OPTIONS))


def is_address(text: str) -> bool:
    """Return True for an address of a host; one of IPv6 may have the zone that it is in."""
    address, percent, zone = text.partition("%")
    if percent and not (_ZONE.fullmatch(zone) and ":" in address):
        return False
    if not _ADDRESS.fullmatch(address):
        return False
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, address)
        except OSError:
            continue
        return any(packed)
    return False


def is_domain(text: str) -> bool:
    """Return True for the name of a domain, as search lists have them."""
    return len(text) < _LONGEST and _DOMAIN.fullmatch(text) is not None


def _choose_domains(domains: Iterable[str]) -> Sequence[str]:
    chosen: list[str] = []
    for domain in dict.fromkeys(filter(is_domain, domains)):
        if len(chosen) < _MOST_DOMAINS and len(" ".join([*chosen, domain])) <= _LONGEST:
            chosen.append(domain)
    return chosen


def read_lease(lease: Iterable[tuple[str, str]]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the name servers and the domains to search that a lease has."""
    words = dict(lease)
    search = words.get("search") or words.get("domain", "")
    return words.get("dns", "").split(), search.split()


class Resolver:
    """Writes the file when its text changes."""

    def __init__(self, path: str = PLACE) -> None:
        self._path, self._text = path, ""

    def update(self, servers: Iterable[str], domains: Iterable[str]) -> bool:
        """Write the servers and domains. Return True if they are not the same as before.

        Raise OSError.
        """
        text = make_text(servers, domains)
        if text == self._text:
            return False
        # A reader gets the whole file, the old one or the new one.
        path = f"{self._path}.new"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.replace(path, self._path)  # noqa: PTH105  no pathlib here
        self._text = text
        return True
