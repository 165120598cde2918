"""`petipy ctl`: ask and command a Petipy that runs as boot manager, here or in a guest."""

import argparse
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from petipy.commands.base import BadUsage, Command
from petipy.control.protocol import EXITS, NO_ANSWER, VERSION
from petipy.report.printing import write
from petipy.report.visible import escape
from petipy.sys import tty

SOCKET = "/run/petipy/control"
_PATIENCE = 10.0  # seconds; a password that has to be checked takes longer
_CHECKING = 200.0  # seconds for that
_LONGEST = 4 << 20  # bytes of a line of an answer
_ENDLESS = {"watch", "log"}
_EPILOG = """exit status: 0 done, 1 failed, 2 bad usage, 3 a password is needed or wrong, 4 no such
entry, 5 busy, 6 no answer."""

Value = Mapping[str, Any]


class NoAnswer(Exception):
    """Nobody is there, or no answer comes."""


class Refusal(Exception):
    """An error as the answer."""

    def __init__(self, error: Value) -> None:
        super().__init__(_text(error.get("message")))
        self.error = error
        self.status = EXITS.get(_text(error.get("code")), 1)


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
        users = _text(refusal.error.get("users"))
        if options.json:
            write(json.dumps({"error": refusal.error}) + "\n")
        words = f"{refusal} (of {users})" if users and str(refusal) != users else str(refusal)
        sys.stderr.write(f"petipy ctl: {escape(words)}\n")
        for entry in _list(refusal.error.get("entries")):
            sys.stderr.write(f"    {escape(_text(entry))}\n")
        return refusal.status


def _make_request(options: argparse.Namespace) -> dict[str, Any]:
    request: dict[str, Any] = {"command": options.command}
    match options.command:
        case "entries":
            request["full"] = options.full
        case "boot":
            request |= {"entry": options.entry, "wait": options.wait}
        case "log":
            request["follow"] = options.follow
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
    with _Line(options.socket) as line:
        try:
            return _show(options, line.ask(request, _choose_patience(options, request)))
        except Refusal as refusal:
            asks = request["command"] in {"boot"} and sys.stdin.isatty()
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


