"""Write the tables that petipy.startup reads; runs in the image's own Python.

    python3.13 record.py

To standard output: a line of JSON with the modules that a headless start imports, in their order;
then the file that petipy.startup.cache reads.
"""

import json
import marshal
import sys
from collections.abc import Callable
from importlib import import_module
from types import CodeType
from typing import Any

from petipy.startup import cache, lazy
from petipy.startup.cache import Table


def record() -> Table:
    """Fill the table that is returned with everything that is compiled from now on."""
    table: Table = {"texts": {}, cache.kind_of_expressions(): {}}
    lazy.install()

    def code(text: str, mode: str) -> CodeType:
        made = compile(text, "<string>", mode)
        table["texts"][text, mode] = marshal.dumps(made, 2)  # later ones depend on reference counts
        return made

    cache.compile_texts_by(code)
    _record_expressions(table[cache.kind_of_expressions()])
    return table


def _record_expressions(table: dict[Any, bytes]) -> None:
    import _sre  # type: ignore[import-not-found]
    from re import _compiler  # type: ignore[attr-defined]

    compile_in_python: Callable[..., Any] = _compiler.compile
    asked: list[tuple[Any, int]] = []

    class Engine:
        def __getattr__(self, name: str) -> Any:
            return getattr(_sre, name)

        def compile(self, pattern: Any, flags: int, code: list[int], *groups: Any) -> Any:
            parts = (pattern, int(flags), [int(word) for word in code], *groups)
            table[asked[-1]] = marshal.dumps(parts, 2)
            return _sre.compile(*parts)

    def compile_and_record(pattern: Any, flags: int = 0) -> Any:
        asked.append((pattern, int(flags)))
        return compile_in_python(pattern, flags)

    vars(_compiler)["_sre"] = Engine()
    _compiler.compile = compile_and_record


# After the scanner has forked: by us or by the scanner.
HEADLESS = (
    *("petipy.app", "petipy.sources.udev", "petipy.scan.tree"),
    *("petipy.settings.nvram", "petipy.settings.efi"),  # by the platform: one of them
)
# The menu: its code is in the table, its modules come packed.
MENU = ("petipy.commands.survey", "petipy.ui.fullscreen")


def import_headless() -> None:
    """Import modules as `petipy run` does."""
    # pkgutil would import all of inspect for this name. In the image the bundle answers pkgutil.
    vars(sys.modules["inspect"])["getmodulename"] = _module_name
    import_module("petipy.sandbox.client")
    import_module("petipy.platforms").find()
    for name in HEADLESS:
        import_module(name)
    for form in import_module("parsers.formats").formats():
        import_module("petipy.startup.warm").warm(form)
    # In the child that loads a kernel. One image serves one architecture, and all are small.
    import_module("petipy.kexec.classic")
    architectures = import_module("petipy.kexec.machines")
    for module in import_module("pkgutil").iter_modules(architectures.__path__):
        architectures.find(module.name)


def _module_name(path: str) -> str | None:
    name, _, ending = path.rpartition("/")[2].partition(".")
    return name if ending in {"py", "pyc"} else None


def main() -> None:
    table = record()
    import_headless()
    lazily = (name for name, module in sys.modules.items() if isinstance(module, lazy.LazyModule))
    headless = [name for name in sys.modules if name not in {*lazily}]
    for name in MENU:
        import_module(name)
    import_module("petipy.ui.screens").find_screens()
    in_order = {kind: dict(sorted(table[kind].items(), key=repr)) for kind in sorted(table)}
    sys.stdout.buffer.write(json.dumps(headless).encode() + b"\n" + cache.pack(in_order))


if __name__ == "__main__":
    main()
