"""Read the options of a kernel of our own: the fragments beside this file.

    fragment = { line } ;
    line     = [ "CONFIG_", name, "=", value ], [ "#", reason ] ;

A fragment belongs to an architecture and a platform by its name: common.config, ppc64el.config,
ppc64el-pseries.config. A later fragment may change an option of an earlier one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import BuildError

HOME = Path(__file__).parent
_LINE = re.compile(
    r'(?:CONFIG_(?P<name>\w+)=(?P<value>[ymn]|-?\d+|0x[0-9a-fA-F]+|"[^"]*"))?\s*(?:#(?P<why>.*))?'
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `place` is "common.config:12", `reason` is what it is for."""

    name: str
    value: str
    place: str
    reason: str


def fragments(architecture: str) -> list[Path]:
    """Return the fragments of an architecture, in the order in which they count."""
    own = [HOME / f"{architecture}.config", *sorted(HOME.glob(f"{architecture}-*.config"))]
    return [HOME / "common.config", *own]


def read(path: Path) -> list[Option]:
    """Return the options of a fragment. Raise BuildError for a line that is none."""
    options = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        place = f"{path.name}:{number}"
        if (found := _LINE.fullmatch(line.strip())) is None:
            raise BuildError(f"{place}: no option of a kernel: {line.strip()!r}")
        if found["name"]:
            reason = (found["why"] or "").strip()
            options.append(Option(found["name"], found["value"], place, reason))
    return options


def merge(architecture: str) -> dict[str, Option]:
    """Return all options of an architecture by their names."""
    found: dict[str, Option] = {}
    for path in fragments(architecture):
        found.update((option.name, option) for option in read(path))
    return found


def write(options: Mapping[str, Option]) -> str:
    """Return the options as Kconfig reads them (KCONFIG_ALLCONFIG)."""
    return "".join(f"{_line(option.name, option.value)}\n" for option in options.values())


def _line(name: str, value: str) -> str:
    return f"# CONFIG_{name} is not set" if value == "n" else f"CONFIG_{name}={value}"


def parse_config(text: str) -> dict[str, str]:
    """Return the values in a kernel's .config; an option that is not set is left out."""
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.MULTILINE))


def find_lost(options: Mapping[str, Option], config: Mapping[str, str]) -> list[str]:
    """Return a line for each option that did not keep its value: what it needs is not set."""
    return [
        f"{option.place}: {name}={option.value} became {config.get(name, 'n')}"
        for name, option in options.items()
        if config.get(name, "n") != option.value
    ]
