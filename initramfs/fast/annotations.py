"""Compile modules without the annotations of functions and of variables.

Python evaluates an annotation when it defines a function, and `Callable[[str], None]` costs as much
as a class. Nothing reads them in the image. Class bodies keep theirs: dataclasses read them.
Saves 72 kB of code and 6 million instructions. A protocol becomes an ordinary class, since only
type checkers compare others with it. Saves 2 million.
"""

import ast
from typing import TypeVar

_Function = TypeVar("_Function", ast.FunctionDef, ast.AsyncFunctionDef)


class _Dropper(ast.NodeTransformer):
    """Drop annotations outside of class bodies."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._bare(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._bare(node)

    def _bare(self, node: _Function) -> _Function:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        match node:
            case ast.ClassDef(bases=[ast.Name(id="Protocol")], decorator_list=[]):
                node.bases = []
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node


def drop_annotations(source: bytes) -> ast.Module:
    """Return the module's syntax tree without annotations of functions and module variables."""
    tree = ast.parse(source)
    _Dropper().visit(tree)
    tree.body = [_without(statement) for statement in tree.body]
    return ast.fix_missing_locations(tree)


def _without(statement: ast.stmt) -> ast.stmt:
    if not isinstance(statement, ast.AnnAssign):
        return statement
    if statement.value is None:
        return ast.copy_location(ast.Pass(), statement)
    assign = ast.Assign([statement.target], statement.value)
    return ast.copy_location(assign, statement)
