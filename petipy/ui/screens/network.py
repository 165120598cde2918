"""The network screen: each interface, its lease, and the requests that were made with answers."""

from collections.abc import Iterator

from parsers.places.lease import WORDS
from parsers.places.urls import hide_credentials, is_url
from petipy.state.boots import Progress
from petipy.state.model import Snapshot, Source
from petipy.state.network import Link, Request
from petipy.ui.kit.keys import NEXT_PART, Key
from petipy.ui.kit.registration import Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.line.plain import describe_network, describe_progress, source_title

# Words of a lease that the facts of the link tell already.
_TOLD = {
    "interface",
    "mac",
    "ip",
    "ip6",
    "subnet",
    "router",
    "dns",
    "ntpsrv",
    "mtu",
    "links",
    "uuid",
}
_NONE = "There is no network interface, or the network is switched off."


class NetworkScreen(TextScreen):
    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.show(snapshot)

    def show(self, snapshot: Snapshot) -> None:
        networks = [source for source in snapshot.sources if source.kind.remote]
        text = [*_describe_download(snapshot.progress)]
        text += [part for source in networks for part in describe(source)]
        if snapshot.ssh:
            text = [(None, _fact("ssh", snapshot.ssh)), (None, ""), *text]
        text = text or [(None, _NONE)]
        if text != self._text:
            self.set_text(text)


def _describe_download(progress: Progress | None) -> Iterator[Paragraph]:
    """Describe the file of a boot that comes from a server now."""
    if progress and is_url(progress.what):
        yield "heading", "Download"
        yield None, f"{progress.what}: {describe_progress(progress)}"
        yield None, ""


def describe(source: Source) -> Iterator[Paragraph]:
    """Describe an interface: state, addresses, the lease, and what was asked for, in order."""
    yield "heading", source_title(source, source.name)
    if state := describe_network(source):
        kind = "error" if source.state == "failed" else None
        yield kind, _fact("State", state)
    if source.link:
        yield from ((None, _fact(name, words)) for name, words in _facts(source.link))
    # The lease of a place that a person opened is another source's.
    for word, value in source.lease if source.link else ():
        if word not in _TOLD:
            name = WORDS.get(word, f"DHCP {word}")
            yield None, _fact(name[:1].upper() + name[1:], hide_credentials(value))
    if source.requests:
        yield None, "Requests:"
        yield from map(_describe_request, source.requests)
    yield None, ""


def _facts(link: Link) -> Iterator[tuple[str, str]]:
    speed = f", {link.speed} Mbit/s" if link.speed else ""
    yield "Cable", f"connected{speed}" if link.carrier else "not connected"
    yield "MAC address", link.mac or "none"
    if link.kind:
        yield "Kind", link.kind
    if link.mtu:
        yield "MTU", f"{link.mtu} bytes"
    yield "Addresses", ", ".join(link.addresses) or "none"
    yield "Gateways", ", ".join(link.gateways) or "none"
    yield "DNS servers", ", ".join(link.nameservers) or "none"
    if link.timeservers:
        yield "NTP servers", ", ".join(link.timeservers)
    if link.log_servers:
        yield "log servers", ", ".join(link.log_servers)


def _describe_request(request: Request) -> Paragraph:
    took = f" in {request.seconds:.2f} s" if request.seconds else ""
    return (None if request.good else "dim"), f"  {request.url}: {request.answer}{took}"


def _fact(name: str, value: str) -> str:
    return f"{name + ':':<23} {value}"


SCREEN = Registration(
    title="Network",
    opener=Key(("N",), "network: addresses, leases, and what the servers answered", "{} network"),
    keys=(NEXT_PART,),
    needs="log",
    make=lambda occasion: NetworkScreen(occasion.view.session.snapshot),
)
