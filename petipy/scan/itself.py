"""Entries that start Petipy itself, recognised while they are scanned. Pure over `Files`.

No initrd of another entry is read: a name or a command line with the word is looked for first. An
image that has neither is recognised when it is loaded (petipy.boot.steps).
"""

from dataclasses import replace

from parsers.api import Entry, FileRef, Files
from parsers.binary.initrd import ID, is_petipy
from petipy.scan.merge import volume_name


def mark(files: Files, entry: Entry) -> Entry:
    """Return the entry, with `itself` set if one of its initrds is an image of Petipy."""
    names = (entry.title, entry.cmdline, *(initrd.path for initrd in entry.initrds))
    if entry.kernel is None or not any(ID in name.lower() for name in (entry.kernel.path, *names)):
        return entry
    found = any(_holds_petipy(files, initrd) for initrd in entry.initrds)
    return replace(entry, itself=True) if found else entry


def _holds_petipy(files: Files, initrd: FileRef) -> bool:
    name = volume_name(initrd, files)
    if name is None or initrd.url or initrd.packed:
        return False
    tree = files if name == files.volume.name else files.host.on(name)
    if tree is None:
        return False
    return is_petipy(lambda at, length: tree.piece(initrd.path, initrd.offset + at, length))
