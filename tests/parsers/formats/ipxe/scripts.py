"""Run iPXE scripts that come over the network."""

from typing import Any

from parsers.api import Entry, Item, Preferences, Problem
from parsers.formats.ipxe import FORMAT
from tests.fakes import Machine

HERE = "http://boot.example.org/ipxe/menu.ipxe"
LEASE = {
    "ip": "192.0.2.10",
    "subnet": "255.255.255.0",
    "router": "192.0.2.1 192.0.2.2",
    "siaddr": "192.0.2.3",
    "serverid": "192.0.2.4",
    "hostname": "node 1",
    "domain": "example.org",
    "rootpath": "iscsi:192.0.2.9::::iqn",
    "bootfile": "boot/x.ipxe",
    "mac": "52:54:00:Ab:cd:0e",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
}


def items(
    text: str, *, lease: dict[str, str] = LEASE, machine: str = "x86_64", **urls: str
) -> list[Item]:
    """Return the items of a script at HERE. `urls` are the texts of other files."""
    others = {HERE.replace("menu.ipxe", name): other for name, other in urls.items()}
    host = Machine(
        {"eth0": {}},
        machine=machine,
        urls={HERE: f"#!ipxe\n{text}", **others},
        leases={"eth0": lease},
    )
    return list(FORMAT.parse(host.files("eth0"), HERE))


def entries(text: str, **more: Any) -> list[Entry]:
    return [item for item in items(text, **more) if isinstance(item, Entry)]


def entry(text: str, **more: Any) -> Entry:
    (only,) = entries(text, **more)
    return only


def problems(text: str, **more: Any) -> list[tuple[int, str]]:
    found = [item for item in items(text, **more) if isinstance(item, Problem)]
    return [(problem.line, problem.message) for problem in found]


def preferences(text: str) -> Preferences:
    (only,) = (item for item in items(text) if isinstance(item, Preferences))
    return only


def expand(text: str, words: str, **more: Any) -> str:
    """Return `words` as expanded at the end of a script, in a kernel's command line."""
    return entry(f"{text}\nkernel /vmlinuz {words}\nboot\n", **more).cmdline


def reason(text: str, **more: Any) -> str:
    return entry(text, **more).unbootable
