"""One tree, every format → what it offers. Pure over `Files`."""

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from posixpath import dirname

from parsers.api import Entry, FileRef, Files, Format, Item, Preferences, Problem
from parsers.places.medium import add_parameters, advise
from parsers.places.urls import is_url
from parsers.places.volumes import find
from petipy.report.quote import with_excerpts
from petipy.scan.images import images
from petipy.scan.netboot import netboot, places
from petipy.scan.subvolumes import MOST, SubvolumeFiles, first_left_out, subvolumes
from petipy.state.model import ANY, FormatFacts, Image, Scan
from petipy.state.resolve import references

# No menu is longer; a configuration that makes more was written to fill the memory.
MAX_ITEMS = 2000
_LONGEST = 500  # characters of what is told: a line that is quoted may be a megabyte of zeros


def scan_tree(files: Files, formats: Sequence[Format]) -> Scan:
    """All that the tree's configurations say, and which image files are to be scanned in turn.

    In an image, Format.in_image is the configuration, if there is one: it was written for this.
    """
    if not files.volume.image:
        found = list(images(files))
        problems = tuple(item for item in found if isinstance(item, Problem))
        scan = _scan(files, formats)
        return replace(
            scan,
            problems=(*scan.problems, *problems),
            images=tuple(item for item in found if isinstance(item, Image)),
        )
    written_for_it = [replace(form, paths=form.in_image) for form in formats if form.in_image]
    scan = _scan(files, written_for_it)
    return scan if scan.entries else _scan(files, formats)


def _scan(files: Files, formats: Sequence[Format]) -> Scan:
    """What the configurations say, in the order of the formats and their paths.

    A configuration that can be reached by several paths counts once, and so does an entry that
    two configurations state alike: the first one's stays, and names the other. What stands in a
    file that a format's configuration has read in, another format does not show again. A format
    that fails gives a Problem and keeps what it gave.
    """
    menu = _Menu(files)
    found: list[tuple[str, Problem]] = []
    problems: list[Problem] = []
    preferences: list[tuple[str, Preferences]] = []
    unreadable: dict[str, list[str]] = {}  # reason → paths: a broken file system has one for all
    roots = ("", *subvolumes(files))
    if left_out := first_left_out(files):
        words = f"more than {MOST} subvolumes: this and the rest are left out"
        problems.append(Problem(left_out, 0, words))
    for form in formats:
        for path, item in _items(files, form, roots, unreadable):
            if isinstance(item, Entry):
                menu.add(form.name, path, _at_home(files, item, problems))
            elif isinstance(item, Problem):
                found.append((form.name, item))
            else:
                preferences.append((path, item))
    problems += (problem for name, problem in found if menu.shows(name, problem.config))
    for reason, paths in unreadable.items():
        others = f", nor can {len(paths) - 1} other files" if len(paths) > 1 else ""
        problems.append(Problem(paths[0], 1, f"cannot be read{others}: {reason}"))
    entries = tuple(_without_known_guesses(files, menu.entries()))
    return Scan(
        entries=entries,
        problems=tuple(with_excerpts(files, dict.fromkeys(problems))),
        preferences=tuple((path, p) for path, p in preferences if path not in menu.taken_over),
        missing=tuple(_missing(files, [entry for _, entry in entries])),
        wants=(ANY,) if _waits(entries, problems) else (),
        formats=tuple(_facts(formats, {name for name, _ in entries})),
    )


def _waits(entries: Iterable[tuple[str, Entry]], problems: Iterable[Problem]) -> bool:
    """Return True if another volume could make the scan give something else."""
    return any(e.waits_for for _, e in entries) or any(p.waits for p in problems)


def _facts(formats: Iterable[Format], names: Container[str]) -> Iterator[FormatFacts]:
    for form in formats:
        if form.name in names and (form.hotkeys_select or form.dialects):
            yield FormatFacts(
                name=form.name,
                hotkeys_select=form.hotkeys_select,
                has_dialects=bool(form.dialects),
            )


