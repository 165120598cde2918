"""From a script to its entries: it runs up to a menu, then on from there for each of its items.

What an item comes to is its entry; a further menu's items become entries below it. An item that
leads back to a menu on the way to it is how iPXE's menus are left: ours has a key for that.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from parsers.api import Entry, Files, Item, Origin, Preferences
from parsers.formats.ipxe.commands import table
from parsers.formats.ipxe.context import Budget, IpxeContext, LimitExceeded
from parsers.formats.ipxe.run import Boot, End, MenuItem, Outcome, Question, Run
from parsers.formats.ipxe.script import Script, is_script
from parsers.formats.ipxe.settings import IpxeSettings, known

_DEPTH = 6  # of menus within menus
_MENUS = 500  # in all
_ONE_ITEM = 6_000  # steps, of the whole budget
_BEGINNING = 10  # steps, to begin with an item
_INITRD = re.compile(r"(?<!\S)initrd=(\S+)")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")
_ARROW = re.compile(r"\s*[-=]*>+$")  # what marks a title that leads to another menu

Above = tuple[Question, ...]  # the menus on the way


def items(files: Files, path: str) -> Iterator[Item]:
    """The configuration's problems, entries in the menu's order, and preferences."""
    yield from ScriptExplorer(IpxeContext(files), path).items()


class ScriptExplorer:
    """One configuration, from its text to its entries."""

    def __init__(self, context: IpxeContext, path: str) -> None:
        self._context = context
        self._path = path
        self._menus = 0
        self._names: dict[tuple[tuple[str, ...], str], int] = {}
        self._default: Entry | None = None
        self._default_from: tuple[Origin, ...] = ()

    def items(self) -> Iterator[Item]:
        entries: list[Entry] = []
        preferences = None
        if script := self._script():
            settings = IpxeSettings(known(self._context.files, self._path))
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
        if script and script.open_end:
            self._context.complain(
                self._path, script.open_end, "nothing follows the backslash: the line is never run"
            )
        return script

    def _top(self, run: Run, outcome: Outcome) -> Iterator[Entry]:
        if isinstance(outcome, Question):
            yield from self._menu(run, outcome, (), (), marked=True)
        elif isinstance(outcome, Boot):
            yield self._booted(_line_of(outcome), outcome, (), marked=True)
        elif outcome.kind == "returned":
            # iPXE would go back to the firmware, but a kernel is what a script is about.
            loaded = run.loaded(run.selected) if run.selected else None
            words = "a kernel is loaded, but never booted" if loaded else outcome.reason
            self._context.complain(outcome.config, outcome.line, words)
            if loaded:
                yield self._booted(_line_of(loaded), loaded, (), marked=False)
        else:
            title = f"ipxe option ({self._path})"
            line = MenuItem("boot", title, "", outcome.config, outcome.line)
            yield self._ended(line, outcome, (), marked=True)

    def _attempt(self, run: Run, go: Callable[[], Outcome]) -> Outcome:
        """Runs to the next outcome; what does not come to an end is one, too."""
        try:
            return go()
        except LimitExceeded as error:
            run.complain(str(error))
            tried = run.failures[0].reason if run.failures else str(error)
            return End(tried, run.config, run.line, kind="failed")

    def _menu(
        self, run: Run, ask: Question, trail: tuple[str, ...], above: Above, *, marked: bool
    ) -> Iterator[Entry]:
        self._menus += 1
        labels = [line.label for line in ask.menu.items]
        default = labels.index(ask.default) if ask.default in labels else 0
        if marked:
            self._default_from += (Origin("choose", labels[default], ask.config, ask.line),)
        for number, line in enumerate(ask.menu.items):
            here = marked and number == default
            yield from self._item(run, line, trail, (*above, ask), marked=here)

    def _item(
        self, run: Run, line: MenuItem, trail: tuple[str, ...], above: Above, *, marked: bool
    ) -> Iterator[Entry]:
        choice = run.choose(line)
        outcome = self._limited(choice)
        if isinstance(outcome, Boot):
            yield self._booted(line, outcome, trail, marked=marked)
        elif isinstance(outcome, End):
            yield self._ended(line, outcome, trail, marked=marked)
        elif any(_is_same(outcome, other) for other in above):
            yield self._back(line, choice, outcome, trail, marked=marked)
        elif len(above) > _DEPTH or self._menus >= _MENUS:
            words = "menus lead to menus without end"
            if self._menus >= _MENUS:
                words = f"more than {_MENUS} menus: the rest is left"
            end = End(words, outcome.config, outcome.line)
            self._context.complain(end.config, end.line, end.reason)
            yield self._ended(line, end, trail, marked=marked)
        else:
            title = _ARROW.sub("", _title(line))
            yield from self._menu(choice, outcome, (*trail, title), above, marked=marked)

    def _limited(self, run: Run) -> Outcome:
        """Goes on with a part of the budget, so that a bad item costs only itself."""
        whole = self._context.budget
        part = min(_ONE_ITEM, max(whole.steps, 0))
        self._context.budget = Budget(part)
        outcome = self._attempt(run, run.go)
        whole.steps -= part - max(self._context.budget.steps, 0) + _BEGINNING
        self._context.budget = whole
        return outcome

    # Entries

    def _booted(self, line: MenuItem, boot: Boot, trail: tuple[str, ...], *, marked: bool) -> Entry:
        kernel = boot.kernel
        self._check(boot)
        return self._entry(
            line,
            trail,
            marked,
            kernel=kernel.ref,
            initrds=tuple(image.packed for image in boot.initrds),
            devicetree=boot.devicetree.ref if boot.devicetree else None,
            cmdline=kernel.cmdline,
            origins=tuple(_origins(boot)),
        )

    def _check(self, boot: Boot) -> None:
        """Says what the command line wants and nothing brings."""
        if "initrd=" not in boot.kernel.cmdline:
            return
        names = {image.name for image in boot.initrds} | {"initrd.magic"}
        for m in _INITRD.finditer(boot.kernel.cmdline):
            for name in m[1].split(","):
                if name.lstrip("\\/") not in names:
                    where = (boot.kernel.told or boot.kernel.fetched)[0]
                    words = f"initrd={name} is none of the files that are fetched"
                    self._context.complain(where.config, where.line, words)

    def _ended(self, line: MenuItem, end: End, trail: tuple[str, ...], *, marked: bool) -> Entry:
        return self._entry(line, trail, marked, unbootable=end.reason, action=end.action)

    def _back(
        self, line: MenuItem, run: Run, ask: Question, trail: tuple[str, ...], *, marked: bool
    ) -> Entry:
        """Of use to a person only when it should have led elsewhere."""
        if run.failures:
            return self._ended(line, run.failures[0], trail, marked=marked)
        end = End("it leads back to the menu", ask.config, ask.line)
        return replace(self._ended(line, end, trail, marked=marked), hidden=True)

    def _entry(self, line: MenuItem, trail: tuple[str, ...], marked: bool, **facts: Any) -> Entry:
        entry = Entry(
            title=_title(line),
            name=self._unique(trail, line.label),
            config=line.config,
            line=line.line,
            trail=trail,
            default=marked,
            hotkey=line.key,
            default_from=self._default_from if marked else (),
            **facts,
        )
        if marked:
            self._default = entry
        return entry

    def _unique(self, trail: tuple[str, ...], name: str) -> str:
        count = self._names[trail, name] = self._names.get((trail, name), 0) + 1
        return name if count == 1 else self._unique(trail, f"{name}#{count}")

    def _preferences(self, outcome: Outcome) -> Preferences | None:
        """A menu whose default is no Linux is for those who are there: the others often install
        a system.
        """
        if not isinstance(outcome, Question):
            return None
        timeout = math.inf if outcome.seconds is None else outcome.seconds
        elsewhere = self._default is None or bool(self._default.unbootable)
        return Preferences(timeout=timeout, elsewhere=elsewhere)


def _line_of(boot: Boot) -> MenuItem:
    """What a menu would have said of the one thing that a script boots."""
    kernel = boot.kernel
    title = kernel.name if kernel.named else f"ipxe option ({kernel.ref})"
    return MenuItem("boot", title, "", kernel.fetched[0].config, kernel.fetched[0].line)


def _origins(boot: Boot) -> Iterator[Origin]:
    """Each file's command is called by what the file is for, whichever fetched it."""
    kernel = boot.kernel
    fetched = [("kernel", kernel, not kernel.told)]
    fetched += [("initrd", image, False) for image in boot.initrds]
    fetched += [("fdt", boot.devicetree, False)] if boot.devicetree else []
    for what, image, tells in fetched:
        command, *settings = image.fetched
        spans = command.spans if tells else ()
        same = (command.what, command.spans) == (what, spans)
        yield command if same else replace(command, what=what, spans=spans)
        for origin in settings:
            yield origin if tells else replace(origin, spans=())
        if image is kernel:
            yield from kernel.told


def _title(line: MenuItem) -> str:
    """Without what would colour it."""
    return _CONTROL.sub("", line.text).strip() or line.label


def _is_same(ask: Question, other: Question) -> bool:
    """A menu's titles, and some of its items, may change with the settings."""
    if (ask.config, ask.line) != (other.config, other.line):
        return False
    one, two = ({item.label for item in a.menu.items} for a in (ask, other))
    return 2 * len(one & two) >= len(one | two)
