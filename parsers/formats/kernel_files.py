"""Kernels that lie in /boot, or at the top of a boot partition, found by name and by magic.

For disks whose configuration is broken, lost, or in no language that is known here. Which of them
another entry boots already is for the scan to see.
"""

import re
from collections.abc import Iterator
from posixpath import dirname

from parsers.api import Entry, FileRef, Files, Format, Item, Origin
from parsers.binary import envblock, kernel
from parsers.places.fstab import find_systems, parse_fstab
from parsers.reading.cmdline import join_arguments

TRAIL = ("Found without a configuration",)
_MOST = 40  # kernels of a directory


def parse(files: Files, directory: str) -> Iterator[Item]:
    """The newest kernel first, rescue kernels last."""
    names = files.names(directory)
    at = directory.rstrip("/")
    kernels = [(name, version) for name in names if (version := _version(name)) is not None]
    kernels.sort(key=lambda k: _natural(k[1]), reverse=True)
    kernels.sort(key=lambda k: "rescue" in k[1])
    found = [
        (name, version, machine)
        for name, version in kernels[:_MOST]
        if (machine := kernel.machine(files, f"{at}/{name}")) is not None
    ]
    cmdline, origins = _cmdline(files, at) if found else _NOTHING
    for name, version, machine in found:
        yield Entry(
            title=f"Linux {version}" if version[:1].isdecimal() else f"Linux ({name})",
            name=name,
            config=f"{at}/{name}",
            line=1,
            trail=TRAIL,
            kernel=FileRef(path=f"{at}/{name}"),
            initrds=tuple(FileRef(path=f"{at}/{initrd}") for initrd in _initrds(names, version)),
            cmdline=cmdline,
            origins=origins,
            unbootable=""
            if kernel.runs(machine, files.host.machine)
            else kernel.for_another(machine, files.host.machine),
            guess=True,
        )


def _version(name: str) -> str | None:
    """What follows the kernel's name; None for a file with another name."""
    match = re.fullmatch(r"(?:vmlinu[xz]|[bz]?Image|kernel)(?:\.gz)?(?:[-_](.+))?", name)
    if match is None or name == "kernel" or name.endswith((".sig", ".hmac", ".old", ".map")):
        return None
    return match[1] or ""


def _natural(text: str) -> list[tuple[int, str]]:
    """Numbers in it count as such: 6.9 comes before 6.10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    ]


def _initrds(names: list[str], version: str) -> list[str]:
    """The processors' microcode, as Arch has it in a file of its own, and the initrd."""
    end = f"-{version}" if version else ""
    forms = ("initrd.img{}", "initramfs{}.img", "initrd{}.img", "initramfs{}", "initrd{}")
    known = set(names)
    initrd = next((name for form in forms if (name := form.format(end)) in known), None)
    if initrd is None:
        initrd = "initrd.gz" if not version and "initrd.gz" in known else None
    ucode = [name for name in ("amd-ucode.img", "intel-ucode.img") if name in known]
    return [*ucode, initrd] if initrd else []


Known = tuple[str, tuple[Origin, ...]]  # a command line, and where it is written
_NOTHING: Known = ("", ())


def _cmdline(files: Files, at: str) -> Known:
    """From the system that the kernels belong to; nothing when nothing tells."""
    root = dirname(at) if at else ""
    known = _known(files, root.rstrip("/"))
    for name in () if known[0] else ("grub2/grubenv", "grub/grubenv"):
        known = known if known[0] else _last(files, f"{at}/{name}")
    # Beside a configuration the search is not worth mounting other disks.
    beside = any(files.kind(f"/{name}") for name in ("etc", "grub", "grub2", "loader"))
    if known[0] or at or beside:
        return known
    return next((known for known in _elsewhere(files) if known[0]), _NOTHING)


def _known(files: Files, root: str, volume: str = "") -> Known:
    """/etc/kernel/cmdline, else what /etc/fstab has for the root. `volume` names another one."""
    told, fstab = f"{root}/etc/kernel/cmdline", f"{root}/etc/fstab"
    if text := " ".join((files.read(told) or "").split()):
        return join_arguments(f"{volume}{told}", [("cmdline", text, 1, text)])
    for mount in parse_fstab(files.read(fstab) or ""):
        if mount.at == "/":
            options = mount.options.split(",")
            part = next((o for o in options if o.startswith(("subvol=", "subvolid="))), "")
            flags = f" rootflags={part}" if mount.fs == "btrfs" and part else ""
            # The kernel takes quotation marks off, and hands on the blanks within.
            spec = f'"{mount.spec}"' if " " in mount.spec else mount.spec
            given = f"root={spec} ro{flags}"
            return join_arguments(f"{volume}{fstab}", [("root", mount.spec, mount.line, given)])
    return _NOTHING


def _last(files: Files, path: str) -> Known:
    """What Fedora's kernels were last told."""
    block = files.read(path) or ""
    try:
        text = envblock.read(block).get("kernelopts", "").strip()
    except envblock.BlockError:
        return _NOTHING
    line = block.partition("\nkernelopts=")[0].count("\n") + 2
    return join_arguments(path, [("kernelopts", text, line, text)])


def _elsewhere(files: Files) -> Iterator[Known]:
    """Of the systems on other volumes that mount this one on /boot."""
    for tree in find_systems(files):
        yield _known(tree, "", f"({tree.volume.name})")


FORMAT = Format("found", ("/boot", "/", "/@*/boot"), parse, rank=90, binary=True)
