"""Take the kernel and the modules of drivers.txt, with their dependencies."""

import lzma
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from initramfs.elf import modinfo
from initramfs.host import BuildError, run
from initramfs.lists import Name
from initramfs.tree import Node, Tree, file

SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
# depmod writes these; kmod reads them, in udevd and as modprobe.
INDEXES = ("modules.*.bin", "modules.softdep")
COMPRESSED = "zImage"  # a kernel that unpacks itself, beside the one that need not
COMMON = "common"  # the section with the modules that most machines load


def canonical(name: str) -> str:
    """Return the kernel's name of a module: file names may have dashes for underscores."""
    return name.replace("-", "_")


def module_name(path: str) -> str:
    return canonical(path.rpartition("/")[2].partition(".ko")[0])


@dataclass
class Modules:
    """The modules of the image: name → (section of the list, decompressed file)."""

    taken: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    firmware: dict[str, list[str]] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Return the uncompressed bytes of each section."""
        sizes: dict[str, int] = {}
        for section, data in self.taken.values():
            sizes[section] = sizes.get(section, 0) + len(data)
        return sizes


class Kernel:
    """The files of a kernel package. `change`, if given, is applied to each module."""

    def __init__(self, tree: Tree, *, change: Callable[[bytes], bytes] | None = None) -> None:
        self.tree = tree
        path, self.version = find_image(tree)
        self.image = tree[path].data
        self.directory = f"usr/lib/modules/{self.version}"
        packed = tree.get(f"{self.directory}/{COMPRESSED}")
        self.others = {COMPRESSED: packed.data} if packed else {}  # the same kernel in other forms
        self._change = change
        files = [p for p in tree.match(f"{self.directory}/*") if p.endswith(SUFFIXES)]
        self._paths = {module_name(path): path for path in files}
        builtin = tree[f"{self.directory}/modules.builtin"].data.decode().split()
        self._builtin = {module_name(path) for path in builtin}

    def has(self, option: str) -> bool:
        """Return True if the kernel was built with CONFIG_option=y."""
        configs = [*self.tree.match("boot/config-*"), *self.tree.match(f"{self.directory}/config")]
        return any(f"CONFIG_{option}=y".encode() in self.tree[path].data for path in configs)

    def select(self, drivers: Mapping[str, Sequence[Name]], machine: str) -> Modules:
        """Return the listed modules and their dependencies; soft ones if they exist."""
        modules = Modules()
        for section, names in drivers.items():
            for driver in names:
                name = canonical(driver.name)
                if driver.machines and machine not in driver.machines:
                    continue
                if name not in self._builtin and name not in self._paths:
                    modules.unknown.append(name)
                self._take(name, section, modules)
        return modules

    def _take(self, name: str, section: str, modules: Modules) -> None:
        if name in modules.taken or name not in self._paths:
            return
        data = self._read(self._paths[name])
        modules.taken[name] = (section, data)
        info = modinfo(data)
        if wants := info.get("firmware"):
            modules.firmware[name] = wants
        for needed in needs(info):
            self._take(needed, section, modules)

    def _read(self, path: str) -> bytes:
        data = unpack(path, self.tree[path].data)
        return self._change(data) if self._change else data

    def tree_of(self, modules: Modules, pack: Callable[[bytes], bytes] | None) -> Tree:
        """Return the modules and depmod's indexes.

        `pack` compresses each module but the common ones to a .zst file. It is a trick for speed:
        a machine loads a few modules, and to unpack all two hundred at each start takes half a
        second in an emulated guest.
        """
        rare = {n: data for n, (section, data) in modules.taken.items() if section != COMMON}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            packed = dict(zip(rare, pool.map(pack, rare.values()), strict=True)) if pack else {}
        tree = Tree()
        for name, (_, data) in sorted(modules.taken.items()):
            ending = ".ko.zst" if name in packed else ".ko"
            place = self._paths[name].partition(".ko")[0] + ending
            tree.add(place, file(packed.get(name, data)))
        for index, node in self._index(tree).items():
            tree.add(f"{self.directory}/{index}", node)
        return tree

    def _index(self, modules: Tree) -> dict[str, Node]:
        with tempfile.TemporaryDirectory(prefix="petipy-") as room:
            home = Path(room, self.directory)
            for place, node in modules.items():
                if node.is_file:
                    Path(room, place).parent.mkdir(parents=True, exist_ok=True)
                    Path(room, place).write_bytes(node.data)
            for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
                (home / name).write_bytes(self.tree[f"{self.directory}/{name}"].data)
            Path(room, "lib").symlink_to("usr/lib")
            depmod = next(p for p in ("/usr/bin/kmod", "/bin/kmod") if Path(p).exists())
            run(["depmod", "-b", room, self.version], executable=depmod)
            found = {p.name: p for pattern in INDEXES for p in home.glob(pattern)}
            return {name: file(path.read_bytes()) for name, path in sorted(found.items())}


def find_image(tree: Tree) -> tuple[str, str]:
    """Return path and version of the kernel in the files of its packages.

    Until Debian 13 it is in /boot. Since then it lies with its modules.
    """
    images = [
        match
        for path in tree
        if (
            match := re.fullmatch(
                r"(?:boot/vmlinu[xz]-|usr/lib/modules/)([^/]+)(/vmlinu[xz])?", path
            )
        )
        and path.startswith("boot/") != bool(match[2])
    ]
    if len(images) != 1:
        raise BuildError(f"the kernel package holds {len(images)} kernels")
    return images[0][0], images[0][1]


def needs(info: Mapping[str, list[str]]) -> list[str]:
    """Return the module names in `depends` and `softdep` (pre: a b post: c)."""
    hard = [name for value in info.get("depends", []) for name in value.split(",")]
    soft = [word for value in info.get("softdep", []) for word in value.split()]
    return [canonical(name) for name in hard + soft if name and not name.endswith(":")]


def unpack(path: str, data: bytes) -> bytes:
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return run(["zstd", "-dc"], feed=data)
    return run(["gzip", "-dc"], feed=data) if path.endswith(".gz") else data
