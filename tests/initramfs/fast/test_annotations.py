"""Compile modules without annotations."""

from initramfs.fast.annotations import drop_annotations

SOURCE = b"""
from dataclasses import dataclass, fields
from typing import Protocol
number: nosuch = 3
later: nosuch

class Movable(Protocol):
    def move(self, by: nosuch) -> nosuch: ...

@dataclass
class Point:
    x: int
    def move(self, by: nosuch) -> nosuch:
        async def inner(*many: nosuch, **named: nosuch) -> nosuch: ...
        return Point(self.x + by)
"""


def test_functions_and_variables_lose_their_annotations_and_classes_keep_theirs() -> None:
    names: dict[str, object] = {}
    exec(compile(drop_annotations(SOURCE), "sample", "exec"), names)

    assert names["number"] == 3
    point = names["Point"]
    assert isinstance(point, type)
    assert point.__annotations__ == {"x": int}
    assert point(1).move(2) == point(3)


def test_a_protocol_becomes_an_ordinary_class() -> None:
    names: dict[str, object] = {}
    exec(compile(drop_annotations(SOURCE), "sample", "exec"), names)

    assert type.mro(names["Movable"])[1:] == [object]  # type: ignore[arg-type]
