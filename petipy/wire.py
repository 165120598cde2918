"""A Scan as JSON values, between the sandbox's child and the process that owns the machine.

The child has parsed a stranger's disk: what it sends is checked to the last type before use.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, NoReturn, TypeVar

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
from petipy.model import Image, Scan

T = TypeVar("T")
_ACTIONS: tuple[Action, ...] = ("", "reboot", "halt", "fwsetup", "exit")
_STYLES: tuple[Style, ...] = ("", "menu", "hidden", "countdown")


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
    }


def from_json(value: object) -> Scan:
    """The scan; ValueError, which says where, for anything that `to_json` does not make."""
    f = _fields(value, Scan)
    return Scan(
        entries=_tuple(f["entries"], _pair(_entry)),
        problems=_tuple(f["problems"], _problem),
        preferences=_tuple(f["preferences"], _pair(_preferences)),
        missing=_tuple(f["missing"], _file),
        images=_tuple(f["images"], _image),
    )


def captured(value: object) -> dict[str, Any]:
    """What `petipy.record` noted, checked: by device, its texts, sizes and so on."""
    devices = _mapping(value, lambda v: v)
    return {name: _device(device) for name, device in devices.items()}


def _device(value: object) -> dict[str, Any]:
    keys = {"files", "literal", "sizes", "directories", "pieces"}
    if not isinstance(value, dict) or set(value) != keys:
        _refuse("what was seen on a device", value)
    return {
        "files": _mapping(value["files"], _text),
        "literal": _mapping(value["literal"], _text),
        "sizes": _mapping(value["sizes"], _bytes),
        "directories": list(_tuple(value["directories"], _text)),
        "pieces": _mapping(value["pieces"], lambda v: list(map(list, _tuple(v, _piece)))),
    }


def _piece(value: object) -> tuple[int, str]:
    """An offset, and bytes in base64."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        _refuse("a pair", value)
    return _bytes(value[0]), _text(value[1])


def _mapping(value: object, item: Callable[[object], T]) -> dict[str, T]:
    if not isinstance(value, dict):
        _refuse("an object", value)
    return {_text(key): item(v) for key, v in value.items()}


def _entry(value: object) -> Entry:
    f = _fields(value, Entry)
    return Entry(
        title=_text(f["title"]),
        name=_text(f["name"]),
        config=_text(f["config"]),
        line=_whole(f["line"]),
        end=_whole(f["end"]),
        trail=_tuple(f["trail"], _text),
        trail_keys=_tuple(f["trail_keys"], _text),
        kernel=_optional(f["kernel"], _file),
        initrds=_tuple(f["initrds"], _file),
        devicetree=_optional(f["devicetree"], _file),
        cmdline=_text(f["cmdline"]),
        default=_truth(f["default"]),
        effects=_tuple(f["effects"], _effect),
        waits_for=_text(f["waits_for"]),
        unbootable=_text(f["unbootable"]),
        action=_one_of(f["action"], _ACTIONS),
        hotkey=_text(f["hotkey"]),
        classes=_tuple(f["classes"], _text),
        users=_optional(f["users"], lambda v: _tuple(v, _text)),
        hidden=_truth(f["hidden"]),
        help=_text(f["help"]),
        foreign=_truth(f["foreign"]),
        guess=_truth(f["guess"]),
        origins=_tuple(f["origins"], _origin),
        default_from=_tuple(f["default_from"], _origin),
        also=_tuple(f["also"], _text),
    )


def _origin(value: object) -> Origin:
    f = _fields(value, Origin)
    return Origin(
        what=_text(f["what"]),
        value=_text(f["value"]),
        config=_text(f["config"]),
        line=_whole(f["line"]),
        how=_text(f["how"]),
        spans=_tuple(f["spans"], _span),
    )


def _span(value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        _refuse("a pair", value)
    return _whole(value[0]), _whole(value[1])


def _effect(value: object) -> Effect:
    f = _fields(value, Effect)
    return Effect(
        file=_file(f["file"]),
        values=_tuple(f["values"], _pair(lambda v: _optional(v, _text))),
        rename=_name(f["rename"]),
    )


def _file(value: object) -> FileRef:
    f = _fields(value, FileRef)
    return FileRef(
        path=_text(f["path"]),
        device=_text(f["device"]),
        url=_text(f["url"]),
        offset=_bytes(f["offset"]),
        size=_bytes(f["size"]),
        packed=_text(f["packed"]),
    )


def _image(value: object) -> Image:
    f = _fields(value, Image)
    return Image(
        path=_path(f["path"]),
        size=_bytes(f["size"]),
        fs=_text(f["fs"]),
        uuid=_text(f["uuid"]),
        label=_text(f["label"]),
    )


def _problem(value: object) -> Problem:
    f = _fields(value, Problem)
    return Problem(
        config=_text(f["config"]),
        line=_whole(f["line"]),
        message=_text(f["message"]),
        column=_whole(f["column"]),
        excerpt=_text(f["excerpt"]),
    )


def _preferences(value: object) -> Preferences:
    f = _fields(value, Preferences)
    return Preferences(
        timeout=_optional(f["timeout"], _seconds),
        fallback=_tuple(f["fallback"], _text),
        style=_one_of(f["style"], _STYLES),
        superusers=_optional(f["superusers"], lambda v: _tuple(v, _text)),
        passwords=_tuple(f["passwords"], _password),
        dialect=_text(f["dialect"]),
        elsewhere=_truth(f["elsewhere"]),
    )


def _password(value: object) -> Password:
    f = _fields(value, Password)
    return Password(
        user=_text(f["user"]),
        secret=_text(f["secret"]),
        hashed=_truth(f["hashed"]),
        nameless=_truth(f["nameless"]),
    )


def _fields(value: object, cls: type[Any]) -> dict[str, object]:
    if not isinstance(value, dict) or set(value) != {field.name for field in fields(cls)}:
        _refuse(f"the fields of {cls.__name__}", value)
    return value


def _tuple(value: object, item: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(value, list | tuple):  # asdict keeps tuples, JSON makes them lists
        _refuse("a list", value)
    return tuple(item(v) for v in value)


def _pair(second: Callable[[object], T]) -> Callable[[object], tuple[str, T]]:
    def pair(value: object) -> tuple[str, T]:
        if not isinstance(value, list | tuple) or len(value) != 2:
            _refuse("a pair", value)
        return _text(value[0]), second(value[1])

    return pair


def _optional(value: object, item: Callable[[object], T]) -> T | None:
    return None if value is None else item(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else _refuse("a string", value)


def _one_of(value: object, known: tuple[T, ...]) -> T:
    item = next((item for item in known if item == value), None)
    return _refuse(f"one of {known}", value) if item is None else item


def _name(value: object) -> str:
    """Of a file in a directory that is known: nothing that leads elsewhere."""
    name = _text(value)
    return name if name not in (".", "..") and "/" not in name else _refuse("a file's name", value)


def _path(value: object) -> str:
    path = _text(value)
    return path if path.startswith("/") and "\0" not in path else _refuse("a path", value)


def _truth(value: object) -> bool:
    return value if isinstance(value, bool) else _refuse("true or false", value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        _refuse("a place in a file", value)
    return value


def _bytes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 40:
        _refuse("a number of bytes", value)
    return value


def _seconds(value: object) -> float:
    if value == "inf":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        _refuse("seconds", value)
    return value


def _refuse(expected: str, value: object) -> NoReturn:
    raise ValueError(f"expected {expected}, not {repr(value)[:60]}")
