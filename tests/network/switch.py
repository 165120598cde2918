"""A switch in user space: VLANs, delay, loss and pulled cables without the kernel's help.

A port is a descriptor that reads and writes one Ethernet frame at a time: a tap, or one end of a
pair of datagram sockets whose other end is a QEMU netdev.
"""

import heapq
import os
import random
import selectors
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.network import lacp

TAG = b"\x81\x00"  # the type of an IEEE 802.1Q header
LARGEST = 65536  # bytes of a frame


@dataclass(eq=False)
class Port:
    """One port. Tests change its fields while the switch runs.

    With `vlan`, the port is in that VLAN and its frames carry no tags. Without, frames pass as
    they are: those of the VLANs have tags, the others belong to VLAN 0.
    """

    name: str
    descriptor: int
    vlan: int = 0
    group: int = 0  # ports of the same number, but 0, lead to one machine's bond and speak LACP
    up: bool = True
    delay: float = 0.0  # seconds, for frames that leave here
    loss: float = 0.0  # the share of the frames that do not leave here
    received: int = 0  # frames
    sent: int = 0
    queue: list[tuple[float, int, bytes]] = field(default_factory=list)


class Switch:
    """Learns addresses, floods what it does not know. Loss is the same in each run."""

    def __init__(self) -> None:
        self.ports: list[Port] = []
        self._known: dict[tuple[int, bytes], Port] = {}
        self._selector = selectors.DefaultSelector()
        self._random = random.Random(1)
        self._serial = 0
        self._wake = os.pipe()
        self._selector.register(self._wake[0], selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="switch", daemon=True)
        self._stopped = False

    def port(self, name: str, descriptor: int, *, vlan: int = 0, group: int = 0) -> Port:
        """Add a port before the switch starts; the descriptor stays the caller's."""
        os.set_blocking(descriptor, False)
        port = Port(name, descriptor, vlan=vlan, group=group)
        self.ports.append(port)
        self._selector.register(descriptor, selectors.EVENT_READ, port)
        return port

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        os.write(self._wake[1], b"x")
        self._thread.join(10)
        self._selector.close()
        for end in self._wake:
            os.close(end)

    def _run(self) -> None:
        while not self._stopped:
            due = min((port.queue[0][0] for port in self.ports if port.queue), default=None)
            patience = None if due is None else max(0.0, due - time.monotonic())
            for key, _ in self._selector.select(patience):
                if key.data is not None:
                    self._receive(key.data)
            self._send_due()

    def _receive(self, port: Port) -> None:
        """Read some frames of a port; the others have their turn then."""
        for _ in range(64):
            try:
                frame = os.read(port.descriptor, LARGEST)
            except BlockingIOError:
                return
            except OSError:  # the guest has ended, or the tap is gone
                frame = b""
            if not frame:
                self._selector.unregister(port.descriptor)
                port.up = False
                return
            if port.up and len(frame) >= 14:
                port.received += 1
                self._forward(port, frame)

    def _forward(self, port: Port, frame: bytes) -> None:
        if frame[:6] == lacp.SLOW:  # no switch passes it on
            answer = lacp.answer(frame, 1 + self.ports.index(port)) if port.group else None
            if answer:
                self._queue(port, answer)
            return
        vlan, plain = untag(frame)
        if port.vlan:
            if vlan:
                return
            vlan = port.vlan
        target, source = frame[:6], frame[6:12]
        self._known[vlan, source] = port
        known = self._known.get((vlan, target))
        outs = [known] if known is not None and known.up else self._flood(port)
        for out in outs:
            if out is not port and out.vlan in (0, vlan):
                self._queue(out, plain if out.vlan or not vlan else tag(plain, vlan))

    def _flood(self, port: Port) -> list[Port]:
        """Return the ports for a frame to everybody: one of each group, none of the sender's."""
        groups, outs = {port.group} - {0}, []
        for other in self.ports:
            if other.up and other.group not in groups:
                groups |= {other.group} - {0}
                outs.append(other)
        return outs

    def _queue(self, port: Port, frame: bytes) -> None:
        if port.loss and self._random.random() < port.loss:
            return
        self._serial += 1
        heapq.heappush(port.queue, (time.monotonic() + port.delay, self._serial, frame))

    def _send_due(self) -> None:
        now = time.monotonic()
        for port in self.ports:
            while port.queue and port.queue[0][0] <= now:
                frame = heapq.heappop(port.queue)[2]
                if port.up:
                    port.sent += self._write(port, frame)

    def _write(self, port: Port, frame: bytes) -> bool:
        """Send a frame; a full queue of the receiver is waited for shortly, then it is lost."""
        for _ in range(100):
            try:
                os.write(port.descriptor, frame)
            except BlockingIOError:
                time.sleep(0.0005)
            except OSError:
                return False
            else:
                return True
        return False


def untag(frame: bytes) -> tuple[int, bytes]:
    """Return the VLAN of a frame (0 without a tag), and the frame without the tag."""
    if frame[12:14] != TAG:
        return 0, frame
    return int.from_bytes(frame[14:16], "big") & 0xFFF, frame[:12] + frame[16:]


def tag(frame: bytes, vlan: int) -> bytes:
    return frame[:12] + TAG + vlan.to_bytes(2, "big") + frame[12:]


@contextmanager
def running(switch: Switch) -> Iterator[Switch]:
    """Run the switch; a test adds its ports before."""
    switch.start()
    try:
        yield switch
    finally:
        switch.stop()
