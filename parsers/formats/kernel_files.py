"""Kernels in /boot, or at the top of a boot partition, found by name and by magic.

They help if a disk's configuration is broken, lost, or in an unknown language. The scan drops a
kernel that another entry boots.
"""

import re
from collections.abc import Iterator
from posixpath import dirname

from parsers.api import Entry, FileRef, Files, Format, Item, Origin, Problem
from parsers.binary import envblock, kernel
from parsers.places.fstab import find_systems, parse_fstab
from parsers.reading.cmdline import join_arguments

TRAIL = ("Found without a configuration",)
_MOST = 40  # kernels of a directory


def parse(files: Files, directory: str) -> Iterator[Item]:
    """Yield the newest kernel first, rescue kernels last."""
    names = files.names(directory)
    at = directory.rstrip("/")
    kernels = [(name, version) for name in names if (version := _version(name)) is not None]
    kernels.sort(key=lambda k: _natural_key(k[1]), reverse=True)
    kernels.sort(key=lambda k: "rescue" in k[1])
    if len(kernels) > _MOST:
        words = f"more than {_MOST} kernels: this and older ones are left out"
        yield Problem(f"{at}/{kernels[_MOST][0]}", 0, words)
    found = [
        (name, version, machine)
        for name, version in kernels[:_MOST]
        if (machine := kernel.detect_machine(files, f"{at}/{name}")) is not None
    ]
    cmdline, origins = _cmdline(files, at) if found else _NO_CMDLINE
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
            if kernel.can_run(machine, files.host.machine)
            else kernel.describe_mismatch(machine, files.host.machine),
            guess=True,
        )


def _version(name: str) -> str | None:
    """Return the version in a kernel's file name, or None for another file."""
    match = re.fullmatch(r"(?:vmlinu[xz]|[bz]?Image|kernel)(?:\.gz)?(?:[-_](.+))?", name)
    if match is None or name == "kernel" or name.endswith((".sig", ".hmac", ".old", ".map")):
        return None
    return match[1] or ""


def _natural_key(text: str) -> list[tuple[int, str]]:
    """Return a sort key that compares numbers as numbers: 6.9 comes before 6.10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    ]


def _initrds(names: list[str], version: str) -> list[str]:
    """Return the processors' microcode, which Arch has in its own files, and the initrd."""
    end = f"-{version}" if version else ""
    forms = ("initrd.img{}", "initramfs{}.img", "initrd{}.img", "initramfs{}", "initrd{}")
    known = set(names)
    initrd = next((name for form in forms if (name := form.format(end)) in known), None)
    if initrd is None:
        initrd = "initrd.gz" if not version and "initrd.gz" in known else None
    ucode = [name for name in ("amd-ucode.img", "intel-ucode.img") if name in known]
    return [*ucode, initrd] if initrd else []


CommandLine = tuple[str, tuple[Origin, ...]]
_NO_CMDLINE: CommandLine = ("", ())


def _cmdline(files: Files, at: str) -> CommandLine:
    """Return the command line of the system that the kernels belong to, or an empty one."""
    root = dirname(at) if at else ""
    cmdline = _read_cmdline(files, root.rstrip("/"))
    for name in () if cmdline[0] else ("grub2/grubenv", "grub/grubenv"):
        cmdline = cmdline if cmdline[0] else _read_kernelopts(files, f"{at}/{name}")
    # If there is a configuration, the search is not worth a mount of other disks.
    configured = any(files.kind(f"/{name}") for name in ("etc", "grub", "grub2", "loader"))
    if cmdline[0] or at or configured:
        return cmdline
    return next((found for found in _cmdlines_of_systems(files) if found[0]), _NO_CMDLINE)


def _read_cmdline(files: Files, root: str, volume: str = "") -> CommandLine:
    """Return the text of /etc/kernel/cmdline, or arguments made of the root in /etc/fstab.

    `volume` is put before the paths of another volume.
    """
    path, fstab = f"{root}/etc/kernel/cmdline", f"{root}/etc/fstab"
    if text := " ".join((files.read(path) or "").split()):
        return join_arguments(f"{volume}{path}", [("cmdline", text, 1, text)])
    for mount in parse_fstab(files.read(fstab) or ""):
        if mount.at == "/":
            options = mount.options.split(",")
            part = next((o for o in options if o.startswith(("subvol=", "subvolid="))), "")
            flags = f" rootflags={part}" if mount.fs == "btrfs" and part else ""
            # The kernel takes quotation marks off, and keeps the blanks between them.
            spec = f'"{mount.spec}"' if " " in mount.spec else mount.spec
            text = f"root={spec} ro{flags}"
            return join_arguments(f"{volume}{fstab}", [("root", mount.spec, mount.line, text)])
    return _NO_CMDLINE


def _read_kernelopts(files: Files, path: str) -> CommandLine:
    """Return the last arguments of Fedora's kernels, from GRUB's environment block."""
    block = files.read(path) or ""
    try:
        text = envblock.read(block).get("kernelopts", "").strip()
    except envblock.BlockError:
        return _NO_CMDLINE
    line = block.partition("\nkernelopts=")[0].count("\n") + 2
    return join_arguments(path, [("kernelopts", text, line, text)])


def _cmdlines_of_systems(files: Files) -> Iterator[CommandLine]:
    """Yield the command lines of the systems that mount this volume on /boot."""
    for tree in find_systems(files):
        yield _read_cmdline(tree, "", f"({tree.volume.name})")


FORMAT = Format("found", ("/boot", "/", "/@*/boot"), parse, rank=90, binary=True)
