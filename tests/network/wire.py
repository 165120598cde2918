"""A network of links whose cables, addresses and servers a test moves. Time is the test's."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from petipy.log import Log
from petipy.network.heard import Heard, Kind
from petipy.network.hearing import Hearing
from petipy.network.links import Links
from petipy.sources.source import Arrived, Left, SourceEvent, Updated
from petipy.state.model import Source
from petipy.sys.netlink import ETHERNET, AddressNews, LinkNews, RouteNews

BOOT = (("bootfile", "pxelinux.0"), ("siaddr", "192.0.2.1"), ("serverid", "192.0.2.1"))


def link(index: int = 2, name: str = "eth0", **more: object) -> LinkNews:
    """Return a link that is switched on and has a cable."""
    news = LinkNews(
        present=True,
        index=index,
        name=name,
        type=ETHERNET,
        loopback=False,
        up=True,
        carrier=True,
        mac=f"52:54:00:12:34:{index:02x}",
        mtu=1500,
        kind="",
        master=0,
        parent=0,
    )
    return replace(news, **more)  # type: ignore[arg-type]


@dataclass
class Wire:
    """The links of a machine. Each step returns the events that follow from it."""

    sysfs: Path
    now: float = 100.0
    log: Log = field(default_factory=lambda: Log(files=()))
    hearing: Hearing = field(default_factory=Hearing)
    shown: dict[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.links = Links(self.log, self.hearing, str(self.sysfs))

    def look(self) -> list[SourceEvent]:
        events = [*self.links.compare(self.now)]
        for event in events:
            if isinstance(event, Left):
                del self.shown[event.name]
            elif isinstance(event, Arrived | Updated):
                self.shown[event.source.name] = event.source
        return events

    def put(self, news: LinkNews) -> list[SourceEvent]:
        self.links.interfaces.take([news])
        return self.look()

    def give(self, address: str = "192.0.2.7/24", index: int = 2) -> list[SourceEvent]:
        """Assign an address, as networkd does."""
        self.links.interfaces.take([AddressNews(True, index, address, True, False, False)])
        self.links.interfaces.take([RouteNews(True, index, "192.0.2.1", True)])
        return self.look()

    def take_away(self, address: str = "192.0.2.7/24", index: int = 2) -> list[SourceEvent]:
        self.links.interfaces.take([AddressNews(False, index, address, True, False, False)])
        return self.look()

    def hear(
        self,
        kind: Kind,
        words: tuple[tuple[str, str], ...] = BOOT,
        *,
        index: int = 2,
        address: str = "192.0.2.7",
        reasons: tuple[str, ...] = (),
    ) -> list[SourceEvent]:
        heard = Heard(
            link=index,
            family="v4",
            kind=kind,
            server="192.0.2.1",
            address=address,
            transaction=1,
            words=words,
            reasons=reasons,
        )
        self.hearing.take(heard)
        return self.look()

    def wait(self, seconds: float) -> list[SourceEvent]:
        """Let time pass as a loop would: it looks whenever the words are to change."""
        end, events = self.now + seconds, list[SourceEvent]()
        while (pause := self.links.next_change(self.now)) <= end - self.now:
            self.now += pause
            events += self.look()
        self.now = end
        return [*events, *self.look()]

    def reason(self, name: str = "eth0") -> str:
        return self.shown[name].reason

    def lines(self) -> Iterator[str]:
        return (line.text for line in self.log.lines)


def scanned(events: list[SourceEvent]) -> list[str]:
    """Return the names of the sources that the events have scanned."""
    found = (event.source for event in events if isinstance(event, Arrived))
    return [source.name for source in found if source.state == "scanning"]
