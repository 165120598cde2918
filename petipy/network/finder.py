"""Wait for the first network card: all that a machine without one needs of the network."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable

from petipy.log import Log
from petipy.sources.source import Arrived, Left, Settled, SourceEvent

_TYPES = {"1", "32"}  # ARPHRD_ETHER, ARPHRD_INFINIBAND
_LINKS = 1  # RTMGRP_LINK: news of links
_PAUSE = 10.0  # seconds
_PIECE = 1 << 16  # bytes; no datagram of the kernel's is longer

# Follow the links of the machine, once there is one.
Follow = Callable[[Log], AsyncIterator[SourceEvent]]


async def watch(
    log: Log, follow: Follow, sysfs: str = "/sys", pause: float = _PAUSE
) -> AsyncIterator[SourceEvent]:
    """Yield Settled at once, since no disk and no countdown waits for a network; then the links.

    After a fault of the program, remove all links and start again `pause` seconds later.
    """
    yield Settled()
    try:
        await _wait_for_card(sysfs)
    except OSError as error:
        log.info(f"there is no network: {error.strerror}")
        await asyncio.Event().wait()
    while True:
        known: set[str] = set()
        try:
            async for event in follow(log):
                if isinstance(event, Left):
                    known.discard(event.name)
                elif isinstance(event, Arrived):
                    known.add(event.source.name)
                yield event
        except Exception as error:  # noqa: BLE001  a fault must not end the program
            log.error(f"the network starts again after a fault: {type(error).__name__}: {error}")
        for name in known:
            yield Left(name)
        await asyncio.sleep(pause)


def has_card(sysfs: str = "/sys") -> bool:
    """Return True if there is a network card, or a virtual one."""
    try:
        names = os.listdir(f"{sysfs}/class/net")  # noqa: PTH208  no pathlib here
    except OSError:
        return False
    return any(_read(f"{sysfs}/class/net/{name}/type") in _TYPES for name in names)


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


async def _wait_for_card(sysfs: str) -> None:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    wake, loop = asyncio.Event(), asyncio.get_running_loop()
    # The socket exists before the first look, so that no card is missed.
    with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as news:
        news.bind((0, _LINKS))
        loop.add_reader(news, wake.set)
        try:
            while not has_card(sysfs):
                await wake.wait()
                wake.clear()
                _drain(news)
        finally:
            loop.remove_reader(news)


def _drain(news: socket.socket) -> None:
    while True:
        try:
            news.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:  # ENOBUFS: some news was lost; a look at the links follows anyhow
            continue
