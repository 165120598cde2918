"""Everything that DHCP servers have said on the links, as far as it still counts."""

from petipy.network.heard import Heard
from petipy.network.interfaces import Interface
from petipy.network.offers import make_lease, remember
from petipy.network.states import Answers
from petipy.state.network import Lease

_REFUSALS = {"nak": "refuses the address", "decline": "gave an address that somebody else has"}
_OFFERS = {"offer", "advertise"}


class Hearing:
    """The messages by link. `uuid` is the machine's."""

    def __init__(self, uuid: str = "") -> None:
        self._uuid = uuid
        self._heard: dict[int, tuple[Heard, ...]] = {}
        self._refusals: dict[int, str] = {}
        self._leases: dict[int, Lease] = {}  # as they were asked for last

    @property
    def leases(self) -> list[Lease]:
        """The leases of all links, also those that name nothing to boot."""
        return [*self._leases.values()]

    def take(self, heard: Heard) -> None:
        index = heard.link
        self._heard[index] = remember(self._heard.get(index, ()), heard)
        if words := _REFUSALS.get(heard.kind):
            self._refusals[index] = f"{heard.server or 'the server'} {words}"
        else:
            self._refusals.pop(index, None)

    def answers(self, interface: Interface) -> Answers:
        """Return the answers that count for the link now."""
        heard = self._heard.get(interface.link.index, ())
        offer = next((h.server for h in reversed(heard) if h.kind in _OFFERS), "")
        lease = make_lease(heard, interface.link, self._uuid)
        self._leases[interface.link.index] = lease
        return Answers(
            lease=lease,
            refusal=self._refusals.get(interface.link.index, ""),
            offer=offer,
        )

    def forget(self, index: int) -> None:
        """Forget what was heard on a link that is gone."""
        self._heard.pop(index, None)
        self._refusals.pop(index, None)
        self._leases.pop(index, None)
