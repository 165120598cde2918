"""Systems that are not Linux, recognised by their boot loaders: the menu lists them as unbootable.

kexec starts Linux kernels only. A multiboot kernel or a program for the firmware needs a state of
the machine that is gone once an operating system runs.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from parsers.api import Entry, Files, Format, Item

_FIRMWARE = "not bootable by kexec: its boot loader needs the firmware"
_MULTIBOOT = "not bootable by kexec: a multiboot kernel needs a boot loader of its own"


class OtherSystem(NamedTuple):
    path: str  # may have a *
    magic: bytes  # the first bytes
    title: str
    reason: str


SYSTEMS = (
    OtherSystem("/EFI/Microsoft/Boot/bootmgfw.efi", b"MZ", "Windows Boot Manager", _FIRMWARE),
    OtherSystem("/bootmgr", b"", "Windows Boot Manager", _FIRMWARE),
    OtherSystem("/ntldr", b"", "Windows (NT loader)", _FIRMWARE),
    OtherSystem("/boot/loader.efi", b"MZ", "FreeBSD", _FIRMWARE),
    OtherSystem("/EFI/freebsd/loader.efi", b"MZ", "FreeBSD", _FIRMWARE),
    OtherSystem("/bsd", b"\x7fELF", "OpenBSD", "not bootable by kexec: a kernel of OpenBSD"),
    OtherSystem("/netbsd", b"\x7fELF", "NetBSD", "not bootable by kexec: a kernel of NetBSD"),
    OtherSystem("/System/Library/CoreServices/boot.efi", b"MZ", "macOS", _FIRMWARE),
)
CONFIGURATIONS = ("/boot.cfg", "/efi/boot/boot.cfg", "/EFI/*/xen.cfg", "/xen.cfg")


def parse(files: Files, path: str) -> Iterator[Item]:
    if any(fnmatchcase(path, pattern) for pattern in CONFIGURATIONS):
        text = files.piece(path, 0, 64 << 10).decode("utf-8", "replace")
        lines = list(enumerate(text.splitlines(), 1))
        yield from _xen(path, lines) if path.endswith("xen.cfg") else _boot_cfg(path, lines)
        return
    for system in SYSTEMS:
        head = files.piece(path, 0, 4)
        if fnmatchcase(path, system.path) and head and head.startswith(system.magic):
            yield _entry(path, 1, system.title, system.title, system.reason)


def _boot_cfg(path: str, lines: list[tuple[int, str]]) -> Iterator[Entry]:
    """Read a boot.cfg: ESXi's has a kernel and modules, NetBSD's has a menu.

    line = key, "=", value ;
    """
    settings = {m[1]: (n, m[2]) for n, line in lines if (m := re.match(r"(\w+)=(.*)", line))}
    if "kernel" in settings and "modules" in settings:
        title = settings.get("title", (1, ""))[1].strip() or "VMware ESXi"
        yield _entry(path, settings["kernel"][0], title, "esxi", _MULTIBOOT)
    elif "menu" in settings:
        yield _entry(path, settings["menu"][0], "NetBSD", "netbsd", _FIRMWARE)


def _xen(path: str, lines: list[tuple[int, str]]) -> Iterator[Entry]:
    """Read a xen.cfg: a section is a choice, and [global] has common settings.

    line = "[", section, "]" | "kernel", "=", value | any ;
    """
    section = ""
    for number, line in lines:
        if match := re.fullmatch(r"\[(.+)\]\s*", line):
            section = match[1]
        elif re.match(r"kernel\s*=", line) and section not in ("", "global"):
            yield _entry(path, number, f"Xen: {section}", f"{section}:{number}", _MULTIBOOT)


def _entry(path: str, line: int, title: str, name: str, reason: str) -> Entry:
    return Entry(title=title, name=name, config=path, line=line, unbootable=reason, foreign=True)


FORMAT = Format(
    "foreign",
    (*CONFIGURATIONS, *(system.path for system in SYSTEMS)),
    parse,
    rank=80,
    binary=True,
)
