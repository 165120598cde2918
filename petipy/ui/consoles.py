"""The consoles of the machine, together."""

import asyncio
from collections.abc import Sequence

from petipy.ui.console import Console


class Consoles:
    """The consoles of the machine, for the program and for a boot."""

    def __init__(self) -> None:
        self._consoles: list[Console] = []

    async def serve(self, consoles: Sequence[Console]) -> None:
        """Serve the consoles; return only when cancelled."""
        self._consoles = list(consoles)
        async with asyncio.TaskGroup() as group:
            for console in self._consoles:
                group.create_task(console.serve())

    async def release(self, lines: Sequence[str]) -> None:
        """Print the last lines on each terminal and restore its modes."""
        await asyncio.gather(*(console.release(lines) for console in self._consoles))

    def resume(self) -> None:
        """Continue after a boot that failed."""
        for console in self._consoles:
            console.resume()
