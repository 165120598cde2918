"""Results of a survey: everything that the commands show of one machine. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from parsers.api import Problem, Volume
from petipy.state.candidates import list_candidates, list_uncovered
from petipy.state.guards import Guards, find_guards
from petipy.state.model import Choice, Device, Scan, Snapshot, Source
from petipy.state.network import Lease, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network: its lease, the requests that were made, and the places for configurations."""

    name: str
    lease: Lease = ()
    requests: tuple[Request, ...] = ()
    places: tuple[str, ...] = ()  # URLs that may have a configuration, in order


@dataclass(frozen=True, slots=True)
class Survey:
    """Devices, choices and problems that a survey of a machine found."""

    devices: tuple[Device, ...]  # scanned
    known: tuple[Device, ...]  # scanned, or only there to be referred to
    choices: tuple[Choice, ...]
    problems: tuple[tuple[str, Problem], ...]  # (device name, problem)
    foreign: tuple[Choice, ...] = ()  # systems other than Linux; not among the choices
    guards: Guards = ()
    networks: tuple[Network, ...] = ()

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes of all known devices."""
        return tuple(device.volume for device in self.known)

    @property
    def snapshot(self) -> Snapshot:
        """The machine as it would be after these scans."""
        sources = tuple(map(Source.of, self.devices))
        return Snapshot(sources=sources, settled=True, choices=self.choices, guards=self.guards)

    @property
    def default(self) -> Choice | None:
        """The choice that would boot by itself; if none can, the default of a configuration."""
        snapshot = self.snapshot
        order = list_candidates(snapshot)
        uncovered = list_uncovered(order, snapshot)
        wanted = (choice for choice in self.choices if choice.entry.default)
        return next(iter((*uncovered, *order, *wanted)), None)


def list_guards(scans: Iterable[tuple[Device, Scan]]) -> Guards:
    """Return the guards of the devices, given their scans."""
    found = ((device, find_guards(device.name, scan.preferences)) for device, scan in scans)
    return tuple((device.kind.reach, guards[0]) for device, guards in found if guards)
