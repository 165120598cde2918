"""Results of a survey: everything that the commands show of one machine. Pure."""

from dataclasses import dataclass

from parsers.api import Problem, Volume
from petipy.state.model import Choice, Device, Snapshot, Source
from petipy.state.policy import list_candidates


@dataclass(frozen=True, slots=True)
class Survey:
    """Devices, choices and problems that a survey of a machine found."""

    devices: tuple[Device, ...]  # scanned
    known: tuple[Device, ...]  # scanned, or only there to be referred to
    choices: tuple[Choice, ...]
    problems: tuple[tuple[str, Problem], ...]  # (device name, problem)
    foreign: tuple[Choice, ...] = ()  # systems other than Linux; not among the choices

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes of all known devices."""
        return tuple(device.volume for device in self.known)

    @property
    def default(self) -> Choice | None:
        """The choice that would boot by itself; if none can, the default of a configuration."""
        snapshot = Snapshot(sources=tuple(map(Source.of, self.devices)), choices=self.choices)
        wanted = (choice for choice in self.choices if choice.entry.default)
        return next(iter((*list_candidates(snapshot), *wanted)), None)
