"""Write out the methods of dataclasses and named tuples when a module is compiled.

The decorator looks at each field, writes source, compiles it and makes a second class for the sake
of `slots`: 0.6 million instructions for each class, and 0.4 for a named tuple. Here the class has
its methods from the beginning; what few of them need, such as `fields()`, is made on first use by
initramfs/fast/stubs/written_records.py. Saves 60 million instructions at each start.

A class with anything that this module does not know stays as it is: a base, an option besides
those of `_OPTIONS`, a field() with more than a factory, a method of its own that would be written.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

RUNTIME = "written_records"
_NAME = "__written__"  # the runtime's name in a module
_OPTIONS = frozenset({"frozen", "slots", "kw_only", "eq"})
_FACTORIES = frozenset({"dict", "list", "set"})
_WRITTEN = frozenset(
    {
        *("__init__", "__new__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__"),
        *("__getstate__", "__setstate__", "__replace__", "__slots__", "__match_args__"),
    }
)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: ast.expr
    default: str = ""  # source; "" if the field has none
    factory: str = ""  # dict, list or set


class _Unknown(Exception):
    """The class has something that is not known here."""


def write_records(tree: ast.Module) -> ast.Module:
    """Return the module with its dataclasses and named tuples written out."""
    writer = _Writer()
    writer.visit(tree)
    if writer.wrote:
        has_doc = isinstance(tree.body[0], ast.Expr)
        tree.body[has_doc:has_doc] = ast.parse(f"import {RUNTIME} as {_NAME}").body
    return ast.fix_missing_locations(tree)


class _Writer(ast.NodeTransformer):
    wrote = False

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        try:
            if (options := _read_options(node)) is not None:
                _write_dataclass(node, options)
            elif _is_named_tuple(node):
                _write_named_tuple(node)
            else:
                return node
        except _Unknown:
            return node
        self.wrote = True
        return node


def _read_options(node: ast.ClassDef) -> dict[str, bool] | None:
    """Return the decorator's options, or None if the class is no dataclass."""
    match node.decorator_list, node.bases, node.keywords:
        case [ast.Call(func=ast.Name(id="dataclass"), args=[], keywords=keywords)], [], []:
            pass
        case _:
            return None
    options: dict[str, bool] = {}
    for keyword in keywords:
        if keyword.arg not in _OPTIONS or not isinstance(keyword.value, ast.Constant):
            return None
        options[keyword.arg] = bool(keyword.value.value)
    return options if options.get("slots") else None


def _is_named_tuple(node: ast.ClassDef) -> bool:
    match node:
        case ast.ClassDef(bases=[ast.Name(id="NamedTuple")], keywords=[], decorator_list=[]):
            return True
    return False


def _take_fields(node: ast.ClassDef) -> list[_Field]:
    """Take the fields out of the class. Raise _Unknown."""
    rest = [part for part in node.body if not isinstance(part, ast.AnnAssign)]
    names = {name for part in rest for name in _list_names(part)}
    fields = [_read_field(part) for part in node.body if isinstance(part, ast.AnnAssign)]
    # Written code precedes the rest of the class.
    used = {n.id for f in fields for n in ast.walk(f.type) if isinstance(n, ast.Name)}
    used |= {word for f in fields for word in re.findall(r"[A-Za-z_]\w*", f.default)}
    if names & (_WRITTEN | used | {field.name for field in fields}):
        raise _Unknown
    node.body = rest
    return fields


