"""yaboot.conf: the boot loader of PowerMacs, and of POWER before GRUB.

After yaboot 1.3.17's second/cfg.c (the tokens, what is inherited), yaboot.c (the command line)
and file.c (device:partition,path), with SUSE's image[32bit] and image[64bit].
"""

from collections.abc import Iterator
from posixpath import basename, dirname

from parsers.api import Entry, Files, Format, Item
from parsers.binary.kernel import for_another
from parsers.places.openfirmware import locate
from parsers.reading import stanzas
from parsers.reading.cmdline import join_arguments
from parsers.reading.stanzas import Keywords, Stanza, Values, keywords
from parsers.reading.text import read

# yaboot itself reads 32 KiB and no more.
MAX_TEXT = 256 << 10

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
    # Values of the programs that install yaboot (ybin, mkofboot, SUSE's lilo).
    ignored=keywords(
        "activate boot bootfolder brokenosx bsd clone copy darwin defaultos delay dontuse"
        " enablecdboot enablenetboot enableofboot fakeofboot fileset fstype force force_fat"
        " hfscreator hfstype hide install macos macosx magicboot mntpoint mount nobless nonvram"
        " ofboot optional other progressbar protect solaris usemount"
    ),
)


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path, MAX_TEXT)
    common, images = Stanza(), list[Stanza]()
    yield from problems
    yield from stanzas.read(path, text, KEYWORDS, common, images)
    labels = [(image, _label(image)) for image in images if image.get("image")]
    named, problems = stanzas.name_images(path, common, labels, lambda i: not _elsewhere(files, i))
    yield from problems
    yield from stanzas.preferences(path, common)
    for image, name, default in named:
        yield _entry(files, path, common, image, name, default)


def _elsewhere(files: Files, image: Stanza) -> str:
    """Why the image is not for this machine, if it is not."""
    is_64bit = "64" in files.host.machine or files.host.machine == "s390x"
    if image.scope in ("", "64bit" if is_64bit else "32bit"):
        return ""
    kind = f"{bits}-bit machines" if (bits := _bits(image.scope)) else image.scope
    return for_another(kind, files.host.machine)


def _bits(scope: str) -> int:
    return {"32bit": 32, "64bit": 64}.get(scope, 0)


def _label(image: Stanza) -> str:
    return image.get("label") or basename(image.get("image")) or image.get("image")


def _entry(
    files: Files, path: str, common: Stanza, image: Stanza, name: str, default: bool
) -> Entry:
    s = image.inherit(common, KEYWORDS)
    device, partition = (s[key][1] if key in s else "" for key in ("device", "partition"))
    cmdline, given = join_arguments(path, stanzas.build_arguments(s))
    kernel, *initrds = [
        locate(files, path, name, device, partition)
        for name in _images(files, path, s, _bits(image.scope))
        if name
    ]
    return Entry(
        title=_label(image),
        name=name,
        config=path,
        line=image.line,
        kernel=kernel,
        initrds=tuple(initrds),
        cmdline=cmdline,
        default=default,
        default_from=stanzas.default_origins(path, common, image, _label(image)) if default else (),
        origins=stanzas.file_origins(path, s) + given,
        unbootable=_elsewhere(files, image),
        hotkey=stanzas.hotkey(s),
        users=stanzas.users(common, image, name),
    )


def _images(files: Files, path: str, s: Values, bits: int) -> tuple[str, str]:
    """Kernel and initrd. SUSE's instNN packs both in a form that only firmware can start."""
    beside = dirname(path).rstrip("/")
    kernel, initrd = f"{beside}/vmlinux{bits}", f"{beside}/initrd{bits}"
    packed = bits and "/" not in s["image"][1] and "initrd" not in s
    if packed and files.kind(kernel) == files.kind(initrd) == "file":
        return kernel, initrd
    return s["image"][1], s["initrd"][1] if "initrd" in s else ""


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
)
