"""One tree, and what every format finds in it. Pure over `Files`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import dirname

from parsers.api import Entry, Files, Format, Item, Problem
from parsers.places.urls import is_url
from petipy.scan.budget import cut_images
from petipy.scan.findings import Findings
from petipy.scan.images import images
from petipy.scan.subvolumes import MOST, find_default, first_left_out, select_view, subvolumes
from petipy.state.model import Image, Scan

_LONGEST = 500  # characters of a message or title, which may quote a megabyte of zeros
MOST_CONFIGURATIONS = 256  # of a format on one file system

Tell = Callable[[Scan], None]


def scan_tree(files: Files, formats: Sequence[Format], tell: Tell = lambda _: None) -> Scan:
    """Return the entries of the tree's configurations, and the image files to scan in turn.

    `tell` gets the result so far after each configuration that adds to it: the next one may take
    for ever. In an image, a configuration at a path of Format.in_image counts alone: it was written
    for this.
    """
    if not files.volume.image:
        scan = scan_configurations(files, formats, tell)
        found = list(cut_images(images(files)))
        problems = tuple(item for item in found if isinstance(item, Problem))
        return replace(
            scan,
            problems=(*scan.problems, *problems),
            images=tuple(item for item in found if isinstance(item, Image)),
        )
    written_for_it = [replace(form, paths=form.in_image) for form in formats if form.in_image]
    scan = scan_configurations(files, written_for_it, tell)
    return scan if scan.entries else scan_configurations(files, formats, tell)


def scan_configurations(
    files: Files, formats: Sequence[Format], tell: Tell = lambda _: None
) -> Scan:
    """Return the entries in the order of the formats and their paths.

    - A configuration with several paths counts once.
    - Of two configurations with equal entries the first one's stay, and name the other's.
    - A file that a format's configuration has read in is not shown again by another format.
    - A format that fails gives a Problem; the items before stay.
    """
    findings = Findings(files, formats)
    roots = ("", *subvolumes(files))
    if left_out := first_left_out(files):
        words = f"more than {MOST} subvolumes: this and the rest are left out"
        findings.note(Problem(left_out, 0, words))
    for form in formats:
        for root, path in _configurations(files, form, roots, findings):
            findings.begin(form.name, path)
            for item in _parse(form, files, root, path, findings):
                findings.add(_shorten(item))
            if findings.has_news:
                tell(findings.scan())
    return findings.scan()


def _configurations(
    files: Files, form: Format, roots: Sequence[str], findings: Findings
) -> Iterator[tuple[str, str]]:
    """Yield the root and the path of each configuration that is there, once."""
    met: set[object] = set()
    for top in roots:
        for root, path in _list_places(files, form, top):
            try:
                if (identity := _identity(files, form, path)) is None:
                    continue
            except OSError as error:
                findings.miss(path, str(error.strerror or error).replace(f"{path}: ", ""))
                continue
            if identity in met:
                continue
            if len(met) == MOST_CONFIGURATIONS:
                words = f"more than {MOST_CONFIGURATIONS} files: this and the rest are left out"
                findings.note(Problem(path, 0, words))
                return
            met.add(identity)
            yield root, path


def _list_places(files: Files, form: Format, root: str) -> Iterator[tuple[str, str]]:
    """Yield the paths of a root. One at the top comes after its namesake in the default subvolume.

    The default subvolume is the system of today; its files are not seen where the top has others.
    """
    default = "" if root else find_default(files)
    for path in _paths(files, [f"{root}{path}" for path in form.paths]):
        if default and files.default(path) != path:
            yield default, f"{default}{path}"
        yield root, path


def _parse(form: Format, files: Files, root: str, path: str, findings: Findings) -> Iterator[Item]:
    within = select_view(files, root, path, from_top=form.from_top)
    if within is None:
        yield from _parse_safely(form, files, path, findings)
        return
    inner = path if form.from_top else path.removeprefix(root)
    for item in _parse_safely(form, within, inner, findings):
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


def _parse_safely(form: Format, files: Files, path: str, findings: Findings) -> Iterator[Item]:
    try:
        yield from form.parse(files, path)
    except OSError as error:
        words = f"reading stopped: {error.strerror or error}"
    except Exception as error:  # noqa: BLE001  a format's bug must not cost the other formats
        words = f"the {form.name} parser failed: {type(error).__name__}: {error}"
    else:
        return
    yield Problem(path, 1, words)
    findings.fail(path, words)


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
