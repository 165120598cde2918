"""`petipy attach`: show the menu of the boot manager that runs here on this terminal."""

import argparse
import os
import sys

from petipy.commands.base import BadUsage, Command
from petipy.control.client import SOCKET, Line, NoAnswer, Refusal
from petipy.control.protocol import NO_ANSWER, is_term
from petipy.report.visible import escape


def _answer(options: argparse.Namespace) -> int:
    if not sys.stdin.isatty():
        raise BadUsage("this is no terminal; `ssh -t` makes one")
    try:
        with Line(options.socket) as line:
            term = os.environ.get("TERM", "")
            request = {"command": "attach"} | ({"term": term} if is_term(term) else {})
            for _ in line.ask(request, None, descriptor=sys.stdin.fileno()):
                continue
    except (NoAnswer, Refusal) as error:
        sys.stderr.write(f"petipy attach: {escape(str(error))}\n")
        return error.status if isinstance(error, Refusal) else NO_ANSWER
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "petipy attach",
        description="Show the menu of the boot manager that runs here on this terminal.",
        epilog="Ctrl-D leaves it. exit status: 0 left, 1 terminal lost, 2 not on one, 6 no answer.",
    )
    parser.add_argument("--socket", default=SOCKET, metavar="PATH", help=f"its socket ({SOCKET})")
    return parser


COMMAND = Command(
    "attach",
    "[--socket PATH]",
    "the menu of the boot manager that runs here, on this terminal",
    _parser,
    _answer,
    parses=False,
)
