"""The kernel and those of its modules that the driver list names, with all that they need."""

import lzma
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from initramfs.elf import lean, modinfo, unsigned
from initramfs.host import BuildError, run
from initramfs.lists import Name
from initramfs.ppc64 import bound
from initramfs.tree import Node, Tree, file

SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
# What depmod makes and kmod reads, in udevd and as modprobe.
INDEXES = ("modules.*.bin", "modules.softdep")
COMMON = "common"  # the section of what most machines load


def canonical(name: str) -> str:
    """A module's name as the kernel knows it: file names may have dashes for underscores."""
    return name.replace("-", "_")


def module_name(path: str) -> str:
    return canonical(path.rpartition("/")[2].partition(".ko")[0])


@dataclass
class Modules:
    """The modules taken into the image: name → (section of the list, decompressed file)."""

    taken: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    firmware: dict[str, list[str]] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Bytes by section, uncompressed."""
        sizes: dict[str, int] = {}
        for section, data in self.taken.values():
            sizes[section] = sizes.get(section, 0) + len(data)
        return sizes


class Kernel:
    """A kernel package's files."""

    def __init__(self, tree: Tree, *, signed: bool = False) -> None:
        self.tree = tree
        images = [*tree.match("boot/vmlinux-*"), *tree.match("boot/vmlinuz-*")]
        if len(images) != 1:
            raise BuildError(f"the kernel package holds {len(images)} kernels")
        self.image = tree[images[0]].data
        self.version = images[0].partition("-")[2]
        self.directory = f"usr/lib/modules/{self.version}"
        self._signed = signed
        files = [p for p in tree.match(f"{self.directory}/*") if p.endswith(SUFFIXES)]
        self._paths = {module_name(path): path for path in files}
        builtin = tree[f"{self.directory}/modules.builtin"].data.decode().split()
        self._builtin = {module_name(path) for path in builtin}

    def has(self, option: str) -> bool:
        """Whether it was built with CONFIG_option."""
        configs = self.tree.match("boot/config-*")
        return any(f"CONFIG_{option}=y".encode() in self.tree[path].data for path in configs)

    def select(self, drivers: Mapping[str, Sequence[Name]], machine: str) -> Modules:
        """The listed modules and their dependencies, soft ones too where they exist."""
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
        data = unpacked(path, self.tree[path].data)
        return data if self._signed else bound(lean(unsigned(data)))

    def tree_of(self, modules: Modules, pack: Callable[[bytes], bytes]) -> Tree:
        """The modules, and depmod's indexes. But for the common ones, each is packed by itself
        (as .zst): a machine asks for a few of them, and unpacking all two hundred at every start
        takes half a second in an emulated guest.
        """
        rare = {n: data for n, (section, data) in modules.taken.items() if section != COMMON}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            packed = dict(zip(rare, pool.map(pack, rare.values()), strict=True))
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


def needs(info: Mapping[str, list[str]]) -> list[str]:
    """Module names out of `depends` and `softdep` (pre: a b post: c)."""
    hard = [name for value in info.get("depends", []) for name in value.split(",")]
    soft = [word for value in info.get("softdep", []) for word in value.split()]
    return [canonical(name) for name in hard + soft if name and not name.endswith(":")]


def unpacked(path: str, data: bytes) -> bytes:
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return run(["zstd", "-dc"], feed=data)
    return run(["gzip", "-dc"], feed=data) if path.endswith(".gz") else data
