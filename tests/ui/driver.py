"""A view without a terminal: its lines after some keys."""

import asyncio
import atexit
from collections.abc import Coroutine
from typing import Any

from petipy.ui.kit import theme
from petipy.ui.layouts import Layouts
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.view import View
from tests.ui.fakes import Machine

SIZE = (80, 24)
_RUNNER = asyncio.Runner()  # of the commands that the views have started
atexit.register(_RUNNER.close)


class Driver:
    """The view of a machine, drawn to lines of text."""

    def __init__(
        self,
        machine: Machine | None = None,
        size: tuple[int, int] = SIZE,
        look: theme.Theme = theme.SERIAL,
        layouts: Layouts | None = None,
        letters: Letters = ASCII,
    ) -> None:
        self.machine = machine or Machine()
        self.size = size
        self.shells = 0
        self.session = self.machine.session()
        self.printed: list[str] = []
        self.view = View(
            self.session,
            look,
            self._start,
            self._shell,
            print=self.printed.extend,
            layouts=layouts,
            letters=letters,
        )
        self._commands: list[asyncio.Task[None]] = []

    def _shell(self) -> None:
        self.shells += 1

    def _start(self, command: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._commands.append(asyncio.get_running_loop().create_task(command))
        return self._commands[-1]

    def press(self, *keys: str) -> "Driver":
        """Press keys, and let the commands that they give go as far as they can."""
        for key in keys:
            _RUNNER.run(self._press(key))
        self._raise_faults()
        return self

    async def _press(self, key: str) -> None:
        self.view.keypress(self.size, key)
        await asyncio.sleep(0)

    def answer(self) -> None:
        """Let the oldest check of a password end."""

        async def answer() -> None:
            self.machine.answer()
            await asyncio.sleep(0)

        _RUNNER.run(answer())
        self._raise_faults()

    def _raise_faults(self) -> None:
        for command in self._commands:
            if command.done() and not command.cancelled():
                command.result()

    def lines(self) -> list[str]:
        self.view.show(self.machine.store.snapshot)
        canvas = self.view.render(self.size, focus=True)
        return ["".join(ASCII.show(line.decode())).rstrip() for line in canvas.text]

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    def focused(self) -> str:
        return next((line for line in self.lines() if line.startswith(">")), "")
