"""URLs of boot configurations that a lease names, or by custom implies. Pure.

A configuration that DHCP names (option 209) comes first. Every other place is one in which the boot
loader that DHCP names would look. Loaders are known by the names of their files. In their order:

- GRUB (grub-core/net/net.c, normal/main.c): grub.cfg-UUID, -01-MAC, -C0A80A09, -C0A80A0 …, the
  address of IPv6 with dashes, then grub.cfg; in its prefix. Upstream's and Debian's prefix is built
  in, Red Hat's GRUB looks beside its own file first.
- PXELINUX (core/fs/pxe): the same names and then `default`, below pxelinux.cfg/ of its prefix.
- SLOF (lib/libnet/pxelinux.c): the same, but right behind the prefix of option 210.
- iPXE: autoexec.ipxe beside its own file.

A file with no boot loader's name may be a configuration, a script or a kernel itself. A URL with a
checksum is the only place.
"""

import re
from collections.abc import Iterator
from posixpath import basename
from typing import NamedTuple

from parsers.places.lease import (
    Lease,
    bootfile,
    bootfiles,
    configurations,
    glue,
    hardware,
    is_about_booting,
    list_names,
    prefixes,
)
from parsers.places.urls import has_checksum, join, split

# Programs that look for a grub.cfg: core images of grub-mknetdir, signed ones of distributions,
# MAAS's and Debian's bootppc64.bin, Foreman's grubppc64le.elf, Cobbler's grub.ppc64le, grub.0, and
# xCAT's grub2-NODE.
_GRUB = re.compile(
    r"core\.(?:elf|efi|0)|(?:shim|boot|mm)[\w-]*\.efi(?:\.signed)?|boot(?:net)?ppc64\w*\.bin"
    r"|grub(?!.*\.(?:cfg|conf)$)\S*",
    re.I,
)
_GRUB_TREE = re.compile(r".*/grub2?/.*", re.S)
# Their configurations lie in grub/, and nothing lies beside them.
_GRUB_BELOW = re.compile(r"boot\w*\.(?:efi|bin)", re.I)
_GRUB_PLATFORM = re.compile(r"[a-z0-9_]+-(?:ieee1275|efi|pc|emu|coreboot|xen)")
# Prefixes that are built in: MAAS's and Ubuntu's, grub-mknetdir's.
_GRUB_PREFIXES = ("/grub/", "/boot/grub/", "/boot/grub2/")
_FIRMWARES = re.compile(r"boot[\w-]*\.efi", re.I)
_IPXE = re.compile(
    r"(?:undionly|[gi]pxe|snp(?:only)?|intel|realtek|virtio-net)[\w.-]*\.(?:k{0,3}pxe|efi|0|lkrn)",
    re.I,
)
_SCRIPT = re.compile(r".*\.(?:ipxe|php|cgi|cfg|conf|txt)", re.I | re.S)
# Programs for firmware: no configurations, and nothing that kexec starts.
_PROGRAM = re.compile(r".*\.(?:0|elf|k{0,3}pxe|bin|com|c32|rom|signed|lkrn)|yaboot\S*", re.I | re.S)
_KERNEL = re.compile(r"(?:vmlinu[xz]|[zb]?z?image|uimage|kernel|linux)\S*|\S*\.vmlinu[xz]", re.I)

_GROUP = re.compile(r"[0-9a-f]{0,4}")


class Place(NamedTuple):
    """URLs that may be asked for at once. The first that answers is the configuration."""

    urls: tuple[str, ...]
    is_named: bool = False  # DHCP names it
    is_bootfile: bool = False  # the file that is to be booted: it may be anything


def places(lease: Lease) -> Iterator[Place]:
    """Yield the places to try in turn. No URL comes twice."""
    seen: set[str] = set()
    for place in _places(lease):
        if urls := tuple(url for url in dict.fromkeys(place.urls) if url not in seen):
            seen.update(urls)
            yield place._replace(urls=urls)


