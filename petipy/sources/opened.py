"""Places that a person opens: a URL, or a path on a device. Each is a source.

A URL is that of a boot file. A boot loader leads to its configuration, as if a DHCP server had
named it. Otherwise only that file is fetched. A path leads to a configuration, a kernel or an image
file. A path in it without a device means the same device.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from parsers.api import Volume
from parsers.places.lease import BOOTING
from parsers.places.urls import hide_credentials, is_url
from petipy.state.model import NETWORK, Device, Snapshot, Source
from petipy.state.network import Lease, is_printable_line

_PLACE = re.compile(r"\((?P<device>[^()]+)\)(?P<path>/.*)")
_MOST = 16  # places; the next one takes the place of the oldest


class OpenedPlaces:
    """The places that were opened.

    `snapshot` gives the devices and the leases of the moment; `add` gets each new source, and
    `remove` the name of one that is closed.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        add: Callable[[Source], None],
        remove: Callable[[str], None],
    ) -> None:
        self._snapshot, self._add, self._remove = snapshot, add, remove
        self._names: dict[str, str] = {}  # by place; the oldest first
        self._count = 0

    def open(self, text: str) -> str:
        """Open "http://host/menu.ipxe", or "(vda2)/boot/other.cfg"; look again if it is open.

        Return the name of its source. Raise ValueError with a sentence for anything else.
        """
        text = text.strip()
        if not is_printable_line(text):
            raise ValueError("a place has at most 2000 characters, all of them printable")
        if is_url(text):
            source = self._follow(text)
        elif match := _PLACE.fullmatch(text):
            source = self._read(text, match["device"], match["path"])
        else:
            raise ValueError("not a place: it looks like http://host/file or (vda2)/boot/file")
        self._add(replace(source, opened=True))
        return source.name

    def close(self, name: str) -> None:
        """Close the place whose source has this name. Raise ValueError if there is none."""
        place = next((place for place, known in self._names.items() if known == name), None)
        if place is None:
            raise ValueError(f"nothing that was opened is called {name}")
        del self._names[place]
        self._remove(name)

    def _follow(self, url: str) -> Source:
        name = self._find_name(url)
        title = f"{name}: {hide_credentials(url)}"
        device = Device(volume=Volume(name=name), node="", kind=NETWORK, title=title)
        return replace(Source.of(device), lease=self._make_lease(url))

    def _make_lease(self, url: str) -> Lease:
        """Return the first lease there is, with the URL for what it names."""
        leases = (source.lease for source in self._snapshot().sources if source.lease)
        kept = (item for item in next(leases, ()) if item[0] not in BOOTING)
        return (*kept, ("bootfile_url", url), ("opened", "1"))

    def _read(self, text: str, device: str, path: str) -> Source:
        host = next((d for d in self._snapshot().devices if d.name == device), None)
        if host is None or host.kind.remote or host.kind.inner:
            raise ValueError(f"no disk is called {device}")
        name = self._find_name(text)
        # Without the identifiers of its file system, or there would be two with them.
        volume = Volume(name=name, fs=host.volume.fs, disk=host.volume.disk)
        own = replace(host, volume=volume, title=f"{name}: {text}")
        return replace(Source.of(own), path=path)

    def _find_name(self, place: str) -> str:
        if place not in self._names:
            self._count += 1
            name = f"opened{self._count}"
            if len(self._names) == _MOST:
                oldest = next(iter(self._names))
                name = self._names.pop(oldest)
            self._names[place] = name
        return self._names[place]
