"""Parts that all commands share: their type, their exit status, complaints about bad usage."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from petipy.report.visible import escape


class BadUsage(Exception):
    """A request that makes no sense. The text is for the person who made it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One `petipy NAME …`. Called with the words after NAME, it returns the exit status."""

    name: str
    usage: str  # the words after NAME, for `petipy --help`
    help: str  # one line
    parser: Callable[[], argparse.ArgumentParser]
    answer: Callable[[argparse.Namespace], int]  # may raise BadUsage
    parses: bool = True  # it reads configurations, which needs pyparsing

    def __call__(self, argv: list[str]) -> int:
        try:
            if self.parses:
                _require_pyparsing()
            return self.answer(self.parser().parse_args(argv))
        except SystemExit as exit:  # argparse: 2 after its complaint, 0 after --help
            return exit.code if isinstance(exit.code, int) else 2
        except BadUsage as error:
            sys.stderr.write(f"petipy {self.name}: {escape(str(error))}\n")
            return 2


def _require_pyparsing() -> None:
    """Raise BadUsage without pyparsing 3.3: older ones fail somewhere in the middle."""
    try:
        import pyparsing
    except ImportError:
        found = "there is none"
    else:
        version = getattr(pyparsing, "__version__", "")  # the image's stand-in has none
        numbers = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
        found = f"this is {version}" if version and numbers < [3, 3] else ""
    if found:
        raise BadUsage(f"pyparsing 3.3 is needed, and {found}: `pip install .` fetches it")
