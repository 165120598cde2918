"""The items of a tree's configurations, as far as they are read. Pure over `Files`."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from parsers.api import ANY, Entry, FileRef, Files, Format, Item, Preferences, Problem
from parsers.places.medium import add_parameters, advise
from parsers.places.references import list_references
from petipy.scan import itself
from petipy.scan.budget import EntryBudget, PreferencesBudget, cut_problems, weigh
from petipy.scan.excerpts import with_excerpts
from petipy.scan.merge import Menu, drop_known_guesses, volume_name
from petipy.state.model import MOST_WANTS, FormatFacts, Scan

_LONGEST_WANT = 500  # characters of a volume's name


class Findings:
    """Collects items, configuration by configuration. `scan` gives the result so far."""

    def __init__(self, files: Files, formats: Sequence[Format]) -> None:
        self._files, self._formats = files, formats
        self._menu = Menu(files)
        self._notes: list[Problem] = []  # that no configuration reports itself
        self._problems: list[tuple[str, Problem]] = []  # with the names of their formats
        self._preferences: list[tuple[str, Preferences]] = []
        self._wants: dict[str, tuple[str, ...]] = {}  # configuration → volumes
        self._waiting: set[str] = set()  # configurations with an item that waits for a volume
        self._unread: dict[str, list[str]] = {}  # reason → paths: for a broken file system one
        self._stopped = ""
        self._cut: dict[str, str] = {}  # configurations that may say more, with the reason
        self._entry_budget, self._preferences_budget = EntryBudget(), PreferencesBudget()
        self.begin("", "")
        # Facts that do not change from one result to the next.
        self._quoted: dict[Problem, Problem] = {}
        self._is_missing: dict[FileRef, bool] = {}
        self._latest: Scan | None = None  # the result, until something changes it
        self.has_news = False  # since the last result

    def begin(self, form: str, path: str) -> None:
        """Take the items to come for those of the configuration at `path`."""
        self._form, self._path = form, path
        self._budget = self._entry_budget.begin()

    def note(self, problem: Problem) -> None:
        """Report a problem of the tree as a whole."""
        self._latest = None
        self._notes.append(problem)

    def miss(self, path: str, reason: str) -> None:
        """Report a file that cannot be read."""
        self._unread.setdefault(reason, []).append(path)
        self.fail(path, f"cannot be read: {reason}")

    def fail(self, path: str, reason: str) -> None:
        """Take note that a configuration may say more than what is found."""
        self._latest = None
        self._stopped = self._stopped or f"{path}: {reason}"

    def add(self, item: Item) -> None:
        self._latest, self.has_news = None, True
        if isinstance(item, Entry):
            self._add_entry(item)
        elif isinstance(item, Problem):
            if item.cut:
                self._cut.setdefault(self._path, f"{self._path}: {item.message}")
            self._add_problem(self._budget.take_problem(item))
        else:
            self._wants[self._path] = item.wants
            wish, problem = self._preferences_budget.take(self._path, replace(item, wants=()))
            self._preferences.append((self._path, wish))
            self._add_problem(problem)

    def _add_entry(self, entry: Entry) -> None:
        if self._budget.is_full:
            return
        entry = itself.mark(self._files, self._with_image_place(entry))
        weight = weigh(entry, *list_references(entry))
        found = self._budget.take_entry(entry, weight)
        if isinstance(found, Entry):
            self._menu.add(self._form, self._path, found)
            self._waiting |= {self._path} if found.waits_for else set()
        else:
            self._add_problem(found)

    def _add_problem(self, problem: Problem | None) -> None:
        if problem:
            self._problems.append((self._form, problem))
            self._waiting |= {self._path} if problem.waits else set()

    def _with_image_place(self, entry: Entry) -> Entry:
        """Add the place of the image to the command line of an entry in an image."""
        if not self._files.volume.image or not entry.kernel or entry.kernel.device:
            return entry
        parameters, warning = advise(self._files, entry.cmdline)
        if warning:
            if all(problem.message != warning for problem in self._notes):
                self._notes.append(Problem(entry.config, entry.line, warning))
            return replace(entry, help=f"{entry.help}\nWarning: {warning}.".lstrip())
        return add_parameters(entry, parameters) if parameters else entry

    def scan(self) -> Scan:
        """Return the result so far."""
        self.has_news = False
        self._latest = self._latest or self._make_scan()
        return self._latest

    def _make_scan(self) -> Scan:
        entries = tuple(drop_known_guesses(self._files, self._menu.entries()))
        shown = (p for form, p in self._problems if self._menu.shows(form, p.config))
        problems = dict.fromkeys((*self._notes, *shown, *self._list_unread()))
        preferences = tuple(self._list_preferences())
        return Scan(
            entries=entries,
            problems=tuple(cut_problems(self._quote(problems))),
            preferences=preferences,
            missing=tuple(self._find_missing(entry for _, entry in entries)),
            wants=_wants(self._wants, self._waiting) if _waits(entries, problems) else (),
            formats=tuple(_facts(self._formats, {name for name, _ in entries})),
            stopped=self._stopped or self._find_doubt(preferences),
        )

    def _list_preferences(self) -> Iterator[tuple[str, Preferences]]:
        """Yield the preferences. Of a configuration that another one shows, its lock remains."""
        for path, wish in self._preferences:
            if path not in self._menu.taken_over:
                yield path, wish
            elif wish.superusers is not None:
                yield path, Preferences(superusers=wish.superusers, passwords=wish.passwords)

    def _find_doubt(self, preferences: Iterable[tuple[str, Preferences]]) -> str:
        """Return a reason why there may be superusers of whom nothing was read; "" for none."""
        locked = {path for path, wish in preferences if wish.superusers is not None}
        return next((why for path, why in self._cut.items() if path not in locked), "")

    def _list_unread(self) -> Iterator[Problem]:
        for reason, paths in self._unread.items():
            others = f", nor can {len(paths) - 1} other files" if len(paths) > 1 else ""
            yield Problem(paths[0], 1, f"cannot be read{others}: {reason}")

    def _quote(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """Yield the problems with the lines in which they are. A file is read once for all."""
        new = [problem for problem in problems if problem not in self._quoted]
        self._quoted.update(zip(new, with_excerpts(self._files, new), strict=True))
        yield from (self._quoted[problem] for problem in problems)

    def _find_missing(self, entries: Iterable[Entry]) -> Iterator[FileRef]:
        """Yield the files that entries name and their volume, a known one, does not have."""
        for ref in dict.fromkeys(ref for entry in entries for ref in list_references(entry)):
            if ref not in self._is_missing:
                self._is_missing[ref] = self._lacks(ref)
            if self._is_missing[ref]:
                yield ref

    def _lacks(self, ref: FileRef) -> bool:
        name = volume_name(ref, self._files)
        if ref.url or name is None:
            return False
        # An unreadable file may be there: booting will tell.
        with suppress(OSError):
            own = name == self._files.volume.name
            tree = self._files if own else self._files.host.on(name)
            return tree is not None and tree.kind(ref.path) != "file"
        return False


def _waits(entries: Iterable[tuple[str, Entry]], problems: Iterable[Problem]) -> bool:
    """Return True if another volume could make the scan give something else."""
    return any(e.waits_for for _, e in entries) or any(p.waits for p in problems)


def _wants(wants: Mapping[str, tuple[str, ...]], waiting: Iterable[str]) -> tuple[str, ...]:
    """Return the volumes that the waiting configurations want.

    It is ANY if one does not say, or if they are more or longer than a machine's names are.
    """
    found = (want for path in sorted(waiting) for want in wants.get(path) or (ANY,))
    unique = tuple(dict.fromkeys(found))
    modest = len(unique) <= MOST_WANTS and all(len(want) <= _LONGEST_WANT for want in unique)
    return unique if modest else (ANY,)


def _facts(formats: Iterable[Format], names: Container[str]) -> Iterator[FormatFacts]:
    for form in formats:
        if form.name in names and (form.hotkeys_select or form.dialects):
            yield FormatFacts(
                name=form.name,
                hotkeys_select=form.hotkeys_select,
                has_dialects=bool(form.dialects),
            )
