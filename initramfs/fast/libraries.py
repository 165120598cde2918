"""Unlink programs from libraries that the image never needs.

Without this trick these libraries are a third of the programs: 3.8 MB for libcrypto alone. The
kernel unpacks them at each start.
"""

import struct
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from initramfs.elf import DT_NEEDED, PT_DYNAMIC, Elf
from initramfs.tree import Tree

DT_NULL = 0
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
STB_WEAK = 2
# Program or library → libraries for tasks that the image leaves out: TPM and signatures, PAM,
# passwords, system call filters, mount units, SELinux labels, XML. `*` matches slashes too.
UNUSED: Mapping[str, tuple[str, ...]] = {
    "*/libsystemd-shared-*.so": ("libcrypto", "libpam", "libcrypt", "libseccomp", "libmount"),
    "*/libkmod.so.*": ("libcrypto",),
    "usr/bin/kmod": ("libcrypto",),
    "*/libselinux.so.*": ("libpcre2-8",),
    "usr/bin/python3.*": ("libexpat",),
}


def unlink_unused(tree: Tree, libraries: Tree, paths: Mapping[str, str]) -> None:
    """Unlink the programs in the tree from the libraries that UNUSED names.

    `paths` has the path in `libraries` for each name that a program may give.
    """
    for pattern, names in UNUSED.items():
        for path in filter(lambda path: tree[path].is_file, tree.match(pattern)):
            needed = Elf.parse(tree[path].data).list_needed()
            unused = [name for name in needed if name.partition(".so")[0] in names]
            files = {name: libraries[libraries.resolve(paths[name])].data for name in unused}
            tree[path] = replace(tree[path], data=unlink(tree[path].data, files))


def unlink(data: bytes, libraries: Mapping[str, bytes]) -> bytes:
    """Return the program without its links to these libraries (name → file).

    A call into one of them would jump to address 0: the program must never make one.
    """
    elf = Elf.parse(data)
    out = bytearray(data)
    gone = {name for library in libraries.values() for name in Elf.parse(library).exports()}
    for index, name, info in elf.list_undefined():
        if name in gone:
            symbol = elf.header(".dynsym").offset + 24 * index
            out[symbol + 4] = (
                STB_WEAK << 4 | info & 0xF
            )  # the loader forgives a missing weak symbol
            version = elf.header(".gnu.version").offset + 2 * index
            struct.pack_into(elf.order + "H", out, version, 1)
    dynamic = [
        (tag, value)
        for tag, value in elf.dynamic()
        if tag != DT_NEEDED or elf.string(value) not in libraries
    ]
    versions = _unlink_versions(elf, out, libraries)
    _write_dynamic(elf, out, [(tag, versions.get(tag, value)) for tag, value in dynamic])
    return bytes(out)


def _unlink_versions(elf: Elf, out: bytearray, libraries: Container[str]) -> dict[int, int]:
    """Take the libraries out of the chain of Verneed records; return changes of .dynamic."""
    section = elf.header(".gnu.version_r")
    kept: list[int] = []  # offsets in the section
    at, more = 0, section.size > 0
    while more:
        _, _, file, _, following = struct.unpack_from(elf.order + "HHIII", out, section.offset + at)
        if elf.string(file) not in libraries:
            kept.append(at)
        at, more = at + following, following != 0
    if not kept:
        return {DT_VERNEEDNUM: 0}
    for here, after in zip(kept, [*kept[1:], kept[-1]], strict=True):
        struct.pack_into(elf.order + "I", out, section.offset + here + 12, after - here)
    return {DT_VERNEED: section.address + kept[0], DT_VERNEEDNUM: len(kept)}


def _write_dynamic(elf: Elf, out: bytearray, entries: Sequence[tuple[int, int]]) -> None:
    """Write the entries, then DT_NULL up to the end of the segment."""
    (segment,) = (segment for segment in elf.segments if segment.type == PT_DYNAMIC)
    for number in range(segment.size // 16):
        entry = entries[number] if number < len(entries) else (DT_NULL, 0)
        struct.pack_into(elf.order + "qQ", out, segment.offset + 16 * number, *entry)
