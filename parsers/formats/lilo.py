"""lilo.conf: the boot loader of PCs that starts from a map of blocks, which /sbin/lilo writes.

The paths are those of the running system: its /etc/fstab says which volume they are on. The
command line is the one that lilo's map and its boot prompt make together. `vga` is for the kernel's
set-up code, which kexec does not run. The grammar is in parsers/reading/stanzas.py.
"""

import math
from collections.abc import Iterator, Sequence

from parsers.api import Entry, Files, Format, Item, Preferences, Problem
from parsers.places.fstab import MountTable
from parsers.reading import stanzas
from parsers.reading.cmdline import Argument
from parsers.reading.stanza_entries import (
    NamedImage,
    build_arguments,
    build_entry,
    name_images,
    parse_tenths,
    passwords,
)
from parsers.reading.stanzas import Keywords, Stanza, Values, keywords

_FLAGS = keywords("bypass lock mandatory optional read-only read-write restricted single-key")
KEYWORDS = Keywords(
    common=keywords(
        "addappend append default delay fallback initrd literal message password ramdisk root"
        " timeout vga"
    ),
    image=keywords(
        "addappend alias append fallback image initrd label literal other password ramdisk root vga"
    ),
    common_flags=_FLAGS | keywords("prompt unattended"),
    image_flags=_FLAGS,
    # For the map and the screen; disks, and partition tables for `other`.
    ignored=keywords(
        "activate backup bios bios-passes-dl bitmap bmp-colors bmp-retain bmp-table bmp-timer boot"
        " boot-as change change-rules compact cylinders deactivate disk disktab"
        " el-torito-bootable-cd fix-table force-backup geometric heads ignore-table inaccessible"
        " install keytable large-memory lba32 linear loader map map-drive master-boot"
        " max-partitions menu-scheme menu-title nodevcache noraid nowarn partition"
        " raid-extra-boot range reset rewrite-table sectors serial set small-memory start"
        " static-bios-codes suppress-boot-time-bios-data table to type unsafe verbose vmdefault"
        " vmdisable vmwarn"
    ),
    openers=("image", "other"),
    blank=keywords("password"),
)


def parse(files: Files, path: str) -> Iterator[Item]:
    common, images, problems = stanzas.read(files, path, KEYWORDS)
    yield from problems
    table = MountTable(files)
    listed = [image for image in images if image.target() and _is_listed(table, image)]
    yield from _missing_passwords(path, [common, *images])
    named, problems = name_images(path, common, listed)
    yield from problems
    yield from _preferences(path, common, listed)
    for image in named:
        yield _entry(table, path, common, image)


def _is_listed(table: MountTable, image: Stanza) -> bool:
    """Return False for an optional image without its file, as lilo leaves it out."""
    optional = image.opener == "image" and "optional" in image.settings
    return not optional or table.has(table.locate(image.target()))


def _missing_passwords(path: str, stanzas: Sequence[Stanza]) -> Iterator[Problem]:
    """Report each empty password: lilo asks for it when it is run, and keeps a hash elsewhere."""
    for stanza in stanzas:
        if "password" in stanza.settings and not stanza.get("password"):
            line, _ = stanza.settings["password"]
            message = "the password is in lilo.conf.crc, which is not read: what it locks stays so"
            yield Problem(path, line, message)


def _preferences(
    path: str, common: Stanza, images: Sequence[Stanza]
) -> Iterator[Preferences | Problem]:
    """Yield the preferences.

    Without `prompt` the default boots after `delay`, and only a user who holds a key sees a menu.
    """
    prompts = "prompt" in common.settings
    key = "timeout" if prompts else "delay"
    line, value = common.settings.get(key, (1, ""))
    timeout = parse_tenths(value)
    if value and timeout is None:
        yield Problem(path, line, f"the time to wait is not a number: {value!r}")
    if images and not value:
        timeout = math.inf if prompts else 0
    secrets = passwords(common, images)
    locked = any("password" in stanza.settings for stanza in (common, *images))
    if timeout is not None or locked:
        yield Preferences(
            timeout=timeout,
            style="menu" if prompts else "hidden",
            superusers=("",) if locked else None,
            passwords=secrets,
        )


def _entry(table: MountTable, path: str, common: Stanza, image: NamedImage) -> Entry:
    stanza = image[0]
    values = stanza.inherit(common, KEYWORDS)
    label, target = stanza.label(), stanza.target()
    line = stanza.settings.get("label", (stanza.line,))[0]
    is_linux = stanza.opener == "image"
    other = f"it starts another boot loader ({target}), which Linux cannot start"
    return build_entry(
        path,
        common,
        image,
        values,
        kernel=table.locate(target) if is_linux else None,
        initrds=(table.locate(values["initrd"][1]),) if is_linux and "initrd" in values else (),
        arguments=[("label", label, line, f"BOOT_IMAGE={label}"), *_arguments(values)],
        unbootable="" if is_linux else other,
    )


def _arguments(values: Values) -> list[Argument]:
    """Return the kernel's arguments that lilo makes of its settings, in its order."""
    # `current` is the file system that is / when lilo is run.
    root = "" if values.get("root", (0, ""))[1] == "current" else "root={}"
    mode = ("read-only", "ro") if "read-only" in values else ("read-write", "rw")
    options = (
        mode,
        ("root", root),
        ("ramdisk", "ramdisk={}"),
        ("append", "{}"),
        ("addappend", "{}"),
    )
    return build_arguments(values, options)


FORMAT = Format("lilo", ("/etc/lilo.conf", "/lilo.conf"), parse, statements=KEYWORDS.names())
