"""A disc in a file on a web server: its kernels and initrds are parts of that file. Pure.

The initrd of its system then looks for the disc. Some can fetch it by its URL.
"""

from collections.abc import Sequence
from dataclasses import replace

from parsers.api import Entry, FileRef, Files, Format, Problem, Volume
from parsers.places.medium import add_parameters, advise_download
from parsers.places.references import move_references
from petipy.scan.iso9660 import IsoFiles
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan


def scan_disc(file: Files, path: str, url: str, formats: Sequence[Format]) -> Scan:
    """Return the entries of the disc that is the file at `path` of `file`, at this URL."""

    def read(offset: int, length: int) -> bytes:
        return file.piece(path, offset, length)

    tree = IsoFiles(read, Volume(name=file.volume.name, fs="iso9660"), file.host)
    scan = scan_tree(tree, formats)
    entries: list[tuple[str, Entry]] = []
    warnings: dict[str, Problem] = {}
    for form, entry in scan.entries:
        moved = _move(tree, entry, url)
        parameters, warning = advise_download(tree, entry.cmdline, url)
        if parameters and moved.kernel:
            moved = add_parameters(moved, parameters)
        elif moved.kernel:
            # Without its medium it ends in a shell, and nobody may be there.
            warnings.setdefault(warning, Problem(moved.config, moved.line, warning))
            text = f"{moved.help}\nWarning: {warning}.".lstrip()
            moved = replace(moved, help=text, default=False)
        entries.append((form, moved))
    problems = (replace(p, config=_name(url, p.config)) for p in scan.problems)
    return replace(
        scan,
        entries=tuple(entries),
        problems=(*problems, *warnings.values()),
        preferences=tuple((_name(url, place), wish) for place, wish in scan.preferences),
        missing=(),
        images=(),
    )


def _name(url: str, path: str) -> str:
    return f"{url}:{path}" if path.startswith("/") else path


def _move(tree: IsoFiles, entry: Entry, url: str) -> Entry:
    """Return an entry of the disc as it is to be fetched."""
    lost: list[str] = []

    def move(ref: FileRef) -> FileRef:
        if ref.url or ref.device or not ref.path:
            return ref
        if (extent := tree.extent(ref.path)) is None:
            lost.append(ref.path)
            return ref
        start, size = extent
        offset = min(ref.offset, size)
        return replace(ref, path="", url=url, offset=start + offset, size=ref.size or size - offset)

    moved = replace(
        move_references(entry, move),
        config=_name(url, entry.config),
        origins=tuple(replace(o, config=_name(url, o.config)) for o in entry.origins),
        effects=(),
    )
    if lost and not entry.unbootable:
        words = f"{lost[0]} is not on the disc, or in several pieces"
        moved = replace(moved, unbootable=words)
    return moved