def _list_names(part: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement in a class gives it."""
    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield part.name
    for node in ast.walk(part) if isinstance(part, ast.Assign) else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _read_field(part: ast.AnnAssign) -> _Field:
    if not isinstance(part.target, ast.Name):
        raise _Unknown
    name, words = part.target.id, ast.unparse(part.annotation)
    if any(word in words for word in ("ClassVar", "InitVar", "KW_ONLY")):
        raise _Unknown
    match part.value:
        case None:
            return _Field(name, part.annotation)
        case ast.Call(
            func=ast.Name(id="field"),
            args=[],
            keywords=[ast.keyword(arg="default_factory", value=ast.Name(id=factory))],
        ) if factory in _FACTORIES:
            return _Field(name, part.annotation, f"{_NAME}.MADE", factory)
        case ast.Call(func=ast.Name(id="field")):
            raise _Unknown
    return _Field(name, part.annotation, ast.unparse(part.value))


def _write_dataclass(node: ast.ClassDef, options: dict[str, bool]) -> None:
    frozen, by_name = options.get("frozen", False), options.get("kw_only", False)
    fields = _take_fields(node)
    lines = [
        f"__slots__ = {tuple(field.name for field in fields)!r}",
        f"__match_args__ = {() if by_name else tuple(field.name for field in fields)!r}",
        *_write_init(fields, frozen, by_name, _has_post_init(node)),
        f"__repr__ = {_NAME}.represent",
        f"__replace__ = {_NAME}.replace",
        f"__dataclass_params__ = {_NAME}.Params({options!r})",
        f"__dataclass_fields__ = {_NAME}.Fields({by_name}, {_write_factories(fields)}, "
        f"lambda: {_write_types(fields)})",
    ]
    if frozen:
        lines += [f"{name} = {_NAME}.{name.strip('_')}" for name in _FROZEN]
    if options.get("eq", True):
        lines += _write_equality(fields, frozen)
    node.decorator_list = []
    node.body[:0] = ast.parse("\n".join(lines)).body


_FROZEN = ("__setattr__", "__delattr__", "__getstate__", "__setstate__")


def _has_post_init(node: ast.ClassDef) -> bool:
    return any(isinstance(p, ast.FunctionDef) and p.name == "__post_init__" for p in node.body)


def _write_init(
    fields: Sequence[_Field], frozen: bool, by_name: bool, post_init: bool
) -> Iterator[str]:
    words = ["self", *(["*"] if by_name and fields else []), *_write_parameters(fields)]
    yield f"def __init__({', '.join(words)}):"
    if frozen and fields:
        yield f" __put__ = {_NAME}.set"
    for field in fields:
        value = field.name
        if field.factory:
            value = f"{field.factory}() if {value} is {_NAME}.MADE else {value}"
        if frozen:
            yield f" __put__(self, {field.name!r}, {value})"
        else:
            yield f" self.{field.name} = {value}"
    if post_init:
        yield " self.__post_init__()"
    yield " return None"


def _write_parameters(fields: Iterable[_Field]) -> Iterator[str]:
    return (f"{f.name}={f.default}" if f.default else f.name for f in fields)


def _write_factories(fields: Iterable[_Field]) -> str:
    return f"{{{', '.join(f'{f.name!r}: {f.factory}' for f in fields if f.factory)}}}"


def _write_types(fields: Iterable[_Field]) -> str:
    return f"{{{', '.join(f'{f.name!r}: {ast.unparse(f.type)}' for f in fields)}}}"


def _write_equality(fields: Sequence[_Field], frozen: bool) -> Iterator[str]:
    same = " and ".join(f"self.{f.name} == other.{f.name}" for f in fields) or "True"
    yield "def __eq__(self, other):"
    yield " if self is other: return True"
    yield f" return ({same}) if other.__class__ is self.__class__ else NotImplemented"
    if frozen:
        values = "".join(f"self.{f.name}, " for f in fields)
        yield f"def __hash__(self): return hash(({values}))"


def _write_named_tuple(node: ast.ClassDef) -> None:
    fields = _take_fields(node)
    names = tuple(field.name for field in fields)
    if any(field.factory or field.name.startswith("_") for field in fields):
        raise _Unknown
    lines = [
        "__slots__ = ()",
        f"_fields = __match_args__ = {names!r}",
        f"def __new__(_cls, {', '.join(_write_parameters(fields))}):",
        f" return {_NAME}.make_tuple(_cls, ({''.join(f'{name}, ' for name in names)}))",
        *(f"{name} = {_NAME}.item({n}, None)" for n, name in enumerate(names)),
        *(f"{name} = {_NAME}.{method}" for name, method in _TUPLES.items()),
    ]
    node.bases = [ast.Name("tuple", ast.Load())]
    node.body[:0] = ast.parse("\n".join(lines)).body


_TUPLES = {
    "_make": "make",
    "_replace": "replace_items",
    "__replace__": "replace_items",
    "_asdict": "as_dict",
    "_field_defaults": "DEFAULTS",
    "__repr__": "represent_tuple",
    "__getnewargs__": "list_arguments",
}
