"""silo.conf: the boot loader of SPARC machines. It reads its file itself, as yaboot does.

A file is [PROM device;][partition]/path: 2/boot/vmlinuz, /sbus/esp/sd@3,0;4/vmlinux.
"""

import re
from collections.abc import Iterator
from posixpath import basename

from parsers.api import Entry, FileRef, Files, Format, Item
from parsers.binary.kernel import for_another
from parsers.places.openfirmware import locate
from parsers.reading import stanzas
from parsers.reading.cmdline import join_arguments
from parsers.reading.stanzas import Keywords, Stanza, Values, keywords
from parsers.reading.text import read

MAX_TEXT = 256 << 10

_FLAGS = keywords(
    "fill-reboot initrd-prompt pause-after proll read-only read-write restricted show-arguments"
    " single-key"
)
KEYWORDS = Keywords(
    common=keywords(
        "append bootblock default device fill-reboot-cmd initrd initrd-size message partition"
        " password pause-message ramdisk root root-flags timeout"
    ),
    image=keywords(
        "alias append bootblock device image initrd initrd-size label literal other partition"
        " pause-message ramdisk root root-flags sysmap"
    ),
    common_flags=_FLAGS,
    image_flags=_FLAGS | keywords("solaris"),
    ignored=keywords("boot install backup map secondary"),
    openers=("image", "other"),
)
_FILE = re.compile(r"(?:(?P<device>[^;]+);)?(?P<partition>[0-8])?(?P<path>/[^;]*)", re.S)
# v0 PROMs: sd(0,3,0)2/vmlinux
_OLD = re.compile(r"(?P<device>[a-z]+\([0-9a-f,]*\))(?P<partition>[0-8])?(?P<path>/.*)", re.S)


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path, MAX_TEXT)
    common, images = Stanza(), list[Stanza]()
    yield from problems
    yield from stanzas.read(path, text, KEYWORDS, common, images)
    labels = [(i, _label(i)) for i in images if i.get(i.opener)]
    named, problems = stanzas.name_images(path, common, labels, lambda i: _is_ours(files, i.scope))
    yield from problems
    yield from stanzas.preferences(path, common)
    for image, name, default in named:
        yield _entry(files, path, common, image, name, default)


def _is_ours(files: Files, scope: str) -> bool:
    """image[sun4c,sun4m]. Elsewhere than on a SPARC none is, and so any may be the default."""
    kinds = scope.split(",")
    if not scope or not files.host.machine.startswith("sparc"):
        return True
    return any(
        kind.startswith(("sun4u", "sun4v")) == ("64" in files.host.machine) for kind in kinds
    )


def _label(image: Stanza) -> str:
    target = image.get(image.opener)
    return image.get("label") or basename(target) or target


def _entry(
    files: Files, path: str, common: Stanza, image: Stanza, name: str, default: bool
) -> Entry:
    s = image.inherit(common, KEYWORDS)
    cmdline, given = join_arguments(path, stanzas.build_arguments(s))
    # As many as there are, one after the other.
    initrds = s["initrd"][1].split("|") if "initrd" in s else []
    obstacle = _obstacle(files, image, s)
    is_linux = not obstacle or obstacle == _elsewhere(files, image)
    return Entry(
        title=_label(image),
        name=name,
        config=path,
        line=image.line,
        kernel=_place(files, path, s["image"][1], s) if is_linux else None,
        initrds=tuple(_place(files, path, i, s) for i in initrds if i) if is_linux else (),
        cmdline=cmdline if is_linux else "",
        default=default,
        default_from=stanzas.default_origins(path, common, image, _label(image)) if default else (),
        origins=stanzas.file_origins(path, s) + given if is_linux else (),
        unbootable=obstacle,
        hotkey=stanzas.hotkey(s),
        users=stanzas.users(common, image, name),
    )


def _obstacle(files: Files, image: Stanza, s: Values) -> str:
    if image.opener == "other":
        return f"it starts another boot loader ({s['other'][1]}), which Linux cannot start"
    if re.match(r"(?:cat|ls)\s", s["image"][1]):
        return f"it only shows something: {s['image'][1]}"
    if "solaris" in s:
        return f"it starts Solaris ({s['image'][1]}), which Linux cannot start"
    return _elsewhere(files, image)


def _elsewhere(files: Files, image: Stanza) -> str:
    if not files.host.machine.startswith("sparc"):
        return for_another("sparc", files.host.machine)
    return "" if _is_ours(files, image.scope) else for_another(image.scope, files.host.machine)


def _place(files: Files, config: str, name: str, s: Values) -> FileRef:
    device, partition = (s[key][1] if key in s else "" for key in ("device", "partition"))
    if m := _FILE.fullmatch(name) or _OLD.fullmatch(name):
        if m["device"]:
            device, partition = m["device"], ""
        return locate(files, config, m["path"], device, m["partition"] or partition)
    return locate(files, config, name, device, partition)


FORMAT = Format(
    "silo", ("/etc/silo.conf", "/boot/silo.conf", "/silo.conf", "/boot/etc/silo.conf"), parse
)
