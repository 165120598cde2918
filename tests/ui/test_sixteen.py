"""Sixteen consoles, of which fifteen misbehave: the last one works as if it were alone."""

import asyncio
import contextlib
from pathlib import Path

from petipy.ui.console import Console
from petipy.ui.consoles import Consoles
from tests.ui.consoles import PROMPT, counting_machine, open_menu
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import DEBIAN
from tests.ui.loopback import Loopback

NOISE = bytes(range(256)) * 4


async def flood(terminal: Emulator) -> None:
    """Send noise for ever."""
    while terminal.is_open:
        with contextlib.suppress(BlockingIOError, OSError):
            terminal.type(NOISE)
        await asyncio.sleep(0.01)


async def come_and_go(node: Path) -> None:
    """Let a terminal hang up, and another one come in its place."""
    while True:
        terminal = connect(node)
        await asyncio.sleep(0.3)
        terminal.close()


def connect(node: Path) -> Emulator:
    terminal = Emulator()
    node.unlink(missing_ok=True)
    node.symlink_to(terminal.path)
    return terminal


def test_fifteen_bad_consoles_take_nothing_from_the_sixteenth(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = counting_machine()
        good = Emulator()
        stuck = [Emulator() for _ in range(4)]  # nobody reads them, not even the first line
        noisy = [Emulator() for _ in range(4)]
        echoing: list[Emulator] = [Loopback() for _ in range(3)]
        for terminal in stuck:
            terminal.reading(False)
        dying = [tmp_path / f"hvc{number}" for number in range(3)]
        absent = str(tmp_path / "ttyS9")
        paths = [*(t.path for t in (*stuck, *noisy, *echoing)), *map(str, dying), absent]
        names = [f"hvc{number}" for number in range(16)]
        assert len(paths) == 15
        consoles = Consoles()
        served = [
            Console(path, machine.session(name))
            for path, name in zip([*paths, good.path], names, strict=True)
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(consoles.serve(served))]
            tasks += [group.create_task(flood(terminal)) for terminal in noisy]
            tasks += [group.create_task(come_and_go(node)) for node in dying]
            await good.until(PROMPT)
            for number in range(200):
                machine.say(f"line {number} " + 200 * "x", "error")
                await asyncio.sleep(0)
            await good.until("line 199")
            assert all(terminal._unread() for terminal in noisy)  # a flood is not read at once
            assert machine.here == 0  # no noise and no echo is a person
            assert machine.store.snapshot.countdown is not None
            await open_menu(good)
            good.type("j")
            await good.until(lambda: "Advanced" in good.focused())
            good.type("k\r")
            await good.until(lambda: bool(machine.booted))
            await consoles.release([f"Booting {DEBIAN}"])
            await good.until(lambda: good.text.endswith(f"Booting {DEBIAN}"))
            for task in tasks:
                task.cancel()
        for terminal in (good, *stuck, *noisy, *echoing):
            terminal.close()

    run(scenario())
