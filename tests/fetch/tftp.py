"""A TFTP server as a state machine, and a line that loses, repeats, delays and reorders packets."""

import heapq
import random
from dataclasses import dataclass, field

from petipy.fetch.tftp import packets
from petipy.fetch.tftp.packets import Options
from petipy.fetch.tftp.transfer import Errand, Transfer

WANTED = Options(block=1428, window=16)
WHOLE = Errand(name=b"boot/a")
_PACKET = 12e-6  # seconds that a packet takes at a gigabit


@dataclass
class Server:
    """A server that does all of RFC 1350, 2347, 2348, 2349 and 7440. `knows` are its options."""

    content: bytes
    knows: tuple[str, ...] = ("tsize", "blksize", "timeout", "windowsize")
    restart: int = 0  # the number that follows 65535
    largest: int = 1428  # bytes of a block
    wait: float = 1.0  # seconds until it repeats a window
    block: int = 512
    window: int = 1
    sent: int = 0  # the last block that was sent
    acked: int = 0
    started: bool = False
    ended: bool = False
    error: bytes = b""  # the client's
    requests: list[list[bytes]] = field(default_factory=list)
    deadline: float = float("inf")
    _greeting: bytes = b""

    def receive(self, packet: bytes, now: float) -> list[bytes]:
        kind = packet[1]
        if kind == packets.READ:
            return self._start(packet[2:-1].split(b"\0"), now)
        if kind == packets.ERROR:
            self.error, self.ended = packet, True
        if kind != packets.ACK or self.ended:
            return []
        number = int.from_bytes(packet[2:4], "big")
        # The latest first: the first is rarely meant.
        window = range(self.sent, self.acked - 1, -1)
        block = next((n for n in window if self._number(n) & 0xFFFF == number), None)
        if block is None or (block == self.acked and self.window == 1 and self.sent):
            return []  # RFC 1123, 4.2.3.1
        self.acked = block
        if self.acked == self.blocks:
            self.ended = True
            return []
        return self._send(now)

    def expire(self, now: float) -> list[bytes]:
        if now < self.deadline or self.ended:
            return []
        if self._greeting and not self.sent:
            self.deadline = now + self.wait
            return [self._greeting]
        return self._send(now)

    @property
    def blocks(self) -> int:
        return len(self.content) // self.block + 1

    def data(self, number: int) -> bytes:
        at = (number - 1) * self.block
        head = b"\0\3" + (self._number(number) & 0xFFFF).to_bytes(2, "big")
        return head + self.content[at : at + self.block]

    def _start(self, fields: list[bytes], now: float) -> list[bytes]:
        self.requests.append(fields)
        if self.started:
            return []
        self.started = True
        agreed = {}
        for name, value in zip(fields[2::2], fields[3::2], strict=True):
            if name.decode() in self.knows:
                agreed[name.decode()] = len(self.content) if name == b"tsize" else int(value)
        if "blksize" in agreed:
            agreed["blksize"] = min(agreed["blksize"], self.largest)
        self.block = agreed.get("blksize", 512)
        self.window = agreed.get("windowsize", 1)
        if not agreed:
            return self._send(now)
        words = "".join(f"{name}\0{value}\0" for name, value in agreed.items())
        self._greeting = b"\0\6" + words.encode()
        self.deadline = now + self.wait
        return [self._greeting]

    def _send(self, now: float) -> list[bytes]:
        self.deadline = now + self.wait
        self.sent = min(self.acked + self.window, self.blocks)
        return [self.data(number) for number in range(self.acked + 1, self.sent + 1)]

    def _number(self, block: int) -> int:
        return (block - 1) % 65535 + 1 if self.restart and block else block


@dataclass
class Collected:
    """The file that a transfer fills."""

    data: bytearray = field(default_factory=bytearray)
    total: int | None = None
    most: int = 1 << 40

    def expect(self, total: int | None) -> None:
        self.total = total

    def write(self, data: memoryview) -> None:
        if len(self.data) + len(data) > self.most:
            raise OSError("full")
        self.data += data


@dataclass
class Network:
    """A line of a gigabit between a transfer and a server. The chances are from 0 to 1."""

    chance: random.Random
    delay: float = 0.001  # seconds
    loss: float = 0.0
    repeat: float = 0.0
    reorder: float = 0.0
    late: float = 30.0  # packets that overtake one that is reordered, at most
    packets: int = 0
    to_client: int = 0
    now: float = 0.0
    _queue: list[tuple[float, int, bool, bytes]] = field(default_factory=list)
    _free: list[float] = field(default_factory=lambda: [0.0, 0.0])  # when a packet may leave

    def send(self, packet: bytes, *, to_server: bool) -> None:
        self.packets += 1
        self.to_client += not to_server
        for _ in range(2 if self.chance.random() < self.repeat else 1):
            if self.chance.random() < self.loss:
                continue
            self._free[to_server] = max(self._free[to_server], self.now) + _PACKET
            late = self.chance.random() * self.late if self.chance.random() < self.reorder else 0
            at = self._free[to_server] + self.delay + late * _PACKET
            heapq.heappush(self._queue, (at, self.packets, to_server, packet))

    def run(self, transfer: Transfer, server: Server, most: float = 3600.0) -> None:
        """Carry packets until the transfer ends."""
        if packet := transfer.start(self.now):
            self.send(packet, to_server=True)
        while not transfer.ended:
            due = min(transfer.deadline, server.deadline)
            if self._queue and self._queue[0][0] <= due:
                self.now, _, to_server, packet = heapq.heappop(self._queue)
                if to_server:
                    for answer in server.receive(packet, self.now):
                        self.send(answer, to_server=False)
                elif (reply := transfer.receive(memoryview(packet), self.now)) is not None:
                    self.send(reply, to_server=True)
                continue
            self.now = max(self.now, due)
            assert self.now < most, "the transfer does not end"
            if server.deadline <= self.now:
                for answer in server.expire(self.now) or [b""]:
                    if answer:
                        self.send(answer, to_server=False)
                    else:
                        server.deadline = float("inf")
            elif (reply := transfer.expire(self.now)) is not None:
                self.send(reply, to_server=True)
        for _, _, to_server, packet in sorted(self._queue):
            if to_server:
                server.receive(packet, self.now)


def content(size: int) -> bytes:
    """Return bytes in which a misplaced block shows."""
    return random.Random(size).randbytes(size)


def read(
    server: Server,
    network: Network | None = None,
    wanted: Options | None = WANTED,
    errand: Errand = WHOLE,
) -> Collected:
    """Read the server's file over the line; return what came."""
    file = Collected()
    line = network or Network(random.Random(0))
    line.run(Transfer(errand, file, wanted), server)
    return file
