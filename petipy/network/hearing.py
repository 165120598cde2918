"""The messages of DHCP servers on each link that still count."""

from itertools import chain

from petipy.network.heard import Conflict, Heard
from petipy.network.interfaces import Interface
from petipy.network.offers import list_reasons, make_lease, remember
from petipy.network.states import Answers
from petipy.state.network import NO_SETUPS, Lease, Link, Method, Setups

_REFUSALS = {"nak": "refuses the address", "decline": "gave an address that another machine has"}
_OFFERS = {"offer", "advertise"}
_MOST_REASONS = 3  # that are told of a link


class Hearing:
    """The messages by link. `uuid` is the machine's; the setups say how links get addresses."""

    def __init__(self, uuid: str = "", setups: Setups = NO_SETUPS) -> None:
        self._uuid, self._setups = uuid, setups
        self._heard: dict[int, tuple[Heard, ...]] = {}
        self._refusals: dict[int, str] = {}
        self._conflicts: dict[int, Conflict] = {}
        self._leases: dict[int, Lease] = {}  # the leases of the last updates
        self._held: dict[int, tuple[str, ...]] = {}  # the addresses of the links then

    @property
    def leases(self) -> list[Lease]:
        """The leases of all links, also those that name nothing to boot."""
        return [*self._leases.values()]

    def take(self, heard: Heard) -> None:
        index = heard.link
        held = self._held.get(index, ())
        self._heard[index] = remember(self._heard.get(index, ()), heard, held)
        if words := _REFUSALS.get(heard.kind):
            self._refusals[index] = f"{heard.server or 'the server'} {words}"
        else:
            self._refusals.pop(index, None)
        if heard.kind == "ack" and heard.family == "v4":  # it is checked again
            self._conflicts.pop(index, None)

    def take_conflict(self, conflict: Conflict) -> None:
        self._conflicts[conflict.link] = conflict

    def update(self, interface: Interface) -> Answers:
        """Make the lease of a link anew, and return the answers that count for it now."""
        heard = self._heard.get(interface.link.index, ())
        self._held[interface.link.index] = interface.link.own_addresses
        offer = next((h.server for h in reversed(heard) if h.kind in _OFFERS), "")
        lease = make_lease(heard, interface.link, self._uuid)
        self._leases[interface.link.index] = lease
        return Answers(
            lease=lease,
            refusal=self._refusals.get(interface.link.index, ""),
            offer=offer,
            method=_find_method(self._setups, interface.link),
            conflict=_describe(self._conflicts.get(interface.link.index), lease),
            refused="; ".join(list_reasons(heard)[:_MOST_REASONS]).replace("\n", " "),
        )

    def forget(self, index: int) -> None:
        """Forget what was heard on a link that is gone."""
        self._heard.pop(index, None)
        self._held.pop(index, None)
        self._refusals.pop(index, None)
        self._conflicts.pop(index, None)
        self._leases.pop(index, None)


def _describe(conflict: Conflict | None, lease: Lease) -> str:
    if conflict is None or dict(lease).get("ip") != conflict.address:
        return ""
    return f"{conflict.address} is used by {conflict.mac}, too"


def _find_method(setups: Setups, link: Link) -> Method:
    """Return the method of the link's own setup, by its name or MAC; else that of the others."""
    by_name = (setup for setup in setups.interfaces if setup.name == link.name)
    by_mac = (s for s in setups.interfaces if not s.name and s.mac and s.mac == link.mac)
    others = (s for s in setups.interfaces if not s.name and not s.mac)
    found = next(chain(by_name, by_mac, others), None)
    return found.method if found else "auto"
