"""lilo.conf: what /sbin/lilo wrote into its map for PCs to boot from.

The paths are those of the running system, so its /etc/fstab tells which volume they are on. The
command line is the one that lilo's map and its boot prompt make together; `vga` is told to the
kernel's set-up code, which kexec does not run.
"""

import math
from collections.abc import Iterator, Sequence
from posixpath import basename

from parsers.api import Entry, Files, Format, Item, Preferences, Problem
from parsers.places.fstab import MountTable
from parsers.reading import stanzas
from parsers.reading.cmdline import Argument, join_arguments
from parsers.reading.stanzas import Keywords, Stanza, Values, keywords
from parsers.reading.text import read

MAX_TEXT = 256 << 10

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
    # How the map is made and what the screen looks like; disks, and partition tables for `other`.
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
    text, problems = read(files, path, MAX_TEXT)
    common, images = Stanza(), list[Stanza]()
    yield from problems
    yield from stanzas.read(path, text, KEYWORDS, common, images)
    system = MountTable(files)
    labels = [(i, _label(i)) for i in images if i.get(i.opener) and _is_there(system, i)]
    yield from _sealed(path, [common, *images])
    named, problems = stanzas.name_images(path, common, labels)
    yield from problems
    yield from _preferences(path, common, labels)
    for image, name, default in named:
        yield _entry(system, path, common, image, name, default)


def _label(image: Stanza) -> str:
    target = image.get(image.opener)
    return image.get("label") or basename(target) or target


def _is_there(system: MountTable, image: Stanza) -> bool:
    """lilo leaves out an optional image without its file."""
    optional = image.opener == "image" and "optional" in image.settings
    return not optional or system.has(system.locate(image.get("image")))


def _sealed(path: str, blocks: Sequence[Stanza]) -> Iterator[Problem]:
    """Where the password is "": lilo asks for it when it is run, and keeps a hash elsewhere."""
    for block in blocks:
        line, password = block.settings.get("password", (0, "given"))
        if not password:
            words = "the password is in lilo.conf.crc, which is not read: what it locks stays so"
            yield Problem(path, line, words)


def _preferences(
    path: str, common: Stanza, images: Sequence[tuple[Stanza, str]]
) -> Iterator[Preferences | Problem]:
    """Without `prompt` the default boots after `delay`, and only who holds a key sees a menu."""
    prompts = "prompt" in common.settings
    key = "timeout" if prompts else "delay"
    line, value = common.settings.get(key, (1, ""))
    timeout = stanzas.parse_tenths(value)
    if value and timeout is None:
        yield Problem(path, line, f"the time to wait is not a number: {value!r}")
    if images and not value:
        timeout = math.inf if prompts else 0
    passwords = stanzas.passwords(common, images)
    if timeout is not None or passwords:
        yield Preferences(
            timeout=timeout,
            style="menu" if prompts else "hidden",
            superusers=("",) if passwords else None,
            passwords=passwords,
        )


def _entry(
    system: MountTable, path: str, common: Stanza, image: Stanza, name: str, default: bool
) -> Entry:
    s = image.inherit(common, KEYWORDS)
    label = _label(image)
    target = image.get(image.opener)
    other = f"it starts another boot loader ({target}), which Linux cannot start"
    cmdline, given = join_arguments(
        path,
        [
            ("label", label, image.settings.get("label", (image.line,))[0], f"BOOT_IMAGE={label}"),
            *_parts(s),
        ],
    )
    is_linux = image.opener == "image"
    return Entry(
        title=label,
        name=name,
        config=path,
        line=image.line,
        kernel=system.locate(target) if is_linux else None,
        initrds=(system.locate(s["initrd"][1]),) if is_linux and "initrd" in s else (),
        cmdline=cmdline if is_linux else "",
        default=default,
        default_from=stanzas.default_origins(path, common, image, label) if default else (),
        origins=stanzas.file_origins(path, s) + given if is_linux else (),
        unbootable="" if is_linux else other,
        hotkey=stanzas.hotkey(s),
        users=stanzas.users(common, image, name),
    )


def _parts(s: Values) -> list[Argument]:
    root = "" if s.get("root", (0, ""))[1] == "current" else "root={}"  # what / is, to lilo
    mode = ("read-only", "ro") if "read-only" in s else ("read-write", "rw")
    options = (
        mode,
        ("root", root),
        ("ramdisk", "ramdisk={}"),
        ("append", "{}"),
        ("addappend", "{}"),
    )
    return stanzas.build_arguments(s, options)


FORMAT = Format("lilo", ("/etc/lilo.conf", "/lilo.conf"), parse)
