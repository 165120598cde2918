"""Every console of the machine."""

import asyncio
from collections.abc import Sequence

from petipy.ui.console import Console


class Consoles:
    """The consoles together, as a boot sees them."""

    def __init__(self) -> None:
        self._consoles: list[Console] = []

    async def serve(self, consoles: Sequence[Console]) -> None:
        """Serve the consoles; return only when cancelled."""
        self._consoles = list(consoles)
        async with asyncio.TaskGroup() as group:
            for console in self._consoles:
                group.create_task(console.serve())

    async def farewell(self, lines: Sequence[str]) -> None:
        """Leave each terminal as it was found, with the lines as its last words."""
        await asyncio.gather(*(console.farewell(lines) for console in self._consoles))

    def resume(self) -> None:
        """Go on as before: the boot has failed."""
        for console in self._consoles:
            console.resume()
