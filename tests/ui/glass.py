"""A view without a terminal: its lines after some keys."""

from petipy.ui.kit import theme
from petipy.ui.view import View
from tests.ui.fakes import Machine

SIZE = (80, 24)


class Glass:
    """The view of a machine, drawn to lines of text."""

    def __init__(self, machine: Machine | None = None, size: tuple[int, int] = SIZE) -> None:
        self.machine = machine or Machine()
        self.size = size
        self.shells = 0
        self.view = View(self.machine.session(), theme.SERIAL, self._shell)

    def _shell(self) -> None:
        self.shells += 1

    def press(self, *keys: str) -> "Glass":
        for key in keys:
            self.view.keypress(self.size, key)
        return self

    def lines(self) -> list[str]:
        self.view.show(self.machine.store.snapshot)
        canvas = self.view.render(self.size, focus=True)
        return [line.decode().rstrip() for line in canvas.text]

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    def focused(self) -> str:
        return next((line for line in self.lines() if line.startswith(">")), "")
