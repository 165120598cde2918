"""The files of a scan's entries, with their stamps."""

from collections.abc import Iterable, Iterator

from parsers.api import Entry
from parsers.places.references import list_references
from petipy.scan.budget import cut_seen
from petipy.scan.files import TreeFiles
from petipy.scan.merge import volume_name
from petipy.state.seen import Seen


def list_seen(files: TreeFiles, entries: Iterable[Entry], *, locked: bool) -> Iterator[Seen]:
    """Yield the texts in which the entries are written, and the files that they need.

    With superusers, every text that was read is one: it may say who they are. What is beyond the
    budget is not compared when an entry boots.
    """
    entries = list(entries)
    configs = {entry.config for entry in entries}
    texts = (Seen(device=d, path=p, stamp=s, text=True) for d, p, s in files.list_texts())
    yield from cut_seen(text for text in texts if locked or text.place in configs)
    yield from cut_seen(_list_files(files, entries))


def _list_files(files: TreeFiles, entries: Iterable[Entry]) -> Iterator[Seen]:
    refs = (ref for entry in entries for ref in list_references(entry))
    places = ((ref.device, ref.path, volume_name(ref, files)) for ref in refs)
    for device, path, volume in dict.fromkeys(places):
        tree = files.find_tree(volume) if volume and path else None
        if tree and (stamp := tree.find_stamp(path)):
            yield Seen(device=device, path=path, stamp=stamp)
