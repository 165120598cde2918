"""Media in files: how the system in an ISO file is told where that file is.

Its kernel and its initrd come out of the file, but then the initrd looks for a disc. Every
distribution has a parameter of its own that makes it look for a file instead.
"""

import re
from dataclasses import replace
from typing import NamedTuple

from parsers.api import Entry, Files, Origin, Volume

_ISO_SCAN = "iso-scan/filename={path}"


class _Way(NamedTuple):
    """`said` (a regular expression) on the command line, or one of `there` on the medium, asks for
    what is `told`. Its {path} is the file's, {node} and {uuid} say on which file system, {label} is
    the medium's own."""

    said: str
    there: str
    told: str


# What an entry says of itself is the better witness: all of it is asked before what is there.
_WAYS = (
    _Way("boot=casper", "casper", _ISO_SCAN),  # Ubuntu
    _Way("boot=live", "live", "findiso={path}"),  # live-boot: Debian, Kali, Clonezilla, Grml
    _Way("root=live:|rd.live.image", "", _ISO_SCAN),  # dracut: Fedora, openSUSE, Void
    _Way("inst.(?:stage2|repo)=", "", _ISO_SCAN),  # Anaconda: Fedora, RHEL and its kin
    _Way("(?:arch|m)isobasedir=|archisolabel=", "arch sysresccd manjaro parabola artix",
         "img_dev={node} img_loop={path}"),
    _Way("", "LiveOS", f"root=live:CDLABEL={{label}} rd.live.image {_ISO_SCAN}"),
    _Way("", "images/install.img", f"inst.stage2=hd:LABEL={{label}} {_ISO_SCAN}"),
    _Way("", "boot/x86_64/loader boot/ppc64le/linux boot/aarch64/linux boot/s390x/linux",
         "install=hd:{path}"),  # linuxrc: the installers of openSUSE and SLES
    _Way("", "nix-store.squashfs", "findiso={path}"),
    _Way("cdroot", "image.squashfs", "isoboot={path}"),  # Gentoo
    _Way("", "antiX", "fromiso={path} buuid={uuid}"),  # and MX Linux
    _Way("", "slax porteus", "from={path}"),
    _Way("", "liveslak", "livemedia={node}:{path}"),  # Slackware
    _Way("", "KNOPPIX", "bootfrom={node}{path}"),
    _Way("", "pmagic", "iso_filename={path} uuid={uuid}"),  # Parted Magic
    _Way("", "sysrcd.dat", "isoloop={path}"),  # SystemRescueCd before 6
    _Way("", "cde", "iso=UUID={uuid}{path}"),  # Tiny Core
)  # fmt: skip

# Known not to look into files. The first word is what is on the medium.
_BLIND = {
    "install install.386 install.amd instppc64el": "Debian's installer",
    ".alpine-release": "Alpine Linux",
    ".pve-cd-id.txt proxmox": "the Proxmox installer",
}


# In names of links to labels, which is how they are looked for, udev writes \xHH for these.
_NOT_IN_LINKS = re.compile(r"[^\w#+.:=@-]|[\\]", re.ASCII)


class Advice(NamedTuple):
    """What to add to a command line, and why its system may all the same not find its medium."""

    parameters: str = ""
    warning: str = ""


def advice(files: Files, cmdline: str) -> Advice:
    """For a kernel with this command line in an image: `files` are those in the image."""
    own = files.volume
    if own.image in cmdline:
        return Advice()
    way = next((w for w in _WAYS if w.said and _says(cmdline, w.said)), None)
    way = way or next((w for w in _WAYS if _is_there(files, w.there)), None)
    if way is None:
        system = next((s for there, s in _BLIND.items() if _is_there(files, there)), "")
        if system:
            return Advice(warning=f"{system} looks for its medium on discs, not in files")
        return Advice(warning="how its system finds its medium in a file is not known")
    if re.search(r"[\s\"'\\$]", own.image) or not own.image.isprintable():
        return Advice(warning="its system cannot be told a path with such characters; rename it")
    host = next((v for v in files.host.volumes if v.name == own.disk), Volume(name=own.disk))
    node = f"/dev/disk/by-uuid/{host.uuid}" if host.uuid else f"/dev/{host.name}"
    label = _NOT_IN_LINKS.sub(_escaped, own.label)
    return Advice(way.told.format(path=own.image, node=node, uuid=host.uuid, label=label))


def add_parameters(entry: Entry, parameters: str) -> Entry:
    """The entry with the parameters where the kernel's and its initrd's are: what follows a `--`
    goes to init, and what follows Ubuntu's `---` to the system that is installed."""
    dashes = re.search(r"(?:^|\s)-{2,3}(?=\s|$)", entry.cmdline)
    at = dashes.start() if dashes else len(entry.cmdline)
    start = at + (at > 0)
    more = f" {parameters}" if at else parameters + " " * bool(dashes)
    span = start, start + len(parameters)
    here = Origin("medium", parameters, "", 0, how="image", spans=(span,))
    return replace(
        entry,
        cmdline=entry.cmdline[:at] + more + entry.cmdline[at:],
        origins=(*(_shifted(origin, at, len(more)) for origin in entry.origins), here),
    )


def _shifted(origin: Origin, at: int, by: int) -> Origin:
    spans = (
        (start + by if start >= at else start, end + by if end > at else end)
        for start, end in origin.spans
    )
    return replace(origin, spans=tuple(spans))


def _escaped(character: re.Match[str]) -> str:
    return "".join(rf"\x{byte:02x}" for byte in character[0].encode("utf-8", "surrogateescape"))


def _says(cmdline: str, said: str) -> bool:
    return re.search(rf"(?:^|\s)(?:{said})", cmdline) is not None


def _is_there(files: Files, there: str) -> bool:
    """Discs without Rock Ridge have names in small letters only."""
    return any(files.kind(f"/{path}") or files.kind(f"/{path.lower()}") for path in there.split())
