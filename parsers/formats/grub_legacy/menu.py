"""A menu.lst: the settings of the menu, and its titles with their commands."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from posixpath import dirname

import pyparsing as pp

from parsers.api import (
    Entry,
    Files,
    Item,
    Origin,
    Password,
    Preferences,
    Problem,
)
from parsers.formats.grub_legacy.commands import COMMANDS, LoaderState, split_row
from parsers.formats.grub_legacy.drives import Drives
from parsers.places.volumes import find, on_volume, rename_files
from parsers.reading.names import make_unique
from parsers.reading.text import build_grammar, read, read_optional, scan_statements

_SETTINGS = ("default", "fallback", "timeout", "password", "hiddenmenu")
# Commands for the screen and the BIOS; the last lines are Solaris's and grub4dos's.
_IGNORED = frozenset(
    (
        *("background", "blocklist", "boot", "bootp", "cat", "cmp", "color", "debug", "device"),
        *("dhcp", "displayapm", "displaymem", "embed", "foreground", "geometry", "gfxmenu", "help"),
        *("hide", "ifconfig", "impsprobe", "install", "ioprobe", "makeactive", "md5crypt", "pager"),
        *("partnew", "parttype", "pause", "rarp", "read", "savedefault", "serial", "setkey"),
        *("setup", "shade", "splash", "splashimage", "terminal", "terminfo", "testload", "testvbe"),
        *("tftpserver", "unhide", "uppermem", "vbeprobe", "verbose", "viewport"),
        *("bootfs", "min_mem64"),
        *("call", "checkrange", "checktime", "clear", "command", "echo", "errorcheck", "fontfile"),
        *("graphicsmode", "initscript", "outline", "pxe", "quiet", "write"),
    )
)
STATEMENTS = frozenset((*_SETTINGS, *_IGNORED, *COMMANDS, "title", "iftitle"))


Location = tuple[int, int]  # line, column
_TOP: Location = (1, 0)


@dataclass(slots=True)
class Title:
    text: str
    help: str
    where: Location
    commands: list[tuple[Location, str, str]] = field(default_factory=list)  # its name, arguments


def is_script(text: str) -> bool:
    """Return True if the text is a script for GRUB 2, which has entries of another kind."""
    if re.search(r"^[ \t]*(?:if)?title\b", text, re.M):
        return False
    return bool(re.search(r"^[ \t]*(?:menuentry|submenu|hiddenentry|blscfg)\b", text, re.M))


@cache
def _command() -> pp.ParserElement:
    """Build the grammar of a command. A command and a comment go on after a backslash.

    command = name, [ white | "=" ], rest | mistake ;
    comment = "#", rest ;
    rest    = { character | "\\", newline } ;
    mistake = "=", { character } ;
    """
    rest = r"(?:\\\n|[^\n])*"
    return build_grammar(
        rf"(?P<name>[^\s=]+)[ \t=]*(?P<rest>{rest})|(?P<bad>=[^\n]*)", comment=f"#{rest}"
    )


class LegacyMenu:
    """One menu file: its settings and its titles."""

    def __init__(
        self, files: Files, path: str, text: str, above: "LegacyMenu | None" = None
    ) -> None:
        self.drives: Drives = Drives(files, above.drives.devices if above else None)
        self._files, self._path = files, path
        # Volume and path of every menu so far: no menu is shown within itself, or twice.
        self._shown: set[tuple[str, str]] = above._shown if above else set()
        self._shown.add((files.volume.name, path))
        self._problems: list[Problem] = []
        self._settings: dict[str, tuple[Location, str]] = {}
        self._variables: dict[str, str] = {}
        self._titles: list[Title] = []
        self._passwords_below: list[Password] = []  # of the menus that this one opens
        self._read(text)

    def items(self, trail: tuple[str, ...], *, marked: bool) -> Iterator[Item]:
        """Yield the menu's items. `marked` says that the default entry is in this menu."""
        titles = [title for title in self._titles if self._has_commands(title)]
        names = make_unique([title.text for title in titles])
        default, fallback = self._default(len(titles))
        states = [self._run(title, name) for title, name in zip(titles, names, strict=True)]
        yield from sorted(self._problems, key=lambda problem: problem.line)
        for number, (title, name) in enumerate(zip(titles, names, strict=True)):
            yield from self._entry(
                title, name, states[number], trail, marked=marked and number == default
            )
        yield from self._preferences([names[n] for n in fallback], states)

    def _read(self, text: str) -> None:
        for m, line, column in scan_statements(_command(), text):
            rest = (m["rest"] or "").replace("\\\n", " ").replace("\t", " ").strip()
            self._handle((line, column), m["name"] or m["bad"], self._expand(rest))

    def _expand(self, text: str) -> str:
        """Replace grub4dos's %name% by the value of the variable, if it has one."""
        if not self._variables or "%" not in text:
            return text
        return re.sub(r"%(\w+)%", lambda m: self._variables.get(m[1], m[0]), text, count=20)

    def _handle(self, where: Location, name: str, rest: str) -> None:
        if name in ("title", "iftitle"):
            condition = r"^\[[^\]]*\]\s*" if name == "iftitle" else r"^"
            # grub4dos shows the text after \n below the menu.
            shown, _, more = re.sub(condition, "", rest).partition(r"\n")
            self._titles.append(Title(shown.strip(), more.replace(r"\n", "\n").strip(), where))
        elif name == "set":
            key, _, value = rest.partition("=")
            self._variables[key.strip()] = value.strip()[:200]
        elif self._titles:
            self._titles[-1].commands += [(where, *part) for part in split_row(name, rest)]
        elif name in _SETTINGS:
            if name in self._settings:
                self._complain(where, f"{name!r} is set a second time; this value counts")
            self._settings[name] = (where, rest)
        elif name in COMMANDS:
            self._complain(where, f"{name!r} belongs to an entry; before the first it is ignored")
        elif name not in _IGNORED:
            self._complain(where, f"unknown command: {name!r}")

    def _complain(self, where: Location, message: str) -> None:
        line, column = where
        self._problems.append(Problem(self._path, line, message, column))

    def _has_commands(self, title: Title) -> bool:
        """Return False, and report it, for a title without a known command: GRUB drops it."""
        if any(name in COMMANDS or name in _IGNORED for _, name, _ in title.commands):
            return True
        self._complain(title.where, f"the title {title.text!r} has no commands, so GRUB drops it")
        return False

    def _default(self, count: int) -> tuple[int, list[int]]:
        """Return the number of the default entry, and those of its fallbacks."""
        where, text = self._settings.get("default", (_TOP, "0"))
        if saved := text == "saved":
            # The file `default` has a fixed size and begins with the number.
            kept = read_optional(self._files, f"{dirname(self._path)}/default") or ""
            text = kept[:10].partition("\n")[0].strip() or "0"
        number = _number(text)
        fallback = self._fallback(count)
        if number is not None and number < count:
            return number, fallback
        if count and not saved:
            self._complain(where, f"there is no entry {text!r}; they count from 0")
        return (fallback[0], fallback[1:]) if fallback else (0, [])

    def _fallback(self, count: int) -> list[int]:
        where, text = self._settings.get("fallback", (_TOP, ""))
        numbers = [_number(word) for word in text.split()[:100]]
        if None in numbers:
            self._complain(where, f"a fallback is not a number: {text!r}")
        return list(dict.fromkeys(n for n in numbers if n is not None and n < count))

    def _preferences(
        self, fallback: Sequence[str], states: Sequence[LoaderState]
    ) -> Iterator[Item]:
        where, text = self._settings.get("timeout", (_TOP, ""))
        timeout = _number(text)
        if "timeout" in self._settings and timeout is None:
            yield Problem(self._path, where[0], f"the time-out is not a number: {text!r}", where[1])
        master = self._master()
        hidden = "hiddenmenu" in self._settings
        own = (master, *(state.password for state in states))
        passwords = [*(p for p in own if p), *self._passwords_below]
        locked = "password" in self._settings  # also if nobody can know the password
        if timeout is not None or fallback or passwords or hidden or locked:
            yield Preferences(
                timeout=None if timeout is None else float(timeout),
                fallback=tuple(fallback),
                style="hidden" if hidden else "",
                superusers=("",) if locked else None,
                passwords=tuple(passwords),
            )

    def _master(self) -> Password | None:
        return _password("", self._settings.get("password", (_TOP, ""))[1])

    def _run(self, title: Title, name: str) -> LoaderState:
        state = LoaderState(self.drives, "", [self.drives.own])
        for where, command, rest in title.commands:
            if command in ("root", "uuid", "kernel", "initrd"):
                state.statements.append((command, rest, where[0]))
            if command == "kernel" and state.kernel:
                self._complain(where, "a second kernel for this entry; this one counts")
            if run := COMMANDS.get(command):
                if message := run(state, rest):
                    self._complain(where, message)
            elif command == "password":
                state.password = _password(name, rest)
            elif command in _SETTINGS:
                words = "must stand before the first title; here it is ignored"
                self._complain(where, f"{command!r} {words}")
            elif command not in _IGNORED:
                self._complain(where, f"unknown command: {command!r}")
        return state

    def _entry(
        self, title: Title, name: str, state: LoaderState, trail: tuple[str, ...], *, marked: bool
    ) -> Iterator[Item]:
        if state.menu:
            below = self._below(state, (*trail, name), marked)
            if first := next(below, None):
                yield first
                yield from below
                return
        if not (state.kernel or state.unbootable):
            if not title.text:
                return  # an empty line in grub4dos's menu
            state.unbootable = "it starts nothing"
        linux = state.kernel if not state.unbootable else None
        yield Entry(
            title=title.text or "untitled",
            name=name,
            config=self._path,
            line=title.where[0],
            trail=trail,
            kernel=linux,
            initrds=tuple(state.initrds) if linux else (),
            cmdline=state.cmdline if linux else "",
            default=marked,
            default_from=self._default_from() if marked else (),
            origins=tuple(self._origins(state)) if linux else (),
            waits_for=state.waits_for if linux else "",
            unbootable=state.unbootable,
            action="" if linux else state.action,
            users=self._users(state),
            help=title.help,
        )

    def _origins(self, state: LoaderState) -> Iterator[Origin]:
        """Yield the origins of the files. Of several kernels the last counts."""
        kernels = [line for command, _, line in state.statements if command == "kernel"]
        for command, rest, line in state.statements:
            if command != "kernel":
                yield Origin(command, rest, self._path, line)
            elif line == kernels[-1]:
                # The arguments are the end of the line, unchanged.
                name = rest.removesuffix(state.cmdline).strip()
                whole = ((0, len(state.cmdline)),) if state.cmdline else ()
                yield Origin(command, name, self._path, line, spans=whole)

    def _default_from(self) -> tuple[Origin, ...]:
        if "default" not in self._settings:
            return ()
        where, text = self._settings["default"]
        here = Origin("default", text, self._path, where[0])
        if text != "saved":
            return (here,)
        kept = f"{dirname(self._path)}/default"
        return (here, *([Origin("saved", "", kept, 1)] if self._files.kind(kept) else []))

    def _users(self, state: LoaderState) -> tuple[str, ...] | None:
        master = ("",) if self._master() else ()
        if state.password:
            return (*master, state.password.user)
        return master if state.locked and master else None

    def _below(self, state: LoaderState, trail: tuple[str, ...], marked: bool) -> Iterator[Item]:
        """Yield the entries of another menu, with file names as seen from this volume."""
        ref = state.place(state.menu)
        volume = find(ref.device, self._files.host.volumes) if ref.device else self.drives.own
        tree = self.drives.tree(volume) if volume else None
        found = tree and read_optional(tree, ref.path)
        if volume is None or tree is None or not found or is_script(found):
            state.unbootable = f"the menu {state.menu} is not there, or for another GRUB"
        elif (volume.name, ref.path) in self._shown:
            state.unbootable = f"it leads to the menu {state.menu}, which is shown already"
        else:
            text, problems = read(tree, ref.path)
            yield from problems
            for item in LegacyMenu(tree, ref.path, text, self).items(trail, marked=marked):
                if isinstance(item, Entry):
                    yield rename_files(item, volume.name, self.drives.own.name)
                elif isinstance(item, Problem):
                    own = volume.name == self.drives.own.name
                    config = item.config if own else on_volume(volume.name, item.config)
                    yield replace(item, config=config)
                else:
                    self._passwords_below += item.passwords
            state.unbootable = f"the menu {state.menu} has no entries"


def _number(text: str) -> int | None:
    """Return a number as GRUB reads one, or None. It is never negative."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    return int(text, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,8}", text) else None


def _password(user: str, rest: str) -> Password | None:
    hashed = rest.startswith("--")
    words = rest.split()[1 if hashed else 0 :]
    if not words:
        return None
    return Password(user=user, secret=words[0], hashed=hashed, nameless=True)
