"""`petipy ctl`: ask and command a Petipy that runs as boot manager, here or in a guest."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from petipy.commands.base import BadUsage, Command
from petipy.control.client import PATIENCE, SOCKET, Line, NoAnswer, Refusal, Value
from petipy.control.protocol import NO_ANSWER
from petipy.report.control import describe, read_list, read_text
from petipy.report.printing import write
from petipy.report.visible import escape
from petipy.sys import tty

_CHECKING = 200.0  # seconds for an answer after passwords have been checked
# Commands that a password may be needed for.
_ASKING = {"boot", "leave", "next", "prefer", "config", "order"}
_EPILOG = """exit status: 0 done, 1 failed, 2 bad usage, 3 a password is needed or wrong, 4 no such
entry, 5 busy, 6 no answer."""


def _answer(options: argparse.Namespace) -> int:
    request = _make_request(options)
    try:
        return _carry_out(options, request)
    except NoAnswer as error:
        sys.stderr.write(f"petipy ctl: {escape(str(error))}\n")
        return NO_ANSWER
    except KeyboardInterrupt:
        return 130
    except Refusal as refusal:
        users = read_text(refusal.error.get("users"))
        if options.json:
            write(json.dumps({"error": refusal.error}) + "\n")
        words = f"{refusal} (of {users})" if users and str(refusal) != users else str(refusal)
        sys.stderr.write(f"petipy ctl: {escape(words)}\n")
        for entry in read_list(refusal.error.get("entries")):
            sys.stderr.write(f"    {escape(read_text(entry))}\n")
        return refusal.status


def _make_request(options: argparse.Namespace) -> dict[str, Any]:
    request: dict[str, Any] = {"command": options.command}
    match options.command:
        case "entries":
            request["full"] = options.full
        case "boot":
            request |= {"entry": options.entry, "wait": options.wait}
        case "leave":
            request["action"] = options.action
        case "next" | "prefer":
            request["entry"] = options.entry
        case "log":
            request["follow"] = options.follow
        case "config":
            request |= {"name": options.name or "", "reset": options.reset, "keep": options.keep}
            request["value"] = options.value
        case "order":
            request |= {"order": options.order, "keep": options.keep}
    if options.password_file:
        request["passwords"] = [[options.user, _read_password(options.password_file)]]
    return request


def _read_password(path: str) -> str:
    try:
        if path == "-":
            return sys.stdin.readline().rstrip("\n")
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline().rstrip("\n")
    except OSError as error:
        raise BadUsage(f"{path}: {error.strerror}") from None


def _carry_out(options: argparse.Namespace, request: dict[str, Any]) -> int:
    with Line(options.socket) as line:
        if options.socket != SOCKET:
            line.probe(options.timeout)
        try:
            return _show(options, line.ask(request, _choose_patience(options, request)))
        except Refusal as refusal:
            asks = request["command"] in _ASKING and sys.stdin.isatty()
            if refusal.error.get("code") != "denied" or options.password_file or not asks:
                raise
            sys.stderr.write(f"petipy ctl: {escape(str(refusal))}\n")
        request["passwords"] = [[_ask_user(options), _ask_password()]]
        return _show(options, line.ask(request, _choose_patience(options, request)))


def _choose_patience(options: argparse.Namespace, request: Value) -> float | None:
    """Return the seconds to wait for each line; None for one that may come at any time."""
    endless = request["command"] == "watch" or request.get("follow") or request.get("wait")
    if endless:
        return None
    return _CHECKING if request.get("passwords") else float(options.timeout)


def _ask_user(options: argparse.Namespace) -> str:
    if options.user:
        return str(options.user)
    sys.stderr.write("User: ")
    return sys.stdin.readline().strip()


def _ask_password() -> str:
    sys.stderr.write("Password: ")
    with tty.silence(sys.stdin.fileno()):
        typed = sys.stdin.readline().rstrip("\n")
    sys.stderr.write("\n")
    return typed


def _show(options: argparse.Namespace, answer: Iterator[tuple[str, Value]]) -> int:
    name = options.command
    for kind, value in answer:
        if options.json:
            text = json.dumps({kind: value}) + "\n"
        else:
            lines = describe(name, kind, value)
            text = "".join(f"{escape(line)}\n" for line in lines)
        if text and write(text):
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "petipy ctl",
        description="Ask a Petipy that runs as boot manager, and give it commands.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--socket",
        default=SOCKET,
        metavar="PATH",
        help=f"a socket of it, or the host's end of a virtio-serial port ({SOCKET})",
    )
    parser.add_argument("--json", action="store_true", help="for programs: an object a line")
    parser.add_argument(
        "--timeout", type=float, default=PATIENCE, metavar="SECONDS", help="for an answer (10)"
    )
    parser.add_argument("--user", default="", help="the user whose password it is")
    parser.add_argument(
        "--password-file", metavar="FILE", help="has the password in its first line; - for stdin"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("status", help="how the machine is")
    commands.add_parser("describe", help="the machine: hardware, firmware, kernel")
    entries = commands.add_parser("entries", help="the entries of the menu")
    entries.add_argument("--full", action="store_true", help="all that is known of each")
    boot = commands.add_parser("boot", help="boot an entry")
    boot.add_argument("entry", metavar="ENTRY", help="its id, or its title if only one has it")
    boot.add_argument("--wait", action="store_true", help="until it boots or has failed")
    for name, words in (("next", "once, here or at the next start"), ("prefer", "from now on")):
        wish = commands.add_parser(name, help=f"have an entry boot by itself {words}")
        wish.add_argument("entry", metavar="ENTRY", help="as for boot")
    commands.add_parser("cancel", help="stop the countdown, and a boot under way")
    leave = commands.add_parser("leave", help="restart the machine, or switch it off")
    leave.add_argument("action", choices=("reboot", "halt", "fwsetup"))
    commands.add_parser("rescan", help="look again at every device")
    config = commands.add_parser("config", help="the settings, or one; change it")
    config.add_argument("name", metavar="NAME", nargs="?")
    config.add_argument("value", metavar="VALUE", nargs="?", help="as on the command line")
    config.add_argument("--reset", action="store_true", help="take a change back")
    order = commands.add_parser("order", help="what boots by itself first, or change it")
    order.add_argument("order", metavar="ORDER", nargs="?", help="such as network,any")
    for changing in (config, order):
        changing.add_argument("--keep", action="store_true", help="on the machine, for good")
    log = commands.add_parser("log", help="the log")
    log.add_argument("-f", "--follow", action="store_true", help="go on with new lines")
    commands.add_parser("watch", help="the state, now and after each change")
    return parser


COMMAND = Command(
    "ctl",
    "[OPTION]… COMMAND",
    "ask and command a boot manager that runs, here or in a guest",
    _parser,
    _answer,
    parses=False,
)
