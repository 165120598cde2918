"""The transfer of one file by TFTP as a state machine: packets and the time in, packets out.

It does no I/O. The server sends a window of blocks, then waits for the acknowledgement of the last
one (RFC 7440; without the option a window is one block). If a block is lost, the acknowledgement of
the one before it makes the server go back. Early blocks are kept. So a line that changes their
order costs nothing, and a block of the repeated window that is lost does no harm if it came before.

A block that comes twice is never acknowledged twice, or all that follows would travel twice (the
"Sorcerer's Apprentice", RFC 1123, 4.2.3.1). If a packet is lost and no later one shows it, a timer
repeats the last acknowledgement. Its time follows the round trips, as TCP's (RFC 6298).
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from petipy.fetch.tftp import packets
from petipy.fetch.tftp.packets import Options

_FIRST, _LEAST, _MOST = 1.0, 0.02, 4.0  # seconds until a packet is repeated
_REORDERED = 3  # later blocks that show that a block is lost, not late
_BATCH = 1 << 18  # bytes that are written at once
_OFTEN = 0.1  # seconds until a batch is written that is not full
_NUMBERS = 1 << 16  # of blocks, in packets
_ENDLESS = 1 << 62
_DATA, _ERROR, _OACK = (bytes((0, kind)) for kind in (packets.DATA, packets.ERROR, packets.OACK))
# Codes by which servers refuse a request because of its options.
_ABOUT_OPTIONS = (packets.OTHER, packets.ILLEGAL, packets.REFUSED_OPTIONS)


class Writer(Protocol):
    """The file that is filled: petipy.fetch.sink.Sink, or a test's."""

    def expect(self, total: int | None, /) -> None: ...
    def write(self, data: memoryview, /) -> None: ...


