"""Runs scripts up to where iPXE would boot, end or ask; then a copy can go on from there.

The order of things, and the status of each, are iPXE's own: a line that fails ends its script,
unless `||` takes care of it; a script that was chained to gives its status to who chained.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from parsers.api import Action, FileRef, Origin
from parsers.formats.ipxe.context import IpxeContext, LimitExceeded
from parsers.formats.ipxe.origin import MOST, Trace, TracedText, joined, plain, statement
from parsers.formats.ipxe.script import Script, ScriptCommand
from parsers.formats.ipxe.settings import IpxeSettings

_DEPTH = 32  # of scripts that chain to scripts
_STARTS = "${"
_SETTING = re.compile(r"\$\{([^${}]*)\}")

_MODE = re.compile(r"(?<!\S)mode=([0-7]{1,4})(?!\S)")

CommandFunction = Callable[["Run", Sequence[str]], bool]


class IpxeImage(NamedTuple):
    """A file that was fetched; `where` is its URL or its path."""

    name: str
    where: str
    ref: FileRef
    cmdline: str
    fetched: tuple[Origin, ...]  # the command, then the settings in it
    told: tuple[Origin, ...] = ()  # likewise who gave the command line, if not who fetched it
    named: bool = False  # by --name
    is_kernel: bool = False  # got by a command that selects: what `boot` would start

    @property
    def packed(self) -> FileRef:
        """As an initrd: the first word after its name is a path, under which the kernel unpacks it
        (core/cpio.c). The directories around it are there, whatever `mkdir=` says."""
        path, _, rest = self.cmdline.partition(" ")
        if not path:
            return self.ref
        said = _MODE.search(rest)
        return replace(self.ref, packed=path, mode=int(said[1], 8) if said else 0o644)


class MenuItem(NamedTuple):
    """A line of a menu that can be chosen."""

    label: str
    text: str
    key: str
    config: str
    line: int


@dataclass(slots=True)
class IpxeMenu:
    title: str
    items: list[MenuItem]
    default: str = ""  # of `item --default`
    is_shared: bool = False  # by runs that go different ways: a copy changes, not this


class Boot(NamedTuple):
    """iPXE starts a kernel."""

    kernel: IpxeImage
    initrds: tuple[IpxeImage, ...]
    devicetree: IpxeImage | None = None


class Question(NamedTuple):
    """iPXE shows a menu."""

    menu: IpxeMenu
    default: str
    seconds: float | None  # None: it waits for ever
    config: str
    line: int


class End(NamedTuple):
    """Nothing that kexec could start."""

    reason: str
    config: str
    line: int
    action: Action = ""
    kind: Literal["", "failed", "returned"] = ""  # it does that; something did not work; no more


Outcome = Boot | Question | End


class Stop(Exception):
    """A command after which iPXE would do something else than run the script."""

    def __init__(self, outcome: Outcome, setting: str = "") -> None:
        super().__init__()
        self.outcome = outcome
        self.setting = setting  # where the choice goes


class CommandError(Exception):
    """The words are none that the command takes; the text says why."""


@dataclass(slots=True)
class Frame:
    """A script that is being run, and how far it is."""

    script: Script
    line: int = 0  # index of the line, and of the command in it
    command: int = 0
    begun: bool = False  # that command
    wanted: bool = True  # what stands before it wants it to be run
    status: bool = True  # of the command before: whether it succeeded

    def copy(self) -> "Frame":
        return Frame(self.script, self.line, self.command, self.begun, self.wanted, self.status)

    def go(self, line: int) -> None:
        self.line, self.command = line, 0
        self.begun, self.wanted, self.status = False, True, True


class Run:
    """The state of iPXE."""

    def __init__(
        self, context: IpxeContext, commands: "dict[str, CommandFunction]", settings: IpxeSettings
    ) -> None:
        self.context = context
        self.commands = commands
        self.settings = settings
        self.images: tuple[IpxeImage, ...] = ()
        self.selected: IpxeImage | None = None
        self.devicetree: IpxeImage | None = None
        self.menus: dict[str, IpxeMenu] = {}
        self.failures: list[End] = []  # what did not work, since the last choice
        self._frames: list[Frame] = []
        self._asked = ""
        # Of the command that is being run; the texts where a setting has given something.
        self._words: Sequence[str] = ()
        self._texts: Sequence[TracedText] = ()

    def start(self, script: Script) -> Outcome:
        self._frames = [Frame(script)]
        return self.go()

    def choose(self, item: MenuItem) -> "Run":
        """A copy that has got this answer to what was asked."""
        new = Run(self.context, self.commands, self.settings.copy())
        new.images, new.selected, new.devicetree = self.images, self.selected, self.devicetree
        new.menus = dict(self.menus)
        for menu in self.menus.values():
            menu.is_shared = True
        new._frames = [frame.copy() for frame in self._frames]
        origin = Origin("", "", item.config, item.line, "item")
        new._frames[-1].status = new.settings.put(self._asked, TracedText(item.label), origin)
        return new

    # Where it is

    @property
    def config(self) -> str:
        return self._frames[-1].script.where

    @property
    def line(self) -> int:
        frame = self._frames[-1]
        return frame.script.lines[frame.line].number

    @property
    def handled(self) -> bool:
        """Whether the line says what to do when its command fails."""
        frame = self._frames[-1]
        following = frame.script.lines[frame.line].commands[frame.command :]
        return any(command.joint == "||" for command in following)

    def complain(self, message: str) -> None:
        self.context.complain(self.config, self.line, message)

    def fail(self, reason: str) -> bool:
        """Notes why something did not work; False, for a command to return in turn."""
        self.failures.append(End(reason, self.config, self.line, kind="failed"))
        return False

    def end(self, reason: str, action: Action = "") -> Stop:
        return Stop(End(reason, self.config, self.line, action))

    def loaded(self, kernel: IpxeImage) -> Boot:
        """What starts with this kernel: iPXE passes on whatever has been fetched, in that order."""
        own = (kernel.where, self.devicetree and self.devicetree.where)
        initrds = [i for i in self.images if not i.is_kernel and i.where not in own]
        return Boot(kernel, tuple(initrds), self.devicetree)

    # Running

    def go(self) -> Outcome:
        """On to the next outcome."""
        try:
            while True:
                if stopped := self._line():
                    return stopped
        except Stop as stop:
            self._asked = stop.setting
            return stop.outcome

    def _line(self) -> End | None:
        """The rest of the line where the innermost script is, as long as that script is it."""
        frame = self._frames[-1]
        if frame.line >= len(frame.script.lines):
            return self._leave(True)
        commands = frame.script.lines[frame.line].commands
        while True:
            command = commands[frame.command]
            if not frame.begun:
                frame.begun = True
                self.context.budget.spend()
                if frame.wanted and command.words:
                    self._execute(frame, command)
                    if not frame.begun or self._frames[-1] is not frame:
                        return None
                elif frame.wanted:
                    frame.status = True
            if not command.joint:
                break
            frame.wanted = command.joint == ";" or frame.status is (command.joint == "&&")
            frame.command, frame.begun = frame.command + 1, False
        if not frame.status:
            return self._leave(False)
        frame.go(frame.line + 1)
        return None

    def _leave(self, status: bool) -> End | None:
        """The script is over. What that means is for the one that chained to it to say."""
        frame = self._frames[-1]
        if len(self._frames) > 1:
            self._frames.pop()
            self._frames[-1].status = status
            return None
        where = frame.script.where
        if status:
            words = "the script ends without booting anything"
            return End(words, where, frame.script.last, kind="returned")
        if self.failures:
            return self.failures[0]
        words = " ".join(frame.script.lines[frame.line].commands[frame.command].words)[:60]
        return End(f"{words!r} in line {self.line} fails", where, self.line, kind="failed")

    def _execute(self, frame: Frame, command: ScriptCommand) -> None:
        frame.status = True
        self._words, self._texts = command.words, ()
        if not command.is_plain:
            self._texts = [self._expanded(word) for word in command.words]
            self._words = [word.text for word in self._texts]
        name, *arguments = self._words
        if (found := self.commands.get(name)) is None:
            self.complain(f"unknown command: {name!r}")
            frame.status = self.fail(f"line {self.line} has an unknown command: {name!r}")
            return
        try:
            status = found(self, arguments)
        except CommandError as error:
            self.complain(f"{name}: {error}")
            status = self.fail(f"{name} in line {self.line} fails: {error}")
        # A goto or a script that was chained to has said what comes next.
        if not status:
            frame.status = False

    def _expanded(self, text: str) -> TracedText:
        """With the settings put in; whence is known as long as there is none within another."""
        if _STARTS not in text:
            return TracedText(text)
        if m := _SETTING.fullmatch(text):
            value = self.settings.text(m[1])
            if _STARTS not in value.text:
                return TracedText(value.text, value.traces[:MOST])
        whole, at, traces = "", 0, list[Trace]()
        for m in _SETTING.finditer(text):
            whole += text[at : m.start()]
            value = self.settings.text(m[1])
            traces += (trace.moved(len(whole)) for trace in value.traces)
            whole = self.context.budget.hold(whole + value.text)
            at = m.end()
        whole += text[at:]
        return (
            TracedText(self._expand(text))
            if _STARTS in whole
            else TracedText(whole, tuple(traces[:MOST]))
        )

    def _expand(self, text: str) -> str:
        """The innermost first, and again in what came of it."""
        while _STARTS in text and (end := text.find("}", text.find(_STARTS))) >= 0:
            self.context.budget.spend()
            start = text.rfind(_STARTS, 0, end)
            value = self.settings.get(text[start + len(_STARTS) : end])
            text = self.context.budget.hold(text[:start] + value + text[end + 1 :])
        return text

    # What commands make of it

    def last(self, count: int) -> TracedText:
        """The last words of the command as one text."""
        if not self._texts:
            return TracedText(" ".join(self._words[len(self._words) - count :]))
        return joined(self._texts[len(self._texts) - count :])

    def origin(self, how: str) -> Origin:
        """Of a setting that this command gives a value."""
        return Origin("", "", self.config, self.line, how)

    def statement(self, what: str, words: int, arguments: int) -> tuple[Origin, ...]:
        """Of so many last words, the last of which are a command line."""
        start, told = len(self._words) - words, len(self._words) - arguments
        if not self._texts:
            return plain(what, self.config, self.line, self._words[start:], self._words[told:])
        return statement(what, self.config, self.line, self._texts[start:], self._texts[told:])

    def goto(self, label: str) -> bool:
        frame = self._frames[-1]
        if label not in frame.script.labels:
            if not self.handled:
                self.complain(f"there is no label {label!r} to go to")
            return self.fail(f"there is no label {label!r} to go to, in line {self.line}")
        frame.go(frame.script.labels[label])
        return True

    def leave(self, status: bool) -> bool:
        """`exit`: the script is over, without its failing."""
        if len(self._frames) == 1:
            raise self.end("it goes back to the firmware", "exit")
        self._leave(status)
        return True

    def call(self, script: Script, *, instead: bool) -> bool:
        """Goes on in another script; `instead` of this one, or coming back to it."""
        if instead:
            self._frames.pop()
        elif len(self._frames) >= _DEPTH:
            raise LimitExceeded("scripts chain to each other without end: given up")
        self._frames.append(Frame(script))
        return True
