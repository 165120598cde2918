"""lilo.conf: what /sbin/lilo wrote into its map for PCs to boot from.

The paths are those of the running system, so its /etc/fstab tells which volume they are on. The
command line is the one that lilo's map and its boot prompt make together; `vga` is told to the
kernel's set-up code, which kexec does not run.
"""

import math
from collections.abc import Iterator, Sequence
from posixpath import basename

from parsers.api import Entry, Files, Format, Item, Preferences, Problem
from parsers.places.fstab import System
from parsers.reading import stanzas
from parsers.reading.stanzas import Block, Settings, Words, words
from parsers.reading.text import read
from parsers.reading.written import Part, joined

MAX_TEXT = 256 << 10

_FLAGS = words("bypass lock mandatory optional read-only read-write restricted single-key")
WORDS = Words(
    common=words(
        "addappend append default delay fallback initrd literal message password ramdisk root"
        " timeout vga"
    ),
    image=words(
        "addappend alias append fallback image initrd label literal other password ramdisk root vga"
    ),
    common_flags=_FLAGS | words("prompt unattended"),
    image_flags=_FLAGS,
    # How the map is made and what the screen looks like; disks, and partition tables for `other`.
    ignored=words(
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
    blank=words("password"),
)


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path, MAX_TEXT)
    common, images = Block(), list[Block]()
    yield from problems
    yield from stanzas.read(path, text, WORDS, common, images)
    system = System(files)
    labels = [(i, _label(i)) for i in images if i.get(i.opener) and _is_there(system, i)]
    yield from _sealed(path, [common, *images])
    named, problems = stanzas.named(path, common, labels)
    yield from problems
    yield from _preferences(path, common, labels)
    for image, name, default in named:
        yield _entry(system, path, common, image, name, default)


def _label(image: Block) -> str:
    target = image.get(image.opener)
    return image.get("label") or basename(target) or target


def _is_there(system: System, image: Block) -> bool:
    """lilo leaves out an optional image without its file."""
    optional = image.opener == "image" and "optional" in image.settings
    return not optional or system.has(system.place(image.get("image")))


def _sealed(path: str, blocks: Sequence[Block]) -> Iterator[Problem]:
    """Where the password is "": lilo asks for it when it is run, and keeps a hash elsewhere."""
    for block in blocks:
        line, password = block.settings.get("password", (0, "given"))
        if not password:
            words = "the password is in lilo.conf.crc, which is not read: what it locks stays so"
            yield Problem(path, line, words)


def _preferences(
    path: str, common: Block, images: Sequence[tuple[Block, str]]
) -> Iterator[Preferences | Problem]:
    """Without `prompt` the default boots after `delay`, and only who holds a key sees a menu."""
    prompts = "prompt" in common.settings
    key = "timeout" if prompts else "delay"
    line, value = common.settings.get(key, (1, ""))
    timeout = stanzas.tenths(value)
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
    system: System, path: str, common: Block, image: Block, name: str, default: bool
) -> Entry:
    s = image.over(common, WORDS)
    label = _label(image)
    target = image.get(image.opener)
    other = f"it starts another boot loader ({target}), which Linux cannot start"
    cmdline, given = joined(
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
        kernel=system.place(target) if is_linux else None,
        initrds=(system.place(s["initrd"][1]),) if is_linux and "initrd" in s else (),
        cmdline=cmdline if is_linux else "",
        default=default,
        default_from=stanzas.default_from(path, common, image, label) if default else (),
        origins=stanzas.origins(path, s) + given if is_linux else (),
        unbootable="" if is_linux else other,
        hotkey=stanzas.hotkey(s),
        users=stanzas.users(common, image, name),
    )


def _parts(s: Settings) -> list[Part]:
    root = "" if s.get("root", (0, ""))[1] == "current" else "root={}"  # what / is, to lilo
    mode = ("read-only", "ro") if "read-only" in s else ("read-write", "rw")
    options = (
        mode,
        ("root", root),
        ("ramdisk", "ramdisk={}"),
        ("append", "{}"),
        ("addappend", "{}"),
    )
    return stanzas.parts(s, options)


FORMAT = Format("lilo", ("/etc/lilo.conf", "/lilo.conf"), parse)
