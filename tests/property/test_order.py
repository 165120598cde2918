"""Random machines with an order: the wait for a network ends, and the order is kept."""

import math
import random
from dataclasses import replace

from petipy.state import order, policy
from petipy.state.model import NETWORK, Snapshot, Source, State
from petipy.state.network import Link
from petipy.state.policy import Hints
from petipy.state.settings import Settings
from tests.samples import choice, device

LIVES = 2000
ORDERS = ("", "network,any", "network:90s,any", "network:5s,disk", "eth0:30s,disk", "disk,network")
SINCE = 100.0  # seconds by the clock, when the disk is first there
TIMEOUT = 5.0  # seconds
STATES: tuple[State, ...] = ("waiting", "scanning", "failed", "ready")


class Life:
    """A machine with one good disk and some links, whose states change at random times."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.text = self._random.choice(ORDERS)
        count = self._random.randint(0, 3)
        self.sources: dict[str, Source] = {"vda2": Source.of(device("vda2"), "ready")}
        self.changes = sorted(
            (SINCE + self._random.uniform(0, 120), f"eth{number}")
            for number in range(count)
            for _ in range(self._random.randint(1, 4))
        )
        self.offers: set[str] = set()
        for number in range(count):
            self.change(f"eth{number}")

    def change(self, name: str) -> None:
        """Give a link another state. A ready one offers an entry, nothing, or the own disk."""
        state = self._random.choice(STATES)
        link = Link(index=2, name=name, carrier=self._random.random() < 0.7)
        found = Source.of(device(name, kind=NETWORK), state)
        self.offers.discard(name)
        self.sources[name] = replace(found, link=link)
        if state == "ready":
            fate = self._random.choice(("offer", "nothing", "local"))
            self.sources[name] = replace(self.sources[name], elsewhere=fate == "local")
            if fate == "offer":
                self.offers.add(name)

    def snapshot(self) -> Snapshot:
        names = ("vda2", *sorted(self.offers))
        choices = tuple(choice(n, device=n, turn=0, own=n == "vda2") for n in names)
        settings = Settings(timeout=TIMEOUT, order=order.parse(self.text))
        sources = tuple(sorted(self.sources.values(), key=lambda source: source.order))
        return Snapshot(settled=True, settings=settings, sources=sources, choices=choices)

    def run(self) -> tuple[float, str]:
        """Return the time of the boot, and the device."""
        now, hints = SINCE, Hints(since=SINCE)
        while True:
            while self.changes and self.changes[0][0] <= now:
                self.change(self.changes.pop(0)[1])
            snapshot = self.snapshot()
            decision = policy.decide(snapshot, hints, now)
            if decision.boot:
                return now, decision.boot
            events = [decision.again, *(at for at, _ in self.changes[:1])]
            assert min(events) > now, "it would be asked again at once"
            assert min(events) < math.inf, "it would wait for ever"
            now = min(events)


def patience(text: str) -> float:
    """Return the longest wait that an order allows, in seconds."""
    items = order.parse(text)
    own = [order.NETWORK_PATIENCE] if any(item.name == "network" for item in items) else []
    stated = [item.patience for item in items if item.patience is not None]
    return max([TIMEOUT, *own, *stated])


def test_a_machine_with_a_good_disk_boots_when_the_patience_of_its_order_is_over() -> None:
    for seed in range(LIVES):
        life = Life(seed)
        at, device_name = life.run()
        story = f"seed {seed}, order {life.text!r}: {device_name} at {at:.1f}"
        assert at <= SINCE + patience(life.text) + policy.PATIENCE, story
        if life.text.startswith("network") and life.offers:
            assert device_name in life.offers, story
        if life.text in ("", "disk,network"):
            assert (device_name, at) == ("vda2", SINCE + TIMEOUT), story