def scan_lease(files: Files, formats: Sequence[Format]) -> Scan:
    """What the network offers to an interface: the first configuration that answers, else the
    kernel that DHCP names."""
    tried = []
    for url in places(files.host.lease):
        tried.append(url)
        if (text := files.host.fetch(url)) is None:
            continue
        form = next((form for form in formats if form.network and form.network(url, text)), None)
        if form:
            return scan_tree(files, [replace(form, paths=(url,))])
    if entry := netboot(files.host.lease):
        return Scan(entries=(("netboot", entry),))
    words = "DHCP names nothing to boot"
    if tried:
        words = f"no configuration at {tried[0]}"
        words += f", nor at {len(tried) - 1} other places, the last {tried[-1]}" * (len(tried) > 1)
    return Scan(problems=(Problem("", 0, words),))


def _at_home(files: Files, entry: Entry, problems: list[Problem]) -> Entry:
    """An image's entry, its command line saying where the image is."""
    if not files.volume.image or not entry.kernel or entry.kernel.device:
        return entry
    parameters, warning = advise(files, entry.cmdline)
    if warning:
        if all(problem.message != warning for problem in problems):
            problems.append(Problem(entry.config, entry.line, warning))
        return replace(entry, help=f"{entry.help}\nWarning: {warning}.".lstrip())
    return add_parameters(entry, parameters) if parameters else entry


class _Menu:
    """The entries of all configurations, each once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._entries: list[tuple[str, Entry]] = []
        # An entry's meaning → the configuration that stated it first, and which entry that is.
        self._stated: dict[object, tuple[str, int]] = {}
        self._also: dict[int, list[str]] = {}
        self._wanted: dict[int, str] = {}  # entry → the configuration that has it for its default
        self._decided: set[str] = set()  # configurations that have a default of their own
        self._shown: dict[str, str] = {}  # file that a configuration reads in → its format
        self.taken_over: set[str] = set()  # configurations whose entries another format shows

    def shows(self, form: str, file: str) -> bool:
        """Whether what stands in the file is the format's to show."""
        return self._shown.get(file, form) == form

    def add(self, form: str, path: str, entry: Entry) -> None:
        """An entry of the configuration at `path`, which may stand in another that it reads."""
        if not self.shows(form, entry.config):
            # The better format has read it in its own way, and has its own default.
            self.taken_over.add(path)
            return
        if entry.config != path:
            self._shown[entry.config] = form
        meaning = _meaning(entry, self._files)
        if entry.default:
            self._decided.add(path)
        first, number = self._stated.setdefault(meaning, (path, len(self._entries)))
        # Within one configuration equal entries stay: its names and indexes count them.
        if first == path:
            self._entries.append((form, entry))
            return
        kept = self._entries[number][1]
        if entry.default:
            self._wanted.setdefault(number, first)
        if (entry.config, entry.line) != (kept.config, kept.line):
            self._also.setdefault(number, []).append(f"{entry.config}:{entry.line} ({form})")

    def entries(self) -> tuple[tuple[str, Entry], ...]:
        for number, others in self._also.items():
            form, entry = self._entries[number]
            self._entries[number] = form, replace(entry, also=tuple(dict.fromkeys(others)))
        for number, path in self._wanted.items():
            form, entry = self._entries[number]
            # Who shows the entry and wants no other has nothing against its being the default.
            if path not in self._decided:
                self._entries[number] = form, replace(entry, default=True)
        return tuple(self._entries)


def _items(
    files: Files, form: Format, roots: Sequence[str], unreadable: dict[str, list[str]]
) -> Iterator[tuple[str, Item]]:
    met: set[object] = set()
    for root in roots:
        for path in _paths(files, [f"{root}{path}" for path in form.paths]):
            try:
                if (identity := _identity(files, form, path)) is None:
                    continue
            except OSError as error:
                reason = str(error.strerror or error).replace(f"{path}: ", "")
                unreadable.setdefault(reason, []).append(path)
                continue
            if identity not in met:
                met.add(identity)
                for item in _parsed(form, files, root, path):
                    yield path, _legible(item)


def _parsed(form: Format, files: Files, root: str, path: str) -> Iterator[Item]:
    if not root:
        yield from _guarded(form, files, path)
        return
    within = SubvolumeFiles(files, root, from_top=form.from_top)
    for item in _guarded(form, within, path if form.from_top else path.removeprefix(root)):
        yield within.item(item)


def _identity(files: Files, form: Format, path: str) -> object:
    """What the same file has under all its names; None when there is no such file.

    Links and case-folding file systems show one file under several names: the same contents in
    a directory with the same names. A copy elsewhere may mean something else.
    """
    names = tuple(files.names(dirname(path)))
    if not form.binary:
        text = files.host.fetch(path) if is_url(path) else files.read(path)
        return None if text is None else (text, names)
    if (kind := files.kind(path)) == "directory":
        return tuple(files.names(path)), names
    return kind and (files.size(path), files.piece(path, 0, 4096), names)


