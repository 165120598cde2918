"""One console without cursor motion, for printers, screen readers and terminals without a screen.

The screens are the same, and so are their keys. A line is a command: a number chooses a row, and a
key or its word may stand before the number. Where a screen has a field, its keys edit the field.
"""

import asyncio
import math
from collections.abc import Callable
from itertools import islice

from petipy.control.session import Session
from petipy.state.model import Status
from petipy.ui.kit.keys import BACK, BOOT, to_label
from petipy.ui.kit.search import FIND
from petipy.ui.kit.theme import Theme
from petipy.ui.line.countdown import next_change
from petipy.ui.line.keyboard import find_patience
from petipy.ui.line.keys import Report
from petipy.ui.line.letters import find_letters
from petipy.ui.line.loglevel import KERNEL_LOG_LEVEL
from petipy.ui.line.paper import Paper
from petipy.ui.line.plain import wrap
from petipy.ui.line.terminal import Terminal
from petipy.ui.line.watch import Watch
from petipy.ui.mode import GAP, IDLE, Ending, Mode
from petipy.ui.transcript import (
    Transcript,
    describe_keys,
    find_field,
    find_key,
    find_label,
    is_searching,
    read_lines,
    show_value,
    split_command,
)
from petipy.ui.translator import mark
from petipy.ui.view import Start

_REPEAT = 10.0  # seconds between two lines that differ in their numbers only
_MOST_NEWS = 20  # lines at once
_PROMPT, _MORE = "> ", mark("More: Enter goes on, q ends >")
_MOTIONS = frozenset({"left", "right", "home", "end"})  # a line shows no cursor within its text


