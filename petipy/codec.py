"""JSON for typed messages. Reading checks every value, so that a hostile sender can do no harm.

Type → JSON:

- a dataclass: an object with its fields, no more and no fewer
- a union of dataclasses: an object with one key, the name of the class, whose value is the former
- T | None: null, or T
- tuple[T, ...]: a list of at most 65,536; Annotated[tuple[T, ...], RANGE] has a range of its own
- tuple[A, B]: a list of two
- dict[str, T]: an object of at most 65,536
- Literal: one of its texts
- bool: true or false
- int: a whole number from 0 to 2**40 - 1; Annotated[int, RANGE] has a range of its own
- float: a number from 0 to 1e9, or "inf"
- str: a text whose surrogates stand for bytes (surrogateescape); for Annotated[str, CHECK] the
  function CHECK must return True

A type's reader and writer are built when the first value of it comes along.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, NoReturn, TypeVar, Union, get_args, get_origin

_T = TypeVar("_T")
_Reader = Callable[[Any], Any]  # a JSON value → the value it stands for, or ValueError
_Writer = Callable[[Any], Any]  # a value → its JSON value

_NUMBERS = range(1 << 40)  # bytes of a file, seconds since 1970
_LENGTHS = range((1 << 16) + 1)  # of a list; the receiver works on each item
_SECONDS = 1e9  # no float is larger, but infinity


class Codec(Generic[_T]):
    """The way of one type's values to JSON and back. `kind` is the type, which may be a union."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def build(self) -> None:
        """Build the type's reader and writer now, before a fork, so that no child has to."""
        _reader(self._kind)
        _writer(self._kind)

    def encode(self, value: _T) -> bytes:
        """Return the value's JSON."""
        return json.dumps(_writer(self._kind)(value), allow_nan=False).encode()

    def decode(self, data: bytes) -> _T:
        """Return the value that the JSON stands for; ValueError with a reason if there is none."""
        try:
            value = json.loads(data)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        return self.read(value)

    def read(self, value: Any) -> _T:
        """Return the value that a JSON value stands for; ValueError with a reason if none."""
        found: _T = _reader(self._kind)(value)
        return found


# Reading


