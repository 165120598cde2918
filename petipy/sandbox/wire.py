"""A Scan as JSON values, between the sandbox's child and the process that owns the machine.

The child has parsed a stranger's disk: what it sends is checked to the last type before use. A
reader takes a JSON value and gives what it stands for, or raises ValueError.
"""

import math
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, NoReturn, TypedDict, TypeVar, get_args

from parsers.api import (
    Action,
    Effect,
    Entry,
    FileRef,
    Origin,
    Password,
    Preferences,
    Problem,
    Style,
)
from petipy.state.model import FormatFacts, Image, Scan

_A = TypeVar("_A")
_T = TypeVar("_T")
_Reader = Callable[[object], _T]


class Seen(TypedDict):
    """What was looked at on a device: the keys of a machine file's."""

    files: dict[str, str]
    literal: dict[str, str]
    sizes: dict[str, int]  # bytes
    directories: tuple[str, ...]
    links: dict[str, str]
    times: dict[str, int]  # seconds since 1970
    pieces: dict[str, tuple[tuple[int, str], ...]]  # by path: offset, and bytes in base64


def to_json(scan: Scan) -> dict[str, Any]:
    """Dicts, lists, strings, numbers, booleans and None; an infinite time-out is the string inf."""
    preferences = [
        [path, asdict(p) | {"timeout": "inf" if p.timeout == math.inf else p.timeout}]
        for path, p in scan.preferences
    ]
    return {
        "entries": [[name, asdict(entry)] for name, entry in scan.entries],
        "problems": [asdict(problem) for problem in scan.problems],
        "preferences": preferences,
        "missing": [asdict(ref) for ref in scan.missing],
        "images": [asdict(image) for image in scan.images],
        "wants": list(scan.wants),
        "formats": [asdict(form) for form in scan.formats],
    }


def from_json(value: object) -> Scan:
    """The scan; ValueError, which says where, for anything that `to_json` does not make."""
    return _scan(value)


def captured(value: object) -> dict[str, Seen]:
    """Check what machinefile.recorder noted, by device name. ValueError, as of `from_json`."""
    return _devices(value)


def _refuse(expected: str, value: object) -> NoReturn:
    raise ValueError(f"expected {expected}, not {repr(value)[:60]}")


# Single values


def _text(value: object) -> str:
    return value if isinstance(value, str) else _refuse("a string", value)


def _name(value: object) -> str:
    """Of a file in a directory that is known: nothing that leads elsewhere."""
    name = _text(value)
    return name if name not in (".", "..") and "/" not in name else _refuse("a file's name", value)


def _path(value: object) -> str:
    path = _text(value)
    return path if path.startswith("/") and "\0" not in path else _refuse("a path", value)


def _truth(value: object) -> bool:
    return value if isinstance(value, bool) else _refuse("true or false", value)


def _below(limit: int, expected: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < limit:
        _refuse(expected, value)
    return value


_place = partial(_below, 1 << 31, "a place in a file")
_bytes = partial(_below, 1 << 40, "a number of bytes")


def _seconds(value: object) -> float:
    if value == "inf":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        _refuse("seconds", value)
    return value


def _one_of(known: tuple[_T, ...]) -> _Reader[_T]:
    def read(value: object) -> _T:
        item = next((item for item in known if item == value), None)
        return _refuse(f"one of {known}", value) if item is None else item

    return read


# What is made of them


def _optional(item: _Reader[_T]) -> _Reader[_T | None]:
    return lambda value: None if value is None else item(value)


def _many(item: _Reader[_T]) -> _Reader[tuple[_T, ...]]:
    def read(value: object) -> tuple[_T, ...]:
        if not isinstance(value, list | tuple):  # asdict keeps tuples, JSON makes them lists
            _refuse("a list", value)
        return tuple(map(item, value))

    return read


def _pair(first: _Reader[_A], second: _Reader[_T]) -> _Reader[tuple[_A, _T]]:
    def read(value: object) -> tuple[_A, _T]:
        if not isinstance(value, list | tuple) or len(value) != 2:
            _refuse("a pair", value)
        return first(value[0]), second(value[1])

    return read


def _mapping(item: _Reader[_T]) -> _Reader[dict[str, _T]]:
    def read(value: object) -> dict[str, _T]:
        if not isinstance(value, dict):
            _refuse("an object", value)
        return {_text(key): item(v) for key, v in value.items()}

    return read


def _record(make: Callable[..., _T], **readers: _Reader[Any]) -> _Reader[_T]:
    """What `make` does of an object that has these fields and no others."""

    def read(value: object) -> _T:
        if not isinstance(value, dict) or value.keys() != readers.keys():
            _refuse(f"the fields of {make.__name__}", value)
        return make(**{name: item(value[name]) for name, item in readers.items()})

    return read


# Ours

_texts = _many(_text)
_file = _record(
    FileRef,
    path=_text,
    device=_text,
    url=_text,
    offset=_bytes,
    size=_bytes,
    packed=_text,
    mode=_bytes,
)
_effect = _record(Effect, file=_file, values=_many(_pair(_text, _optional(_text))), rename=_name)
_origins = _many(
    _record(
        Origin,
        what=_text,
        value=_text,
        config=_text,
        line=_place,
        how=_text,
        spans=_many(_pair(_place, _place)),
    )
)
_entry = _record(
    Entry,
    title=_text,
    name=_text,
    config=_text,
    line=_place,
    end=_place,
    trail=_texts,
    trail_keys=_texts,
    kernel=_optional(_file),
    initrds=_many(_file),
    devicetree=_optional(_file),
    cmdline=_text,
    default=_truth,
    effects=_many(_effect),
    waits_for=_text,
    unbootable=_text,
    action=_one_of(get_args(Action)),
    hotkey=_text,
    classes=_texts,
    users=_optional(_texts),
    hidden=_truth,
    help=_text,
    foreign=_truth,
    guess=_truth,
    origins=_origins,
    default_from=_origins,
    also=_texts,
)
_problem = _record(
    Problem,
    config=_text,
    line=_place,
    message=_text,
    column=_place,
    excerpt=_text,
    waits=_truth,
)
_password = _record(Password, user=_text, secret=_text, hashed=_truth, nameless=_truth)
_preferences = _record(
    Preferences,
    timeout=_optional(_seconds),
    fallback=_texts,
    style=_one_of(get_args(Style)),
    superusers=_optional(_texts),
    passwords=_many(_password),
    dialect=_text,
    elsewhere=_truth,
)
_image = _record(Image, path=_path, size=_bytes, fs=_text, uuid=_text, label=_text)
_scan = _record(
    Scan,
    entries=_many(_pair(_text, _entry)),
    problems=_many(_problem),
    preferences=_many(_pair(_text, _preferences)),
    missing=_many(_file),
    images=_many(_image),
    wants=_texts,
    formats=_many(
        _record(FormatFacts, name=_text, hotkeys_select=_truth, has_dialects=_truth),
    ),
)
_devices = _mapping(
    _record(
        Seen,
        files=_mapping(_text),
        literal=_mapping(_text),
        sizes=_mapping(_bytes),
        directories=_texts,
        links=_mapping(_text),
        times=_mapping(_bytes),
        pieces=_mapping(_many(_pair(_bytes, _text))),
    )
)
