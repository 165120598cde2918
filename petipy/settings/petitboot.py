"""The settings that Petitboot has left on a machine, translated into Petipy's. Pure.

The names and their syntax are those of Petitboot's discover/platform.c. An empty value is the
default there. On EFI machines its settings are variables with the same names.
"""

import re
from collections.abc import Iterable, Iterator

from petipy.settings.storage import Statement
from petipy.state import order

Found = tuple[str, str, str]  # place, name, value
_NUMBER = re.compile(r"\s*([+-]?)([0-9]+)")
_EVER = 10**9  # seconds: 31 years. Petitboot takes a negative number for 68
_KINDS = "network", "disk", "usb", "optical", "any"
# Settings that Petipy has no use for, with the reason.
_WITHOUT = {
    "petitboot,write?": "Petipy writes to a disk only when an entry boots that asks for it",
    "petitboot,snapshots?": "Petipy never writes to a disk while it looks",
    "petitboot,preboot-check": "Petipy checks a kernel when it loads it",
}


def translate(found: Iterable[Found]) -> Iterator[Statement]:
    """Yield what each setting becomes, the strongest last."""
    given = [item for item in found if item[2].strip()]
    for place, name, value in given:
        for setting, text in _translate(name, value.strip()):
            yield Statement(setting, text, place, name, wrong=not setting and name not in _WITHOUT)
    for place, name, value in given:
        if name == "auto-boot?" and value == "false":
            yield Statement("timeout", "never", place, name)


def _translate(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each setting; the name "" and a text for what becomes none."""
    match name:
        case "petitboot,timeout":
            yield "timeout", _read_timeout(value)
        case "petitboot,bootdevs":
            yield from _read_devices(value)
        case "petitboot,network":
            yield from _read_network(value)
        case "petitboot,password":
            yield "machine_password", value
        case "petitboot,language":
            yield "language", value
        case "petitboot,debug?":
            yield "debug", "1" if value == "true" else "0"
        case "petitboot,console" if "[" not in value:  # it has found that one by itself
            yield "consoles", value
        case "petitboot,https_proxy" | "petitboot,http_proxy":
            yield "proxy", value
        case _ if name in _WITHOUT:
            yield "", _WITHOUT[name]


def _read_timeout(value: str) -> str:
    """Read a number as C's strtoul does."""
    if not (number := _NUMBER.match(value)):
        return value
    digits = number[2].lstrip("0") or "0"
    negative = number[1] == "-" and digits != "0"
    return "never" if negative or len(digits) > 10 or int(digits) >= _EVER else digits


def _read_devices(value: str) -> Iterator[tuple[str, str]]:
    """Read the order of devices: words, such as "uuid:X mac:X network disk any"."""
    items = []
    for word in value.split():
        tag, colon, device = word.partition(":")
        kind = next((kind for kind in _KINDS if word.startswith(kind)), "")
        named = device.replace(",", "\\,") if colon and tag in ("uuid", "mac") else ""
        try:
            order.parse(item := named or kind or ",")
        except ValueError:
            yield "", f"{word!r} is no device that Petipy boots from"
        else:
            items.append(item)
    if items:
        yield "order", ",".join(items)


def _read_network(value: str) -> Iterator[tuple[str, str]]:
    """Read the interfaces: words of MAC, method and more, with commas between.

    Petitboot leaves every interface alone that is not among them.
    """
    words, cards = [], 0
    for word in value.split():
        first, *rest = word.split(",")
        card, (method, *more) = first.replace(":", "-").lower(), rest or [""]
        if first == "dns":
            words += [f"nameserver={server}" for server in rest]
        elif method == "ignore":
            words.append(f"ip={card}:off")
        elif method == "dhcp":
            words.append(f"ip={card}:on")
        elif method == "static" and more:
            address, _, length = more[0].partition("/")
            gateway = next((part for part in more[1:] if "://" not in part), "")
            words.append(f"ip={_quote(address)}::{_quote(gateway)}:{length}::{card}:none")
            for url in (part for part in more[1:] if "://" in part):
                yield "", f"{url} is not asked by itself; the key O opens it"
        else:
            yield "", f"{word!r} is not understood"
            continue
        cards += first != "dns"
    if words:
        yield "interfaces", " ".join([*words, "ip=off"] if cards else words)


def _quote(address: str) -> str:
    return f"[{address}]" if ":" in address else address
