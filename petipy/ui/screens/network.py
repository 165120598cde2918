"""The network screen: each interface, its lease, and the requests that were made with answers."""

from collections.abc import Iterator

from parsers.places.lease import WORDS
from parsers.places.urls import hide_credentials, is_url
from petipy.state.boots import Progress
from petipy.state.model import Snapshot, Source
from petipy.state.network import Link, Request
from petipy.ui.kit.keys import NEXT_PART, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.line.plain import describe_network, describe_progress, source_title
from petipy.ui.translator import Phrase, Translator, mark

# Words of a lease that the facts of the link tell already.
TOLD = {
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
_NONE = mark("There is no network interface, or the network is switched off.")


class NetworkScreen(TextScreen):
    def __init__(self, view: Navigation) -> None:
        super().__init__(view.translator.phrase)
        self._translator = view.translator
        self.show(view.session.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        networks = [source for source in snapshot.sources if source.kind.remote]
        text = [*_describe_download(snapshot.progress, self._translator)]
        text += [part for source in networks for part in describe(source, self._translator)]
        if snapshot.ssh:
            text = [(None, _fact("ssh", snapshot.ssh)), (None, ""), *text]
        text = text or [(None, self._phrase(_NONE))]
        if text != self._text:
            self.set_text(text)


def _describe_download(progress: Progress | None, translator: Translator) -> Iterator[Paragraph]:
    """Describe the file of a boot that comes from a server now."""
    phrase = translator.phrase
    if progress and is_url(progress.what):
        yield "heading", phrase("Download")
        yield None, f"{progress.what}: {describe_progress(progress, phrase, translator.translate)}"
        yield None, ""


def describe(source: Source, translator: Translator) -> Iterator[Paragraph]:
    """Describe an interface: state, addresses, the lease, and what was asked for, in order."""
    phrase = translator.phrase
    yield "heading", source_title(source, source.name)
    if state := describe_network(source, phrase, translator.translate):
        kind = "error" if source.state == "failed" else None
        yield kind, _fact(phrase("State"), state)
    if source.link:
        yield from ((None, _fact(name, words)) for name, words in _facts(source.link, phrase))
    # The lease of a place that a person opened is another source's.
    for word, value in source.lease if source.link else ():
        if word not in TOLD:
            name = translator.translate(WORDS.get(word, f"DHCP {word}"))
            yield None, _fact(name[:1].upper() + name[1:], hide_credentials(value))
    if source.requests:
        yield None, phrase("Requests:")
        for request in source.requests:
            yield _describe_request(request, translator)
    yield None, ""


def _facts(link: Link, phrase: Phrase) -> Iterator[tuple[str, str]]:
    speed = f", {link.speed} Mbit/s" if link.speed else ""
    plugged, none = phrase("connected") + speed, phrase("none")
    yield phrase("Cable"), plugged if link.carrier else phrase("not connected")
    yield phrase("MAC address"), link.mac or none
    if link.kind:
        yield phrase("Kind"), link.kind
    if link.mtu:
        yield "MTU", phrase("{number} bytes", number=link.mtu)
    yield phrase("Addresses"), ", ".join(link.addresses) or none
    yield phrase("Gateways"), ", ".join(link.gateways) or none
    yield phrase("DNS servers"), ", ".join(link.nameservers) or none
    if link.timeservers:
        yield phrase("NTP servers"), ", ".join(link.timeservers)
    if link.log_servers:
        yield phrase("log servers"), ", ".join(link.log_servers)


def _describe_request(request: Request, translator: Translator) -> Paragraph:
    text = f"  {request.url}: {translator.translate(request.answer)}"
    if request.seconds:
        text = translator.phrase(
            "{request} in {seconds:.2f} s", request=text, seconds=request.seconds
        )
    return (None if request.good else "dim"), text


def _fact(name: str, value: str) -> str:
    return f"{name + ':':<23} {value}"


SCREEN = Registration(
    title="Network",
    opener=Key(("N",), "network: addresses, leases, and what the servers answered", "{} network"),
    keys=(NEXT_PART,),
    needs="log",
    make=lambda occasion: NetworkScreen(occasion.view),
)
