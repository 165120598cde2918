"""The sockets of a transfer by TFTP."""

import asyncio
import errno
import socket
from contextlib import suppress

from petipy.fetch.connect import Address
from petipy.fetch.tftp import packets
from petipy.fetch.tftp.packets import Options
from petipy.fetch.tftp.transfer import Errand, Transfer, TransferError, Writer
from petipy.fetch.way import bind
from petipy.state.network import ANY_WAY, Way

_TURN = 256  # packets that are taken before other transfers have their turn
_WINDOW = 64  # blocks
_ROOM = 4 << 20  # bytes of packets that wait in the socket; few machines allow so many
_PACKET = 2048  # bytes that a packet costs there, besides twice its block
_STRANGERS = 64  # packets of others that are answered
_REFUSALS = 5  # by which a server has left a transfer: anybody could forge one
# IP_MTU and IP_RECVERR, IPV6_MTU and IPV6_RECVERR of <linux/in.h> and <linux/in6.h>.
_LEVELS = {
    socket.AF_INET: (socket.IPPROTO_IP, 14, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 24, 25),
}
_ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
_ETHERNET = 1500
# Bytes of a block in a packet of Ethernet, if a tunnel on the way takes 40 bytes of each.
_BLOCKS = {socket.AF_INET: 1428, socket.AF_INET6: 1408}
_HEADERS = {socket.AF_INET: 20 + 8, socket.AF_INET6: 40 + 8}


