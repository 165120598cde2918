"""Networks in words and values, for people and programs."""

from collections.abc import Iterator

from parsers.places.lease import WORDS
from parsers.places.urls import hide_credentials
from petipy.network.offers import describe
from petipy.state.network import Request
from petipy.state.survey import Network


def describe_network(network: Network) -> Iterator[str]:
    """Yield lines about the lease, the requests and their answers."""
    if not network.lease:
        return
    yield f"  DHCP: {describe(network.lease)}"
    for word, value in network.lease:
        if word != "interface":
            for line in value.split("\n"):
                yield f"    {WORDS.get(word, word):<24} {hide_credentials(line)}"
    asked = {request.url: request for request in network.requests}  # the last try of each
    for url, request in asked.items():
        yield f"  asked {url}: {_describe_answer(request)}"
    # An earlier place has answered, or nothing could be asked for at all.
    what = "not asked" if asked else "would ask"
    places = map(hide_credentials, network.places)
    yield from (f"  {what} {url}" for url in places if url not in asked)


def _describe_answer(request: Request) -> str:
    return f"{request.answer}, {request.seconds:.1f} s" if request.seconds else request.answer


def network_to_json(network: Network) -> dict[str, object]:
    return {
        "name": network.name,
        "lease": dict(network.lease),
        "requests": [
            {"url": r.url, "answer": r.answer, "seconds": r.seconds, "good": r.good}
            for r in network.requests
        ],
        "places": list(network.places),
    }
