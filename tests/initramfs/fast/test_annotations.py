"""Compile modules without annotations."""

from initramfs.fast.annotations import drop_annotations

SOURCE = b"""
from dataclasses import dataclass, fields
number: nosuch = 3
later: nosuch

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