@cache
def _reader(kind: Any) -> _Reader:
    if kind in _READERS:
        return _READERS[kind]
    if is_dataclass(kind):
        return _record(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        base, bound = arguments
        if get_origin(base) is tuple:
            return _many(_reader(get_args(base)[0]), bound)
        return _number(bound) if base is int else _make_checked_reader(bound)
    if origin is Literal:
        return _one_of(arguments)
    if origin in (UnionType, Union):
        return _union(arguments)
    if origin is tuple and arguments[-1] is ...:
        return _many(_reader(arguments[0]), _LENGTHS)
    if origin is tuple:
        return _row([_reader(argument) for argument in arguments])
    if origin is dict:
        return _make_mapping_reader(*map(_reader, arguments))
    raise TypeError(f"no message can hold a {kind}")


def _refuse(expected: str, value: object) -> NoReturn:
    # A list or an object may be nested so deeply that it has no repr.
    found = repr(value)[:60] if isinstance(value, str | int | float | None) else "a list"
    raise ValueError(
        f"expected {expected}, not {'an object' if isinstance(value, dict) else found}"
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        _refuse("a text", value)
    if not value.isascii():
        value.encode("utf-8", "surrogateescape")  # UnicodeEncodeError is a ValueError
    return value


def _truth(value: object) -> bool:
    return value if isinstance(value, bool) else _refuse("true or false", value)


def _seconds(value: object) -> float:
    if value == "inf":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _SECONDS:
        _refuse("a number from 0 to 1e9", value)
    return value


def _number(bound: range) -> _Reader:
    def read(value: object) -> int:
        if type(value) is not int or value not in bound:
            _refuse(f"a whole number from {bound[0]} to {bound[-1]}", value)
        return value

    return read


def _make_checked_reader(check: Callable[[str], bool]) -> _Reader:
    def read(value: object) -> str:
        text = _text(value)
        return text if check(text) else _refuse(f"a text that {check.__name__}", value)

    return read


_READERS: Mapping[Any, _Reader] = {
    str: _text,
    bool: _truth,
    float: _seconds,
    int: _number(_NUMBERS),
}


def _one_of(known: tuple[str, ...]) -> _Reader:
    def read(value: object) -> str:
        text = _text(value)
        return text if text in known else _refuse(f"one of {known}", value)

    return read


def _union(members: tuple[Any, ...]) -> _Reader:
    records = [member for member in members if member is not NoneType]
    if len(records) > 1:
        return _make_tagged_reader({member.__name__: _reader(member) for member in records})
    item = _reader(records[0])
    return lambda value: None if value is None else item(value)


def _make_tagged_reader(readers: Mapping[str, _Reader]) -> _Reader:
    def read(value: object) -> Any:
        if not isinstance(value, dict) or len(value) != 1:
            _refuse("an object with one key", value)
        ((name, item),) = value.items()
        return readers[name](item) if name in readers else _refuse(f"one of {[*readers]}", name)

    return read


def _many(item: _Reader, bound: range) -> _Reader:
    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            _refuse("a list", value)
        if len(value) not in bound:
            raise ValueError(f"expected a list of at most {bound[-1]}, not of {len(value)}")
        return tuple(map(item, value))

    return read


def _row(items: list[_Reader]) -> _Reader:
    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(items):
            _refuse(f"a list of {len(items)}", value)
        return tuple(item(part) for item, part in zip(items, value, strict=True))

    return read


def _make_mapping_reader(key: _Reader, item: _Reader) -> _Reader:
    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            _refuse("an object", value)
        if len(value) not in _LENGTHS:
            raise ValueError(f"expected an object of at most {_LENGTHS[-1]}, not of {len(value)}")
        return {key(name): item(part) for name, part in value.items()}

    return read


def _record(kind: Any) -> _Reader:
    types: dict[str, Any] = {field.name: field.type for field in fields(kind)}
    readers = {name: _reader(type) for name, type in types.items()}

    def read(value: object) -> Any:
        if not isinstance(value, dict) or value.keys() != readers.keys():
            _refuse(f"the fields of {kind.__name__}", value)
        found, name = {}, ""
        try:
            for name, item in readers.items():
                found[name] = item(value[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return kind(**found)

    return read


# Writing


@cache
def _writer(kind: Any) -> _Writer:
    if is_dataclass(kind):
        return _write_record(kind)
    if kind is float:
        return lambda value: "inf" if value == math.inf else value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _writer(arguments[0])
    if origin in (UnionType, Union):
        return _write_union(arguments)
    if origin is tuple and arguments[-1] is ...:
        return _write_many(_writer(arguments[0]))
    if origin is tuple:
        items = [_writer(argument) for argument in arguments]
        return lambda value: [item(part) for item, part in zip(items, value, strict=True)]
    if origin is dict:
        item = _writer(arguments[1])
        return lambda value: {name: item(part) for name, part in value.items()}
    return _same


def _same(value: Any) -> Any:
    return value


def _write_many(item: _Writer) -> _Writer:
    return list if item is _same else lambda value: [item(part) for part in value]


def _write_union(members: tuple[Any, ...]) -> _Writer:
    records = [member for member in members if member is not NoneType]
    if len(records) > 1:
        writers = {member: _writer(member) for member in records}
        return lambda value: {type(value).__name__: writers[type(value)](value)}
    item = _writer(records[0])
    return item if item is _same else lambda value: None if value is None else item(value)


def _write_record(kind: Any) -> _Writer:
    types: dict[str, Any] = {field.name: field.type for field in fields(kind)}
    writers = {name: _writer(type) for name, type in types.items()}
    return lambda value: {name: item(getattr(value, name)) for name, item in writers.items()}
