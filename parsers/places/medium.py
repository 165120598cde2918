"""Media in files: kernel parameters that tell the system in an ISO file where that file is.

petipy takes the kernel and the initrd out of the ISO file, but then the initrd looks for a disc.
Each distribution has its own parameter that makes the initrd look for a file instead.
"""

import re
from dataclasses import replace
from typing import NamedTuple

from parsers.api import Entry, Files, Origin, Volume

_ISO_SCAN = "iso-scan/filename={path}"


class _Method(NamedTuple):
    """The parameters of one kind of medium, and the signs by which it is recognised."""

    words: str  # a regular expression for the command line
    paths: str  # files on the medium, with blanks between them
    # {path} is the ISO file, {node} and {uuid} are its file system, {label} is the medium's.
    parameters: str


# The command line is the better sign: every method's `words` come before any method's `paths`.
_METHODS = (
    _Method("boot=casper", "casper", _ISO_SCAN),  # Ubuntu
    _Method("boot=live", "live", "findiso={path}"),  # live-boot: Debian, Kali, Clonezilla, Grml
    _Method("root=live:|rd.live.image", "", _ISO_SCAN),  # dracut: Fedora, openSUSE, Void
    _Method("inst.(?:stage2|repo)=", "", _ISO_SCAN),  # Anaconda: Fedora, RHEL and its kin
    _Method("(?:arch|m)isobasedir=|archisolabel=", "arch sysresccd manjaro parabola artix",
         "img_dev={node} img_loop={path}"),
    _Method("", "LiveOS", f"root=live:CDLABEL={{label}} rd.live.image {_ISO_SCAN}"),
    _Method("", "images/install.img", f"inst.stage2=hd:LABEL={{label}} {_ISO_SCAN}"),
    _Method("", "boot/x86_64/loader boot/ppc64le/linux boot/aarch64/linux boot/s390x/linux",
         "install=hd:{path}"),  # linuxrc: the installers of openSUSE and SLES
    _Method("", "nix-store.squashfs", "findiso={path}"),
    _Method("cdroot", "image.squashfs", "isoboot={path}"),  # Gentoo
    _Method("", "antiX", "fromiso={path} buuid={uuid}"),  # and MX Linux
    _Method("", "slax porteus", "from={path}"),
    _Method("", "liveslak", "livemedia={node}:{path}"),  # Slackware
    _Method("", "KNOPPIX", "bootfrom={node}{path}"),
    _Method("", "pmagic", "iso_filename={path} uuid={uuid}"),  # Parted Magic
    _Method("", "sysrcd.dat", "isoloop={path}"),  # SystemRescueCd before 6
    _Method("", "cde", "iso=UUID={uuid}{path}"),  # Tiny Core
)  # fmt: skip

# Systems that only look for discs: files on the medium → name.
_DISCS_ONLY = {
    "install install.386 install.amd instppc64el": "Debian's installer",
    ".alpine-release": "Alpine Linux",
    ".pve-cd-id.txt proxmox": "the Proxmox installer",
}


# The systems look for a label through udev's links. udev writes \xHH there for these characters.
_NOT_IN_LINKS = re.compile(r"[^\w#+.:=@-]|[\\]", re.ASCII)


# Systems whose initrd can fetch the disc: words of the command line, files on the medium, and the
# parameters with the URL. {url} is that of the ISO file.
_DOWNLOADS = (
    ("boot=casper", "casper", "ip=dhcp url={url}"),  # casper(7): Ubuntu
    # dracut.cmdline(7), its module livenet: Fedora. The last root= counts.
    ("root=live:|rd.live.image", "LiveOS", "ip=dhcp root=live:{url} rd.live.image"),
)


class Advice(NamedTuple):
    """Parameters to add to a command line, or the reason why the system may miss its medium."""

    parameters: str = ""
    warning: str = ""


def advise(files: Files, cmdline: str) -> Advice:
    """Return the advice for a kernel in an image. `files` is the tree in the image."""
    own = files.volume
    if own.image in cmdline:
        return Advice()
    method = next((m for m in _METHODS if m.words and _has_words(cmdline, m.words)), None)
    method = method or next((m for m in _METHODS if _has_path(files, m.paths)), None)
    if method is None:
        system = next((s for paths, s in _DISCS_ONLY.items() if _has_path(files, paths)), "")
        if system:
            return Advice(warning=f"{system} looks for its medium on discs, not in files")
        return Advice(warning="how its system finds its medium in a file is not known")
    if re.search(r"[\s\"'\\$]", own.image) or not own.image.isprintable():
        return Advice(warning="its system cannot be told a path with such characters; rename it")
    host = next((v for v in files.host.volumes if v.name == own.disk), Volume(name=own.disk))
    node = f"/dev/disk/by-uuid/{host.uuid}" if host.uuid else f"/dev/{host.name}"
    label = _NOT_IN_LINKS.sub(_escape, own.label)
    return Advice(method.parameters.format(path=own.image, node=node, uuid=host.uuid, label=label))


def advise_download(files: Files, cmdline: str, url: str) -> Advice:
    """Return the advice for a kernel of a disc on a server. `files` is the tree on the disc."""
    words = (found for found in _DOWNLOADS if _has_words(cmdline, found[0]))
    paths = (found for found in _DOWNLOADS if _has_path(files, found[1]))
    if found := next(iter((*words, *paths)), None):
        return Advice(found[2].format(url=url))
    return Advice(warning="how its system finds its medium over the network is not known")


def add_parameters(entry: Entry, parameters: str) -> Entry:
    """Return the entry with more parameters for the kernel and its initrd.

    They come before a `--`, which begins the arguments of init, and before Ubuntu's `---`, which
    begins those of the installed system.
    """
    dashes = re.search(r"(?:^|\s)-{2,3}(?=\s|$)", entry.cmdline)
    at = dashes.start() if dashes else len(entry.cmdline)
    start = at + (at > 0)
    added = f" {parameters}" if at else parameters + " " * bool(dashes)
    span = start, start + len(parameters)
    here = Origin("medium", parameters, "", 0, how="image", spans=(span,))
    return replace(
        entry,
        cmdline=entry.cmdline[:at] + added + entry.cmdline[at:],
        origins=(*(_shift(origin, at, len(added)) for origin in entry.origins), here),
    )


def _shift(origin: Origin, at: int, by: int) -> Origin:
    """Return an origin with its spans moved by the text that was put in at `at`."""
    spans = (
        (start + by if start >= at else start, end + by if end > at else end)
        for start, end in origin.spans
    )
    return replace(origin, spans=tuple(spans))


def _escape(character: re.Match[str]) -> str:
    return "".join(rf"\x{byte:02x}" for byte in character[0].encode("utf-8", "surrogateescape"))


def _has_words(cmdline: str, words: str) -> bool:
    return re.search(rf"(?:^|\s)(?:{words})", cmdline) is not None


def _has_path(files: Files, paths: str) -> bool:
    """Return True if one of the paths exists. Discs without Rock Ridge have only small letters."""
    return any(files.kind(f"/{path}") or files.kind(f"/{path.lower()}") for path in paths.split())
