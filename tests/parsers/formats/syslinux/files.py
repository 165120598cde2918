"""Read a syslinux.cfg on a machine with one volume."""

from collections.abc import Mapping, Sequence

from parsers.api import Entry, Preferences, Problem, Volume
from parsers.formats.syslinux import FORMAT
from tests.fakes import Machine

CFG = "/boot/syslinux/syslinux.cfg"


def read(
    text: str,
    others: Mapping[str, str | bytes] | None = None,
    path: str = CFG,
    machine: str = "x86_64",
    compatible: Sequence[str] = (),
) -> list[Entry | Problem | Preferences]:
    volume = Volume(name="sda1", uuid="1234-ABCD")
    trees = {"sda1": {path: text, **(others or {})}}
    host = Machine(trees, volumes=[volume], machine=machine, compatible=compatible)
    return list(FORMAT.parse(host.files("sda1"), path))


def entries(text: str, others: Mapping[str, str | bytes] | None = None, **kw: str) -> list[Entry]:
    return [item for item in read(text, others, **kw) if isinstance(item, Entry)]


def problems(text: str, others: Mapping[str, str | bytes] | None = None) -> list[tuple[int, str]]:
    found = [item for item in read(text, others) if isinstance(item, Problem)]
    return [(problem.line, problem.message) for problem in found]


def wish(text: str, others: Mapping[str, str | bytes] | None = None) -> Preferences:
    (found,) = [item for item in read(text, others) if isinstance(item, Preferences)]
    return found


def default(text: str, others: Mapping[str, str | bytes] | None = None) -> str:
    return next((e.title for e in entries(text, others) if e.default), "")
