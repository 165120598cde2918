"""Sockets in the event loop. The functions of asyncio for this, `sock_accept` …, import ssl."""

import asyncio
import socket
from typing import Any


async def accept(listening: socket.socket) -> tuple[socket.socket, Any]:
    """Return the next connection to a non-blocking socket, and the address of its other end."""
    while True:
        try:
            return listening.accept()
        except BlockingIOError:
            await _wait(listening)


async def receive(line: socket.socket, size: int) -> bytes:
    """Return the next datagram of a non-blocking socket."""
    while True:
        try:
            return line.recv(size)
        except BlockingIOError:
            await _wait(line)


async def _wait(line: socket.socket) -> None:
    """Wait until the socket can be read."""
    readable, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(line, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(line)
