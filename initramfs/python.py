"""Compile the modules that petipy imports, and find the extension modules that they need."""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from initramfs.archive import Archive, Package, depends
from initramfs.fast import records
from initramfs.fast.bundle import write_bundle
from initramfs.fast.unwinding import clear_unwinding
from initramfs.host import REPOSITORY, BuildError, run
from initramfs.lists import sections
from initramfs.tree import Tree, file, lay_out, read_directory, read_package, read_wheel
from petipy.startup import bundle, cache

OWN = ("petipy", "parsers")
BARE = OWN  # compiled as initramfs/fast/annotations.py and records.py have it
STUBS = REPOSITORY / "initramfs/fast/stubs"
HEADER = 16  # bytes before the code in a .pyc
LIST = Path(__file__).with_name("python.txt")


@dataclass(frozen=True, slots=True)
class Python:
    """`tree`: files in the image; `parts`: bytes of compiled modules by origin."""

    version: str  # 3.13
    tree: Tree
    parts: dict[str, int]
    packages: list[Package]


@dataclass(frozen=True, slots=True)
class Record:
    """The modules of a headless start in no group, the groups, the table for startup.cache."""

    headless: list[str]
    groups: list[tuple[list[str], bytes]]
    table: bytes


def minor_version(archive: Archive) -> str:
    """Return the version of the suite's Python, such as 3.13."""
    stanza = archive.stanzas(["python3-minimal"]).get("python3-minimal", {})
    for name in depends(stanza):
        if found := re.fullmatch(r"python(3\.\d+)-minimal", name):
            return found[1]
    raise BuildError("the suite has no python3-minimal that names its Python")


def packages(version: str) -> list[str]:
    parts = ("minimal", "stdlib")
    return [f"python{version}-minimal", *(f"libpython{version}-{part}" for part in parts)]


def assemble(
    version: str, target: Archive, host: Archive, wheels: list[Path], *, plain: bool
) -> Python:
    """Compile with the host's build of the Python that the image gets."""
    fetched = target.fetch(packages(version))
    standard = [read_package(package.path) for package in fetched.values()]
    sources, origin = stage(version, standard, wheels)
    if not plain:
        lay_stubs(sources)
    with tempfile.TemporaryDirectory(prefix="petipy-") as temporary:
        room = Path(temporary)
        lay_out(sources, room / "sources")
        (room / "compiled").mkdir()
        command = interpreter(version, host, room / "host")
        extensions = compile_modules(command, room, plain=plain)
        probe(command, version, room)
        recorded = Record([], [], b"") if plain else record(command, room)
        compiled = read_directory(room / "compiled")
    parts: dict[str, int] = {}
    for path, node in compiled.items():
        whose = origin.get(path.split("/")[0].removesuffix(".pyc"), "standard library")
        parts[whose] = parts.get(whose, 0) + len(node.data)
    home = f"usr/lib/python{version}"
    tree = Tree()
    if plain:
        for path, node in compiled.items():
            tree.add(f"{home}/{path}", node)
    else:
        tree = bundle_modules(compiled, recorded, home)
        tree.add(cache.PLACE.lstrip("/"), file(recorded.table))
    for name in extensions:
        for path in sources.match(f"lib-dynload/{name}.*.so"):
            data = sources[path].data
            tree.add(f"{home}/{path}", file(data if plain else clear_unwinding(data)))
    return Python(version, tree, parts, list(fetched.values()))


def bundle_modules(compiled: Tree, recorded: Record, home: str) -> Tree:
    """Return the compiled modules as one file, and those that stay outside of it."""
    tree = Tree()
    modules: dict[str, tuple[bytes, bool]] = {}
    magic = b""
    for path, node in sorted(compiled.items()):
        name, is_package = module_name(path)
        if node.is_file and bundle.outside(name):
            tree.add(f"{home}/{path}", node)
        elif node.is_file:
            modules[name] = node.data[HEADER:], is_package
            magic = node.data[:4]
    # The host has no libudev of the target for pyudev: nobody has seen its imports.
    headless = [*recorded.headless, *(name for name in modules if name.startswith("pyudev"))]
    written = write_bundle(modules, headless, magic, recorded.groups)
    tree.add(bundle.PLACE.lstrip("/"), file(written))
    return tree


def module_name(path: str) -> tuple[str, bool]:
    """Return the name of the module that is compiled in the file, and True for a package."""
    name = path.removesuffix(".pyc").replace("/", ".")
    return name.removesuffix(".__init__"), name.endswith(".__init__")


