"""Take programs and the libraries that they load out of Debian's packages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from initramfs.archive import Archive, Package
from initramfs.elf import Elf, is_elf
from initramfs.fast.libraries import unlink_unused
from initramfs.fast.unwinding import clear_unwinding
from initramfs.host import BuildError, warn
from initramfs.tree import DIRECTORY, MERGED, Node, Tree, file, link, read_directory, read_package

FILES = Path(__file__).parent / "files"
FAST_FILES = Path(__file__).parent / "fast/files"  # of tricks for speed
# Package → files; `*` matches slashes too.
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "busybox": ("usr/bin/busybox",),
    "udev": (
        *("usr/bin/udevadm", "usr/lib/systemd/systemd-udevd"),
        *("usr/lib/udev/cdrom_id", "usr/lib/udev/ata_id", "usr/lib/udev/scsi_id"),
    ),
    "kmod": ("usr/bin/kmod",),
    "kexec-tools": ("usr/sbin/kexec",),
    "libkmod2": ("usr/lib/*/libkmod.so.2*",),  # udevd opens it at run time
    "libzstd1": ("usr/lib/*/libzstd.so.1*",),  # libkmod opens it, for modules
    # Petipy opens it. udevd of Debian 14 does so at run time; before that it was linked to it.
    "libblkid1": ("usr/lib/*/libblkid.so.1*",),
    "libudev1": ("usr/lib/*/libudev.so.1*",),  # pyudev opens it
    "libcrypt1": ("usr/lib/*/libcrypt.so.1*",),  # Petipy opens it to check a password
    "systemd": (
        "usr/lib/systemd/systemd-networkd",
        "usr/lib/modprobe.d/systemd.conf",  # the module of bonds makes none by itself
    ),
}
# Files that become one: the certificates of the authorities that the web's servers have.
AUTHORITIES, BUNDLE = "usr/share/ca-certificates/*.crt", "etc/ssl/certs/ca-certificates.crt"
RULES = (
    *("50-udev-default", "60-block", "60-cdrom_id", "60-persistent-storage", "60-input-id"),
    *("64-btrfs", "75-net-description", "80-drivers", "80-net-setup-link"),
)
# For init and for a person in the shell; Debian's busybox has more under its own name.
APPLETS = """
    [ ash awk basename blkid blockdev cat chmod chroot chvt clear cp cut date dd df diff dirname
    dmesg du echo env expr false fdisk find findfs free getty grep gunzip gzip halt head hexdump
    hostname id ifconfig ip kill killall less ln losetup ls lsscsi md5sum mkdir mkfifo
    mknod more mount mv nc netstat nslookup openvt ping ping6 poweroff printf ps
    pwd readlink realpath reboot renice reset rm rmdir route sed setsid sh sha256sum sleep sort stat
    strings stty sync tail tar tee telnet test tftp time timeout top touch tr traceroute true tty
    udhcpc umount uname uniq uptime vi wc wget which xargs xxd xz xzcat yes zcat
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """`parts`: bytes by package; `packages`: those that brought any."""

    tree: Tree
    parts: dict[str, int]
    packages: list[Package]


def assemble(
    archive: Archive,
    python: str,
    modules: Tree,
    *,
    plain: bool,
    more: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Programs:
    """Return all but Python's modules, and the libraries that extension modules load.

    `more` are programs of an optional part, as in PROGRAMS.
    """
    names = [
        *PROGRAMS,
        *more,
        "ca-certificates",
        f"python{python}-minimal",
        f"libpython{python}-stdlib",
    ]
    wanted = {**PROGRAMS, **more, f"python{python}-minimal": (f"usr/bin/python{python}",)}
    fetched = archive.fetch(archive.with_libraries(names))
    image, parts = skeleton(plain=plain), dict[str, int]()
    image.add("usr/bin/python3", link(f"python{python}"))
    libraries = Tree()
    owner: dict[str, str] = {}
    for package in fetched.values():
        tree = read_package(package.path)
        for pattern in wanted.get(package.name, ()):
            take(tree, pattern, package.name, image, parts)
        if package.name == "udev":
            for rule in RULES:
                take(tree, f"usr/lib/udev/rules.d/{rule}.rules", "udev", image, parts)
        if package.name == "ca-certificates":
            bundle = b"".join(tree[path].data for path in tree.match(AUTHORITIES))
            image.add(BUNDLE, file(bundle))
            count(parts, package.name, image[BUNDLE])
        shared = {path: node for path, node in tree.items() if is_library(path)}
        libraries.update(shared)
        owner |= dict.fromkeys(shared, package.name)
    link_applets(image)
    if not plain:
        for tree in (image, libraries):
            unlink_unused(tree, libraries, by_name(libraries))
    for path in closure([*image.values(), *modules.values()], libraries):
        if path not in image:
            count(parts, owner[path], libraries[path])
        image.add(path, libraries[path])
    for path, node in image.items():
        if node.is_file and is_elf(node.data) and not plain:
            image[path] = replace(node, data=clear_unwinding(node.data))
    return Programs(image, parts, [p for p in fetched.values() if p.name in parts])


def link_applets(image: Tree) -> None:
    for name in ("insmod", "lsmod", "modinfo", "modprobe", "rmmod"):
        image.add(f"usr/bin/{name}", link("kmod"))
    image.add("usr/sbin/modprobe", link("../bin/kmod"))  # the kernel's own calls
    program = image["usr/bin/busybox"].data
    for applet in APPLETS.split():
        if b"\0" + applet.encode() + b"\0" in program:  # its table of names
            image.add(f"usr/bin/{applet}", link("busybox"))
        else:
            warn(f"the suite's busybox has no {applet}")


def by_name(libraries: Tree) -> dict[str, str]:
    """Return the paths of libraries by the names that programs give."""
    return {path.rpartition("/")[2]: path for path in sorted(libraries, reverse=True)}


def take(tree: Tree, pattern: str, package: str, image: Tree, parts: dict[str, int]) -> None:
    found = tree.match(pattern)
    if not found:
        raise BuildError(f"the package {package} has no {pattern}")
    for path in found:
        image.add(path, tree[path])
        count(parts, package, tree[path])


def count(parts: dict[str, int], package: str, node: Node) -> None:
    if node.is_file:
        parts[package] = parts.get(package, 0) + len(node.data)


def is_library(path: str) -> bool:
    name = path.rpartition("/")[2]
    return path.startswith(("usr/lib/", "usr/lib64/")) and ".so" in name and "/gconv/" not in path


def closure(programs: Iterable[Node], libraries: Tree) -> list[str]:
    """Return the library files that the programs load, and the links to them."""
    known = by_name(libraries)
    found: dict[str, None] = {}
    queue = [node.data for node in programs if node.is_file and is_elf(node.data)]
    while queue:
        for needed in Elf.parse(queue.pop()).list_needed():
            path = needed.lstrip("/")
            path = path if path in libraries else known.get(path.rpartition("/")[2], "")
            if needed.startswith("/") and needed.lstrip("/").split("/")[0] in MERGED:
                path = "usr" + needed  # the interpreter, by its path
            if path not in libraries:
                raise BuildError(f"no fetched package has the library {needed}")
            for step in chain(libraries, path):
                if step not in found:
                    found[step] = None
                    if libraries[step].is_file:
                        queue.append(libraries[step].data)
    return sorted(found)


def chain(tree: Tree, path: str) -> list[str]:
    """Return the path, then each path that its links lead to."""
    steps = [path]
    while tree[steps[-1]].is_link:
        target = tree[steps[-1]].data.decode()
        directory = steps[-1].rpartition("/")[0]
        steps.append(
            tree.resolve(f"{directory}/{target}") if "/" not in target else tree.resolve(steps[-1])
        )
    return steps


def skeleton(*, plain: bool) -> Tree:
    """Return directories, the links of the merged /usr, and our own files."""
    tree = Tree()
    for name in ("dev", "proc", "sys", "run", "tmp", "mnt", "root", "etc", "var"):
        tree.add(name, DIRECTORY)
    for name, target in MERGED.items():
        tree.add(target, DIRECTORY)
        tree.add(name, link(target))
    tree.add("var/run", link("../run"))
    for directory in (FILES,) if plain else (FILES, FAST_FILES):
        for path, node in read_directory(directory).items():
            tree.add(path, node)
    # The kernel opens it for /init before anything is mounted.
    tree.add("dev/console", Node(0o20600, device=(5, 1)))
    tree.add("dev/null", Node(0o20666, device=(1, 3)))
    return tree


def text(lines: Iterable[str]) -> Node:
    return file("".join(f"{line}\n" for line in lines).encode())
