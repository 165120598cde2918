"""Write the tables that petipy.startup reads; runs in the image's own Python.

    python3.13 record.py

To standard output: a line of JSON with the modules that a headless start imports in no group, and
the groups: names of modules, and the length of what follows: their code, as
petipy.startup.bundle reads it. At the end comes the file that petipy.startup.cache reads.
"""

import json
import marshal
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import SourcelessFileLoader
from types import CodeType
from typing import Any

from petipy.startup import cache, lazy
from petipy.startup.bundle import outside
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


# The menu: its code is in the table, its modules come packed.
MENU = ("petipy.commands.survey", "petipy.ui.fullscreen")


def import_common() -> None:
    """Import modules as `petipy run` does before it forks the scanner."""
    # pkgutil would import all of inspect for this name. In the image the bundle answers pkgutil.
    vars(sys.modules["inspect"])["getmodulename"] = _module_name
    import_module("petipy.sandbox.client")
    import_module("petipy.platforms").find()


def import_scanner() -> None:
    import_module("petipy.scan.tree")
    for form in import_module("parsers.formats").formats():
        import_module("petipy.startup.warm").warm(form)


def import_loop() -> None:
    """Import what the scanner's branch for networks needs, too."""
    import_module("asyncio")


def import_main() -> None:
    for name in ("petipy.app", "petipy.sources.udev"):
        import_module(name)


def import_rest() -> None:
    """Import what one kind of machine needs, and the child that loads a kernel.

    One image serves one architecture, and all are small.
    """
    for name in ("petipy.settings.nvram", "petipy.settings.efi", "petipy.kexec.classic"):
        import_module(name)
    architectures = import_module("petipy.kexec.machines")
    for module in import_module("pkgutil").iter_modules(architectures.__path__):
        architectures.find(module.name)


def find_new(work: Callable[[], None]) -> list[str]:
    """Return the modules that the work imports, which it does in a child."""
    before = {*list_modules()}
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        try:
            work()
            os.write(writer, json.dumps([n for n in list_modules() if n not in before]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        names: list[str] = json.loads(file.read())
    os.waitpid(pid, 0)
    return names


def list_modules() -> list[str]:
    """Return the modules that have been imported from files, in their order."""
    return [
        name
        for name, module in sys.modules.items()
        if not isinstance(module, lazy.LazyModule) and _get_loader(module) and not outside(name)
    ]


def _get_loader(module: Any) -> Any:
    """Return the module's loader if it reads compiled code from a file."""
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return loader if isinstance(loader, SourcelessFileLoader) else None


def find_groups(common: list[str]) -> list[list[str]]:
    """Return the modules that each process imports together, and those that several import."""
    scanner, loop, main = map(find_new, (import_scanner, import_loop, import_main))
    shared = {*scanner} & {*loop, *main}
    apart = [[n for n in names if n not in shared] for names in (scanner, loop, main)]
    apart[2] = [name for name in apart[2] if name not in apart[1]]
    return [common, [name for name in scanner if name in shared], *apart]


def read_codes(names: list[str]) -> bytes:
    """Return the list of the modules' code."""
    return marshal.dumps([_get_loader(sys.modules[name]).get_code(name) for name in names])


def _module_name(path: str) -> str | None:
    name, _, ending = path.rpartition("/")[2].partition(".")
    return name if ending in {"py", "pyc"} else None


def main() -> None:
    table = record()
    import_common()
    groups = find_groups(list_modules())
    for work in (import_scanner, import_loop, import_main, import_rest):
        work()
    grouped = {name for group in groups for name in group}
    headless = [name for name in list_modules() if name not in grouped]
    codes = [read_codes(group) for group in groups]
    for name in MENU:
        import_module(name)
    import_module("petipy.ui.screens").find_screens()
    in_order = {kind: dict(sorted(table[kind].items(), key=repr)) for kind in sorted(table)}
    head = headless, [(group, len(code)) for group, code in zip(groups, codes, strict=True)]
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(codes))
    sys.stdout.buffer.write(cache.pack(in_order))


if __name__ == "__main__":
    main()
