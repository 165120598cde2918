"""The name servers that systemd-networkd knows: from DHCP, router advertisements and settings.

It writes them to a file for each link, /run/systemd/netif/links/INDEX. Any machine of the network
may influence the contents, so a child without rights reads the files.
"""

import os
import stat
from collections.abc import Iterable, Sequence

from petipy.network.resolver import is_address
from petipy.sys.confined import confine
from petipy.sys.forked import Parent, in_child

PLACE = "/run/systemd/netif/links"
_LONGEST = 1 << 16  # bytes of a file
_MOST = 8  # name servers of a link
_PROCESSOR, _PATIENCE = 5, 10.0  # seconds
_MEMORY = 16 << 20  # bytes
_ANSWER = 4000  # characters; in_child allows few more


async def read_nameservers(links: Iterable[int], place: str = PLACE) -> tuple[str, ...]:
    """Return the name servers of the links, by index, each once. Raise OSError."""
    indices = sorted(links)

    def work(link: Parent) -> str:
        texts = [_open(f"{place}/{index}") for index in indices]
        confine("compute", [link.fileno()], _PROCESSOR, _MEMORY)
        found = [server for text in texts for server in parse(text)]
        return " ".join(dict.fromkeys(found))[:_ANSWER]

    answer = await in_child(work, _PATIENCE)
    return tuple(filter(is_address, answer.split()))


def _open(path: str) -> bytes:
    """Return the first bytes of a file; b"" if it is not there, or is no file."""
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        fd = os.open(path, flags)
    except OSError:
        return b""
    try:
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
        return os.read(fd, _LONGEST) if regular else b""
    finally:
        os.close(fd)


def parse(text: bytes) -> Sequence[str]:
    """Return the addresses in the lines DNS=; a port or a name of TLS after one is left out."""
    words = [
        word
        for line in text.decode(errors="replace").splitlines()
        if line.startswith("DNS=")
        for word in line.removeprefix("DNS=").split()
    ]
    return [word for word in (word.partition("#")[0] for word in words) if is_address(word)][:_MOST]
