"""What the commands that a person gives have in common: bad usage is told, and is status 2."""

import argparse
import sys
from collections.abc import Callable

from petipy.report.printing import safe


class BadUsage(Exception):
    """What was asked for makes no sense; the text is for the person who asked."""


def run(
    name: str,
    argv: list[str],
    options: Callable[[list[str]], argparse.Namespace],
    answer: Callable[[argparse.Namespace], int],
) -> int:
    """The exit status of `petipy NAME`: what `answer` returns, which may raise BadUsage."""
    try:
        _need_pyparsing()
        return answer(options(argv))
    except SystemExit as exit:  # argparse: 2 after its complaint, 0 after --help
        return exit.code if isinstance(exit.code, int) else 2
    except BadUsage as error:
        sys.stderr.write(f"petipy {name}: {safe(str(error))}\n")
        return 2


def _need_pyparsing() -> None:
    """Distributions have older ones, which fail somewhere in the middle. BadUsage says so."""
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