class _Line:
    """A connection, perhaps by a port on which others have spoken before."""

    def __init__(self, path: str) -> None:
        self._path, self._number = path, 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()

    def __enter__(self) -> "_Line":
        try:
            self._socket.connect(self._path)
        except OSError as error:
            self._socket.close()
            raise NoAnswer(f"{self._path}: {error.strerror or error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: Value, patience: float | None) -> Iterator[tuple[str, Value]]:
        """Yield ("item", …) and at last ("result", …). Raise Refusal or NoAnswer."""
        self._number += 1
        id = f"{os.getpid()}-{self._number}-{time.monotonic_ns()}"
        text = json.dumps({"version": VERSION, "id": id, **request})
        self._socket.settimeout(_PATIENCE)
        with suppress(OSError):  # the reason comes as an answer, or none does
            # An earlier client of a port may have left half a line.
            self._socket.sendall(f"\n{text}\n".encode())
        self._socket.settimeout(patience)
        while True:
            answer = self._read()
            if answer.get("id") not in (id, ""):
                continue
            if isinstance(error := answer.get("error"), dict):
                raise Refusal(error)
            for kind in ("item", "result"):
                if isinstance(value := answer.get(kind), dict):
                    yield kind, value
                    if kind == "result":
                        return

    def _read(self) -> Value:
        """Return the next line that is an object."""
        while True:
            line, end, rest = self._buffer.partition(b"\n")
            if end:
                self._buffer = rest
                with suppress(ValueError, RecursionError):
                    value = json.loads(line.decode())
                    if isinstance(value, dict):
                        return value
                continue
            if len(self._buffer) > _LONGEST:
                raise NoAnswer(f"{self._path}: a line of more than {_LONGEST >> 20} MiB")
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                raise NoAnswer(f"{self._path}: no answer in time") from None
            except OSError as error:
                raise NoAnswer(f"{self._path}: {error.strerror or error}") from None
            if not data:
                raise NoAnswer(f"{self._path}: the connection was closed")
            self._buffer += data


# Text


def _show(options: argparse.Namespace, answer: Iterator[tuple[str, Value]]) -> int:
    name = options.command
    for kind, value in answer:
        if options.json:
            text = json.dumps({kind: value}) + "\n"
        else:
            lines = _TEXTS.get((name, kind), _nothing)(value)
            text = "".join(f"{escape(line)}\n" for line in lines)
        if text and write(text):
            return 1
    return 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else repr(value)[:100]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _part(value: Value, name: str) -> Value:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def _nothing(_: Value) -> Iterator[str]:
    yield from ()


def _status(value: Value) -> Iterator[str]:
    yield f"state     {_describe_state(value)}"
    if default := _text(value.get("default")):
        yield f"default   {default}"
    yield f"entries   {_text(value.get('entries'))}, problems {_text(value.get('problems'))}"
    for source in _list(value.get("sources")):
        if isinstance(source, dict):
            words = [_text(source.get("title") or source.get("name")), _text(source.get("state"))]
            words += [_text(source.get("reason"))] if source.get("reason") else []
            words += map(_text, _list(source.get("addresses")))
            yield f"source    {', '.join(words)}"
    if message := _text(_part(value, "message").get("text")):
        yield f"message   {message}"


def _describe_state(value: Value) -> str:
    state, countdown = _text(value.get("state")), _part(value, "countdown")
    if countdown:
        state += f", {_text(countdown.get('seconds'))} s"
        state += f" unless {_text(countdown['awaits'])} comes" if countdown.get("awaits") else ""
    if booting := _text(value.get("booting")):
        state += f" {booting}"
    if progress := _part(value, "progress"):
        state += f", {_text(progress.get('done'))} of {_text(progress.get('total'))} bytes"
    return state


def _entry(value: Value) -> Iterator[str]:
    mark = "*" if value.get("marked") is True else " "
    titles = [*map(_text, _list(value.get("trail"))), _text(value.get("title"))]
    yield f"{mark} {' > '.join(titles)}"
    yield f"    {_text(value.get('id'))}"
    if password := _text(value.get("password")):
        yield f"    password of {password}"
    if obstacle := _text(value.get("obstacle")):
        yield f"    ! {obstacle}"
    if cmdline := _text(value.get("cmdline")):
        yield f"    cmdline {cmdline}"


def _setting(value: Value) -> Iterator[str]:
    text = "(secret)" if value.get("secret") is True else _text(value.get("value"))
    yield f"{_text(value.get('name')):<16} {text:<24} {_text(value.get('from'))}"


def _log(value: Value) -> Iterator[str]:
    at = value.get("at")
    when = f"{at:9.3f}" if isinstance(at, int | float) else ""
    yield f"{when} {_text(value.get('level'))}: {_text(value.get('text'))}"


def _watched(value: Value) -> Iterator[str]:
    message = _text(_part(value, "message").get("text"))
    yield f"{_describe_state(value)}{message and f'; {message}'}"


def _boot(value: Value) -> Iterator[str]:
    yield f"boots {_text(value.get('booting'))}"


_TEXTS: Mapping[tuple[str, str], Callable[[Value], Iterator[str]]] = {
    ("status", "result"): _status,
    ("entries", "item"): _entry,
    ("config", "item"): _setting,
    ("log", "item"): _log,
    ("watch", "item"): _watched,
    ("boot", "result"): _boot,
}


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
        "--timeout", type=float, default=_PATIENCE, metavar="SECONDS", help="for an answer (10)"
    )
    parser.add_argument("--user", default="", help="the user whose password it is")
    parser.add_argument(
        "--password-file", metavar="FILE", help="has the password in its first line; - for stdin"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("status", help="how the machine is")
    entries = commands.add_parser("entries", help="the entries of the menu")
    entries.add_argument("--full", action="store_true", help="all that is known of each")
    boot = commands.add_parser("boot", help="boot an entry")
    boot.add_argument("entry", metavar="ENTRY", help="its id, or its title if only one has it")
    boot.add_argument("--wait", action="store_true", help="until it boots or has failed")
    commands.add_parser("cancel", help="stop the countdown, and a boot under way")
    commands.add_parser("rescan", help="look again at every device")
    commands.add_parser("config", help="the settings")
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
