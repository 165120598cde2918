"""powerpc-utils' program `nvram`, with its libraries: the other reader of NVRAM."""

from initramfs.archive import Archive
from initramfs.host import default_cache, locked
from initramfs.tree import Tree, read_packages

_LIBRARIES = "usr/lib/powerpc64le-linux-gnu"
_WANTED = ("usr/sbin/nvram", *(f"{_LIBRARIES}/{name}" for name in ("libc.so.", "libz.", "ld64.")))


def programs() -> Tree:
    """Return the program, the loader at its fixed place, and the libraries."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", "ppc64el")
        archive.update()
        packages = archive.fetch(["powerpc-ibm-utils", "libc6", "zlib1g"]).values()
        whole = read_packages(package.path for package in packages)
    tree = Tree()
    for path, node in whole.items():
        if path.startswith(_WANTED):
            tree.add(path, node)
    tree.add("lib64/ld64.so.2", whole[whole.resolve("usr/lib64/ld64.so.2")])
    return tree
