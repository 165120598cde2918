"""Measure how long a configuration of a thousand entries takes.

    python -m tests.bench.formats

The unit is the start of a bare interpreter. The aim is six, also for ipxe, which is a language and
runs its script once for each entry. A format joins by one of its entries in ENTRIES.
"""

import gc
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from parsers.api import Entry, Format, Item
from parsers.formats import formats
from tests.fakes import Machine

COUNT = 1000
ROUNDS = 9

# An entry of each format, with @ for its number.
ENTRIES = {
    "yaboot": """\
image=/boot/vmlinux-@
\tlabel=Linux-@
\tread-only
\tinitrd=/boot/initrd.img-@
\tappend="root=UUID=c0ffee console=hvc0 quiet"
""",
    "lilo": """\
image=/boot/vmlinuz-@
\tlabel=Linux-@
\tread-only
\tinitrd=/boot/initrd.img-@
\tappend="root=UUID=c0ffee quiet"
""",
    "silo": """\
image=1/boot/vmlinuz-@
\tlabel=Linux-@
\tread-only
\tinitrd=1/boot/initrd.img-@
\tappend="root=UUID=c0ffee quiet"
""",
    "kboot": """\
linux@='/boot/vmlinux-@ initrd=/boot/initrd.img-@ root=UUID=c0ffee quiet'
""",
    "native": """\
name Linux @
image /boot/vmlinux-@
initrd /boot/initrd.img-@
args root=UUID=c0ffee quiet

""",
    "grub-legacy": """\
title Linux @
\troot (hd0,0)
\tkernel /boot/vmlinuz-@ root=UUID=c0ffee ro quiet
\tinitrd /boot/initrd.img-@

""",
    "zipl": """\
[linux@]
\ttarget = /boot
\timage = /boot/vmlinuz-@
\tramdisk = /boot/initrd.img-@
\tparameters = "root=UUID=c0ffee ro quiet"

""",
    "syslinux": """\
LABEL linux@
\tMENU LABEL ^Linux @
\tLINUX /boot/vmlinuz-@
\tINITRD /boot/initrd.img-@
\tAPPEND root=UUID=c0ffee ro quiet
""",
    "pxe": """\
LABEL linux@
\tMENU LABEL ^Linux @
\tKERNEL images/@/vmlinuz
\tAPPEND initrd=images/@/initrd.img root=/dev/nfs ip=dhcp
\tIPAPPEND 2
""",
    "ipxe": """\
:linux@
kernel /boot/vmlinuz-@ root=UUID=c0ffee ro quiet
initrd /boot/initrd.img-@
boot
""",
}
# Text before the entries: a first line, one for each of them, a last.
BEFORE = {
    "ipxe": ("#!ipxe\nmenu Systems\n", "item linux@ Linux @\n", "choose what\ngoto ${what}\n"),
}


def parses(form: Format) -> Callable[[], list[Item]]:
    """Return a function that reads the file of that format."""
    first, each, last = BEFORE.get(form.name, ("", "", ""))
    text = f"{first}{_repeated(each)}{last}{_repeated(ENTRIES[form.name])}"
    url = "tftp://host/pxelinux.cfg/default"
    path = form.paths[0].replace("*", "a") if form.paths else url
    lease = {"siaddr": "host", "mac": "52:54:00:12:34:56"}
    host = Machine({"sda1": {path: text}}, urls={url: text}, leases={"sda1": lease})
    return lambda: list(form.parse(host.files("sda1"), path))


def _repeated(text: str) -> str:
    return "".join(text.replace("@", str(n)) for n in range(COUNT))


def start() -> object:
    """Start a bare interpreter."""
    return subprocess.run([sys.executable, "-c", ""], check=True)


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time, of children too: other work on the machine must not count."""
    began = _used()
    work()
    return _used() - began


def _used() -> float:
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def rows() -> Iterator[Sequence[str]]:
    """Yield the head of the table, then a line for each format."""
    gc.freeze()  # like the scanner before it forks
    yield "1,000 entries of", "found", "seconds", "interpreter's starts"
    for form in formats():
        if form.name in ENTRIES:
            parse = parses(form)
            found = sum(isinstance(item, Entry) for item in parse())
            # Alternate: other work on the machine slows both.
            rounds = [(seconds(parse), seconds(start)) for _ in range(ROUNDS)]
            ratio = statistics.median(whole / bare for whole, bare in rounds)
            whole = statistics.median(whole for whole, _ in rounds)
            yield form.name, str(found), f"{whole:.3f}", f"{ratio:.1f}"


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write("  ".join(word.ljust(20) for word in row).rstrip() + "\n")
