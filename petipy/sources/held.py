"""Sources that nobody looks at before they are released."""

import asyncio
from collections.abc import AsyncIterator

from petipy.sources.source import SourceEvent


async def hold(
    stream: AsyncIterator[SourceEvent], released: asyncio.Event
) -> AsyncIterator[SourceEvent]:
    """Yield the events of the stream, which begins when it is released."""
    await released.wait()
    async for event in stream:
        yield event
