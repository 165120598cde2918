"""The references of an entry to the files that it boots."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from parsers.api import Entry, FileRef


def list_references(entry: Entry) -> Iterator[FileRef]:
    """Yield every file that booting the entry needs, the kernel first."""
    if entry.kernel:
        yield entry.kernel
    yield from entry.initrds
    if entry.devicetree:
        yield entry.devicetree
    yield from entry.overlays
    for signature in entry.signatures:
        yield signature.file
        yield signature.place


def move_references(entry: Entry, move: Callable[[FileRef], FileRef]) -> Entry:
    """Return the entry with other references to the files that booting it needs."""
    return replace(
        entry,
        kernel=entry.kernel and move(entry.kernel),
        initrds=tuple(map(move, entry.initrds)),
        devicetree=entry.devicetree and move(entry.devicetree),
        overlays=tuple(map(move, entry.overlays)),
        signatures=tuple(
            replace(signature, file=move(signature.file), place=move(signature.place))
            for signature in entry.signatures
        ),
    )
