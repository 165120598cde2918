"""The commands that boot: Linux with all it needs, and others, of which only the name is kept."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from parsers.api import Action, FileRef
from parsers.formats.grub.commands import command
from parsers.formats.grub.commands.script import run_nested
from parsers.formats.grub.language.errors import BAD_ARGUMENT, NO_KERNEL, GrubError
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.devices import describe
from parsers.formats.grub.run.images import load_image
from parsers.formats.grub.run.other_loaders import find_menu, start
from parsers.formats.grub.run.shell import Boot, Exit, Payload, Run, Shell
from parsers.places.volumes import describe_loader


@command("linux", "linux16", "linuxefi")
def linux(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Load a kernel. A missing file does not fail: the entry shows what it misses.

    If another kernel is loaded and there, a missing file fails: GRUB boots the other one then.
    """
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    path = str(arguments[0])
    _take_for_root(shell, path)
    shell.require_signature(path)
    if shell.payload.kernel and shell.machine.has(shell.payload.kernel):
        shell.find_file(path)
    special = _SPECIAL_BUT_HEX if shell.machine.family.keeps_hex else _SPECIAL
    cmdline, places = "BOOT_IMAGE=", []
    for number, argument in enumerate(arguments):
        cmdline += " " if number else ""
        written, here = _quote(argument, special, len(cmdline))
        cmdline += written
        places.append(here)
    root = () if path.startswith("(") else ("root",)
    shell.payload = Payload(
        kernel=shell.file(path),
        cmdline=cmdline,
        devicetree=shell.payload.devicetree,
        waits_for=_find_missing_device(shell, path),
        origins=shell.origins_of_kernel(path, cmdline, arguments, places, *root),
    )
    if path.lower().endswith(".efi"):
        _take_image_apart(shell, path)
    return 0


def _take_image_apart(shell: Shell, path: str) -> None:
    """Load what is in a unified image. On EFI a kernel is a program like any other, since 2.12."""
    if image := load_image(shell, path, ()):
        shell.payload.kernel, shell.payload.initrds = image.kernel, image.initrds
        shell.payload.devicetree = image.devicetree or shell.payload.devicetree
        shell.payload.unbootable = image.unbootable


_SPECIAL = re.compile(r"""[\\'"]""")
_SPECIAL_BUT_HEX = re.compile(r"""\\(?!x[0-9a-fA-F]{2})|['"]""")


def _quote(word: str, special: "re.Pattern[str]", start: int) -> tuple[str, Sequence[int]]:
    """Write an argument as GRUB does (grub-core/lib/cmdline.c), from `start` in the command line.

    Return it with the places of its characters in the command line.
    """
    start += " " in word
    written, places = word, range(start, start + len(word))
    if special.search(word):
        written = special.sub(r"\\\g<0>", word)
        escaped = {match.start() for match in special.finditer(word)}
        before = accumulate(place in escaped for place in range(len(word)))
        return _protect_blanks(written), [
            at + more for at, more in zip(places, before, strict=True)
        ]
    return _protect_blanks(written), places


def _protect_blanks(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _take_for_root(shell: Shell, path: str) -> None:
    """Set $root to the configuration's device if that is a directory and the kernel is in it.

    A directory has no UUID, so no search finds it.
    """
    own = shell.machine.devices.own
    if own.uuid or own.disk or "root" not in shell.missing_devices or path.startswith("("):
        return
    name = shell.machine.devices.name(own)
    if shell.machine.place(path, name).kind():
        shell.set("root", name)
        shell.env.assignments.pop("root")  # no statement of the file gave this value


def _find_missing_device(shell: Shell, path: str) -> str:
    """Return the device that a search did not find, unless the kernel is there without it.

    GRUB then boots, too.
    """
    place = shell.place(path)
    if not shell.missing_devices:
        return describe(place.device) if place.volume is None else ""
    root = shell.missing_devices.get("root") if not path.startswith("(") else None
    if place.kind() is not None or place.url:
        if root and not root.reported:
            words = f"{root.what} is not there: the kernel comes from ({place.device})"
            shell.machine.complain(root.config, root.line, words, waits=True)
        return ""
    if root:
        return root.what
    return "" if place.volume else list(shell.missing_devices.values())[-1].what


@command("initrd", "initrd16", "initrdefi")
def initrd(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    if not shell.payload.kernel:
        raise GrubError(BAD_ARGUMENT, "you need to load the kernel first")
    files = tuple(_initrd(shell, str(argument)) for argument in arguments)
    shell.payload.initrds = files
    shell.payload.origins += shell.origins("initrd", " ".join(arguments))
    return 0


def _initrd(shell: Shell, argument: str) -> FileRef:
    """Return the file. newc:NAME:FILE is FILE under that name (grub-core/loader/linux.c)."""
    name, colon, path = argument.removeprefix("newc:").partition(":")
    if not argument.startswith("newc:") or not colon:
        shell.require_signature(argument)
        return shell.file(argument)
    shell.require_signature(path)
    return replace(shell.file(path), packed=name.strip("/"))


@command("devicetree")
def devicetree(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    path = str(arguments[0])
    shell.require_signature(path)
    shell.payload.devicetree = shell.file(path)
    shell.payload.origins += shell.origins("devicetree", path)
    return 0


@command("boot")
def boot(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not shell.payload.kernel and not shell.payload.unbootable:
        raise GrubError(NO_KERNEL, "you need to load the kernel first")
    raise Boot


def _chainloader(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Load a unified kernel image, with the rest of the words as its command line; else nothing."""
    words = [word for word in arguments if not word.startswith("-")]
    if words and (image := load_image(shell, str(arguments[0]), arguments[1:])):
        shell.require_signature(str(arguments[0]))
        shell.payload = image
        return 0
    what = describe_loader(words[0] if words else "", shell.env["root"])
    shell.payload = Payload(unbootable=f"it starts {what}, which Linux cannot start")
    # Another GRUB behind the default: its default boots.
    if words and shell.is_default and (place := find_menu(shell, str(words[0]))):
        run_nested(shell, place, lambda inner: start(inner, place))
    return 0


def _loader(what: str) -> Run:
    def load(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        words = [word for word in arguments if not word.startswith("-")]
        name = f" ({words[0]})" if words else ""
        shell.payload = Payload(unbootable=f"it starts {what}{name}, which Linux cannot start")
        return 0

    return load


def _make_ending(action: Action, what: str) -> Run:
    def end(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        if "--is-supported" in arguments:  # a script asks this before it adds fwsetup to the menu
            return 0
        shell.payload = Payload(unbootable=what, action=action)
        raise Exit

    return end


_LOADERS = {
    "a multiboot kernel": "multiboot multiboot2 xen_hypervisor xen_linux plan9",
    "a BSD kernel": "kfreebsd knetbsd kopenbsd",
    "a macOS kernel": "xnu_kernel xnu_kernel64 xnu_resume",
}
_ENDINGS: dict[Action, tuple[str, str]] = {
    "reboot": ("it restarts the machine", "reboot reset"),  # `reset` is Red Hat's
    "halt": ("it switches the machine off", "halt"),
    "fwsetup": ("it opens the firmware's settings", "fwsetup"),
    "exit": ("it goes back to the firmware", "exit normal_exit"),
}
command(
    *("appleloader", "chainloader", "freedos", "legacy_kernel", "ntldr", "pxechainloader"),
    "truecrypt",
)(_chainloader)
for _what, _names in _LOADERS.items():
    command(*_names.split())(_loader(_what))
for _action, (_what, _names) in _ENDINGS.items():
    command(*_names.split())(_make_ending(_action, _what))
