"""An HTTP server on the loopback interface, with what a test puts there."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = bytes | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """The files of a server by path, and the paths that it was asked for."""

    files: dict[str, Answer]
    url: str = ""
    asked: list[str] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def serve(files: Mapping[str, Answer], context: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Serve the files until the block ends, by https with a context.

    A function answers by itself.
    """
    site = Site(dict(files))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self.path)
            found = site.files.get(self.path)
            if callable(found):
                found(self)
                return
            start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").split("-")[0])
            data = b"" if found is None else found
            self.send_response(404 if found is None else 206 if "Range" in self.headers else 200)
            if "Range" in self.headers and found is not None:
                last = self.headers["Range"].split("-")[1]
                end = min(int(last) + 1, len(data)) if last else len(data)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
                data = data[start:end]
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        site.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
