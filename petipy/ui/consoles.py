"""The consoles of the machine, together."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from petipy.ui.console import Console


class Releasable(Protocol):
    """A console, or another client that is told when the machine leaves."""

    async def release(self, lines: Sequence[str]) -> None: ...
    def resume(self) -> None: ...


class Consoles:
    """The consoles of the machine, for the program and for a boot."""

    def __init__(self) -> None:
        self._consoles: list[Releasable] = []

    def add(self, client: Releasable) -> None:
        """Add a client that is told when the machine leaves."""
        self._consoles.append(client)

    async def serve(self, consoles: Sequence[Console]) -> None:
        """Serve the consoles; return only when cancelled."""
        self._consoles += consoles
        loop = asyncio.get_running_loop()
        # It comes if one of the terminals controls this process, as in a container.
        loop.add_signal_handler(signal.SIGWINCH, self._wake)
        try:
            async with asyncio.TaskGroup() as group:
                for console in consoles:
                    group.create_task(console.serve())
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)

    def _wake(self) -> None:
        """Let the screens look at their sizes."""
        for console in self._consoles:
            if isinstance(console, Console):
                console.wake()

    async def attend(self, console: Console) -> None:
        """Show the menu on a console that somebody has opened, until the person leaves it."""
        self._consoles.append(console)
        try:
            await console.attend()
        finally:
            self._consoles.remove(console)

    async def follow_kernel(self, add: Callable[[int, str], None]) -> None:
        """Pass the kernel's messages on to a log, as they would spoil the consoles."""
        from petipy.ui.line.kernel import KernelMessages

        messages = KernelMessages(add)
        self._consoles.append(messages)
        try:
            await messages.run()
        finally:
            self._consoles.remove(messages)

    async def release(self, lines: Sequence[str]) -> None:
        """Print the last lines on each terminal and restore its modes."""
        await asyncio.gather(*(console.release(lines) for console in self._consoles))

    def resume(self) -> None:
        """Continue after a boot that failed."""
        for console in self._consoles:
            console.resume()
