"""The ssh server: dropbear, in images that are built with --ssh-keys. Its login is the menu.

Each connection has a process of dropbear, as a user that nobody else is, without any capability. A
taken-over one can ask for a menu on a terminal of its own, as a person at a console can, and read
the host's key. It cannot write a file, and has a limited number of processes.
"""

import asyncio
import base64
import contextlib
import errno
import hashlib
import os
import re
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from petipy.log import Log
from petipy.network import ssh_key
from petipy.network.ssh_key import HOST_KEY, PLACE
from petipy.state.model import Snapshot
from petipy.state.store import Store
from petipy.sys import process, sockets
from petipy.sys.limits import SSH_USER

if TYPE_CHECKING:
    from petipy.settings.storage import Storage

PROGRAM = "/usr/sbin/dropbear"
KEYS = "authorized_keys"  # in PLACE
ROOM = "/run/petipy/ssh"  # the home of the user
SOCKET = "/run/petipy/attach"  # for `petipy attach` of that user
LOGIN = "petipy"
_PORT = 22
_MOST, _MOST_OF_HOST = 8, 3  # connections at once
_PROCESSES = 64  # of the user
_PAUSE = 0.2  # seconds between two connections
_AGAIN = 10.0  # seconds after a failure
_FAREWELL = 0.3  # seconds for the last lines on the terminals
_MOUNTING = 10.0  # seconds
_STAMP = re.compile(r"^\[\d+\] \w{3} +\d+ [\d:]+ ")  # before each line: process and time
_KEEPALIVE = 20  # seconds; a client that is silent for three of these has gone


