"""The clock and what waits for it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from petipy.log import Log
from petipy.network.clock import Clock
from petipy.network.interfaces import Interface
from petipy.network.services import NetworkServices
from petipy.platforms.pseries import Pseries
from petipy.state.network import Link
from petipy.state.settings import Settings

CONNECTED = Interface(
    link=Link(index=2, name="eth0", carrier=True, addresses=("192.0.2.7/24",)), up=True
)


class SlowClock:
    """A clock whose servers answer when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.answer = asyncio.Event()

    def begin(self) -> None:
        pass

    async def ask(self, servers: Sequence[str]) -> bool:
        self.asked.append(servers)
        await self.answer.wait()
        return True


def test_https_waits_for_the_first_answer_of_a_time_server(tmp_path: Path) -> None:
    async def steps() -> None:
        clock = SlowClock()
        settings, log = Settings(ntp=("192.0.2.123",)), Log(files=())
        place = str(tmp_path / "resolv.conf")
        network = NetworkServices(settings, Pseries(), log, cast(Clock, clock), place)
        await network.wait_for_clock()  # there is no address yet: nobody can be asked
        network._note_change([CONNECTED])
        keeping = asyncio.create_task(network._keep_time())
        waiting = asyncio.create_task(network.wait_for_clock())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert clock.asked == [("192.0.2.123",)]
        clock.answer.set()
        await asyncio.wait_for(waiting, 1)
        await asyncio.wait_for(keeping, 1)

    asyncio.run(steps())


def test_without_time_servers_nothing_waits(tmp_path: Path) -> None:
    async def steps() -> None:
        place = str(tmp_path / "resolv.conf")
        clock = cast(Clock, SlowClock())
        network = NetworkServices(Settings(), Pseries(), Log(files=()), clock, place)
        network._note_change([CONNECTED])
        await asyncio.wait_for(network.wait_for_clock(), 0.1)

    asyncio.run(steps())
