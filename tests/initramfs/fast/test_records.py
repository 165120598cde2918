"""Dataclasses and named tuples that are written out do what the decorator's do."""

import ast
import copy
import dataclasses
import importlib.util
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import initramfs
from initramfs.fast.annotations import drop_annotations
from initramfs.fast.records import RUNTIME, write_records
from initramfs.host import REPOSITORY

SOURCE = b'''"""A module."""
from dataclasses import dataclass, field
from typing import NamedTuple

@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume."""

    name: str
    label: str = ""
    links: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return self.label or self.name

@dataclass(frozen=True, slots=True)
class Place:
    path: str
    line: int = 1

@dataclass(slots=True)
class Count:
    number: int = 0
    seen: set[str] = field(default_factory=set)
    def __post_init__(self) -> None:
        self.number += 1

@dataclass(slots=True, eq=False)
class Job:
    number: int

@dataclass(frozen=True, slots=True)
class Nothing:
    pass

class Point(NamedTuple):
    x: int
    y: int = 2
    def moved(self, by: int) -> "Point":
        return self._replace(x=self.x + by)
'''
KEPT = b"""
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple
@dataclass(frozen=True, slots=True, order=True)
class Ordered: a: int
@dataclass
class Loose: a: int
@dataclass(slots=True)
class Special: a: int = field(default=1, compare=False)
@dataclass(slots=True)
class Own:
    a: int
    def __eq__(self, other): return True
@dataclass(slots=True)
class Shared: a: ClassVar[int] = 1
@dataclass(slots=True)
class Near:
    most = 5
    a: int = most
class Derived(Loose): pass
"""


def load(name: str, code: Any) -> ModuleType:
    module = sys.modules[name] = ModuleType(name)
    exec(compile(code, name, "exec"), vars(module))
    return module


@pytest.fixture(autouse=True)
def runtime() -> Iterator[None]:
    """Let modules import what written classes share."""
    place = Path(initramfs.__file__).parent / f"fast/stubs/{RUNTIME}.py"
    spec = importlib.util.spec_from_file_location(RUNTIME, place)
    assert spec
    assert spec.loader
    module = sys.modules[RUNTIME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield
    for name in (RUNTIME, "written", "decorated"):
        sys.modules.pop(name, None)


@pytest.fixture
def both() -> list[ModuleType]:
    written = write_records(ast.parse(SOURCE))
    assert ast.unparse(written).count("@dataclass") == 0
    return [load("decorated", SOURCE), load("written", written)]


SAMPLES = [
    "Volume(name='sda', label='root')",
    "Volume(name='sda')",
    "Place('/boot')",
    "Place('/boot', line=3)",
    "Count(4)",
    "Count()",
    "Nothing()",
    "Point(1)",
    "Point(x=3, y=4)",
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_objects_look_alike_and_survive_copies(sample: str, both: list[ModuleType]) -> None:
    shown = []
    for module in both:
        made = eval(sample, vars(module))
        assert made == eval(sample, vars(module))
        assert made != 3
        assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
        shown.append(repr(made))
    assert shown[0] == shown[1]


@pytest.mark.parametrize("name", ["Volume", "Place", "Count", "Job", "Nothing"])
def test_classes_have_the_same_fields_and_parameters(name: str, both: list[ModuleType]) -> None:
    def describe(kind: Any) -> object:
        facts = [
            (f.name, f.type, f.default, f.default_factory, f.kw_only, f.init)
            for f in dataclasses.fields(kind)
        ]
        params = {
            key: getattr(kind.__dataclass_params__, key)
            for key in ("init", "repr", "eq", "order", "frozen")
        }
        return facts, params, kind.__match_args__, kind.__slots__, kind.__hash__ is None

    first, second = (describe(getattr(module, name)) for module in both)

    assert first == second


def test_a_frozen_object_is_replaced_hashed_and_not_changed(both: list[ModuleType]) -> None:
    for module in both:
        place = module.Place("/a")
        assert dataclasses.replace(place, line=7) == module.Place("/a", 7)
        assert {place: 1}[module.Place("/a")] == 1
        assert dataclasses.asdict(place) == {"path": "/a", "line": 1}
        with pytest.raises(dataclasses.FrozenInstanceError):
            place.line = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            del place.line
        with pytest.raises(TypeError):
            dataclasses.replace(place, nosuch=1)
        with pytest.raises(TypeError):
            module.Volume("by position")


def test_factories_work_for_each_object_and_post_init_runs(both: list[ModuleType]) -> None:
    for module in both:
        one, other = module.Count(), module.Count(2)
        one.seen.add("x")
        assert (one.number, other.number, other.seen) == (1, 3, set())
        assert module.Count(seen={"y"}).seen == {"y"}
        assert module.Job(1) != module.Job(1)
        assert isinstance(hash(module.Job(1)), int)


def test_a_class_derived_from_a_frozen_one_has_attributes_of_its_own(
    both: list[ModuleType],
) -> None:
    written = both[1]  # the decorator's method fails: it knows the class before `slots`
    made: Any = type("More", (written.Place,), {})("/a")

    made.more = 1

    assert made.more == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.line = 2


def test_named_tuples_have_all_their_methods(both: list[ModuleType]) -> None:
    for module in both:
        kind = module.Point
        assert (kind._fields, kind._field_defaults) == (("x", "y"), {"y": 2})
        assert kind._make([3, 4]) == (3, 4)
        assert kind(1).moved(2)._asdict() == {"x": 3, "y": 2}
        assert kind(1).y == 2
        with pytest.raises(TypeError):
            kind._make([1])
        with pytest.raises((TypeError, ValueError)):  # of Python 3.13, and before
            kind(1)._replace(z=1)
        with pytest.raises(TypeError):
            kind()


def test_a_class_with_anything_else_keeps_its_decorator() -> None:
    written = write_records(ast.parse(KEPT))

    assert ast.unparse(written) == ast.unparse(ast.parse(KEPT))


def test_our_modules_are_written_and_can_be_compiled() -> None:
    written = 0
    for package in ("petipy", "parsers"):
        for path in (REPOSITORY / package).rglob("*.py"):
            tree = write_records(drop_annotations(path.read_bytes()))
            compile(tree, str(path), "exec")
            written += ast.unparse(tree).count(f"import {RUNTIME}")
    assert written > 50
