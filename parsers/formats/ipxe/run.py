"""Run a script up to an outcome: a boot, an end or a menu. A copy of the run can go on from a menu.

Order and status of the commands are iPXE's. A line that fails ends its script, unless `||` handles
the failure. The status of a chained script is the status of the `chain` command.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parsers.api import Action, Origin, SignatureRef
from parsers.formats.ipxe.context import IpxeContext
from parsers.formats.ipxe.origin import (
    MOST,
    SourceSpan,
    TracedText,
    command_origins,
    join_words,
    plain_origins,
)
from parsers.formats.ipxe.outcome import (
    Boot,
    CommandError,
    End,
    IpxeImage,
    IpxeMenu,
    MenuItem,
    Outcome,
    Stop,
)
from parsers.formats.ipxe.script import Script, ScriptCommand
from parsers.formats.ipxe.settings import IpxeSettings
from parsers.reading.budget import OutOfBudget

_DEPTH = 32  # scripts that chain to scripts
_AGAIN = 20  # steps of a goto that leads back: many scripts try for ever, and nothing changes here
_SECOND, _LONGEST_WAIT = 100, 60  # steps of a second that the script waits; seconds
_STARTS = "${"
_SETTING = re.compile(r"\$\{([^${}]*)\}")


CommandFunction = Callable[["Run", Sequence[str]], bool]


@dataclass(slots=True)
class Frame:
    """A running script and its position."""

    script: Script
    line: int = 0  # index of the line
    command: int = 0  # index of the command in the line
    started: bool = False  # the command has been started
    wanted: bool = True  # the joint before the command wants it to run
    status: bool = True  # the previous command succeeded

    def copy(self) -> "Frame":
        return Frame(self.script, self.line, self.command, self.started, self.wanted, self.status)

    def go(self, line: int) -> None:
        self.line, self.command = line, 0
        self.started, self.wanted, self.status = False, True, True


class Run:
    """The state of iPXE while it runs scripts."""

    def __init__(
        self, context: IpxeContext, commands: "dict[str, CommandFunction]", settings: IpxeSettings
    ) -> None:
        self.context = context
        self.commands = commands
        self.settings = settings
        self.images: tuple[IpxeImage, ...] = ()
        self.selected: IpxeImage | None = None
        self.devicetree: IpxeImage | None = None
        self.wants_trust = self.is_trust_permanent = False  # by imgtrust
        self.signed_scripts: tuple[SignatureRef, ...] = ()  # the signatures of scripts that ran
        self.unchecked = ""  # a signature that nobody can check, in words
        self.menus: dict[str, IpxeMenu] = {}
        self.failures: list[End] = []  # since the last choice
        self._frames: list[Frame] = []
        self._asked = ""
        # The words of the running command, and their texts if a setting has given a part of them.
        self._words: Sequence[str] = ()
        self._texts: Sequence[TracedText] = ()

    def start(self, script: Script) -> Outcome:
        self._frames = [Frame(script)]
        return self.go()

    def choose(self, item: MenuItem) -> "Run":
        """Return a copy of the run in which the user has chosen this item."""
        new = Run(self.context, self.commands, self.settings.copy())
        new.images, new.selected, new.devicetree = self.images, self.selected, self.devicetree
        new.menus = dict(self.menus)
        new.wants_trust, new.is_trust_permanent = self.wants_trust, self.is_trust_permanent
        new.signed_scripts, new.unchecked = self.signed_scripts, self.unchecked
        for menu in self.menus.values():
            menu.is_shared = True
        new._frames = [frame.copy() for frame in self._frames]
        origin = Origin("", "", item.config, item.line, "item")
        new._frames[-1].status = new.settings.put(self._asked, TracedText(item.label), origin)
        return new

    # The position

    @property
    def config(self) -> str:
        return self._frames[-1].script.where

    @property
    def line(self) -> int:
        frame = self._frames[-1]
        return frame.script.lines[frame.line].number

    @property
    def handles_failure(self) -> bool:
        """Return True if the line handles a failure of its command, by `||`."""
        frame = self._frames[-1]
        following = frame.script.lines[frame.line].commands[frame.command :]
        return any(command.joint == "||" for command in following)

    def complain(self, message: str) -> None:
        self.context.complain(self.config, self.line, message)

    def fail(self, reason: str) -> bool:
        """Record a failure. Return False, for the command to return as its status."""
        self.failures.append(End(reason, self.config, self.line, kind="failed"))
        return False

    def end(self, reason: str, action: Action = "") -> Stop:
        return Stop(End(reason, self.config, self.line, action))

    def may_start(self, image: IpxeImage) -> bool:
        """Return True unless imgtrust demands a signature that the image lacks."""
        return bool(image.signed) or not self.wants_trust

    def make_boot(self, kernel: IpxeImage) -> Boot:
        """Return the boot of this kernel. iPXE passes on all fetched files, in their order."""
        own = (kernel.where, self.devicetree and self.devicetree.where)
        initrds = [i for i in self.images if not i.is_kernel and i.where not in own]
        return Boot(kernel, tuple(initrds), self.devicetree, self.signed_scripts, self.unchecked)

    # Running

    def go(self) -> Outcome:
        """Run to the next outcome."""
        try:
            while True:
                if stopped := self._run_line():
                    return stopped
        except Stop as stop:
            self._asked = stop.setting
            return stop.outcome

    def _run_line(self) -> End | None:
        """Run the rest of the current line, while its script stays the innermost one."""
        frame = self._frames[-1]
        if frame.line >= len(frame.script.lines):
            return self._leave(True)
        commands = frame.script.lines[frame.line].commands
        while True:
            command = commands[frame.command]
            if not frame.started:
                frame.started = True
                self.context.budget.spend()
                if frame.wanted and command.words:
                    self._execute(frame, command)
                    if not frame.started or self._frames[-1] is not frame:
                        return None
                elif frame.wanted:
                    frame.status = True
            if not command.joint:
                break
            frame.wanted = command.joint == ";" or frame.status is (command.joint == "&&")
            frame.command, frame.started = frame.command + 1, False
        if not frame.status:
            return self._leave(False)
        frame.go(frame.line + 1)
        return None

    def _leave(self, status: bool) -> End | None:
        """End the innermost script. Its status goes to the script that chained to it."""
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
            self._texts = [self._expand_word(word) for word in command.words]
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
        # After a goto or a chain the frame has its new status already.
        if not status:
            frame.status = False

    def _expand_word(self, text: str) -> TracedText:
        """Expand the settings in a word. Nested settings lose their traces."""
        if _STARTS not in text:
            return TracedText(text)
        if m := _SETTING.fullmatch(text):
            value = self.settings.text(m[1])
            if _STARTS not in value.text:
                return TracedText(value.text, value.traces[:MOST])
        whole, at, traces = "", 0, list[SourceSpan]()
        for m in _SETTING.finditer(text):
            whole += text[at : m.start()]
            value = self.settings.text(m[1])
            traces += (trace.shift(len(whole)) for trace in value.traces)
            whole = self.context.hold(whole + value.text)
            at = m.end()
        whole += text[at:]
        return (
            TracedText(self._expand_nested(text))
            if _STARTS in whole
            else TracedText(whole, tuple(traces[:MOST]))
        )

    def _expand_nested(self, text: str) -> str:
        """Expand the innermost setting first, then the settings in its value."""
        while _STARTS in text and (end := text.find("}", text.find(_STARTS))) >= 0:
            self.context.budget.spend()
            start = text.rfind(_STARTS, 0, end)
            value = self.settings.get(text[start + len(_STARTS) : end])
            text = self.context.hold(text[:start] + value + text[end + 1 :])
        return text

    # Services for commands

    def wait(self, seconds: float) -> None:
        """Wait as iPXE would, but only by steps of the budget."""
        self.context.budget.spend(round(min(max(seconds, 0), _LONGEST_WAIT) * _SECOND))

    def last(self, count: int) -> TracedText:
        """Return the last words of the command as one text."""
        if not self._texts:
            return TracedText(" ".join(self._words[len(self._words) - count :]))
        return join_words(self._texts[len(self._texts) - count :])

    def origin(self, how: str) -> Origin:
        """Return the origin of a setting whose value this command sets."""
        return Origin("", "", self.config, self.line, how)

    def command_origins(self, what: str, words: int, arguments: int) -> tuple[Origin, ...]:
        """Return the origins of the last `words`; the last `arguments` are for the kernel."""
        start, cmdline = len(self._words) - words, len(self._words) - arguments
        if not self._texts:
            return plain_origins(
                what, self.config, self.line, self._words[start:], self._words[cmdline:]
            )
        return command_origins(
            what, self.config, self.line, self._texts[start:], self._texts[cmdline:]
        )

    def goto(self, label: str) -> bool:
        frame = self._frames[-1]
        if label not in frame.script.labels:
            if not self.handles_failure:
                self.complain(f"there is no label {label!r} to go to")
            return self.fail(f"there is no label {label!r} to go to, in line {self.line}")
        line = frame.script.labels[label]
        if line <= frame.line:
            self.context.budget.spend(_AGAIN)
        frame.go(line)
        return True

    def leave(self, status: bool) -> bool:
        """End the script by `exit`, with this status."""
        if len(self._frames) == 1:
            raise self.end("it goes back to the firmware", "exit")
        self._leave(status)
        return True

    def call(self, script: Script, *, instead: bool) -> bool:
        """Go on in another script, and later in this one, unless it runs `instead`."""
        if instead:
            self._frames.pop()
        elif len(self._frames) >= _DEPTH:
            raise OutOfBudget("scripts chain to each other without end: given up")
        self._frames.append(Frame(script))
        return True
