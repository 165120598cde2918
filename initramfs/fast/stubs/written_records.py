"""Methods that all dataclasses and named tuples share; see initramfs/fast/records.py.

They do what those of `dataclasses` and `collections` do, and find the fields of a class when they
are called.
"""

from _collections import _tuplegetter as item  # type: ignore[import-not-found]
from collections.abc import Callable
from typing import Any

__all__ = ["item"]

MADE = object()  # the default of a field with a factory
set = object.__setattr__
make_tuple = tuple.__new__


class Fields:
    """`__dataclass_fields__`: made when somebody asks for them."""

    def __init__(
        self,
        by_name: bool,
        factories: dict[str, Callable[[], Any]],
        types: Callable[[], dict[str, Any]],
    ) -> None:
        self._by_name, self._factories, self._types = by_name, factories, types

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        import dataclasses

        init: Any = vars(self._owner)["__init__"]
        names = init.__code__.co_varnames[1 : 1 + len(self._owner.__slots__)]  # type: ignore[attr-defined]
        given = init.__defaults__ or ()
        defaults = {
            **dict(zip(names[::-1], given[::-1], strict=False)),
            **(init.__kwdefaults__ or {}),
        }
        fields: dict[str, Any] = {}
        for name, kind in self._types().items():
            given = {"default_factory": self._factories[name]} if name in self._factories else {}
            if name in defaults and not given:
                given = {"default": defaults[name]}
            field: Any = dataclasses.field(kw_only=self._by_name, **given)
            field.name, field.type = name, kind
            field._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
            fields[name] = field
        type.__setattr__(self._owner, "__dataclass_fields__", fields)
        return fields


class Params:
    """`__dataclass_params__`, likewise."""

    def __init__(self, options: dict[str, bool]) -> None:
        self._options = options

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        class Sample:
            pass

        made: Any = dataclasses.dataclass(**self._options)(Sample)
        params = made.__dataclass_params__
        type.__setattr__(self._owner, "__dataclass_params__", params)
        return params


def _find_owner(kind: type, name: str, method: object) -> Any:
    return next(base for base in kind.__mro__ if vars(base).get(name) is method)


def setattr(self: Any, name: str, value: Any) -> None:
    _check(self, name, "__setattr__", setattr, "assign to")
    super(_find_owner(type(self), "__setattr__", setattr), self).__setattr__(name, value)


def delattr(self: Any, name: str) -> None:
    _check(self, name, "__delattr__", delattr, "delete")
    super(_find_owner(type(self), "__delattr__", delattr), self).__delattr__(name)


def _check(self: Any, name: str, method: str, ours: object, verb: str) -> None:
    owner: Any = _find_owner(type(self), method, ours)
    if type(self) is owner or name in owner.__slots__:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot {verb} field {name!r}")


def getstate(self: Any) -> list[Any]:
    from dataclasses import fields

    return [getattr(self, field.name) for field in fields(self)]


def setstate(self: Any, state: list[Any]) -> None:
    from dataclasses import fields

    for field, value in zip(fields(self), state, strict=True):
        set(self, field.name, value)


def replace(self: Any, /, **changes: Any) -> Any:
    import dataclasses

    return dataclasses.replace(self, **changes)


_shown: dict[tuple[int, int], None] = {}  # objects whose representations are being made


def represent(self: Any) -> str:
    import _thread
    from dataclasses import fields

    key = id(self), _thread.get_ident()
    if key in _shown:
        return "..."
    _shown[key] = None
    try:
        parts = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return f"{self.__class__.__qualname__}({', '.join(parts)})"
    finally:
        del _shown[key]


# Named tuples


@classmethod  # type: ignore[misc]
def make(cls: Any, iterable: Any) -> Any:
    made = make_tuple(cls, iterable)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def replace_items(self: Any, /, **changes: Any) -> Any:
    made = self._make(map(changes.pop, self._fields, self))
    if changes:
        raise TypeError(f"Got unexpected field names: {list(changes)!r}")
    return made


def as_dict(self: Any) -> dict[str, Any]:
    return dict(zip(self._fields, self, strict=True))


def represent_tuple(self: Any) -> str:
    parts = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{self.__class__.__name__}({', '.join(parts)})"


def list_arguments(self: Any) -> tuple[Any, ...]:
    return tuple(self)


class _Defaults:
    def __get__(self, instance: object, owner: Any) -> dict[str, Any]:
        given = owner.__new__.__defaults__ or ()
        return dict(zip(owner._fields[len(owner._fields) - len(given) :], given, strict=True))


DEFAULTS = _Defaults()
