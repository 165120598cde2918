"""The menu of all configurations of a tree: every entry once. Pure over `Files`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parsers.api import Entry, FileRef, Files
from parsers.places.volumes import find


class Menu:
    """The entries of all configurations, in their order. Equal entries are merged."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._entries: list[tuple[str, Entry]] = []
        # An entry's meaning → the configuration that stated it first, and the entry's index.
        self._stated: dict[object, tuple[str, int]] = {}
        self._also: dict[int, list[str]] = {}
        self._wanted: dict[int, str] = {}  # index → the first configuration of a wanted default
        self._decided: set[str] = set()  # configurations that have a default of their own
        self._shown: dict[str, str] = {}  # file that a configuration reads in → its format
        self.taken_over: set[str] = set()  # configurations whose entries another format shows

    def shows(self, form: str, file: str) -> bool:
        """Return True if the format shows the entries and problems of the file."""
        return self._shown.get(file, form) == form

    def add(self, form: str, path: str, entry: Entry) -> None:
        """Add an entry of the configuration at `path`, which may stand in a file that it reads."""
        if not self.shows(form, entry.config):
            # The better format has read it in its own way, and has its own default.
            self.taken_over.add(path)
            return
        if entry.config != path:
            self._shown[entry.config] = form
        if entry.default:
            self._decided.add(path)
        meaning = _meaning(entry, self._files)
        first, index = self._stated.setdefault(meaning, (path, len(self._entries)))
        # Within one configuration equal entries stay: its names and indexes count them.
        if first == path:
            self._entries.append((form, entry))
            return
        stated = self._entries[index][1]
        if entry.default:
            self._wanted.setdefault(index, first)
        if (entry.config, entry.line) != (stated.config, stated.line):
            self._also.setdefault(index, []).append(f"{entry.config}:{entry.line} ({form})")

    def entries(self) -> list[tuple[str, Entry]]:
        """Return the entries with their formats' names, and with the places of equal ones."""
        found = self._entries[:]
        for index, others in self._also.items():
            form, entry = found[index]
            found[index] = form, replace(entry, also=tuple(dict.fromkeys(others)))
        for index, path in self._wanted.items():
            form, entry = found[index]
            # The configuration that shows the entry has no other default: it has no objection.
            if path not in self._decided:
                found[index] = form, replace(entry, default=True)
        return found


def _meaning(entry: Entry, files: Files) -> object:
    """Return a value that two entries share if they boot the same.

    GRUB puts BOOT_IMAGE= before the command line, others do not.
    """
    words = [word for word in entry.cmdline.split(" ") if not word.startswith("BOOT_IMAGE=")]
    # Without a kernel, the title is the identity.
    return (
        "" if entry.kernel else entry.title,
        entry.kernel and _place(entry.kernel, files),
        tuple(_place(ref, files) for ref in entry.initrds),
        entry.devicetree and _place(entry.devicetree, files),
        tuple(_place(ref, files) for ref in entry.overlays),
        entry.signatures,
        " ".join(words).strip(),
        entry.unbootable,
    )


def _place(ref: FileRef, files: Files) -> tuple[object, ...]:
    volume = volume_name(ref, files)
    return (
        ref.device if volume is None else volume,
        ref.path,
        ref.url,
        ref.offset,
        ref.size,
        ref.packed,
        ref.mode,
    )


def drop_known_guesses(
    files: Files, entries: Sequence[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry]]:
    """Leave out guesses whose kernel another entry offers, be it under another name."""
    if not any(entry.guess for _, entry in entries):
        yield from entries
        return
    stated = (e.kernel for _, e in entries if e.kernel and not e.guess)
    known = {_fingerprint(files, kernel) for kernel in stated}
    for form, entry in entries:
        if entry.guess and entry.kernel:
            if (mark := _fingerprint(files, entry.kernel)) in known:
                continue
            known.add(mark)
        yield form, entry


def _fingerprint(files: Files, ref: FileRef) -> object:
    """Return a value that two names of one kernel share, and two kernels do not."""
    name = volume_name(ref, files)
    tree = files if name == files.volume.name else files.host.on(name) if name else None
    if tree is None or ref.url:
        return ref
    size = tree.size(ref.path)
    pieces = (tree.piece(ref.path, at, 4096) for at in (0, size // 2, max(0, size - 4096)))
    return size, *pieces


def volume_name(ref: FileRef, files: Files) -> str | None:
    """Return the name of the volume that the file is on; None if the machine does not have it."""
    if ref.url or not ref.device:
        return files.volume.name
    volume = find(ref.device, files.host.volumes)
    return volume.name if volume else None