def _guarded(form: Format, files: Files, path: str) -> Iterator[Item]:
    items = form.parse(files, path)
    try:
        yield from islice(items, MAX_ITEMS)
        if next(items, None) is not None:
            yield Problem(path, 1, f"more than {MAX_ITEMS} entries and problems: the rest is left")
    except OSError as error:
        yield Problem(path, 1, f"reading stopped: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001  a format's bug must not cost the other formats
        yield Problem(path, 1, f"the {form.name} parser failed: {type(error).__name__}: {error}")


def _legible(item: Item) -> Item:
    """With no message and no title that would fill a console for minutes."""
    if isinstance(item, Problem) and len(item.message) > _LONGEST:
        return replace(item, message=f"{item.message[: _LONGEST - 3]}...")
    if isinstance(item, Entry) and len(item.title) > _LONGEST:
        return replace(item, title=f"{item.title[: _LONGEST - 3]}...")
    return item


def _paths(files: Files, patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        if "*" in pattern:
            yield from _matches(files, "", pattern.strip("/").split("/"))
        else:
            yield pattern


def _matches(files: Files, directory: str, names: list[str]) -> Iterator[str]:
    """The paths below `directory` that the rest of a pattern, name by name, leads to."""
    if not names:
        yield directory
        return
    name, *rest = names
    if "*" not in name:
        yield from _matches(files, f"{directory}/{name}", rest)
        return
    for found in files.names(directory or "/"):
        if fnmatchcase(found, name):
            yield from _matches(files, f"{directory}/{found}", rest)


def _meaning(entry: Entry, files: Files) -> object:
    """What makes two entries one. GRUB puts BOOT_IMAGE= before the command line, others do not."""
    words = [word for word in entry.cmdline.split(" ") if not word.startswith("BOOT_IMAGE=")]
    # What has no kernel is what its title says it is.
    return (
        "" if entry.kernel else entry.title,
        entry.kernel and _place(entry.kernel, files),
        tuple(_place(ref, files) for ref in entry.initrds),
        entry.devicetree and _place(entry.devicetree, files),
        " ".join(words).strip(),
        entry.unbootable,
    )


def _place(ref: FileRef, files: Files) -> tuple[object, ...]:
    volume = _volume(ref, files)
    return (
        ref.device if volume is None else volume,
        ref.path,
        ref.url,
        ref.offset,
        ref.size,
        ref.packed,
        ref.mode,
    )


def _without_known_guesses(
    files: Files, entries: Sequence[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry]]:
    """Without the kernels that someone offers already, be it under another name."""
    if not any(entry.guess for _, entry in entries):
        yield from entries
        return
    stated = (e.kernel for _, e in entries if e.kernel and not e.guess)
    known = {_print(files, kernel) for kernel in stated}
    for form, entry in entries:
        if entry.guess and entry.kernel:
            if (mark := _print(files, entry.kernel)) in known:
                continue
            known.add(mark)
        yield form, entry


def _print(files: Files, ref: FileRef) -> object:
    """What two names of one kernel have in common, and two kernels have not."""
    name = _volume(ref, files)
    tree = files if name == files.volume.name else files.host.on(name) if name else None
    if tree is None or ref.url:
        return ref
    size = tree.size(ref.path)
    pieces = (tree.piece(ref.path, at, 4096) for at in (0, size // 2, max(0, size - 4096)))
    return size, *pieces


def _volume(ref: FileRef, files: Files) -> str | None:
    """The name of the volume that the file is on, when the machine has it."""
    if ref.url or not ref.device:
        return files.volume.name
    volume = find(ref.device, files.host.volumes)
    return volume.name if volume else None


def _missing(files: Files, entries: Sequence[Entry]) -> Iterator[FileRef]:
    for ref in dict.fromkeys(ref for entry in entries for ref in references(entry)):
        name = _volume(ref, files)
        if ref.url or name is None:
            continue
        # What cannot be looked at may be there: booting will tell.
        with suppress(OSError):
            tree = files if name == files.volume.name else files.host.on(name)
            if tree is not None and tree.kind(ref.path) != "file":
                yield ref
