"""The settings: one table, read from the kernel command line."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from parsers.api import DIALECTS
from petipy.state.model import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One `petipy.NAME[=VALUE]`; `read` raises ValueError for a value that it does not take."""

    name: str
    form: str
    read: Callable[[str], Any]
    help: str


def _seconds(text: str) -> float:
    if text == "never":
        return math.inf
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError(text)
    return seconds


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.removeprefix("/dev/") for name in text.split(",") if name)


def _dialect(text: str) -> str:
    if text not in DIALECTS:
        raise ValueError(text)
    return text


def _flag(text: str) -> bool:
    if text not in {"", "0", "1"}:
        raise ValueError(text)
    return text != "0"


SETTINGS = (
    Setting("timeout", "SECONDS|never", _seconds, "boot the default after so long"),
    Setting("consoles", "NAME[,NAME…]", _names, "consoles besides those that the kernel uses"),
    Setting("boot_image", "[0|1]", _flag, "0: leave BOOT_IMAGE= out of command lines"),
    Setting(
        "dialect", "|".join(DIALECTS), _dialect, "whose GRUB every grub.cfg is taken to be for"
    ),
    Setting("show_foreign", "[0|1]", _flag, "list systems that kexec cannot boot, too"),
    Setting("boot_restricted", "[0|1]", _flag, "boot a default by itself that wants a password"),
    Setting("debug", "[0|1]", _flag, "log more"),
    Setting("trace", "[0|1]", _flag, "print when each stage of the boot was reached"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def read(cmdline: str) -> Settings:
    """The settings that a kernel command line holds; of one given twice the last counts."""
    values: dict[str, Any] = {}
    complaints: list[str] = []
    for word in _words(cmdline):
        name, _, text = word.removeprefix("petipy.").partition("=")
        if not word.startswith("petipy."):
            continue
        if (setting := _BY_NAME.get(name)) is None:
            complaints.append(f"unknown setting petipy.{name} on the kernel command line")
            continue
        try:
            values[name] = setting.read(text)
        except ValueError:
            complaints.append(f"petipy.{name} takes {setting.form}, not {text!r}")
    return Settings(**values, complaints=tuple(complaints))


def _words(cmdline: str) -> list[str]:
    """As the kernel splits them: a double quote, at the start or within, protects blanks."""
    return [word.replace('"', "") for word in re.findall(r'(?:[^\s"]|"[^"]*"?)+', cmdline)]