class TransferError(Exception):
    """The end of a transfer that failed, in words.

    plain: a request without options may succeed. absent, silent: as in FetchError. broken: the
    server breaks the protocol, or the file is not what it said. `farewell` is for the server.
    """

    def __init__(
        self,
        text: str,
        kind: Literal["plain", "absent", "silent", "refused", "broken"],
        farewell: bytes = b"",
    ) -> None:
        super().__init__(text)
        self.kind, self.farewell = kind, farewell


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The part of a file that is wanted, and how long to wait for it, in seconds."""

    name: bytes  # of the file, as the server knows it
    skip: int = 0  # bytes before the part
    size: int | None = None  # bytes that are enough; None: all
    answer_within: float = 15.0
    block_within: float = 30.0  # a new one: there is no way to resume, so a link may come back


class Transfer:
    """One file on its way. `writer` gets the wanted part of it, in order.

    `wanted` are the options to ask for; None: ask for none. `start`, `receive` and `expire` return
    the packet to send, if any. They raise TransferError, or what the writer raises.
    """

    def __init__(
        self,
        errand: Errand,
        writer: Writer,
        wanted: Options | None,
    ) -> None:
        self.ended = False
        self.answered = False
        self.received = 0  # bytes of the file
        self._errand, self._writer, self._wanted = errand, writer, wanted
        self._agreed = Options()
        self._block = packets.PLAIN_BLOCK
        self._skip = errand.skip  # bytes to leave out that are still to come
        self._enough = _ENDLESS if errand.size is None else errand.skip + errand.size
        self._request = b""
        self._next = 1  # the block that is due, counted on beyond 65535
        self._limit = 1  # the last block of the window
        self._restarts = False  # the server's numbers go on with 1 after 65535, not with 0
        self._early: dict[int, bytes] = {}
        self._later = 0  # packets after the block that is due, which show that it is lost
        self._asked = False  # the server has been asked to go back to the block that is due
        self._heard = self._sent = self._progress = self._flushed = 0.0
        self._timed = False  # a round trip is measured, from `_sent` on
        self._trip, self._variation = 0.0, 0.0  # seconds; no trip: not measured yet
        self._wait, self._repeats = _FIRST, 0
        self._batch, self._filled = bytearray(_BATCH), 0

    @property
    def deadline(self) -> float:
        """The time at which `expire` is to be called."""
        wait = max(self._wait, min(self._wait * 2.0**self._repeats, _MOST))
        return min(max(self._heard, self._sent) + wait, self._end)

    @property
    def _end(self) -> float:
        """The time at which the server is given up."""
        errand = self._errand
        return self._progress + (errand.block_within if self.answered else errand.answer_within)

    @property
    def block_by_block(self) -> bool:
        """True if the server knows no windows: each block waits for an acknowledgement."""
        return self.answered and self._agreed.window == 1

    def start(self, now: float) -> bytes:
        """Return the request. Raise ValueError if no packet can hold the name."""
        self._request = packets.make_request(self._errand.name, self._wanted)
        self._heard = self._sent = self._progress = self._flushed = now
        self._timed = True
        return self._request

    def receive(self, packet: memoryview, now: float) -> bytes | None:
        """Take a packet of the server."""
        kind = packet[:2]
        if kind == _DATA and len(packet) >= packets.HEAD:
            return self._take_data(packet, now)
        if kind == _OACK:
            return self._take_options(bytes(packet), now)
        if kind == _ERROR:
            self._take_error(bytes(packet))
        return None  # anything else is no packet for a reader

    def expire(self, now: float) -> bytes | None:
        """Repeat the last packet if nothing new has come in time."""
        if self.ended or now < self.deadline:
            return None
        over = now >= self._end
        self._repeats += 1
        if not self.answered:
            if over:
                raise TransferError("no answer", "silent")
            self._sent, self._timed = now, False
            return self._request
        self._flush(now)
        if over:
            text = f"nothing more came after {self.received:,} bytes"
            raise TransferError(text, "silent", packets.make_error(packets.OTHER, "timed out"))
        self._later, self._asked = 0, bool(self._early)
        return self._acknowledge(now, again=True)

    # Packets

    def _take_data(self, packet: memoryview, now: float) -> bytes | None:
        if not self.answered:
            self._agree(Options(), now)
        if len(packet) - packets.HEAD > self._block:
            text = f"a block has more than the {self._block:,} bytes that were agreed on"
            raise TransferError(text, "broken", packets.make_error(packets.ILLEGAL, "too long"))
        number = packet[2] << 8 | packet[3]
        if self._next == _NUMBERS and number == 1 and self._agreed.window == 1:
            # It cannot be a later block: with windows of one there is none.
            self._restarts = True
        ahead = (number - self._number(self._next)) & 0xFFFF
        if ahead:
            return self._take_other(self._next + ahead, packet, now)
        if self._timed:
            self._measure(now)
        last = self._append(packet[packets.HEAD :], now)
        while self._early and not last and (data := self._early.pop(self._next, None)) is not None:
            last = self._append(memoryview(data), now)
        self._heard = self._progress = now
        self._repeats = 0
        self._later, self._asked = 0, False
        if self.received >= self._enough:
            self.ended = True
            self._flush(now)
            return None if last else packets.make_error(packets.OTHER, "enough")
        if last:
            return self._finish(now)
        return self._acknowledge(now) if self._next > self._limit else None

    def _take_other(self, block: int, packet: memoryview, now: float) -> bytes | None:
        """Take a block that is not due: it comes early, or again."""
        if block > self._limit:  # so is one that came before: it is 65535 or less ahead
            # The server may not have heard an acknowledgement: this does not put off the timer.
            return None
        self._heard = now
        known = block in self._early
        if not known:
            self._early[block] = bytes(packet[packets.HEAD :])
        # After the server was asked, the rest of the old window comes first.
        if self._asked and not known:
            return None
        self._later += 1
        final = block == self._limit or len(packet) - packets.HEAD < self._block
        if not final and self._later < _REORDERED:
            return None
        self._later, self._asked = 0, True
        return self._acknowledge(now)

    def _take_options(self, packet: bytes, now: float) -> bytes | None:
        if self._wanted is None:
            return None
        if self.answered:  # it comes again, since our answer to it was lost
            return None if self.received else self._acknowledge(now, again=True)
        try:
            agreed = packets.read_options(packet, self._wanted)
        except ValueError as error:
            farewell = packets.make_error(packets.REFUSED_OPTIONS, "not what was asked for")
            raise TransferError(f"senseless options: {error}", "plain", farewell) from None
        if self._timed:
            self._measure(now)
        self._agree(agreed, now)
        return self._acknowledge(now)

    def _take_error(self, packet: bytes) -> None:
        code, words = packets.read_error(packet)
        if not self.answered and self._wanted is not None and code in _ABOUT_OPTIONS:
            raise TransferError(words, "plain")
        if not self.answered and code == packets.ABSENT:
            raise TransferError(words, "absent")
        raise TransferError(words, "refused")

    def _agree(self, agreed: Options, now: float) -> None:
        self.answered = True
        self._agreed = agreed
        self._block, self._limit = agreed.block, agreed.window
        self._heard = self._progress = now
        self._repeats = 0
        self._writer.expect(agreed.size)

    def _acknowledge(self, now: float, *, again: bool = False) -> bytes:
        """Acknowledge the last block before the one that is due, by which a new window begins."""
        if now - self._flushed > _OFTEN:
            self._flush(now)
        self._limit = self._next - 1 + self._agreed.window
        self._sent, self._timed = now, not again
        return packets.make_ack(self._number(self._next - 1))

    def _number(self, block: int) -> int:
        """Return the number of a block in packets, but for its upper bits."""
        return block + (block - 1) // (_NUMBERS - 1) if self._restarts else block

    def _measure(self, now: float) -> None:
        """Take the time of a round trip (RFC 6298)."""
        self._timed = False
        trip = now - self._sent
        if not self._trip:
            self._trip, self._variation = trip, trip / 2
        else:
            self._variation += (abs(trip - self._trip) - self._variation) / 4
            self._trip += (trip - self._trip) / 8
        self._wait = max(_LEAST, self._trip + 4 * self._variation)

    # Data

    def _append(self, data: memoryview, now: float) -> bool:
        """Take the data of the block that is due; return True if it is the last one."""
        size = len(data)
        last = size < self._block
        self._next += 1
        self.received += size
        if self._skip or self.received > self._enough:
            data = data[self._skip : max(0, size - max(0, self.received - self._enough))]
            self._skip = max(0, self._skip - size)
            size = len(data)
        end = self._filled + size
        if end > _BATCH:
            self._flush(now)
            end = size
        self._batch[self._filled : end] = data
        self._filled = end
        return last

    def _flush(self, now: float) -> None:
        """Write the batch."""
        size = self._agreed.size
        if size is not None and self.received > size:
            text = f"more came than the {size:,} bytes that were said"
            raise TransferError(text, "broken", packets.make_error(packets.OTHER, "too much"))
        filled, self._filled, self._flushed = self._filled, 0, now
        if filled:
            self._writer.write(memoryview(self._batch)[:filled])

    def _finish(self, now: float) -> bytes:
        self.ended = True
        self._flush(now)
        ack = self._acknowledge(now)
        size = self._agreed.size
        if size is not None and self.received < size:
            raise TransferError(
                f"it ended after {self.received:,} of {size:,} bytes", "broken", ack
            )
        return ack
