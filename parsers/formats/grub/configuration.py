"""From a configuration to its entries: make the menu, then try each line of it.

The body of a menu entry runs as in GRUB, in a copy of the menu's environment. The kernel that is
loaded at its end is the entry. The body of a submenu makes a menu in turn, in a new environment
that holds the exported variables (grub-core/normal/menu.c).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from parsers.api import Entry, Files, Item, Origin, Preferences
from parsers.formats.grub.access import Users, find_allowed
from parsers.formats.grub.commands import table
from parsers.formats.grub.commands.menu import note_key, users
from parsers.formats.grub.commands.signatures import explain_unchecked
from parsers.formats.grub.default import default, fallbacks, find_shown, split, style, timeout
from parsers.formats.grub.language.family import Family
from parsers.formats.grub.recognition import find_family
from parsers.formats.grub.run.env import Environment, Scope
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.run.origins import origins
from parsers.formats.grub.run.shell import Boot, Exit, GrubCommand, MenuLine, Payload, Shell
from parsers.formats.grub.run.subvolumes import VARIABLES
from parsers.reading.budget import Budget, OutOfBudget

_DEPTH = 16  # of menus within menus
_ONE_ENTRY = 20_000  # steps, of the whole budget
_TRYING = 10  # steps, to start a line of the menu
# The steps of a line that do not count, by the number of lines before it: many lines are no endless
# loop, and lines that do not end take nothing from those after them.
_FREE = (2_500, 120), (10_000, 40)

PATHS = (
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/grub/grub.cfg",
    "/grub2/grub.cfg",
    "/grub.cfg",
    "/EFI/*/grub.cfg",
    "/efi/*/grub.cfg",
)
# The script of a medium that runs when the medium is an image file (GRUB's manual,
# "loopback.cfg").
LOOPBACK = ("/boot/grub/loopback.cfg", "/boot/grub2/loopback.cfg", "/grub/loopback.cfg")
# A configuration in a subvolume, a directory of the whole btrfs, is listed by itself, too.
_LISTED = PATHS + tuple(
    f"/{subvolume}/boot/{directory}/grub.cfg"
    for subvolume in ("@*", "root", "rootfs")
    for directory in ("grub", "grub2")
)


def items(files: Files, path: str, family: Family | None = None) -> Iterator[Item]:
    """Yield the configuration's problems, its entries in the menu's order, and its preferences.

    Without a family, the configuration is taken to be for the family that it looks like.
    """
    if family is None:
        family = find_family(path, files.read(path) or "", files)
    yield from GrubConfiguration(GrubMachine(files, elsewhere=_LISTED, family=family), path).items()


class GrubConfiguration:
    """One configuration, from its text to its entries.

    `variables` are set before it begins, besides GRUB's own. Without `text` the file is read.
    """

    def __init__(
        self,
        machine: GrubMachine,
        path: str,
        commands: Mapping[str, GrubCommand] | None = None,
        variables: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> None:
        self._machine = machine
        own = table(machine.family)
        self._commands = {**own, **commands} if commands else own
        self._path = path
        self._variables, self._text = variables or {}, text
        self._names: dict[tuple[tuple[str, ...], str], int] = {}
        # The menus on the way to the default, with the names of their lines by number.
        self._boots: list[tuple[Shell, Mapping[int, str]]] = []
        self._tried = 0
        self._reasons: list[Origin] = []  # why an entry is the default

    def shell(self) -> Shell:
        """Return the shell as it is before the first line runs."""
        values = {**self._machine.variables(self._path), **self._variables}
        env = Environment(values, VARIABLES if self._machine.family.subvolumes else ())
        return Shell(self._machine, self._commands, env, self._path)

    def items(self) -> Iterator[Item]:
        shell = self.shell()
        text = shell.text(self._path) if self._text is None else self._text
        entries = list(self._top(shell, text)) if text is not None else []
        self._check_fallback()
        self._check_timeout(shell)
        yield from sorted(self._machine.problems.values(), key=lambda p: (p.config, p.line))
        yield from entries
        preferences = self._preferences(shell, entries)
        # Without an entry, GRUB offers its command line: to its superusers.
        if entries or preferences.superusers is not None:
            yield preferences

    def _top(self, shell: Shell, text: str) -> Iterator[Entry]:
        end = self._attempt(shell, lambda: shell.run_text(text), cuts=True)
        if end == "boot":
            title = shell.payload.kernel.path if shell.payload.kernel else self._path
            yield self._entry(shell, title, "boot", (), shell.config, shell.line, default=True)
        marked = end != "boot"
        if end == "exit":
            # A script that exits tells nothing about its entries.
            left, shell.payload = shell.payload, Payload()
            for entry in self._leave(shell, left):
                marked = False
                yield entry
        yield from self._menu(shell, (), marked=marked)
        if shell.payload.kernel and not end and not any(m.menu for m in _menus(shell)):
            shell.machine.complain(shell.config, shell.line, "a kernel is loaded, but never booted")

    def _leave(self, shell: Shell, payload: Payload) -> Iterator[Entry]:
        """Yield the entry of a script that has ended the boot without its menu, if it has one."""
        yield from ()

    def _attempt(self, shell: Shell, run: Callable[[], object], *, cuts: bool = False) -> str:
        """Run to the end. Return "boot", "exit", the reason why it was stopped, or "".

        `cuts`: what is stopped might have named superusers later.
        """
        try:
            run()
        except Boot:
            return "boot"
        except Exit:
            return "exit"
        except (OutOfBudget, RecursionError) as error:
            text = str(error) if isinstance(error, OutOfBudget) else "it is nested without end"
            shell.machine.complain(shell.config, shell.line, text, always=True, cut=cuts)
            return text
        return ""

    def _menu(
        self, shell: Shell, trail: tuple[str, ...], *, marked: bool, allowed: Users = None
    ) -> Iterator[Entry]:
        """Yield the entries of the menus that a run has made.

        `marked`: the default is in the first of them. `allowed`: the users who get here.
        """
        for menu in _menus(shell):
            first, names = -1, dict[int, str]()
            if marked and (shown := find_shown(menu.menu)):
                first = self._default(menu, shown[0])
                self._boots.append((menu, names))
                marked = False
            for number, line in enumerate(menu.menu):
                for entry in self._line(
                    menu,
                    line,
                    trail,
                    marked=number == first,
                    allowed=find_allowed(menu, line, allowed),
                ):
                    if entry.trail == trail:
                        names[number] = entry.name
                    yield entry

    def _default(self, menu: Shell, first: int) -> int:
        """Return the number of the menu's default, else of the `first` line; note the reasons."""
        setting = menu.env.assignments.get("default")
        found = list(origins([setting])) if setting else []
        self._reasons += [origin for origin in found if origin not in self._reasons]
        spec = menu.env["default"]
        number = default(spec, menu.menu, self._machine.family)
        if number is not None:
            return number
        whence = ""
        if len(found) > 1:
            kept = found[-1]
            whence = f", which is {kept.what} of {kept.config}, line {kept.line},"
        self._complain(menu, "default", f"the default {spec!r}{whence} is no entry: the first is")
        return first

    def _check_fallback(self) -> None:
        for menu, _ in self._boots:
            words = menu.env["fallback"].split()
            known = list(fallbacks(menu.env["fallback"], menu.menu, self._machine.family))
            if len(known) < len(words):
                wrong = words[len(known)]
                self._complain(menu, "fallback", f"the fallback {wrong!r} is no entry of its menu")

    def _check_timeout(self, shell: Shell) -> None:
        menu = next((m for m in _menus(shell) if m.menu), shell)
        value = menu.env["timeout"]
        if value and timeout(value) is None:
            words = f"timeout {value!r} is no number of seconds: to GRUB there is none"
            self._complain(menu, "timeout", words)

    def _complain(self, menu: Shell, name: str, message: str) -> None:
        """Report a problem of a variable's value, at the line that set it."""
        setting = menu.env.assignments.get(name)
        config, line = (setting.config, setting.line) if setting else (menu.config, menu.line)
        self._machine.complain(config, line, message)

    def _line(
        self, menu: Shell, line: MenuLine, trail: tuple[str, ...], *, marked: bool, allowed: Users
    ) -> Iterator[Entry]:
        shell = self._start(menu, line)
        shell.is_default = marked
        loops = dict(self._machine.devices.loops)
        end = self._run_limited(shell, line)
        if not line.submenu:
            shell.menu.clear()  # GRUB adds these to the menu that it leaves
        below = any(m.menu for m in _menus(shell))
        if below and len(trail) < _DEPTH:
            within = (*trail, line.title)
            for entry in self._menu(shell, within, marked=marked, allowed=allowed):
                yield note_key(line.hotkey, len(trail), entry) if line.hotkey else entry
        elif not line.submenu or shell.payload != menu.payload:
            if end not in ("", "boot", "exit"):
                shell.payload.unbootable = end
            yield self._try_out(shell, line, trail, marked=marked, allowed=allowed)
        elif not end:
            words = "lies too deep in others" if below else "has no entries"
            self._machine.complain(line.config, line.line, f"the submenu {line.title!r} {words}")
        self._machine.devices.loops = loops  # an entry has no effect on the next

    def _start(self, menu: Shell, line: MenuLine) -> Shell:
        """Return the shell in which the body of a line runs."""
        shell = menu.fork(inherit=line.submenu, scope=Scope(line.arguments, line.parameters))
        shell.config, shell.line = line.config, line.line
        shell.in_entry = not line.submenu
        chosen = menu.env.get("chosen")
        shell.env["chosen"] = (f"{chosen}>" if chosen else "") + line.id.replace(">", ">>")
        shell.env.export("chosen")
        if tail := split(menu.env["default"])[1]:
            shell.env["default"] = tail
            if setting := menu.env.assignments.get("default"):
                shell.env.assignments["default"] = setting
        elif not (line.submenu and self._machine.family.copies_all):
            shell.env.unset("default")
        return shell

    def _try_out(
        self, shell: Shell, line: MenuLine, trail: tuple[str, ...], *, marked: bool, allowed: Users
    ) -> Entry:
        entry = self._entry(
            shell, line.title, line.id, trail, line.config, line.line, default=marked
        )
        return replace(
            entry,
            end=line.end,
            hotkey=line.hotkey,
            classes=line.classes,
            users=None if allowed is None else tuple(sorted(allowed)),
            hidden=line.hidden,
        )

    def _run_limited(self, shell: Shell, line: MenuLine) -> str:
        """Run a body with a part of the budget, so that a bad one costs only itself."""
        whole = self._machine.budget
        # The first lines have some steps even if making the menu took all.
        free = next((steps for lines, steps in _FREE if self._tried < lines), 0)
        part = min(_ONE_ENTRY, max(whole.steps, 0) + free)
        self._machine.budget = Budget(part)
        end = self._attempt(shell, lambda: self._try(shell, line))
        taken = part - max(self._machine.budget.steps, 0)
        self._tried += 1
        whole.steps -= max(taken - free, 0)
        self._machine.budget = whole
        return end

    def _try(self, shell: Shell, line: MenuLine) -> None:
        self._machine.budget.spend(_TRYING)
        failed = shell.run_entry(line.body)
        if failed and shell.payload.kernel and self._machine.family.after_success:
            shell.payload.unbootable = "Red Hat's GRUB boots nothing whose last command fails"

    def _entry(
        self,
        shell: Shell,
        title: str,
        name: str,
        trail: tuple[str, ...],
        config: str,
        line: int,
        *,
        default: bool,
    ) -> Entry:
        loaded = shell.payload
        trees = (loaded.devicetree,) if loaded.devicetree else ()
        files = (loaded.kernel, *loaded.initrds, *trees) if loaded.kernel else ()
        return Entry(
            title=title,
            name=self._unique(trail, name),
            config=config,
            line=line,
            trail=trail,
            kernel=loaded.kernel,
            initrds=loaded.initrds,
            devicetree=loaded.devicetree if loaded.kernel else None,
            cmdline=loaded.cmdline,
            default=default,
            default_from=tuple(self._reasons) if default else (),
            effects=tuple(shell.list_effects(default=default)),
            waits_for=loaded.waits_for,
            unbootable=loaded.unbootable,
            unchecked=explain_unchecked(shell, files) if files else "",
            signatures=tuple(shell.checks.list_signatures(files)) if files else (),
            action=loaded.action,
            origins=loaded.origins,
        )

    def _unique(self, trail: tuple[str, ...], name: str) -> str:
        count = self._names[trail, name] = self._names.get((trail, name), 0) + 1
        return name if count == 1 else self._unique(trail, f"{name}#{count}")

    def _preferences(self, shell: Shell, entries: Sequence[Entry]) -> Preferences:
        shown = next((m for m in _menus(shell) if m.menu), None)
        menu = shown or shell  # without a line there is the command line
        seconds = timeout(menu.env.get("timeout")) if shown else None
        superusers = menu.env.get("superusers")
        return Preferences(
            dialect=self._machine.family.name,
            wants=self._machine.wants(),
            timeout=seconds,
            fallback=tuple(self._fallback()),
            style=style(menu.env.get("timeout_style"), seconds),
            superusers=None if superusers is None else tuple(sorted(users(superusers))),
            passwords=tuple(self._machine.passwords.values()),
            # Install media do this to boot the disk that was installed to.
            elsewhere=any(entry.default and entry.action == "exit" for entry in entries),
        )

    def _fallback(self) -> Iterator[str]:
        """Yield the names of the entries to try after the default: first those of its own menu.

        GRUB does not go on with a menu around it, but waits. Nobody may be there to wait for.
        """
        for menu, names in reversed(self._boots):
            for number in fallbacks(menu.env["fallback"], menu.menu, self._machine.family):
                if number in names:
                    yield names[number]


def _menus(shell: Shell) -> list[Shell]:
    """Return the menus of a run in the order in which GRUB shows them: inner ones come first."""
    return [menu for inner in shell.nested for menu in _menus(inner)] + [shell]