def stage(version: str, standard: list[Tree], wheels: list[Path]) -> tuple[Tree, dict[str, str]]:
    """Return all sources in one tree, and the origin of each top level name."""
    sources, origin = Tree(), dict.fromkeys(OWN, "petipy")
    home = f"usr/lib/python{version}/"
    for tree in standard:
        for path, node in tree.items():
            if path.startswith(home) and node.is_file:
                sources.add(path.removeprefix(home), node)
    for wheel in wheels:
        tree = read_wheel(wheel)
        name = wheel.name.split("-")[0]
        origin |= {path.split("/")[0].removesuffix(".py"): name for path in tree}
        sources.update(tree)
    for name in OWN:
        for path, node in read_directory(REPOSITORY / name, "*.py").items():
            sources.add(f"{name}/{path}", node)
    return sources, origin


def lay_stubs(sources: Tree) -> None:
    """Put stubs in the place of modules that are not needed whole."""
    stubs = read_directory(STUBS)
    for path in stubs.match("*.py"):
        for real in sources.match(f"{path.removesuffix('.py')}/*"):
            del sources[real]
        sources.add(path, stubs[path])


def interpreter(version: str, host: Archive, room: Path) -> list[str]:
    """Return the command that runs the suite's Python on this machine, by its own loader."""
    names = host.with_libraries(packages(version))
    for package in host.fetch(names).values():
        tree = read_package(package.path)
        lay_out(Tree((path, node) for path, node in tree.items() if is_runtime(path)), room)
    loader = next(
        (path for path in sorted((room / "usr/lib64").glob("ld*.so*"))),
        None,
    ) or next(iter(sorted((room / "usr/lib").glob("ld-linux*.so*"))), None)
    if loader is None:
        raise BuildError(f"no dynamic loader for {host.architecture}")
    libraries = sorted({str(path.parent) for path in (room / "usr/lib").rglob("libc.so.6")})
    return [
        *(str(loader), "--library-path", ":".join(libraries)),
        *(str(room / f"usr/bin/python{version}"), "-S", "-s", "-P", "-B"),
    ]


def is_runtime(path: str) -> bool:
    return path.startswith(("usr/bin/", "usr/lib/", "usr/lib64/")) and "/gconv/" not in path


def compile_modules(command: list[str], room: Path, *, plain: bool) -> list[str]:
    """Fill room/compiled; return the names of the extension modules that are needed."""
    names = {section: [e.name for e in entries] for section, entries in sections(LIST).items()}
    without = names["left out"] + ([] if plain else names["left out for speed"])
    extra = names["by name"] + ([] if plain else ["sitecustomize", records.RUNTIME])
    # Docstrings and asserts are a quarter of the code that each start reads.
    job = {
        "own": OWN,
        "extra": extra,
        "optional": names["by name, if there"],
        "left_out": without,
        "optimize": 0 if plain else 2,
        "bare": () if plain else BARE,
        "trimmed": not plain,
    }
    script = REPOSITORY / "initramfs/bytecode.py"
    env = {
        "PYTHONHOME": str(room / "host/usr"),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONHASHSEED": "0",  # it orders the frozensets among the constants
        # Column numbers for tracebacks are a fifth of the code that each start reads.
        "PYTHONNODEBUGRANGES": "" if plain else "1",
    }
    output = run(
        [*command, str(script), str(room / "sources"), str(room / "compiled")],
        feed=json.dumps(job).encode(),
        env=env,
    )
    return output.decode().split()


def probe(command: list[str], version: str, room: Path) -> None:
    """Import the compiled modules, so that a missing one stops the build and not a boot.

    pyudev is left out: it wants the target's libudev.
    """
    home = room / f"home/lib/python{version}"
    shutil.copytree(room / "compiled", home)
    (home / "lib-dynload").symlink_to(next((room / "host").rglob("lib-dynload")))
    own = [name for name in OWN if (home / name).is_dir()]
    names = [*own, "asyncio", "pyparsing", "petipy.ui.fullscreen", "petipy.ui.linemode"]
    program = "; ".join(f"import {name}" for name in names)
    run([*command, "-c", program], env={"PYTHONHOME": str(room / "home"), "PYTHONPATH": ""})


def record(command: list[str], room: Path) -> Record:
    """Run initramfs/fast/record.py."""
    home = {"PYTHONHOME": str(room / "home"), "PYTHONPATH": ""}
    script = str(REPOSITORY / "initramfs/fast/record.py")
    head, _, data = run([*command, script], env=home).partition(b"\n")
    headless, sizes = json.loads(head)
    groups = []
    for names, size in sizes:
        groups.append((names, data[:size]))
        data = data[size:]
    return Record(headless, groups, data)
