"""Keep programs compressed that a start without a network has no use for.

The kernel unpacks all of the image at each start. `petipy.startup.packs` unpacks these when a link
is there, a server is to be asked by https, or a signature is to be checked. They and the kernel
modules, which are compressed by themselves as well, are a part of the image that is not compressed
once more: that saves 12 million instructions and costs nothing.
"""

from collections.abc import Callable, Mapping

from initramfs.tree import Node, Tree, file
from petipy.startup.packs import NETWORK, OPENPGP, PLACE, TLS

PART = "packed"  # of the image
SSL = "*/lib-dynload/_ssl.*.so"  # Python's module for https
# Name of the pack → files; `*` matches slashes too.
PACKS: Mapping[str, tuple[str, ...]] = {
    NETWORK: ("usr/lib/systemd/systemd-networkd",),
    OPENPGP: ("usr/bin/gpgv", "*/libgcrypt.so.20*", "*/libgpg-error.so.0*"),
    TLS: (SSL, "*/libcrypto.so.3", "*/libssl.so.3", "etc/ssl/certs/ca-certificates.crt"),
}


def pack_programs(tree: Tree, compress: Callable[[bytes], bytes]) -> None:
    """Replace the files of each pack by compressed ones, and add the pack's list."""
    for name, patterns in PACKS.items():
        paths = [path for pattern in patterns for path in tree.match(pattern)]
        listing = ""
        for path in filter(lambda path: tree[path].is_file, paths):
            node = tree.pop(path)
            tree[f"{path}.zst"] = file(compress(node.data))
            listing += f"{permissions(node):o} {path}\n"
        if listing:
            tree.add(f"{PLACE}/{name}", file(listing.encode()))


def permissions(node: Node) -> int:
    return node.mode & 0o777
