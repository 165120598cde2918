"""One tree, and what every format finds in it. Pure over `Files`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import dirname

from parsers.api import Entry, Files, Format, Item, Preferences, Problem
from parsers.places.lease import Lease, bootfiles, views
from parsers.places.urls import is_url
from petipy.scan.bootfile import NetworkFiles, scan_bootfile
from petipy.scan.budget import cut_images
from petipy.scan.findings import Findings
from petipy.scan.images import images
from petipy.scan.netboot import is_ipxe, places
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
        scan = _scan(files, formats, tell)
        found = list(cut_images(images(files)))
        problems = tuple(item for item in found if isinstance(item, Problem))
        return replace(
            scan,
            problems=(*scan.problems, *problems),
            images=tuple(item for item in found if isinstance(item, Image)),
        )
    written_for_it = [replace(form, paths=form.in_image) for form in formats if form.in_image]
    scan = _scan(files, written_for_it, tell)
    return scan if scan.entries else _scan(files, formats, tell)


def _scan(files: Files, formats: Sequence[Format], tell: Tell) -> Scan:
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


def scan_lease(files: Files, formats: Sequence[Format], tell: Tell = lambda _: None) -> Scan:
    """Return the network's offer to an interface.

    It is the first configuration that answers, else the kernel or the image that DHCP names. An
    answer that says nothing sends the machine to its own disks, as MAAS does.
    """
    found = Scan()
    for lease in views(files.host.lease):
        host = replace(files.host, lease=lease)
        found = _scan_lease(NetworkFiles(files.volume, host), formats, tell)
        if found.entries or found.preferences:
            break
    return found


def _scan_lease(files: Files, formats: Sequence[Format], tell: Tell) -> Scan:
    tried: list[str] = []
    unknown: list[Problem] = []
    for place in places(files.host.lease):
        if len(place.urls) > 1:
            files.host.prefetch(place.urls)
        for url in place.urls:
            tried.append(url)
            if place.is_bootfile and (scan := scan_bootfile(files, formats, url)):
                if scan.entries:
                    return replace(scan, problems=(*unknown, *scan.problems))
                unknown += scan.problems
                continue
            if (text := files.host.fetch(url)) is None:
                continue
            if _says_nothing(text):
                return _scan_empty(url)
            form = next(
                (form for form in formats if form.network and form.network(url, text)), None
            )
            if form:
                return _tell_nothing(scan_tree(files, [replace(form, paths=(url,))], tell), url)
            if place.is_named:
                unknown.append(Problem(url, 0, "it is in no language of boot configurations"))
    return Scan(problems=(*unknown, Problem("", 0, _describe_silence(files.host.lease, tried))))


def _tell_nothing(scan: Scan, url: str) -> Scan:
    """Add a problem to a scan that tells nothing: a script may have no case for a machine."""
    if scan.entries or scan.problems or any(wish.elsewhere for _, wish in scan.preferences):
        return scan
    return replace(scan, problems=(Problem(url, 1, "it offers nothing to boot to this machine"),))


def _says_nothing(text: str) -> bool:
    """Return True for an empty configuration, or one of comments. xCAT writes `#boot`."""
    lines = (line.strip() for line in text.split("\n"))
    return not any(line and (line[0] != "#" or line.startswith("#!")) for line in lines)


def _scan_empty(url: str) -> Scan:
    """Return the meaning of an empty configuration: the server wants something else to boot."""
    entry = Entry(
        title="Boot from the next device",
        name="local",
        config=url,
        line=1,
        unbootable="the server's configuration is empty: it leaves the boot to the next device",
        action="exit",
        default=True,
    )
    return Scan(entries=(("netboot", entry),), preferences=((url, Preferences(elsewhere=True)),))


def _describe_silence(lease: Lease, tried: Sequence[str]) -> str:
    """Return the reason why a lease leads to nothing."""
    if not tried:
        return "DHCP names nothing to boot"
    words = f"no configuration at {tried[0]}"
    words += f", nor at {len(tried) - 1} other places, the last {tried[-1]}" * (len(tried) > 1)
    if name := next(filter(is_ipxe, bootfiles(lease)), ""):
        words += f"; {name} is iPXE: its server may offer a script to the user class iPXE"
    return words


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
