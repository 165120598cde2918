"""The state of a link in plain words. Pure.

The numbers in the words change seldom, since each change is drawn on every console: every five
seconds at first, then less and less often.
"""

import math
from dataclasses import dataclass

from parsers.places import lease as leases
from petipy.network import offers
from petipy.network.interfaces import Interface
from petipy.state.model import State
from petipy.state.network import Lease, Method

_ASKING = {"auto", "dhcp4", "dhcp6"}  # methods by which servers are asked
SILENT = 30.0  # seconds without an answer after which the words say so
_STEPS = ((20, 5), (60, 10), (300, 30), (math.inf, 60))  # until so many seconds, in such steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers of the DHCP servers on a link, as far as its state depends on them."""

    lease: Lease = ()  # () as long as there is none
    refusal: str = ""  # the last refusal, in words; "" after an answer that is none
    offer: str = ""  # the server that offers an address, as long as there is no lease
    method: Method = "auto"  # by which the link gets its addresses
    conflict: str = ""  # the other machine that has the address of the lease, in words
    refused: str = ""  # the parts of the answers that were left out, in words


def describe(
    interface: Interface, answers: Answers, seconds: float, *, had_lease: bool = False
) -> tuple[State, str]:
    """Return the state of a link's source and the reason for it.

    `seconds` have passed since the carrier came, or since the address went. With `had_lease` the
    source has been scanned, and its entries stay.
    """
    if answers.method == "ignore":
        return "ready", "the settings leave it alone"
    reason = _find_obstacle(interface, answers, seconds)
    if had_lease:  # also without its address now: what was found may still boot
        return "scanning", reason or answers.conflict
    if reason:
        return "waiting", reason
    if not answers.lease:
        return "ready", f"{_join_addresses(interface)}, without DHCP: nothing says what to boot"
    if not leases.is_about_booting(dict(answers.lease)):
        words = offers.describe(answers.lease)
        if answers.conflict:
            words = f"{words}; {answers.conflict}"
        return "ready", f"{words} ({answers.refused})" if answers.refused else words
    return "scanning", answers.conflict


def find_next_change(seconds: float) -> float:
    """Return the seconds at which the words of a link change next."""
    if seconds < SILENT <= _round_up(seconds):
        return SILENT
    return _round_up(seconds)


def _find_obstacle(interface: Interface, answers: Answers, seconds: float) -> str:
    link = interface.link
    if not interface.up:
        return "it is switched off" if seconds >= SILENT else "it is being switched on"
    if not link.carrier:
        return "no cable" if link.kind in {"", "veth"} else "no carrier"
    if interface.duplicate:
        return f"another machine has {interface.duplicate}, too; asking again"
    if answers.lease and _holds(interface, answers.lease):
        return ""
    if answers.lease and seconds < SILENT:
        return "the address is being checked"
    if answers.method not in _ASKING:
        return "" if link.addresses else "it waits for its address"
    known = f"{_join_addresses(interface)}; " if link.addresses else ""
    if answers.refusal:
        return f"{known}{answers.refusal}; asking again"
    age = format_age(seconds)
    if answers.offer:
        return f"{known}{answers.offer} offers an address; waiting for it, {age}"
    if seconds >= SILENT:
        return f"{known}no answer to DHCP for {age}; still asking"
    what = "what to boot" if known else "an address"
    return f"{known}asking for {what}, {age}"


def _holds(interface: Interface, lease: Lease) -> bool:
    """Return True if the link has an address of the lease, so that files can be fetched."""
    words = dict(lease)
    given = {address for word in ("ip", "ip6") for address in words.get(word, "").split()}
    own = {*interface.link.own_addresses}
    return bool(given & own if given else own)


def format_age(seconds: float) -> str:
    """Return a number of seconds in words, rounded down to the last step."""
    number = _round_down(seconds)
    return f"{number} s" if number < 300 else f"{number // 60} min"


def _step(seconds: float) -> int:
    return next(step for end, step in _STEPS if seconds < end)


def _round_down(seconds: float) -> int:
    step = _step(seconds)
    return int(seconds // step) * step


def _round_up(seconds: float) -> float:
    return _round_down(seconds) + _step(seconds)


def _join_addresses(interface: Interface) -> str:
    return ", ".join(interface.link.own_addresses)
