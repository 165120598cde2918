"""Make the entries of a script: run it up to a menu, then on from there for each item.

An item's outcome is its entry. The items of a further menu become entries in a submenu. An item
that leads back to a menu above it is hidden: petipy's menu has a key for that.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from parsers.api import Entry, Files, Item, Origin, Preferences
from parsers.formats.ipxe.commands import table
from parsers.formats.ipxe.context import IpxeContext
from parsers.formats.ipxe.outcome import Boot, End, MenuItem, Outcome, Question
from parsers.formats.ipxe.run import Run
from parsers.formats.ipxe.script import Script, is_script
from parsers.formats.ipxe.settings import IpxeSettings, read_known, read_others
from parsers.places.urls import hide_credentials, is_url
from parsers.reading.budget import Budget, OutOfBudget

_DEPTH = 6  # menus within menus
_MENUS = 500  # menus of a configuration
ONE_ITEM = 6_000  # steps of the whole budget for an item
_BEGINNING = 10  # steps of the budget for the start of an item
_FREE = 60  # steps of each item that do not count: many items are no endless loop
_ITEMS = 1000  # that have these steps
_INITRD = re.compile(r"(?<!\S)initrd=(\S+)")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")
_ARROW = re.compile(r"\s*[-=]*>+$")  # the mark of a title that opens another menu

Above = tuple[Question, ...]  # the menus above an item


def items(files: Files, path: str) -> Iterator[Item]:
    """Yield the configuration's problems, entries in the menu's order, and preferences."""
    yield from ScriptExplorer(IpxeContext(files), path).items()


class ScriptExplorer:
    """The runs of one configuration: one for each item of its menus."""

    def __init__(self, context: IpxeContext, path: str) -> None:
        self._context = context
        self._path = path
        self._is_remote = is_url(path)
        self._menus = self._items = 0
        self._names: dict[tuple[tuple[str, ...], str], int] = {}
        self._default: Entry | None = None
        self._default_from: tuple[Origin, ...] = ()

    def items(self) -> Iterator[Item]:
        entries: list[Entry] = []
        preferences = None
        if script := self._script():
            files = self._context.files
            settings = IpxeSettings(read_known(files, self._path), read_others(files))
            run = Run(self._context, dict(table()), settings)
            outcome = self._attempt(run, lambda: run.start(script))
            entries = list(self._top(run, outcome))
            preferences = self._preferences(outcome)
        yield from sorted(self._context.problems.values(), key=lambda p: (p.config, p.line))
        yield from entries
        if preferences:
            yield preferences

    def _script(self) -> Script | None:
        text = self._context.text(self._path)
        script = self._context.script(self._path)
        if text is not None and not script:
            words = "it is empty" if not text.strip() else "it does not begin with #!ipxe"
            self._context.complain(self._path, 1, f"{words}, so iPXE takes it for no script")
        if text and text[:1] == "\ufeff" and is_script(text):
            self._context.complain(
                self._path, 1, "it begins with a byte order mark, so iPXE takes it for no script"
            )
        if script and script.unfinished:
            self._context.complain(
                self._path,
                script.unfinished,
                "nothing follows the backslash: the line is never run",
            )
        return script

    def _top(self, run: Run, outcome: Outcome) -> Iterator[Entry]:
        if isinstance(outcome, Question):
            yield from self._menu(run, outcome, (), (), marked=True)
        elif isinstance(outcome, Boot):
            yield self._boot_entry(_item_of(outcome), outcome, (), marked=True)
        elif outcome.kind == "returned" and self._is_remote and not (run.failures or run.selected):
            # A server that hands out a script without a boot wants the next device to boot.
            words = (
                "the script ends without booting anything: it leaves the boot to the next device"
            )
            title = f"ipxe option ({hide_credentials(self._path)})"
            item = MenuItem("boot", title, "", outcome.config, outcome.line)
            yield self._end_entry(
                item, outcome._replace(reason=words, action="exit"), (), marked=True
            )
        elif outcome.kind == "returned":
            # iPXE would go back to the firmware. A kernel that was loaded is worth an entry.
            kernel = run.selected
            loaded = run.make_boot(kernel) if kernel and run.may_start(kernel) else None
            words = "a kernel is loaded, but never booted" if loaded else outcome.reason
            self._context.complain(outcome.config, outcome.line, words)
            if loaded:
                yield self._boot_entry(_item_of(loaded), loaded, (), marked=False)
        else:
            title = f"ipxe option ({hide_credentials(self._path)})"
            item = MenuItem("boot", title, "", outcome.config, outcome.line)
            yield self._end_entry(item, outcome, (), marked=True)

    def _attempt(self, run: Run, go: Callable[[], Outcome]) -> Outcome:
        """Run to the next outcome. A script without an end is a failure."""
        try:
            return go()
        except OutOfBudget as error:
            run.complain(str(error))
            tried = run.failures[0].reason if run.failures else str(error)
            return End(tried, run.config, run.line, kind="failed")

    def _menu(
        self, run: Run, question: Question, trail: tuple[str, ...], above: Above, *, marked: bool
    ) -> Iterator[Entry]:
        self._menus += 1
        labels = [item.label for item in question.menu.items]
        default = labels.index(question.default) if question.default in labels else 0
        if marked:
            self._default_from += (
                Origin("choose", labels[default], question.config, question.line),
            )
        for number, item in enumerate(question.menu.items):
            here = marked and number == default
            yield from self._item(run, item, trail, (*above, question), marked=here)

    def _item(
        self, run: Run, item: MenuItem, trail: tuple[str, ...], above: Above, *, marked: bool
    ) -> Iterator[Entry]:
        choice = run.choose(item)
        outcome = self._run_item(choice)
        if isinstance(outcome, Boot):
            yield self._boot_entry(item, outcome, trail, marked=marked)
        elif isinstance(outcome, End):
            yield self._end_entry(item, outcome, trail, marked=marked)
        elif any(_is_same(outcome, other) for other in above):
            yield self._back_entry(item, choice, outcome, trail, marked=marked)
        elif len(above) > _DEPTH or self._menus >= _MENUS:
            words = "menus lead to menus without end"
            if self._menus >= _MENUS:
                words = f"more than {_MENUS} menus: the rest is left"
            end = End(words, outcome.config, outcome.line)
            self._context.complain(end.config, end.line, end.reason)
            yield self._end_entry(item, end, trail, marked=marked)
        else:
            title = _ARROW.sub("", _title(item))
            yield from self._menu(choice, outcome, (*trail, title), above, marked=marked)

    def _run_item(self, run: Run) -> Outcome:
        """Go on with a part of the budget, so that a bad item costs only itself."""
        whole = self._context.budget
        # The first items have some steps even if those before took all.
        self._items += 1
        free = _FREE if self._items <= _ITEMS else 0
        part = min(ONE_ITEM, max(whole.steps, 0) + free)
        self._context.budget = Budget(part)
        outcome = self._attempt(run, run.go)
        taken = part - max(self._context.budget.steps, 0) + _BEGINNING
        whole.steps -= max(taken - free, 0)
        self._context.budget = whole
        return outcome

    # Entries

    def _boot_entry(
        self, item: MenuItem, boot: Boot, trail: tuple[str, ...], *, marked: bool
    ) -> Entry:
        kernel = boot.kernel
        self._check(boot)
        return self._entry(
            item,
            trail,
            marked,
            kernel=kernel.ref,
            initrds=tuple(image.packed for image in boot.initrds),
            devicetree=boot.devicetree.ref if boot.devicetree else None,
            cmdline=kernel.cmdline,
            origins=tuple(_origins(boot)),
            unchecked=boot.unchecked,
            signatures=tuple(dict.fromkeys(boot.list_signatures())),
        )

    def _check(self, boot: Boot) -> None:
        """Report an initrd= on the command line whose file no command fetches."""
        if "initrd=" not in boot.kernel.cmdline:
            return
        names = {image.name for image in boot.initrds} | {"initrd.magic"}
        for m in _INITRD.finditer(boot.kernel.cmdline):
            for name in m[1].split(","):
                if name.lstrip("\\/") not in names:
                    where = (boot.kernel.cmdline_from or boot.kernel.fetched_by)[0]
                    words = f"initrd={name} is none of the files that are fetched"
                    self._context.complain(where.config, where.line, words)

    def _end_entry(
        self, item: MenuItem, end: End, trail: tuple[str, ...], *, marked: bool
    ) -> Entry:
        return self._entry(item, trail, marked, unbootable=end.reason, action=end.action)

    def _back_entry(
        self, item: MenuItem, run: Run, question: Question, trail: tuple[str, ...], *, marked: bool
    ) -> Entry:
        """Return an item that leads back: hidden, or with the failure that led back."""
        if run.failures:
            return self._end_entry(item, run.failures[0], trail, marked=marked)
        end = End("it leads back to the menu", question.config, question.line)
        return replace(self._end_entry(item, end, trail, marked=marked), hidden=True)

    def _entry(self, item: MenuItem, trail: tuple[str, ...], marked: bool, **facts: Any) -> Entry:
        entry = Entry(
            title=_title(item),
            name=self._make_unique(trail, item.label),
            config=item.config,
            line=item.line,
            trail=trail,
            default=marked,
            hotkey=item.key,
            default_from=self._default_from if marked else (),
            **facts,
        )
        if marked:
            self._default = entry
        return entry

    def _make_unique(self, trail: tuple[str, ...], name: str) -> str:
        count = self._names[trail, name] = self._names.get((trail, name), 0) + 1
        return name if count == 1 else self._make_unique(trail, f"{name}#{count}")

    def _preferences(self, outcome: Outcome) -> Preferences | None:
        """Return the preferences, if the script has a menu or leaves the boot to another device.

        If the menu's default is no Linux, no entry boots by itself: others often install a system.
        """
        ends = isinstance(outcome, End) and outcome.kind == "returned" and self._is_remote
        if ends or (isinstance(outcome, End) and outcome.action == "exit"):
            return Preferences(elsewhere=True)
        if not isinstance(outcome, Question):
            return None
        timeout = math.inf if outcome.seconds is None else outcome.seconds
        elsewhere = self._default is None or bool(self._default.unbootable)
        return Preferences(timeout=timeout, elsewhere=elsewhere)


def _item_of(boot: Boot) -> MenuItem:
    """Return a menu item for a script that boots without a menu."""
    kernel = boot.kernel
    title = kernel.name if kernel.named else f"ipxe option ({hide_credentials(str(kernel.ref))})"
    return MenuItem("boot", title, "", kernel.fetched_by[0].config, kernel.fetched_by[0].line)


def _origins(boot: Boot) -> Iterator[Origin]:
    """Yield the origins of the files. A command's name is the use of its file: kernel, initrd."""
    kernel = boot.kernel
    fetched = [("kernel", kernel, not kernel.cmdline_from)]
    fetched += [("initrd", image, False) for image in boot.initrds]
    fetched += [("fdt", boot.devicetree, False)] if boot.devicetree else []
    for what, image, has_cmdline in fetched:
        command, *settings = image.fetched_by
        spans = command.spans if has_cmdline else ()
        same = (command.what, command.spans) == (what, spans)
        yield command if same else replace(command, what=what, spans=spans)
        for origin in settings:
            yield origin if has_cmdline else replace(origin, spans=())
        if image is kernel:
            yield from kernel.cmdline_from


def _title(item: MenuItem) -> str:
    """Return an item's title without the codes that colour it."""
    return _CONTROL.sub("", item.text).strip() or item.label


def _is_same(question: Question, other: Question) -> bool:
    """Return True for the same menu. Its titles and some items may change with the settings."""
    if (question.config, question.line) != (other.config, other.line):
        return False
    one, two = ({item.label for item in a.menu.items} for a in (question, other))
    return 2 * len(one & two) >= len(one | two)
