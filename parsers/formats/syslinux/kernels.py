"""The meaning of a label: Linux, another configuration, or a program that kexec cannot start."""

import re
from dataclasses import dataclass
from posixpath import basename

from parsers.api import Action, Files
from parsers.formats.syslinux.labels import Label
from parsers.formats.syslinux.statements import after_first, first_word
from parsers.places.urls import is_url

# SYSLINUX knows a file by the end of its name. U-Boot, on other machines, does not.
_SUFFIXES = {
    ".c32": "com32",
    ".0": "pxe",
    ".bss": "bss",
    ".bs": "boot",
    ".com": "comboot",
    ".cbt": "comboot",
}
PC = ("x86_64", "i386")  # uname's names; on other machines U-Boot reads extlinux.conf
_SUFFIXES_ON_PC = {".bin": "boot", ".img": "fdimage"}
_REASONS = {
    "localboot": "LOCALBOOT: it leaves the boot to the next device of the firmware",
    "boot": "a boot sector, which only a BIOS starts",
    "bss": "a boot sector, which only a BIOS starts",
    "pxe": "another network boot loader, which only firmware starts",
    "fdimage": "the image of a floppy disk, which only a BIOS starts",
    "comboot": "a program for SYSLINUX",
    "help": "it only shows a text",
}
_PXELINUX = re.compile(r"[lg]?pxelinux\.0", re.I)
_VERSION = re.compile(r"\d\.0$")  # vmlinuz-6.12.0: no program of the network's
_MENUS = ("menu", "vesamenu", "gfxmenu")
_LINUX = re.compile(r"(?:vmlinu[xz]|linux|[bz]?z?image)\S*", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    kernel: str = ""
    options: str = ""
    initrds: tuple[str, ...] = ()
    unbootable: str = ""
    action: Action = ""
    elsewhere: bool = False  # it boots another device or disk
    menu: bool = False  # it opens a menu: of `files`, or its own menu
    module: bool = False  # a module shows that menu, and not the boot loader itself
    files: str = ""
    chained: str = ""  # another PXELINUX, whose configuration counts if it is there
    directory: str = ""  # the base of the names in `files`, if another
    command: str | None = None  # another label or kernel with options, which it runs; "": default


def find_variant(files: Files, path: str) -> str:
    """Return the variant of SYSLINUX that reads the file: pxe, iso or sys."""
    if is_url(path):
        return "pxe"
    disc = files.volume.fs in ("iso9660", "udf") or basename(path).lower() == "isolinux.cfg"
    return "iso" if disc else "sys"


def interpret(label: Label, machine: str, variant: str = "sys") -> Meaning:
    """Return the meaning of a label. `variant` is that of `find_variant`."""
    name, options = first_word(label.kernel), f"{after_first(label.kernel)} {label.options}".strip()
    kind = label.kind
    if kind == "kernel":
        kind = _kind(name, machine)
    if kind == "config":
        directory = after_first(label.kernel) or first_word(label.append or "")
        return Meaning(menu=True, files=name, directory=directory)
    if kind == "com32":
        return _module(name, options, machine, variant)
    if kind == "pxe" and variant == "pxe" and _PXELINUX.fullmatch(basename(name)):
        return Meaning(unbootable=_REASONS[kind], chained=name)
    if kind in _REASONS:
        local = kind == "localboot"
        return Meaning(unbootable=_REASONS[kind], elsewhere=local, action="exit" if local else "")
    if reason := _other_program(name):
        return Meaning(unbootable=reason)
    # SYSLINUX prefers the first initrd= of the command line, and U-Boot the label's INITRD. A
    # configuration with both is for both programs and means the same initrd.
    initrds = label.initrd or _initrd(options)
    return Meaning(kernel=name, options=options, initrds=_names(initrds))


def is_menu(name: str) -> bool:
    """Return True if a file's name is that of a module that shows a menu."""
    return _module_name(name) in _MENUS


def _kind(name: str, machine: str) -> str:
    suffixes = dict(_SUFFIXES)
    if machine in PC:
        suffixes |= _SUFFIXES_ON_PC
    elif _VERSION.search(name):
        return "linux"
    return next((kind for end, kind in suffixes.items() if name.lower().endswith(end)), "linux")


def _other_program(name: str) -> str:
    if re.fullmatch(r"memdisk(?:\..*)?", basename(name), re.I):
        return "a disk in memory, which only a BIOS starts (memdisk)"
    if name.lower().endswith((".lkrn", ".krn")):
        return "another network boot loader, which only a BIOS starts"
    return ""


def _module_name(name: str) -> str:
    return basename(name).lower().removesuffix(".c32")


def _module(name: str, options: str, machine: str, variant: str) -> Meaning:
    module = _module_name(name)
    if (command := _run_by(module, options, machine, variant)) is not None:
        return Meaning(command=command)
    if module in _MENUS:
        return Meaning(menu=True, module=True, files=options)
    if module == "reboot":
        return Meaning(unbootable="it restarts the machine", action="reboot")
    if module == "poweroff":
        return Meaning(unbootable="it switches off the machine", action="halt")
    if module == "config":
        return Meaning(menu=True, files=first_word(options), directory=after_first(options))
    if module == "linux":
        words = re.sub(r"^(?:-\S+\s+)+", "", options)
        kernel, rest = first_word(words), after_first(words)
        if kernel:
            return Meaning(kernel=kernel, options=rest, initrds=_names(_initrd(rest)))
    if module == "mboot":
        return _multiboot(options)
    if module == "chain" and variant == "pxe":
        words = f"it starts a boot loader of the machine's own disks (chain.c32 {options})"
        return Meaning(unbootable=words, action="exit", elsewhere=True)
    if module == "chain":
        return Meaning(unbootable="another boot loader, which only a BIOS starts", elsewhere=True)
    return Meaning(unbootable=f"a program for SYSLINUX ({module}.c32)")


def _run_by(module: str, options: str, machine: str, variant: str) -> str | None:
    """Return the command that a module runs, as its file in com32/modules does; None for others.

    A machine that started by itself has no MEMDISK and no PLoP. Its processor is taken to have all
    features but those of the architecture that it has not.
    """
    cases = re.split(r"(?:^|\s+)--(?=\s|$)\s*", options)
    match module:
        case "cmd":
            return options
        case "whichsys":
            words = re.split(r"(?:^|\s+)-(iso|pxe|sys)-(?=\s|$)\s*", options)
            # The last of equals counts.
            return dict(zip(words[1::2], words[2::2], strict=True)).get(variant)
        case "ifplop" | "ifmemdsk" if len(cases) > 1:
            return cases[1]
        case "ifcpu64":
            return cases[0 if machine == "x86_64" else -1]
        case "ifcpu" if len(cases) > 1:
            missing = {"64", "pae"} & {*cases[0].split()} if machine != "x86_64" else set()
            return cases[1] if not missing else cases[min(2, len(cases) - 1)]
    return None


def _multiboot(options: str) -> Meaning:
    """Return the meaning of mboot.c32's `KERNEL options --- MODULE options --- MODULE`.

    Linux is a module of another kernel, such as Xen. Or Linux is the kernel, and its initrds are
    the modules.
    """
    kernel, *modules = re.split(r"(?:^|\s+)---(?:\s+|$)", options)
    name = first_word(kernel)
    if not _LINUX.fullmatch(basename(name)):
        what = basename(name) or "nothing"
        return Meaning(unbootable=f"{what} is a multiboot kernel, and kexec starts Linux alone")
    initrds = tuple(first_word(module) for module in modules if module)
    return Meaning(kernel=name, options=after_first(kernel), initrds=initrds)


def _initrd(options: str) -> str:
    """Return the values of all `initrd=`, where SYSLINUX itself finds the initrds."""
    found = (word.partition("=")[2] for word in options.split() if word.startswith("initrd="))
    return ",".join(found)


def _names(initrds: str) -> tuple[str, ...]:
    # Like every file name, the value of INITRD ends at white space.
    return tuple(name for name in first_word(initrds).split(",") if name)
