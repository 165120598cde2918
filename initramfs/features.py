"""Count the bytes of the image that each feature costs.

A file that is compressed by itself counts as it is. Of an archive that is compressed as a whole,
each file has its part.
"""

import fnmatch
from collections.abc import Mapping

from initramfs.kernel import COMMON, Modules, module_name
from initramfs.tree import Tree

# Whatever no other feature names: interpreter, C library, busybox, udevd, Petipy.
CORE = "core"
# Feature → paths; `*` matches slashes too. The first that matches counts.
PATHS: Mapping[str, tuple[str, ...]] = {
    "https": (
        *("*/libcrypto.so.3*", "*/libssl.so.3*", "etc/ssl/*"),
        "*/_ssl.*.so*",
    ),
    "addresses: systemd-networkd": ("*/systemd-networkd*",),
    "passwords": ("*/libcrypt.so.1*",),
    "ssh: dropbear": (
        *("usr/sbin/dropbear", "usr/bin/dropbearkey"),
        "*/libtomcrypt.so*",
        "*/libtommath.so*",
        "etc/dropbear/*",
    ),
    "OpenPGP: gpgv": (
        "usr/bin/gpgv*",
        *("*/libgcrypt.so*", "*/libgpg-error.so*", "*/libassuan.so*", "*/libnpth.so*"),
        *("*/libbz2.so*", "etc/petipy/keyring.gpg"),
    ),
    "kexec-tools": ("usr/sbin/kexec",),
    "keyboard layouts": ("usr/share/petipy/keymaps",),
    "languages": ("usr/share/petipy/languages/*",),
}
# Feature → kernel modules, and the sections of drivers.txt with more of them.
MODULES: Mapping[str, tuple[str, ...]] = {
    "NFS": ("nfs*", "lockd", "sunrpc", "grace", "netfs", "dns_resolver", "*gss*"),
    "VLANs, bonds, bridges": ("8021q", "bonding", "bridge", "garp", "mrp", "stp", "llc"),
}
SECTIONS: Mapping[str, str] = {
    "network": "network cards",
    "storage": "disk controllers",
    "pseries": "pseries and virtio devices",
    "virtio": "pseries and virtio devices",
    "volumes": "LVM, RAID, LUKS",
    "graphics": "screens",
    "service processor": "service processor",
    "usb": "USB disks and keyboards",
    "input": "USB disks and keyboards",
    "file systems": "file systems",
    "base": "file systems",
    COMMON: "ext4 and virtio disks",
}
# Python's parts as initramfs.python names them.
PACKAGES: Mapping[str, str] = {
    "urwid": "menu: urwid",
    "wcwidth": "menu: urwid",
    "typing_extensions": "menu: urwid",
    "h11": "http",
}


def count(
    trees: Mapping[str, Tree],
    compressed: Mapping[str, int],
    modules: Modules,
    python: Mapping[str, int],
) -> dict[str, int]:
    """Return the bytes of the image for each feature; together they are the compressed parts.

    `python` has the bytes of each package within the part of that name.
    """
    features: dict[str, float] = {}
    for part, tree in trees.items():
        sizes: dict[str, int] = {}
        for path, node in tree.items():
            feature = find(path, modules)
            sizes[feature] = sizes.get(feature, 0) + len(node.data)
        if part == "python":
            share = sizes.pop(CORE) / sum(python.values())
            for name, size in python.items():
                feature = PACKAGES.get(name, CORE)
                sizes[feature] = sizes.get(feature, 0) + round(size * share)
        whole = sum(sizes.values()) or 1
        for feature, size in sizes.items():
            features[feature] = features.get(feature, 0) + size * compressed[part] / whole
    return {feature: round(size) for feature, size in features.items()}


def find(path: str, modules: Modules) -> str:
    """Return the feature that a file is for."""
    if ".ko" in path:
        name = module_name(path)
        for feature, patterns in MODULES.items():
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                return feature
        section, _ = modules.taken[name]
        return SECTIONS.get(section, section)
    for feature, patterns in PATHS.items():
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns):
            return feature
    return CORE
