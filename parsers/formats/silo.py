"""silo.conf: the boot loader of SPARC machines. It reads its file itself, as yaboot does.

The grammar is in parsers/reading/stanzas.py, and a file is

    file = [ PROM device, ";" ], [ partition ], path ;

for example 2/boot/vmlinuz or /sbus/esp/sd@3,0;4/vmlinux.
"""

import re
from collections.abc import Iterator

from parsers.api import Entry, FileRef, Files, Format, Item
from parsers.binary.kernel import describe_mismatch
from parsers.places.openfirmware import locate
from parsers.reading import stanzas
from parsers.reading.stanza_entries import (
    NamedImage,
    build_arguments,
    build_entry,
    name_images,
    preferences,
)
from parsers.reading.stanzas import Keywords, Stanza, Values, keywords

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
    common, images, problems = stanzas.read(files, path, KEYWORDS)
    yield from problems
    images = [image for image in images if image.target()]
    named, problems = name_images(path, common, images, lambda i: _is_ours(files, i.scope))
    yield from problems
    yield from preferences(path, common)
    for image in named:
        yield _entry(files, path, common, image)


def _is_ours(files: Files, scope: str) -> bool:
    """Return True if an image[sun4c,sun4m] may be the default.

    On any other machine than a SPARC no image boots, and so any may be the default.
    """
    if not scope:
        return True
    machine = files.host.machine
    if not machine.startswith("sparc"):
        return True
    is_64bit = "64" in machine
    return any(kind.startswith(("sun4u", "sun4v")) == is_64bit for kind in scope.split(","))


def _entry(files: Files, path: str, common: Stanza, image: NamedImage) -> Entry:
    stanza = image[0]
    values = stanza.inherit(common, KEYWORDS)
    # The initrd setting holds several names with a bar between them.
    initrds = values["initrd"][1].split("|") if "initrd" in values else []
    machine = _other_machine(files, stanza)
    program = _other_program(stanza, values)
    return build_entry(
        path,
        common,
        image,
        values,
        kernel=None if program else _file(files, path, values["image"][1], values),
        initrds=tuple(_file(files, path, i, values) for i in initrds if i and not program),
        arguments=build_arguments(values),
        unbootable=program or machine,
    )


def _other_program(image: Stanza, values: Values) -> str:
    """Return why the image is no Linux, or "" if it is one."""
    if image.opener == "other":
        return f"it starts another boot loader ({values['other'][1]}), which Linux cannot start"
    if re.match(r"(?:cat|ls)\s", values["image"][1]):
        return f"it only shows something: {values['image'][1]}"
    if "solaris" in values:
        return f"it starts Solaris ({values['image'][1]}), which Linux cannot start"
    return ""


def _other_machine(files: Files, image: Stanza) -> str:
    """Return why the image is not for this machine, or "" if it is."""
    machine = files.host.machine
    if not machine.startswith("sparc"):
        return describe_mismatch("sparc", machine)
    return "" if _is_ours(files, image.scope) else describe_mismatch(image.scope, machine)


def _file(files: Files, config: str, name: str, values: Values) -> FileRef:
    device, partition = (values[key][1] if key in values else "" for key in ("device", "partition"))
    if m := _FILE.fullmatch(name) or _OLD.fullmatch(name):
        if m["device"]:
            device, partition = m["device"], ""
        return locate(files, config, m["path"], device, m["partition"] or partition)
    return locate(files, config, name, device, partition)


FORMAT = Format(
    "silo",
    ("/etc/silo.conf", "/boot/silo.conf", "/silo.conf", "/boot/etc/silo.conf"),
    parse,
    statements=KEYWORDS.names(),
)