def _places(lease: Lease) -> Iterator[Place]:
    if lease.get("opened") and not is_loader(url := bootfile(lease)):
        yield Place((url,), is_named=True, is_bootfile=True)
        return
    named = tuple(configurations(lease))
    yield Place(named, is_named=True)
    # A checksum demands that very file: another one is not to come instead of it.
    checked = [url for url in bootfiles(lease) if has_checksum(url) and not is_loader(url)]
    if checked or any(map(has_checksum, named)):
        yield from (Place((url,), is_named=True, is_bootfile=True) for url in checked)
        return
    files = [(file, basename(split(file)[1])) for file in bootfiles(lease)]
    readable = [(file, name) for file, name in files if not is_loader(file)]
    for file, name in readable:
        # A file on a web server, and DHCPv6's, is made for the machine more often than a loader's.
        whole = not file.startswith("tftp:") or file == lease.get("bootfile_url")
        if not _KERNEL.fullmatch(name) and (whole or is_script(file)):
            yield Place((file,), is_named=True, is_bootfile=True)
    for file, name in files:
        if _IPXE.fullmatch(name):
            yield Place((join(file, "autoexec.ipxe"),))
        if _GRUB.fullmatch(name) or _GRUB_TREE.fullmatch(split(file)[1]):
            yield from _grub(lease, file)
    if is_about_booting(lease):
        yield from _pxelinux(lease)
    # A unified image may have the name that firmware looks for: BOOTX64.EFI.
    last = [file for file, name in files if _FIRMWARES.fullmatch(name)]
    for file in dict.fromkeys([*(file for file, _ in readable), *last]):
        yield Place((file,), is_named=True, is_bootfile=True)


def is_loader(url: str) -> bool:
    """Return True if a file has the name of a boot loader, which is nothing to read or to boot."""
    name = basename(split(url)[1])
    return any(pattern.fullmatch(name) for pattern in (_GRUB, _IPXE, _PROGRAM))


def is_ipxe(url: str) -> bool:
    """Return True for the name of iPXE's program: it would ask DHCP again, as iPXE."""
    return _IPXE.fullmatch(basename(split(url)[1])) is not None


def is_script(url: str) -> bool:
    """Return True if a URL is that of a script: by its name, or since it has a query."""
    return "?" in url or _SCRIPT.fullmatch(basename(split(url)[1])) is not None


def is_kernel(url: str) -> bool:
    """Return True if a file has the name of a kernel."""
    return _KERNEL.fullmatch(basename(split(url)[1])) is not None


def _pxelinux(lease: Lease) -> Iterator[Place]:
    names = [*list_names(lease), "default"]
    for base in prefixes(lease):
        yield Place(tuple(glue(base, f"pxelinux.cfg/{name}") for name in names))
    if lease.get("pxepathprefix"):
        for base in prefixes(lease):
            yield Place(tuple(glue(base, name) for name in names))


def _grub(lease: Lease, file: str) -> Iterator[Place]:
    """Yield the files that a GRUB may look for.

    The files of this machine come first: in a tree of grub-mknetdir, upstream's GRUB finds them one
    directory above, and only a stub lies beside it.
    """
    directory = join(file, "./")
    here = split(directory)[1].rstrip("/")
    above = _GRUB_PLATFORM.fullmatch(basename(here))
    below = join(directory, "grub/")
    first = [directory, join(directory, "../")] if above else [directory, below]
    if _GRUB_BELOW.fullmatch(basename(split(file)[1])):
        first = [below, directory]
    names = [f"grub.cfg-{name}" for name in (*list_names(lease), *_ipv6(lease))]
    own = (join(base, name) for base in first for name in names)
    yield Place((*own, *(join(base, "grub.cfg") for base in first)))
    names = [f"grub.cfg-{name}" for name in (hardware(lease),) if name]
    built_in = (join(directory, prefix) for prefix in _GRUB_PREFIXES)
    yield Place(tuple(join(base, name) for base in built_in for name in (*names, "grub.cfg")))


def _ipv6(lease: Lease) -> Iterator[str]:
    """Yield the IPv6 address as GRUB writes it: eight numbers with dashes, no zeros left out."""
    address = next(iter(lease.get("ip6", "").lower().partition("/")[0].split()), "")
    head, gap, tail = address.partition("::")
    groups = [*filter(None, head.split(":"))]
    after = [*filter(None, tail.split(":"))]
    groups += ["0"] * (8 - len(groups) - len(after)) * bool(gap) + after
    if len(groups) == 8 and "::" not in tail and all(map(_GROUP.fullmatch, groups)):
        yield "-".join(f"{int(group, 16):x}" for group in groups)
