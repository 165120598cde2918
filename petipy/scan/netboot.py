"""Where a lease says, or by custom implies, that a boot configuration lies. Pure.

A configuration that DHCP names itself comes first. Then what the file that DHCP wants booted
would look for: GRUB, beside itself; PXELINUX, below its prefix in pxelinux.cfg. A file that no
boot loader's name fits may be a script, or the kernel itself.
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
# Programs for firmware: nothing that can be read, and nothing that kexec starts.
_PROGRAM = re.compile(
    r".*(?:\.(?:0|elf|efi|k{0,3}pxe|bin|com|c32|rom|signed))|yaboot\S*", re.I | re.S
)
_KERNEL = re.compile(r"(?:vmlinu[xz]|[zb]?z?image|uimage|kernel|linux)\S*|\S*\.vmlinu[xz]", re.I)

_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


def places(lease: Lease) -> Iterator[str]:
    """The URLs to try in turn: the first that answers is the configuration."""
    yield from dict.fromkeys(url for url in _places(lease) if url)


def _places(lease: Lease) -> Iterator[str]:
    yield configuration(lease)
    file = bootfile(lease)
    path = split(file)[1]
    name = basename(path)
    readable = bool(file) and not (_PROGRAM.fullmatch(name) or _KERNEL.fullmatch(name))
    # DHCPv6 names, by a URL, what shall be booted itself, and that is often a script.
    if readable and ("?" in file or lease.get("bootfile_url") or _SCRIPT.fullmatch(name)):
        yield file
    if _GRUB.fullmatch(name) or _GRUB_TREE.fullmatch(path):
        yield from _grub(lease, file)
    if any(lease.get(word) for word in _BOOTING):
        yield from _pxelinux(lease)
    if readable:
        yield file


# Every lease has a server; only one with these is about booting.
_BOOTING = ("bootfile", "boot_file", "bootfile_url", "pxepathprefix", "pxeconffile")


def netboot(lease: Lease) -> Entry | None:
    """The file that DHCP wants booted, when its name says that it is a kernel."""
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
    """As core/fs/pxe of SYSLINUX has them."""
    base = prefix(lease)
    names = (lease.get("uuid", "").lower(), hardware(lease), *_address(lease), "default")
    for name in names if base else ():
        if name:
            yield join(base, f"pxelinux.cfg/{name}")


def _grub(lease: Lease, file: str) -> Iterator[str]:
    """As GRUB's grub_net_search_config_file: in its prefix, which is where grub-mknetdir puts
    the platform's directory, or the directory itself; Debian's signed image has one below."""
    directory = split(join(file, "./"))[1].rstrip("/")
    above = _GRUB_PLATFORM.fullmatch(basename(directory))
    suffixes = [f"-{name}" for name in (lease.get("uuid", "").lower(), hardware(lease)) if name]
    suffixes += [f"-{digits}" for digits in _address(lease)]
    for place in ("./", "../") if above else ("./", "grub/"):
        for suffix in (*suffixes, ""):
            yield join(file, f"{place}grub.cfg{suffix}")


def _address(lease: Lease) -> Iterator[str]:
    """The IPv4 address in hexadecimal, then ever less of it."""
    address = lease.get("ip", "")
    parts = [int(part) for part in address.split(".")] if _DOTTED.fullmatch(address) else []
    if parts and max(parts) < 256:
        digits = "".join(f"{part:02X}" for part in parts)
        yield from (digits[:length] for length in range(8, 0, -1))


def _root(lease: Lease) -> str:
    """The root file system that DHCP's option 17 names, which is an NFS server's."""
    path = lease.get("rootpath", "")
    if not path or "://" in path or path.startswith("iscsi:"):
        return ""
    place = path if ":" in path else f"{server(lease)}:{path}"
    return f"root=/dev/nfs ip=dhcp nfsroot={place}"