def find_fingerprint(host_key: bytes) -> str:
    """Return the fingerprint of dropbear's file of an Ed25519 key, as ssh shows it. ValueError."""
    kind, rest = _take(host_key)
    pair, _ = _take(rest)
    if kind != b"ssh-ed25519" or len(pair) != 64:
        raise ValueError("not an Ed25519 key of dropbear")
    public = b"".join(len(part).to_bytes(4, "big") + part for part in (kind, pair[32:]))
    digest = base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def _take(data: bytes) -> tuple[bytes, bytes]:
    """Return the first string of an ssh message (RFC 4251, section 5), and the rest."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise ValueError("a string that is cut off")
    return data[4 : 4 + size], data[4 + size :]


class SshServer:
    """Accepts connections as soon as there is an address."""

    def __init__(
        self, log: Log, store: Store, storage: "Storage | None" = None, *, port: int = _PORT
    ) -> None:
        self._log, self._store, self._storage, self._port = log, store, storage, port
        self._host_key = b""  # dropbear's file
        self._connections: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()  # connections of each

    async def run(self) -> None:
        """Serve; return only when cancelled."""
        while True:
            try:
                address = await self._wait_for_address()
                if not self._host_key:
                    text = self._store.snapshot.settings.ssh_key
                    self._host_key = await ssh_key.find(text, self._storage, self._log)
                fingerprint = make_home(self._host_key)
                await _mount_terminals()
                await self._accept(address, fingerprint)
            except OSError as error:
                self._log.error(f"ssh: {error.strerror or error}")
            except ValueError as error:
                self._log.error(f"ssh: {PLACE}/{HOST_KEY}: {error}")
            await asyncio.sleep(_AGAIN)

    async def release(self, lines: Sequence[str]) -> None:
        """End all connections: the machine leaves. The terminals have `lines`."""
        if self._connections:
            await asyncio.sleep(_FAREWELL)
            for connection in self._connections:
                connection.cancel()
            await asyncio.wait(self._connections)

    def resume(self) -> None:
        """Go on after a boot that failed: new connections are welcome."""

    async def _wait_for_address(self) -> str:
        snapshot = self._store.snapshot
        while not (address := find_address(snapshot)):
            snapshot = await self._store.wait_for_change(snapshot.version)
        return address

    async def _accept(self, address: str, fingerprint: str) -> None:
        with _listen(self._port) as listening:
            words = f"ssh {LOGIN}@{address} is this menu; the key of this host is {fingerprint}"
            self._log.announce(words)
            self._store.update(ssh=f"{LOGIN}@{address}, host key {fingerprint}")
            async with asyncio.TaskGroup() as group:
                while True:
                    line, peer = await sockets.accept(listening)
                    host = str(peer[0])
                    if len(self._connections) >= _MOST or self._hosts[host] >= _MOST_OF_HOST:
                        line.close()
                    else:
                        self._hosts[host] += 1
                        task = group.create_task(self._serve(line, host))
                        self._connections.add(task)
                        task.add_done_callback(self._connections.discard)
                    await asyncio.sleep(_PAUSE)

    async def _serve(self, line: socket.socket, host: str) -> None:
        """Run dropbear on a connection until it ends."""
        argv = [PROGRAM, "-i", "-E", "-s", "-j", "-k", "-m", "-K", str(_KEEPALIVE), "-T", "3"]
        argv += ["-r", f"{ROOM}/{HOST_KEY}", "-c", f"exec petipy attach --socket {SOCKET}"]
        try:
            line.setblocking(True)
            async with process.daemon(
                argv, user=SSH_USER, capabilities=(), line=line.fileno(), processes=_PROCESSES
            ) as dropbear:
                line.close()
                async for text in dropbear.lines():
                    # Anybody on the network can cause the other lines.
                    tell = self._log.info if "auth succeeded" in text else self._log.debug
                    tell(f"ssh: {_STAMP.sub('', text)}")
        except OSError as error:
            self._log.warning(f"ssh: {error.strerror or error}")
        finally:
            line.close()
            self._hosts[host] -= 1
            self._hosts += Counter()  # without those that have none


def find_address(snapshot: Snapshot) -> str:
    """Return an address by which other machines reach this one; "" if there is none."""
    found = [
        address
        for source in snapshot.sources
        if source.link
        for address in source.link.own_addresses
        if not address.lower().startswith("fe80:")
    ]
    return min(found, key=lambda address: ":" in address, default="")


def _listen(port: int) -> socket.socket:
    """Listen at all addresses, of IPv6 too if the kernel has it. Raise OSError."""
    for family, address in ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")):
        listening = None
        try:
            listening = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
            listening.listen(_MOST)
            listening.setblocking(False)
        except OSError:
            if listening is not None:
                listening.close()
            if family == socket.AF_INET:
                raise
            continue
        return listening
    raise AssertionError


def make_home(key: bytes, place: str = PLACE, room: str = ROOM) -> str:
    """Make the home of the user, who can read its files and write none; return the fingerprint.

    `key` is dropbear's file of the host's key. Raise OSError or ValueError.
    """
    fingerprint = find_fingerprint(key)
    home = Path(room)
    (home / ".ssh").mkdir(parents=True, exist_ok=True)
    (home / ".ssh/authorized_keys").write_bytes(Path(place, KEYS).read_bytes())
    fd = os.open(home / HOST_KEY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    with os.fdopen(fd, "wb") as file:
        if os.geteuid() == 0:
            os.chown(fd, 0, SSH_USER)
        file.write(key)
    return fingerprint


async def _mount_terminals(place: str = "/dev/pts") -> None:
    """Mount the pseudo-terminals, unless they are there. Raise OSError."""
    if os.path.exists(f"{place}/ptmx"):  # noqa: ASYNC240, PTH110
        return
    with contextlib.suppress(FileExistsError):
        os.mkdir(place)  # noqa: PTH102
    mount = ["mount", "-t", "devpts", "-o", "mode=600,nosuid,noexec", "devpts", place]
    if status := (await process.run(mount, within=_MOUNTING)).status:
        raise OSError(errno.EIO, f"mounting {place} ended with status {status}")
