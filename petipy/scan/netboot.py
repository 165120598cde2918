"""URLs of boot configurations that a lease names, or by custom implies. Pure.

A configuration that DHCP names comes first. The places follow where DHCP's boot file would look:
GRUB beside itself; PXELINUX below its prefix in pxelinux.cfg. A boot file that has no boot
loader's name may be a script, or the kernel itself.
"""

import re
from collections.abc import Iterator
from posixpath import basename

from parsers.api import Entry, FileRef
from parsers.places.lease import Lease, bootfile, configuration, hardware, prefix, server
from parsers.places.urls import join, split

# grub-mknetdir's core images; and the programs that distributions sign, with theirs below grub/.
_GRUB = re.compile(r"core\.(?:elf|efi|0)|(?:grub|shim|boot)[\w-]*\.efi(?:\.signed)?", re.I)
_GRUB_TREE = re.compile(r".*/grub2?/.*", re.S)
_GRUB_PLATFORM = re.compile(r"[a-z0-9_]+-(?:ieee1275|efi|pc|emu|coreboot|xen)")
_SCRIPT = re.compile(r".*\.(?:ipxe|php|cgi|cfg|conf|txt)", re.I | re.S)
# Programs for firmware: no configurations, and nothing that kexec starts.
_PROGRAM = re.compile(
    r".*(?:\.(?:0|elf|efi|k{0,3}pxe|bin|com|c32|rom|signed))|yaboot\S*", re.I | re.S
)
_KERNEL = re.compile(r"(?:vmlinu[xz]|[zb]?z?image|uimage|kernel|linux)\S*|\S*\.vmlinu[xz]", re.I)

_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


def places(lease: Lease) -> Iterator[str]:
    """Yield the URLs to try in turn: the first that answers is the configuration."""
    yield from dict.fromkeys(url for url in _places(lease) if url)


def _places(lease: Lease) -> Iterator[str]:
    yield configuration(lease)
    file = bootfile(lease)
    path = split(file)[1]
    name = basename(path)
    readable = bool(file) and not (_PROGRAM.fullmatch(name) or _KERNEL.fullmatch(name))
    # DHCPv6's boot file is a URL, and often that of a script.
    if readable and ("?" in file or lease.get("bootfile_url") or _SCRIPT.fullmatch(name)):
        yield file
    if _GRUB.fullmatch(name) or _GRUB_TREE.fullmatch(path):
        yield from _grub(lease, file)
    if any(lease.get(word) for word in _BOOTING):
        yield from _pxelinux(lease)
    if readable:
        yield file


# Every lease has a server; a lease for booting has one of these.
_BOOTING = ("bootfile", "boot_file", "bootfile_url", "pxepathprefix", "pxeconffile")


def netboot(lease: Lease) -> Entry | None:
    """Return an entry for DHCP's boot file if its name is that of a kernel."""
    url = bootfile(lease)
    name = basename(split(url)[1])
    if not _KERNEL.fullmatch(name):
        return None
    return Entry(
        title=f"netboot ({name})",
        name="netboot",
        config=url,
        line=1,
        kernel=FileRef(url=url),
        default=True,
        cmdline=lease.get("bootfile_param", "") or _root(lease),
    )


def _pxelinux(lease: Lease) -> Iterator[str]:
    """Yield PXELINUX's places, as in core/fs/pxe of SYSLINUX."""
    base = prefix(lease)
    names = (lease.get("uuid", "").lower(), hardware(lease), *_address(lease), "default")
    for name in names if base else ():
        if name:
            yield join(base, f"pxelinux.cfg/{name}")


def _grub(lease: Lease, file: str) -> Iterator[str]:
    """Yield GRUB's places, as in its grub_net_search_config_file.

    They are in its prefix: the directory above the platform's, as grub-mknetdir makes it, or the
    file's own. Debian's signed image has one below.
    """
    directory = split(join(file, "./"))[1].rstrip("/")
    above = _GRUB_PLATFORM.fullmatch(basename(directory))
    suffixes = [f"-{name}" for name in (lease.get("uuid", "").lower(), hardware(lease)) if name]
    suffixes += [f"-{digits}" for digits in _address(lease)]
    for place in ("./", "../") if above else ("./", "grub/"):
        for suffix in (*suffixes, ""):
            yield join(file, f"{place}grub.cfg{suffix}")


def _address(lease: Lease) -> Iterator[str]:
    """Yield the IPv4 address in hexadecimal, then shorter and shorter beginnings of it."""
    address = lease.get("ip", "")
    parts = [int(part) for part in address.split(".")] if _DOTTED.fullmatch(address) else []
    if parts and max(parts) < 256:
        digits = "".join(f"{part:02X}" for part in parts)
        yield from (digits[:length] for length in range(8, 0, -1))


def _root(lease: Lease) -> str:
    """Return the parameters for the root on an NFS server that DHCP's option 17 names."""
    path = lease.get("rootpath", "")
    if not path or "://" in path or path.startswith("iscsi:"):
        return ""
    place = path if ":" in path else f"{server(lease)}:{path}"
    return f"root=/dev/nfs ip=dhcp nfsroot={place}"
