"""The client's side of the protocol. The other side may be a guest that lies."""

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from petipy.control.protocol import EXITS, VERSION
from petipy.report.control import read_text

SOCKET = "/run/petipy/control"
PATIENCE = 10.0  # seconds for a connection and for a request to be taken
_PROBE = 3.0  # seconds for the first answer to a probe; an emulated guest is slow
_LONGEST = 4 << 20  # bytes of a line of an answer

Value = Mapping[str, Any]


class NoAnswer(Exception):
    """Nobody is there, or no answer comes."""


class Silence(NoAnswer):
    """No answer came in time."""


class Refusal(Exception):
    """An error as the answer."""

    def __init__(self, error: Value) -> None:
        super().__init__(read_text(error.get("message")))
        self.error = error
        self.status = EXITS.get(read_text(error.get("code")), 1)


class Line:
    """A connection, perhaps by a port on which others have spoken before."""

    def __init__(self, path: str) -> None:
        self._path, self._number = path, 0

    def __enter__(self) -> "Line":
        self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _connect(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()
        try:
            self._socket.connect(self._path)
        except OSError as error:
            self._socket.close()
            hint = "; does Petipy run here as boot manager?" if self._path == SOCKET else ""
            raise NoAnswer(f"{self._path}: {error.strerror or error}{hint}") from None

    def probe(self, patience: float) -> None:
        """Make a connection by a port that is answered, within `patience` seconds. Raise NoAnswer.

        A guest may write just after an earlier client has left. QEMU then holds back whatever the
        guest writes until one more client has left (hw/char/virtio-console.c, flush_buf). So a
        probe without an answer is followed by another connection. A probe changes nothing in the
        guest, unlike a request that is sent twice.
        """
        end, pause = time.monotonic() + patience, _PROBE
        while True:
            left = end - time.monotonic()
            try:
                for _ in self.ask({"command": "status"}, min(pause, left)):
                    pass
            except Silence:
                if left <= pause:
                    raise
            else:
                return
            self._socket.close()
            self._connect()
            pause *= 2

    def ask(
        self, request: Value, patience: float | None, descriptor: int = -1
    ) -> Iterator[tuple[str, Value]]:
        """Yield ("item", …) and at last ("result", …). Raise Refusal or NoAnswer.

        `descriptor` goes with the request.
        """
        self._number += 1
        id = f"{os.getpid()}-{self._number}-{time.monotonic_ns()}"
        text = json.dumps({"version": VERSION, "id": id, **request})
        self._socket.settimeout(PATIENCE)
        with suppress(OSError):  # the reason comes as an answer, or none does
            # An earlier client of a port may have left half a line.
            data = f"\n{text}\n".encode()
            if descriptor >= 0:
                data = data[socket.send_fds(self._socket, [data], [descriptor]) :]
            self._socket.sendall(data)
        self._socket.settimeout(patience)
        while True:
            answer = self._read()
            error = answer.get("error")
            if answer.get("id") != id and not _turns_away(error):
                continue  # it answers what another client has left on a port
            if isinstance(error, dict):
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
                raise Silence(f"{self._path}: no answer in time") from None
            except OSError as error:
                raise NoAnswer(f"{self._path}: {error.strerror or error}") from None
            if not data:
                raise NoAnswer(f"{self._path}: the connection was closed")
            self._buffer += data


def _turns_away(error: object) -> bool:
    """Return True for the error that a connection begins with if it is not served."""
    return isinstance(error, dict) and error.get("code") in ("busy", "denied")