class LineMode(Mode):
    """The screens of one console as lines."""

    def __init__(
        self,
        terminal: Terminal,
        session: Session,
        start: Start,
        warn: Callable[[str], None] = lambda _: None,
        *,
        may_leave: bool = False,
    ) -> None:
        letters = find_letters(terminal)
        super().__init__(
            terminal, session, start, warn, theme=Theme(), letters=letters, may_leave=may_leave
        )
        self._phrase = self.translator.phrase
        self._paper = Paper(terminal, letters)
        self._transcript = Transcript(self._view.screen)  # of the screen that was printed last
        self._more = False  # it has lines that did not fit
        self._keys: list[str] = []  # the commands that were printed last
        self._told, self._told_at = "", -math.inf  # the last remark, and its time
        self._hinted = False  # that the list has changed
        self._news: Status | None = None
        self._last_key = -math.inf

    async def run(self) -> Ending:
        self._ending = None
        self._paper.reset()
        self._terminal.drained = lambda lossy: self._print_screen() if lossy else None
        self._keyboard.patience = find_patience(self._terminal)
        self._terminal.discard_input()
        self._last_key = self._session.clock()
        self._news = next(iter(reversed(self._session.log())), None)
        with KERNEL_LOG_LEVEL.hold_low():
            try:
                self._show(self._session.snapshot)
                self._print_screen()
                return await self._handle_events()
            finally:
                self._terminal.drained = lambda _: None
                self._paper.say()

    async def _handle_events(self) -> Ending:
        session = self._session
        with Watch(self._terminal, session, GAP) as watch:
            self._watch = watch
            while self._ending is None:
                self._print_prompt()
                tick = next_change(session.snapshot.countdown, session.clock())
                event = await watch.wait(min(tick, self._keyboard.deadline))
                now = session.clock()
                self._show(session.snapshot)  # a number is looked up in what is there now
                for key in self._keyboard.take(event.data, now):
                    if not isinstance(key, Report):
                        await self._press(key)
                self._show(session.snapshot)
                if event.arrived:
                    self._print_screen()
                self._print_news()
                self._leave_if_deserted(now)
        return self._ending

    # Output

    def _print_prompt(self) -> None:
        screen = self._view.screen
        if field := find_field(screen):
            self._paper.prompt(f"{find_label(screen)}: ", show_value(field))
        else:
            text = f"{self._phrase(_MORE)} " if self._more else _PROMPT
            self._paper.prompt(text, self._paper.typed)

    def _print_screen(self) -> None:
        """Print the screen on top, and the commands that it has."""
        self._transcript, self._hinted = Transcript(self._view.screen), False
        self._paper.say("", self._view.title)
        self._print_page()

    def _print_page(self) -> None:
        """Print as many lines as there is room for."""
        room = max(5, self._terminal.size()[1] - 3)
        page = self._transcript.take(room)
        self._paper.say(*map(str, page))
        self._more = len(page) == room
        if self._more:
            return
        self._paper.say("")
        self._print_keys()
        self._tell()

    def _print_keys(self) -> None:
        self._keys = self._list_keys()
        self._paper.say(*self._keys)

    def _list_keys(self) -> list[str]:
        """Return the commands of the screen on top, as lines."""
        keys = describe_keys(self._view.screen, self._view.keys.of_entries, self._phrase)
        return wrap(keys, self._terminal.size()[0] - 1, 10)

    def _tell(self) -> None:
        """Print the remark about what goes on now, if it is new."""
        snapshot, now = self._session.snapshot, self._session.clock()
        telling = snapshot.booting or snapshot.countdown or self._view.note
        text = self._view.describe_status(snapshot)[1] if telling else ""
        numbers = str.maketrans("", "", "0123456789")
        same = text.translate(numbers) == self._told.translate(numbers)
        if text == self._told or (same and now - self._told_at < _REPEAT):
            return
        self._told, self._told_at = text, now
        if text:
            self._paper.say(text)

    def _print_news(self) -> None:
        """Print what has come by itself."""
        log, fresh = self._session.log(), list[Status]()
        for status in islice(reversed(log), _MOST_NEWS):
            if status is self._news:
                break
            fresh.append(status)
        self._news = log[-1] if log else None
        news = (status.text for status in reversed(fresh) if status.level != "debug")
        lines = [*map(self.translator.translate, news)]
        if lines:
            self._paper.say(*lines)
        shown = self._transcript
        if self._view.screen is not shown.screen:
            self._print_screen()
        elif shown.has_rows and not self._hinted and shown.has_changed():
            self._hinted = True
            self._paper.say(self._phrase("The list has changed: Enter prints it"))
        self._tell()

    # Input

    async def _press(self, key: str) -> None:
        self._session.note_presence()
        before, self._last_key = self._last_key, self._session.clock()
        field = find_field(self._view.screen)
        if key == "ctrl l" or (key in BOOT and self._last_key - before > IDLE):
            self._print_screen()
        elif key in _MOTIONS and field:
            return
        elif field:
            await self._type_in_field(key)
        elif len(key) == 1:
            self._paper.echo(self._paper.typed + key)
        elif key == "backspace" and self._paper.typed:
            self._paper.echo(self._paper.typed[:-1])
        elif key == "ctrl u":
            self._paper.echo("")
        elif key in BOOT:
            await self._obey(self._paper.take())
        else:
            self._paper.take()
            await self._use_key(key)
        self._print_prompt()

    async def _type_in_field(self, key: str) -> None:
        screen, field = self._view.screen, find_field(self._view.screen)
        texts = [*map(str, read_lines(screen))]
        await self._send(key)
        if self._view.screen is screen and find_field(screen) is field and field:
            self._paper.echo(show_value(field))
            if len(key) == 1 or key == "backspace":  # a remark about a part of a word helps nobody
                return
            if fresh := [text for text in map(str, read_lines(screen)) if text not in texts]:
                self._paper.say(*fresh)
            self._tell()
            return
        self._paper.take()
        if self._view.screen is screen and find_field(screen):  # another field of it
            self._transcript = Transcript(screen)
        self._show_changes()

    async def _send(self, *keys: str) -> bool:
        """Press keys on the screen; return False if the last one means nothing there."""
        left = None
        for key in keys:
            left = self._view.keypress(self._terminal.size(), key)
            await asyncio.sleep(0)  # the key's command runs before the next key
        return left is None

    async def _use_key(self, *keys: str) -> None:
        """Press keys, and print what has come of them."""
        if keys and not await self._send(*keys):
            key = to_label(keys[-1], self._phrase)
            self._paper.say(self._phrase("{key} means nothing here; h is the help", key=key))
            return
        self._show_changes()

    def _show_changes(self) -> None:
        """Print what a key has changed."""
        if self._ending:
            return
        shown = self._transcript
        if self._view.screen is not shown.screen or shown.may_have_changed():
            self._print_screen()
            return
        self._tell()
        if self._list_keys() != self._keys:
            self._print_keys()

    async def _obey(self, text: str) -> None:
        """Carry out a line."""
        screen, more = self._view.screen, self._more
        self._more, self._told = False, ""
        if more and not text and not self._transcript.has_changed():
            self._print_page()
        elif more and text in BACK:
            self._print_keys()
        elif not text:
            self._print_screen()
        elif text[0] in FIND:
            await self._use_key(*(("ctrl u",) if is_searching(screen) else FIND.names), *text[1:])
        else:
            if (key := self._read_command(*split_command(text))) is None:
                return
            if is_searching(screen) and key not in BOOT:  # letters would be its text
                await self._send("esc")
                key = "" if key in BACK else key
            await self._use_key(*([key] if key else []))

    def _read_command(self, word: str, number: int | None) -> str | None:
        """Put the cursor on the row with the number, and return the key; None if it is nonsense."""
        keys = [*self._view.screen.footer, *self._view.keys.documented()]
        key = find_key(word, keys, self._phrase) if word else BOOT.names[0]
        if not key:
            self._paper.say(self._phrase("There is no command {word}; h is the help", word=word))
        elif number is None and self._transcript.has_rows and self._is_of_entries(key):
            self._paper.say(self._phrase("The command is {word} NUMBER", word=word))
        elif number is None or self._focus_on(number):
            return key
        return None

    def _is_of_entries(self, key: str) -> bool:
        return any(key in of_entries for of_entries in self._view.keys.of_entries)

    def _focus_on(self, number: int) -> bool:
        """Put the cursor on a row; say so if there is no such row."""
        position = self._transcript.find_row(number)
        if position is None:
            self._paper.say(self._phrase("The list has changed meanwhile"))
            self._print_screen()
        elif position < 0:
            self._paper.say(self._phrase("There is no number {number}", number=number))
        else:
            self._view.screen.walker.set_focus(position)
            return True
        return False
