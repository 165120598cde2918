"""The places where clients of `petipy ctl` come in: a Unix socket and virtio-serial ports.

The server is imported for the first of them: most machines start without one.
"""

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from petipy.control.commands import Commands
from petipy.control.session import Session
from petipy.log import Log
from petipy.sys import sockets

if TYPE_CHECKING:
    from petipy.control.server import Attach, Connection, Server

PORTS = "org.petipy.ctl."  # and a number
_SYSFS, _DEV = "/sys/class/virtio-ports", "/dev"
_MOST = 8  # connections of a socket at once
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_NEWS = 1  # the group of the kernel's own events about devices
_KOBJECT_UEVENT = 15  # NETLINK_KOBJECT_UEVENT
_PIECE = 1 << 14
_UNPLUGGED = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
_PAUSE = 30.0  # seconds before a port that could not be opened is tried again


class Listener:
    """Waits for clients, and gives each to the server."""

    def __init__(
        self,
        commands: Commands,
        log: Log,
        attach: "Attach | None" = None,
        *,
        sysfs: str = _SYSFS,
        dev: str = _DEV,
    ) -> None:
        self._commands, self._log, self._attach = commands, log, attach
        self._sysfs, self._dev = sysfs, dev
        self._server: Server | None = None

    async def run(self, path: str) -> None:
        """Serve all who come; return only when cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.accept(path, {os.geteuid()}))
            group.create_task(self._find_ports(group))

    async def release(self, lines: Sequence[str]) -> None:
        """Tell those who wait that the machine leaves."""
        if self._server:
            await self._server.release(lines)

    def resume(self) -> None:
        """Go on after a boot that failed."""
        if self._server:
            self._server.resume()

    async def accept(
        self,
        path: str,
        users: set[int],
        *,
        owner: int = -1,
        name: str = "ctl",
        may: frozenset[str] | None = None,
    ) -> None:
        """Serve the connections of these users to a socket of `owner`; return if there is none.

        `may` are the commands that they may give, None for all; `name` is that of their sessions.
        """
        try:
            listening = _listen(path, owner)
        except OSError as error:
            self._log.error(f"{path}: {error.strerror}")
            return
        with listening:
            async with asyncio.TaskGroup() as group:
                clients: set[asyncio.Task[None]] = set()
                while True:
                    line, _ = await sockets.accept(listening)
                    clients = {client for client in clients if not client.done()}
                    known, full = _read_user(line) in users, len(clients) >= _MOST
                    if known and not full:
                        clients.add(group.create_task(self._serve_socket(line, name, may)))
                    else:
                        _turn_away(line, known)

    async def _serve_socket(
        self, line: socket.socket, name: str, may: frozenset[str] | None
    ) -> None:
        from petipy.control.server import Connection
        from petipy.control.stream import SocketStream

        stream = SocketStream(line)
        try:
            session = Session(name, self._commands)
            await self._serve(Connection(stream, session, self._attach, may))
        finally:
            stream.close()

    # Ports

    async def _find_ports(self, group: asyncio.TaskGroup) -> None:
        """Serve each port of ours for as long as it is plugged in."""
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        served: dict[str, asyncio.Task[None]] = {}
        # The socket exists before the first look, so that no port is missed.
        with socket.socket(socket.AF_NETLINK, kind, _KOBJECT_UEVENT) as news:
            news.bind((0, _NEWS))
            while True:
                for node, name in self._list_ports():
                    if node not in served or served[node].done():
                        served[node] = group.create_task(self._serve_port(node, name))
                while True:
                    try:
                        event = await sockets.receive(news, _PIECE)
                    except OSError:  # ENOBUFS: some were lost
                        break
                    if b"virtio-ports" in event:
                        break

    def _list_ports(self) -> list[tuple[str, str]]:
        """Return the device node and the name of each port of ours."""
        found = []
        with contextlib.suppress(OSError):
            for node in sorted(os.listdir(self._sysfs)):  # noqa: PTH208  no pathlib here
                with contextlib.suppress(OSError), open(f"{self._sysfs}/{node}/name") as file:
                    name = file.read(100).strip()
                    if name.startswith(PORTS) and name.removeprefix(PORTS).isdecimal():
                        found.append((f"{self._dev}/{node}", name))
        return found

    async def _serve_port(self, node: str, name: str) -> None:
        """Serve one host after the other until the port is unplugged."""
        from petipy.control.server import Connection
        from petipy.control.stream import PortStream

        while True:
            try:
                stream = PortStream(node)
                break
            except OSError as error:
                if error.errno in _UNPLUGGED:
                    return
                self._log.warning(f"{node}, {name}: {error.strerror}")
                await asyncio.sleep(_PAUSE)
        try:
            while True:
                await stream.wait_for_host()
                connection = Connection(stream, Session(name, self._commands), lasts=True)
                await self._serve(connection)
        except OSError:
            return  # unplugged
        finally:
            stream.close()

    async def _serve(self, connection: "Connection") -> None:
        """Serve a connection. A fault of the program ends that connection alone."""
        if self._server is None:
            from petipy.control.server import Server

            self._server = Server()
        try:
            await self._server.serve(connection)
        except Exception as error:  # noqa: BLE001  a fault costs one connection only
            name = connection.session.name
            self._log.error(f"{name}: {type(error).__name__}: {error}")


def _listen(path: str, owner: int) -> socket.socket:
    """Listen at a path that nobody but its owner can reach; -1 is this user."""
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  no pathlib here
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  an earlier Petipy has left it
    kind = socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    listening = socket.socket(socket.AF_UNIX, kind)
    before = os.umask(0o177)
    try:
        listening.bind(path)
        os.chown(path, owner, owner)
        listening.listen(_MOST)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening


def _read_user(line: socket.socket) -> int:
    """Return the user at the other end, as the kernel knows it."""
    data = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(data)[1]
    return user


def _turn_away(line: socket.socket, known: bool) -> None:
    """Tell a client why it is not served, if it takes that at once."""
    from petipy.control.protocol import Refused, encode_error

    words = "there are too many connections" if known else "this user has no right to connect"
    line.setblocking(False)
    with line, contextlib.suppress(OSError):
        line.send(encode_error("", Refused("busy" if known else "denied", words)))
