"""Find the modules that a program imports and compile them.

    python3.13 bytecode.py SOURCES TARGET <JOB

It runs in the image's own minor version of Python. JOB is JSON: {"own": packages taken whole,
"extra": modules imported by name only, "optional": others that not every version of Python has,
"left_out": modules that importers can do without, "optimize": as for compile(), "bare": packages
compiled without annotations, with their records written out, "trimmed": true for others without
what nobody uses}. SOURCES is laid out like the directory of the standard library, with other
packages beside it. The compiled modules go to TARGET; the names of the extension modules that they
need go to standard output, one per line.
"""

import _imp
import ast
import importlib.util
import json
import marshal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

IMAGE_PLACE = "/usr/lib/python"  # for tracebacks


class Graph:
    """The modules that import statements reach, also those inside functions."""

    def __init__(self, sources: Path, left_out: set[str]) -> None:
        self._sources = sources
        self._left_out = left_out
        self.files: dict[str, Path] = {}
        self.extensions: set[str] = set()

    def include(self, name: str) -> bool:
        """Take in a module, the packages around it and their imports."""
        if name in self.files:
            return True
        if self._is_left_out(name):
            return False
        parent = name.rpartition(".")[0]
        if parent and not self.include(parent):
            return False
        path = self._find(name)
        if path is None:
            if not parent and self._extension(name):
                self.extensions.add(name)
            return False
        self.files[name] = path
        for target in self._imports(name, path):
            self.include(target)
        return True

    def _is_left_out(self, name: str) -> bool:
        parts = name.split(".")
        return any(".".join(parts[:end]) in self._left_out for end in range(1, len(parts) + 1))

    def _find(self, name: str) -> Path | None:
        base = self._sources / name.replace(".", "/")
        candidates = (base / "__init__.py", base.with_name(base.name + ".py"))
        return next((path for path in candidates if path.is_file()), None)

    def _extension(self, name: str) -> bool:
        return any((self._sources / "lib-dynload").glob(f"{name}.*.so"))

    def _imports(self, name: str, path: Path) -> Iterator[str]:
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        tree = ast.parse(path.read_bytes())
        for node in statements(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = absolute(package, node.level, node.module)
                yield base
                # A name may be a submodule; any other name is simply not found.
                yield from (f"{base}.{alias.name}" for alias in node.names)


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node but those for type checkers, other versions of Python and other systems."""
    for node in ast.iter_child_nodes(tree):
        parts: list[ast.AST] = [node]
        if isinstance(node, ast.If) and (known := decide(node.test)) is not None:
            parts = [*(node.body if known else node.orelse)]
        for part in parts:
            yield part
            yield from statements(part)


def decide(test: ast.expr) -> bool | None:
    """Return the truth of a test that has the same one at each start; else None."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="sys"), attr="version_info" | "platform"),
            ops=[_],
            comparators=[ast.Tuple() | ast.Constant() as known],
        ) if all(isinstance(part, ast.Constant) for part in getattr(known, "elts", [])):
            return bool(eval(ast.unparse(test), {"sys": sys}))
    return None


def absolute(package: str, level: int, module: str | None) -> str:
    if not level:
        return module or ""
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{module}" if module else base


def compile_file(path: Path, shown: str, optimize: int, bare: bool, trimmed: str) -> bytes:
    """Return a .pyc that Python never compares with a source (PEP 552: hash-based, unchecked)."""
    source: bytes | ast.Module = path.read_bytes()
    if trimmed:
        from initramfs.fast.trim import trim

        source = trim(trimmed, path.read_bytes())
    if bare:
        from initramfs.fast.annotations import drop_annotations
        from initramfs.fast.records import write_records

        source = write_records(drop_annotations(path.read_bytes()))
    code = compile(source, shown, "exec", dont_inherit=True, optimize=optimize)
    flags = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + bytes(8) + marshal.dumps(code)


def own_modules(sources: Path, package: str) -> Iterator[str]:
    """Yield every module of a package and of the packages in it."""
    yield package
    for path in sorted((sources / package.replace(".", "/")).iterdir()):
        if (path / "__init__.py").is_file():
            yield from own_modules(sources, f"{package}.{path.name}")
        elif path.suffix == ".py" and path.stem != "__init__":
            yield f"{package}.{path.stem}"


def frozen() -> set[str]:
    """Return the modules inside the interpreter, without os: Python finds its library by it."""
    names: list[str] = _imp._frozen_module_names()  # type: ignore[attr-defined]
    return set(names) - {"os"}


def main(sources: Path, target: Path, job: dict[str, Any]) -> None:
    graph = Graph(sources, set(job["left_out"]))
    wanted = [name for package in job["own"] for name in own_modules(sources, package)]
    for name in [*wanted, *job["extra"]]:
        known = graph.include(name) or name in graph.extensions or name in sys.builtin_module_names
        if not known:
            sys.exit(f"there is no module {name}")
    for name in job["optional"]:
        graph.include(name)
    for name in sorted(graph.files.keys() - frozen()):
        path = graph.files[name]
        place = path.relative_to(sources)
        output = (target / place).with_suffix(".pyc")
        output.parent.mkdir(parents=True, exist_ok=True)
        bare = name.partition(".")[0] in job["bare"]
        trimmed = name if job["trimmed"] else ""
        shown = f"{IMAGE_PLACE}/{place}"
        output.write_bytes(compile_file(path, shown, job["optimize"], bare, trimmed))
    sys.stdout.write("".join(f"{name}\n" for name in sorted(graph.extensions)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))
