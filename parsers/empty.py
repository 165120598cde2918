"""A tree in which there is nothing, to build others on."""

from typing import Literal


class EmptyFiles:
    """The methods of `Files` for a tree in which there is nothing."""

    def read(self, path: str) -> str | None:
        return None

    def piece(self, path: str, offset: int, length: int) -> bytes:
        return b""

    def names(self, directory: str) -> list[str]:
        return []

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        return None

    def size(self, path: str) -> int:
        return 0

    def modified(self, path: str) -> int:
        return 0

    def link(self, path: str) -> str:
        return ""

    def default(self, path: str) -> str:
        return path
