"""yaboot.conf: the boot loader of PowerMacs, and of POWER before GRUB.

It follows yaboot 1.3.17: second/cfg.c (tokens, inheritance), yaboot.c (the command line) and
file.c (device:partition,path). SUSE added image[32bit] and image[64bit]. The grammar is in
parsers/reading/stanzas.py.
"""

from collections.abc import Iterator
from posixpath import dirname

from parsers.api import Entry, Files, Format, Item
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

_FLAGS = keywords("initrd-prompt pause-after read-only read-write restricted")
KEYWORDS = Keywords(
    common=keywords(
        "append bgcolor default device fgcolor init-code init-message initrd initrd-size message"
        " partition password pause-message ptypewarning ramdisk root timeout"
    ),
    image=keywords(
        "alias append device image initrd initrd-size label literal partition pause-message"
        " ramdisk root sysmap"
    ),
    common_flags=_FLAGS,
    image_flags=_FLAGS | keywords("novideo single-key"),
    # Settings of the programs that install yaboot (ybin, mkofboot, SUSE's lilo).
    ignored=keywords(
        "activate boot bootfolder brokenosx bsd clone copy darwin defaultos delay dontuse"
        " enablecdboot enablenetboot enableofboot fakeofboot fileset fstype force force_fat"
        " hfscreator hfstype hide install macos macosx magicboot mntpoint mount nobless nonvram"
        " ofboot optional other progressbar protect solaris usemount"
    ),
)


def parse(files: Files, path: str) -> Iterator[Item]:
    common, images, problems = stanzas.read(files, path, KEYWORDS)
    yield from problems
    images = [image for image in images if image.target()]
    named, problems = name_images(path, common, images, lambda i: not _other_machine(files, i))
    yield from problems
    yield from preferences(path, common)
    for image in named:
        yield _entry(files, path, common, image)


def _other_machine(files: Files, image: Stanza) -> str:
    """Return why the image is not for this machine, or "" if it is."""
    if not image.scope:
        return ""
    machine = files.host.machine
    is_64bit = "64" in machine or machine == "s390x"
    if image.scope == ("64bit" if is_64bit else "32bit"):
        return ""
    kind = f"{bits}-bit machines" if (bits := _bits(image.scope)) else image.scope
    return describe_mismatch(kind, machine)


def _bits(scope: str) -> int:
    return {"32bit": 32, "64bit": 64}.get(scope, 0)


def _entry(files: Files, path: str, common: Stanza, image: NamedImage) -> Entry:
    stanza = image[0]
    values = stanza.inherit(common, KEYWORDS)
    device, partition = (values[key][1] if key in values else "" for key in ("device", "partition"))
    kernel, *initrds = [
        locate(files, path, name, device, partition)
        for name in _file_names(files, path, values, _bits(stanza.scope))
        if name
    ]
    return build_entry(
        path,
        common,
        image,
        values,
        kernel=kernel,
        initrds=tuple(initrds),
        arguments=build_arguments(values),
        unbootable=_other_machine(files, stanza),
    )


def _file_names(files: Files, path: str, values: Values, bits: int) -> tuple[str, str]:
    """Return the names of the kernel and of the initrd.

    SUSE's instNN packs both in a form that only firmware can start. Both lie beside it.
    """
    directory = dirname(path).rstrip("/")
    kernel, initrd = f"{directory}/vmlinux{bits}", f"{directory}/initrd{bits}"
    packed = bits and "/" not in values["image"][1] and "initrd" not in values
    if packed and files.kind(kernel) == files.kind(initrd) == "file":
        return kernel, initrd
    return values["image"][1], values["initrd"][1] if "initrd" in values else ""


FORMAT = Format(
    "yaboot",
    (
        *("/etc/yaboot.conf", "/yaboot.conf", "/boot/etc/yaboot.conf", "/boot/yaboot.conf"),
        *("/etc/yaboot.cnf", "/yaboot.cnf", "/suseboot/yaboot.cnf", "/suseboot/yaboot.conf"),
        # Installation media: Fedora and Red Hat, Debian and Ubuntu.
        *("/ppc/ppc64/yaboot.conf", "/ppc/chrp/yaboot.conf", "/ppc/yaboot.conf"),
        *("/install/yaboot.conf", "/yaboot/yaboot.conf"),
        # iso9660 without Rock Ridge or Joliet.
        *("/ETC/YABOOT.CONF", "/YABOOT.CONF", "/YABOOT.CNF", "/SUSEBOOT/YABOOT.CNF"),
    ),
    parse,
    statements=KEYWORDS.names(),
)
