"""The texts that the rooms below the screens make, read from their sources: {} for each field.

A text may be put together from others. So a name stands for each text that its function, or the
module, gives to it, and a table for each text in it.
"""

import ast
import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import islice, product
from pathlib import Path

from tests.ui.languages.messages import TOP

_FIELDS = re.compile(r"\{.*?\}(?:\{.*?\})*")
_ENDS = re.compile(r"[;.] ")  # of sentences, and of texts in a row
_MOST = 200  # texts that one expression may give
_OTHERS = ("ui", "commands", "report", "machinefile", "startup")  # rooms
_OPEN = "{}"  # a part that only a run shows
Names = Mapping[str, list[ast.expr]]


@cache
def read_shapes() -> frozenset[str]:
    """Return the shapes of all texts, and those of the parts that a text is made of."""
    shapes = {os.strerror(number) for number in errno.errorcode}
    for path in [*_list_rooms(), *(TOP / "parsers").rglob("*.py")]:
        for text in _read_module(ast.parse(path.read_text())):
            for part in {text, *_ENDS.split(text)}:
                shapes |= {strip(part[at:]) for at in _find_starts(part)}
    return frozenset(shapes)


def strip(text: str) -> str:
    """Return the shape of a text, without fields at its ends: it may be a part of another."""
    return _FIELDS.sub(_OPEN, text).removeprefix(_OPEN).removesuffix(_OPEN)


def _list_rooms() -> list[Path]:
    top = TOP / "petipy"
    others = {top / name for name in _OTHERS}
    return [path for path in top.rglob("*.py") if not others & {*path.parents}]


def _find_starts(text: str) -> Iterator[int]:
    """Yield the places where a text begins, and what follows a colon in it."""
    yield 0
    yield from (found.end() for found in re.finditer(": ", text))


def _read_module(tree: ast.Module) -> Iterator[str]:
    """Yield the texts in a source, without its docstrings."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    own = {**_collect(tree.body)}
    for part in tree.body:
        if isinstance(part, ast.FunctionDef):
            own[f"{part.name}()"] = [*_list_returned(part, own)]
    for scope in tree.body:
        for function in _find_functions(scope):
            names = {**own, **_collect(ast.walk(function))}
            for node in _find_texts(function):
                if id(node) not in documents:
                    yield from _spell(node, names)


def _find_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the functions in a class, each with those within it; else the node itself."""
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            yield from _find_functions(inner)
    else:
        yield node


def _find_texts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the whole texts below a node."""
    if isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    ):
        yield node
        return
    for inner in ast.iter_child_nodes(node):
        yield from _find_texts(inner)


def _collect(nodes: Iterable[ast.AST]) -> Names:
    """Return what is given to each name."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                found.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                found.setdefault(name, []).append(value)
    return found


def _list_returned(function: ast.FunctionDef, own: Names) -> Iterator[ast.expr]:
    """Yield the texts that a function returns."""
    names = {**own, **_collect(ast.walk(function))}
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from map(ast.Constant, _spell(node.value, names))


def _spell(node: ast.AST, names: Names, depth: int = 0) -> list[str]:
    """Return the texts that an expression may give."""
    spell = partial(_spell, names=names, depth=depth)
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(text) for text in islice(product(*map(spell, parts)), _MOST)]
        case ast.FormattedValue(value=inner):
            return [*dict.fromkeys([*spell(inner), _OPEN])]
        case ast.BoolOp(values=values):
            return [text for value in values for text in spell(value)]
        case ast.IfExp(body=one, orelse=other):
            return [*spell(one), *spell(other)]
        case ast.Dict(values=values):
            return [text for value in values for text in spell(value)]
        case ast.Subscript(value=ast.Name() as table):
            return spell(table)
        case ast.Call(func=ast.Attribute(value=ast.Name() as table, attr="get"), args=given):
            return [text for inner in (table, *given[1:]) for text in spell(inner)]
        case ast.Call(func=ast.Name(id=name)):
            return _follow(f"{name}()", names, depth)
        case ast.Name(id=name):
            return _follow(name, names, depth)
        case _:
            return [_OPEN]


def _follow(name: str, names: Names, depth: int) -> list[str]:
    if depth > 2 or name not in names:
        return [_OPEN]
    return [text for given in names[name] for text in _spell(given, names, depth + 1)]
