"""The proxy that a request goes by, if it goes by one."""

from petipy.fetch.failure import FetchError
from petipy.fetch.url import Url, parse
from petipy.state.network import Fetching


def find(url: Url, rules: Fetching) -> Url | None:
    """Return the proxy for a URL; None if the server is asked itself. Raise FetchError."""
    if not rules.proxy or any(_covers(rule, url.host) for rule in rules.no_proxy):
        return None
    try:
        proxy = parse(rules.proxy if "://" in rules.proxy else f"http://{rules.proxy}")
    except ValueError as error:
        raise FetchError(f"petipy.proxy: {error}") from None
    if proxy.scheme != "http" or not proxy.host:
        raise FetchError("petipy.proxy: only http://HOST:PORT is known")
    return proxy


def _covers(rule: str, host: str) -> bool:
    """Return True if a rule of petipy.no_proxy covers the host.

    A rule is *, an address, a network such as 192.0.2.0/24, a name, or a domain with all names in
    it, with or without a dot before it.
    """
    if rule == "*":
        return True
    import ipaddress  # petipy.fetch.fetcher.prepare imports it if there are such rules

    rule, host = rule.strip("[]").lower(), host.partition("%")[0].lower().rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        domain = rule.removeprefix("*").strip(".")
        return bool(domain) and f".{host}".endswith(f".{domain}")
    try:
        return address in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False