def choose_options(sock: socket.socket, mtu: int) -> Options:
    """Return the options to ask for: blocks that the path takes in one packet each.

    A window has to fit into the socket: what the server sends is lost otherwise.
    """
    family = socket.AddressFamily(sock.family)
    block = mtu - _HEADERS[family] - packets.HEAD
    if mtu <= _ETHERNET:
        block = min(block, _BLOCKS[family])
    block = min(max(block, packets.BLOCKS[0]), packets.BLOCKS[-1])
    room = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return Options(block=block, window=max(1, min(_WINDOW, room // (2 * block + _PACKET))))


def find_mtu(family: int, address: Address, way: Way = ANY_WAY) -> int:
    """Return the size in bytes of a packet that the path to the address takes, as far as known.

    Raise OSError if there is no path.
    """
    level, mtu, _ = _LEVELS[socket.AddressFamily(family)]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        bind(probe, way, address)
        probe.connect(address)
        return probe.getsockopt(level, mtu)


async def read(
    address: Address,
    errand: Errand,
    writer: Writer,
    *,
    plain: bool = False,
    way: Way = ANY_WAY,
) -> int:
    """Read a file from the server at the address; return the bytes that came.

    With `plain` ask for no options. Raise TransferError, OSError if there is no way to the server
    or it refuses the packet, ValueError for a name that cannot be asked for, and what the writer
    raises.
    """
    family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        level, _, errors = _LEVELS[family]
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        sock.setsockopt(level, errors, 1)  # "connection refused", though it is not connected
        bind(sock, way, address)
        sock.bind((_ANY[family], 0))
        options = None if plain else choose_options(sock, find_mtu(family, address, way))
        return await _Line(sock, address, Transfer(errand, writer, options), options, way).run()


class _Line:
    """A transfer on a socket of its own, whose port is the transfer's identifier.

    Once the server's port is known, the socket is connected to it, which halves the kernel's work.
    Another socket at the same port receives the packets of other senders.
    """

    def __init__(
        self,
        sock: socket.socket,
        server: Address,
        transfer: Transfer,
        options: Options | None,
        way: Way,
    ) -> None:
        self._sock, self._server, self._transfer, self._way = sock, server, transfer, way
        self._peer: Address | None = None  # the server's address in this transfer, once it is known
        self._pure = False  # none of the packets that wait is a stranger's
        self._door: socket.socket | None = None  # for strangers
        self._strangers: list[Address] = []
        self._refusals = 0  # since the last packet
        block = max(options.block if options else 0, packets.PLAIN_BLOCK)
        # A byte more shows that a block is too long.
        self._buffer = bytearray(packets.HEAD + block + 1)
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> int:
        try:
            self._sock.sendto(self._transfer.start(self._loop.time()), self._server)
            self._loop.add_reader(self._sock, self._guard)
            self._set_timer()
            await self._over
        except TransferError as error:
            self._send(error.farewell)
            raise self._explain(error) from None
        except ValueError:
            raise
        except BaseException:  # cancelled, or the file is full: the server need not go on
            self._send(packets.make_error(packets.FULL, "stopped"))
            raise
        finally:
            self._loop.remove_reader(self._sock)
            if self._door:
                self._loop.remove_reader(self._door)
                self._door.close()
            if self._timer:
                self._timer.cancel()
        return self._transfer.received

    def _guard(self) -> None:
        """Handle the packets that wait. End the transfer if it is complete or has failed."""
        try:
            self._drain()
        except Exception as error:  # noqa: BLE001  it goes to the task that waits
            self._end(error)
        # A timer that is too early sets itself again.
        if self._timer and self._timer.when() > self._transfer.deadline:
            self._timer.cancel()
            self._set_timer()

    def _drain(self) -> None:
        """Take the packets that wait, without a turn of the event loop for each."""
        transfer, view, now = self._transfer, memoryview(self._buffer), self._loop.time()
        for _ in range(_TURN):
            try:
                size = self._receive()
            except BlockingIOError:
                self._pure = self._peer is not None
                return
            except OSError as error:
                if not self._peer:
                    raise
                self._take_failure(error)  # else the link may come back
                continue
            self._refusals = 0
            answer = transfer.receive(view[:size], now) if size else None
            if answer is not None:
                self._send(answer)
            if transfer.ended:
                self._end(None)
                return
            if self._pure and transfer.block_by_block:
                return  # nothing more comes before the server has the answer

    def _receive(self) -> int:
        """Return the size of the next packet, which is in the buffer; 0 if it is a stranger's."""
        if self._pure:
            return self._sock.recv_into(self._buffer)
        size, address = self._sock.recvfrom_into(self._buffer)
        if self._peer is None and self._is_server(address):
            self._meet(address)
        if address == self._peer:
            return size
        self._turn_away(self._sock, address)
        return 0

    def _take_failure(self, error: OSError) -> None:
        """Raise TransferError if the server has left the transfer: its port refuses packets."""
        self._refusals += error.errno == errno.ECONNREFUSED
        if self._refusals >= _REFUSALS:
            words = f"the server has gone after {self._transfer.received:,} bytes"
            raise TransferError(words, "silent")

    def _is_server(self, address: Address) -> bool:
        # Without a scope, the interface that the socket is bound to is meant.
        scope = self._server[3] if len(self._server) == 4 else 0
        return address[0] == self._server[0] and (not scope or address[2:] == self._server[2:])

    def _meet(self, peer: Address) -> None:
        """Note the address that the server chose for this transfer."""
        self._peer = peer
        sock = self._sock
        port = sock.getsockname()[1]
        sock.connect(peer)
        # It tells errors anyway, now; and one that is queued would wake the event loop for ever.
        level, _, errors = _LEVELS[socket.AddressFamily(sock.family)]
        sock.setsockopt(level, errors, 0)
        # Only now: before, it might have got the port of another transfer.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door = socket.socket(sock.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bind(self._door, self._way, peer)
        with suppress(OSError):  # then the kernel tells strangers that nobody listens
            self._door.bind((_ANY[socket.AddressFamily(sock.family)], port))
            self._loop.add_reader(self._door, self._answer_door, self._door)

    def _answer_door(self, door: socket.socket) -> None:
        try:
            _, address = door.recvfrom(1)
        except OSError:
            return
        if len(self._strangers) < _STRANGERS:
            self._turn_away(door, address)
        else:
            self._loop.remove_reader(door)

    def _turn_away(self, sock: socket.socket, stranger: Address) -> None:
        if len(self._strangers) < _STRANGERS:
            self._strangers.append(stranger)
            with suppress(OSError):
                sock.sendto(packets.make_error(packets.STRANGER, "not your transfer"), stranger)

    def _send(self, packet: bytes) -> None:
        if packet and self._peer:
            with suppress(OSError):  # it counts as lost: the link may come back
                self._sock.send(packet)

    def _expire(self) -> None:
        self._timer = None
        try:
            self._drain()
            if not self._over.done() and (packet := self._transfer.expire(self._loop.time())):
                self._repeat(packet)
        except Exception as error:  # noqa: BLE001  it goes to the task that waits
            self._end(error)
        if not self._over.done():
            self._set_timer()

    def _repeat(self, packet: bytes) -> None:
        if self._peer:
            self._send(packet)
        else:
            with suppress(OSError):
                self._sock.sendto(packet, self._server)

    def _set_timer(self) -> None:
        self._timer = self._loop.call_at(self._transfer.deadline, self._expire)

    def _end(self, error: Exception | None) -> None:
        if self._over.done():
            return
        self._loop.remove_reader(self._sock)
        if error:
            self._over.set_exception(error)
        else:
            self._over.set_result(None)

    def _explain(self, error: TransferError) -> TransferError:
        """Name another sender if only that one answered."""
        if error.kind != "silent" or self._transfer.answered or not self._strangers:
            return error
        return TransferError(f"{error}; {self._strangers[-1][0]} answered instead", "silent")
