"""An HTTP server on the loopback interface, with what a test puts there.

It is a process of its own: a test that forks the scanner has no threads.
"""

import os
import signal
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

Answer = bytes | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """The address of a server, and what it was asked for."""

    url: str
    log: Path

    @property
    def asked(self) -> list[str]:
        """The paths, in turn."""
        return [line.partition("\t")[0] for line in self.log.read_text().splitlines()]

    @property
    def ranges(self) -> list[str]:
        """The ranges of the requests, "" for the whole file."""
        return [line.partition("\t")[2] for line in self.log.read_text().splitlines()]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def serve(files: Mapping[str, Answer], context: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Serve the files, by path, until the block ends; by https with a context.

    A function answers by itself.
    """
    with tempfile.NamedTemporaryFile() as log:
        path = Path(log.name)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with path.open("a") as file:
                    file.write(f"{self.path}\t{self.headers['Range'] or ''}\n")
                found = files.get(self.path)
                if callable(found):
                    found(self)
                else:
                    _send(self, found)

            def log_message(self, format: str, *args: object) -> None:
                pass

        with _Server(("127.0.0.1", 0), Handler) as server:
            if context is not None:
                server.socket = context.wrap_socket(server.socket, server_side=True)
            child = os.fork()
            if child == 0:
                _run(server)
            try:
                scheme = "https" if context else "http"
                yield Site(f"{scheme}://127.0.0.1:{server.server_address[1]}", path)
            finally:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _run(server: _Server) -> NoReturn:
    try:
        server.serve_forever()
    finally:
        os._exit(1)


def _send(handler: BaseHTTPRequestHandler, data: bytes | None) -> None:
    """Send a file, or the part of it that the request asks for; None: there is none."""
    if data is None:
        handler.send_response(404)
        data = b""
    elif wanted := handler.headers["Range"]:
        first, last = wanted.removeprefix("bytes=").split("-")
        whole, data = len(data), data[int(first) : int(last) + 1 if last else None]
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {first}-{int(first) + len(data) - 1}/{whole}")
    else:
        handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
