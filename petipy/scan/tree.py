"""One tree, and what every format finds in it. Pure over `Files`."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from posixpath import dirname

from parsers.api import ANY, Entry, FileRef, Files, Format, Item, Preferences, Problem
from parsers.places.medium import add_parameters, advise
from parsers.places.urls import is_url
from petipy.scan import itself
from petipy.scan.excerpts import with_excerpts
from petipy.scan.images import images
from petipy.scan.merge import Menu, drop_known_guesses, volume_name
from petipy.scan.netboot import netboot, places
from petipy.scan.subvolumes import MOST, SubvolumeFiles, first_left_out, subvolumes
from petipy.state.model import MOST_WANTS, FormatFacts, Image, Scan
from petipy.state.resolve import list_references

# No menu is longer; a configuration that makes more was written to fill the memory.
MAX_ITEMS = 2000
_LONGEST = 500  # characters of a message or title, which may quote a megabyte of zeros


def scan_tree(files: Files, formats: Sequence[Format]) -> Scan:
    """Return the entries of the tree's configurations, and the image files to scan in turn.

    In an image, a configuration at a path of Format.in_image counts alone: it was written for this.
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
    """Return the entries in the order of the formats and their paths.

    - A configuration with several paths counts once.
    - Of two configurations with equal entries the first one's stay, and name the other's.
    - A file that a format's configuration has read in is not shown again by another format.
    - A format that fails gives a Problem; the items before stay.
    """
    menu = Menu(files)
    found: list[tuple[str, Problem]] = []
    problems: list[Problem] = []
    preferences: list[tuple[str, Preferences]] = []
    wants: dict[str, tuple[str, ...]] = {}  # configuration → volumes
    waiting: set[str] = set()  # configurations with an item that waits for a volume
    unreadable: dict[str, list[str]] = {}  # reason → paths: for a broken file system one
    roots = ("", *subvolumes(files))
    if left_out := first_left_out(files):
        words = f"more than {MOST} subvolumes: this and the rest are left out"
        problems.append(Problem(left_out, 0, words))
    for form in formats:
        for path, item in _items(files, form, roots, unreadable):
            if isinstance(item, Entry):
                menu.add(
                    form.name, path, itself.mark(files, _with_image_place(files, item, problems))
                )
                waiting |= {path} if item.waits_for else set()
            elif isinstance(item, Problem):
                found.append((form.name, item))
                waiting |= {path} if item.waits else set()
            else:
                wants[path] = item.wants
                preferences.append((path, replace(item, wants=())))
    problems += (problem for name, problem in found if menu.shows(name, problem.config))
    for reason, paths in unreadable.items():
        others = f", nor can {len(paths) - 1} other files" if len(paths) > 1 else ""
        problems.append(Problem(paths[0], 1, f"cannot be read{others}: {reason}"))
    entries = tuple(drop_known_guesses(files, menu.entries()))
    return Scan(
        entries=entries,
        problems=tuple(with_excerpts(files, dict.fromkeys(problems))),
        preferences=tuple((path, p) for path, p in preferences if path not in menu.taken_over),
        missing=tuple(_find_missing(files, [entry for _, entry in entries])),
        wants=_wants(wants, waiting) if _waits(entries, problems) else (),
        formats=tuple(_facts(formats, {name for name, _ in entries})),
    )


def _waits(entries: Iterable[tuple[str, Entry]], problems: Iterable[Problem]) -> bool:
    """Return True if another volume could make the scan give something else."""
    return any(e.waits_for for _, e in entries) or any(p.waits for p in problems)


def _wants(wants: Mapping[str, tuple[str, ...]], waiting: Iterable[str]) -> tuple[str, ...]:
    """Return the volumes that the waiting configurations want.

    It is ANY if one does not say, or if they are more or longer than a machine's names are.
    """
    found = (want for path in sorted(waiting) for want in wants.get(path) or (ANY,))
    unique = tuple(dict.fromkeys(found))
    modest = len(unique) <= MOST_WANTS and all(len(want) <= _LONGEST for want in unique)
    return unique if modest else (ANY,)


def _facts(formats: Iterable[Format], names: Container[str]) -> Iterator[FormatFacts]:
    for form in formats:
        if form.name in names and (form.hotkeys_select or form.dialects):
            yield FormatFacts(
                name=form.name,
                hotkeys_select=form.hotkeys_select,
                has_dialects=bool(form.dialects),
            )


def scan_lease(files: Files, formats: Sequence[Format]) -> Scan:
    """Return the network's offer to an interface.

    It is the first configuration that answers, else the kernel that DHCP names.
    """
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


def _with_image_place(files: Files, entry: Entry, problems: list[Problem]) -> Entry:
    """Add the place of the image to the command line of an entry in an image."""
    if not files.volume.image or not entry.kernel or entry.kernel.device:
        return entry
    parameters, warning = advise(files, entry.cmdline)
    if warning:
        if all(problem.message != warning for problem in problems):
            problems.append(Problem(entry.config, entry.line, warning))
        return replace(entry, help=f"{entry.help}\nWarning: {warning}.".lstrip())
    return add_parameters(entry, parameters) if parameters else entry


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
                for item in _parse(form, files, root, path):
                    yield path, _shorten(item)


def _parse(form: Format, files: Files, root: str, path: str) -> Iterator[Item]:
    if not root:
        yield from _parse_safely(form, files, path)
        return
    within = SubvolumeFiles(files, root, from_top=form.from_top)
    for item in _parse_safely(form, within, path if form.from_top else path.removeprefix(root)):
        yield within.item(item)


def _identity(files: Files, form: Format, path: str) -> object:
    """Return a value that all names of a file share; None when there is no such file.

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


def _parse_safely(form: Format, files: Files, path: str) -> Iterator[Item]:
    items = form.parse(files, path)
    try:
        yield from islice(items, MAX_ITEMS)
        if next(items, None) is not None:
            yield Problem(path, 1, f"more than {MAX_ITEMS} entries and problems: the rest is left")
    except OSError as error:
        yield Problem(path, 1, f"reading stopped: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001  a format's bug must not cost the other formats
        yield Problem(path, 1, f"the {form.name} parser failed: {type(error).__name__}: {error}")


def _shorten(item: Item) -> Item:
    """Cut a message or a title that would fill a console for minutes."""
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
    """Yield the paths below `directory` that match the rest of a pattern, name by name."""
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


def _find_missing(files: Files, entries: Sequence[Entry]) -> Iterator[FileRef]:
    """Yield the files that entries name and their volume, a known one, does not have."""
    for ref in dict.fromkeys(ref for entry in entries for ref in list_references(entry)):
        name = volume_name(ref, files)
        if ref.url or name is None:
            continue
        # An unreadable file may be there: booting will tell.
        with suppress(OSError):
            tree = files if name == files.volume.name else files.host.on(name)
            if tree is not None and tree.kind(ref.path) != "file":
                yield ref
