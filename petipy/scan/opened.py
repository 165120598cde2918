"""One file on a disk that a person has opened. Pure over `Files`."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import basename

from parsers.api import Entry, FileRef, Files, Format, Problem
from parsers.binary.kernel import can_run, describe_mismatch, detect_machine
from parsers.binary.superblock import identify
from petipy.scan.tree import scan_configurations
from petipy.state.model import Image, Scan


def scan_path(files: Files, formats: Sequence[Format], path: str) -> Scan:
    """Return the offer of a file: an image file, a program, a kernel or a configuration.

    If the name of a configuration does not show its language, take the format that understands most
    of the text.
    """
    if files.kind(path) != "file":
        return _refuse(path, "there is no such file")
    if found := identify(lambda offset, length: files.piece(path, offset, length)):
        size = files.size(path)
        image = Image(path=path, size=size, fs=found.kind, uuid=found.uuid, label=found.label)
        return Scan(images=(image,))
    for form in formats:
        if form.program and any(isinstance(item, Entry) for item in form.program(files, path)):
            form = replace(form, paths=(path,), parse=form.program, binary=True)  # noqa: PLW2901
            return scan_configurations(files, [form])
    if (machine := detect_machine(files, path)) is not None:
        return _scan_kernel(files, path, machine)
    scans = {form.name: scan_configurations(files, [form]) for form in _list_forms(formats, path)}
    best = max(scans.values(), key=_rate, default=Scan())
    if _rate(best) > 0:
        return best
    return _refuse(path, "not a known kernel, image or configuration")


def _list_forms(formats: Sequence[Format], path: str) -> list[Format]:
    """Return the formats that the text may be in: those of its name, else all."""
    texts = [form for form in formats if form.paths and not form.binary]
    name = basename(path)
    named = [f for f in texts if any(fnmatchcase(name, basename(known)) for known in f.paths)]
    return [replace(form, paths=(path,)) for form in named or texts]


def _rate(scan: Scan) -> float:
    """Return a number for how much of a text a format understands; more than 0 if it is one."""
    good = sum(bool(entry.kernel or entry.unbootable) for _, entry in scan.entries)
    return good - len(scan.problems) / 2


def _scan_kernel(files: Files, path: str, machine: str) -> Scan:
    ours = files.host.machine
    entry = Entry(
        title=basename(path),
        name="opened",
        config=path,
        line=1,
        kernel=FileRef(path=path),
        unbootable="" if can_run(machine, ours) else describe_mismatch(machine, ours),
    )
    return Scan(entries=(("opened", entry),))


def _refuse(path: str, words: str) -> Scan:
    return Scan(problems=(Problem(path, 0, words),))
