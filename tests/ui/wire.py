"""A terminal that only collects its output, and canvases to draw on it."""

from collections.abc import Hashable, Sequence

from petipy.ui.kit.toolkit import TextCanvas
from petipy.ui.line.terminal import Terminal

Row = Sequence[tuple[str | None, str]]  # kind of text, text


class Wire(Terminal):
    """A terminal that only collects its output."""

    def __init__(self, size: tuple[int, int] = (80, 24), term: str = "") -> None:
        super().__init__("/dev/hvc0", term)
        self.text, self._size = "", size

    def size(self) -> tuple[int, int]:
        return self._size

    def write(self, text: str) -> None:
        self.text += text

    def take(self) -> str:
        text, self.text = self.text, ""
        return text


def to_canvas(
    rows: Sequence[Row], columns: int, cursor: tuple[int, int] | None = None
) -> TextCanvas:
    texts = ["".join(text for _, text in row).encode() for row in rows]
    runs: list[list[tuple[Hashable, int]]] = [
        [(kind, len(text.encode())) for kind, text in row] for row in rows
    ]
    return TextCanvas(texts, runs, maxcol=columns, cursor=cursor)
