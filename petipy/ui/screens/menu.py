"""The boot menu: the entries of each device. A submenu is the same one level down."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from petipy.state.model import Snapshot
from petipy.ui.finding import Finder
from petipy.ui.kit.description import describe
from petipy.ui.kit.keys import BACK, BOOT, ENDS, MOVE, PAGE, Key, to_motion
from petipy.ui.kit.pane import join, split_area
from petipy.ui.kit.question import Question
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.rows import LazyRows
from petipy.ui.kit.screen import Paragraph, Row, Screen, text_widget
from petipy.ui.kit.search import END_SEARCH, FIND, Search
from petipy.ui.kit.toolkit import Text
from petipy.ui.line.plain import entry_title, to_text
from petipy.ui.listing import MAIN, MenuPath, RowId
from petipy.ui.outline import MenuRow, Outline, make_finder
from petipy.ui.translator import mark

_OPEN = Key(("right",), "open a submenu")
_PREFER = Key(("D",), "make it the default of the machine, and boot it")
_REMOVE = Key(("delete", "R"), "remove an entry of your own")
_SEARCH_FOOTER = (BOOT, replace(MOVE, footer="{} {} move"), END_SEARCH)  # letters are text here

_SHOWN = ("choices", "sources", "default", "problems", "settings", "itself")  # in the rows
_TEXT, _BLANK = -1, -2  # positions that are no row: what an empty menu says, a blank line


class MenuScreen(Screen):
    shows_problems = True

    def __init__(self, view: Navigation, path: MenuPath) -> None:
        super().__init__(LazyRows())
        self._view, self._theme, self._path = view, view.theme, path
        self._snapshot = view.session.snapshot
        self._translator, self._phrase = view.translator, view.translator.phrase
        self._language = view.translator.version  # the one in the rows
        self._outline = Outline(replace(self._snapshot, choices=(), sources=()), path)
        # Of each position, a row of the outline, or one of these; None: position and row are equal.
        self._layout: Sequence[int] | None = ()
        self._scroll_up = True  # make the rows above the cursor visible
        self._waits = False  # the cursor is to go to the default, which is not known yet
        self._spaced = False  # there is room for blank lines
        self._search = Search(self._phrase)
        self._finder: Finder | None = None
        self._note = ""  # about a wish, until the next key
        self._question = Question()
        self.title = to_text(path.trail[-1]) if path.trail else ""
        self._fill()

    @property
    def item(self) -> MenuRow | None:
        """Return the row under the cursor."""
        at = self._find_row()
        return self._outline.row(at) if at >= 0 else None

    def _find_row(self) -> int:
        """Return the row of the outline under the cursor, or a negative number."""
        return _BLANK if self._layout == () else self._get_row(self.walker.focus)

    @property
    def entry(self) -> str:
        at = self._find_row()
        return self._outline.get_entry(at) if at >= 0 else ""

    def show(self, snapshot: Snapshot) -> None:
        old, self._snapshot = self._snapshot, snapshot
        language, self._language = self._language, self._translator.version
        changed = any(getattr(old, name) is not getattr(snapshot, name) for name in _SHOWN)
        if changed or language != self._language:
            self._finder = None
            self._fill()
        else:  # a countdown or a download goes on: thousands of rows stay as they are
            self._invalidate()

    def _fill(self, *, best: bool = False) -> None:
        """Show the rows. The cursor stays on its own, or goes to the `best` one of a search."""
        at = self._find_row()
        kept = self._outline.get_id(at) if at >= 0 and not self._outline.is_heading(at) else None
        found, target = None, ""
        if needle := self._search.needle or "":
            self._finder = self._finder or make_finder(self._snapshot, self._path)
            numbers = self._finder.find(needle)
            found = self._finder.list_choices(numbers)
            if best and numbers:
                target = self._finder.find_best(needle, numbers).id
        self._outline = Outline(self._snapshot, self._path, found, self._translator)
        self._lay_out()
        self._set_row(self._outline.find(target) if target else self._choose_row(kept))

    def _lay_out(self) -> None:
        outline = self._outline
        self._layout = None
        if outline.first < 0:
            self._layout = [_TEXT, *range(outline.reach())]
        elif self._spaced:
            self._layout = [0]
            for at in range(1, outline.reach()):
                self._layout += [_BLANK, at] if outline.is_heading(at) else [at]
        if self._layout is None:
            self.walker.focus = 0  # else all rows were listed as far as the old one
            self.walker.set_rows(outline.reach, self._make)
        else:
            self.walker.set_rows(len(self._layout), self._make)

    def _set_row(self, row: int) -> None:
        """Put the cursor on a row of the outline."""
        if (position := self._place(row)) >= 0:
            self.walker.set_focus(position)

    def _place(self, row: int) -> int:
        """Return the position of a row of the outline; -1 without one."""
        if self._layout is None:
            return row
        return self._layout.index(row) if row >= 0 and row in self._layout else -1

    def _get_row(self, position: int) -> int:
        """Return the row of the outline at a position, or _TEXT or _BLANK."""
        return position if self._layout is None else self._layout[position]

    def identify(self, position: int) -> RowId | None:
        row = self._get_row(position)
        return self._outline.get_id(row) if row >= 0 else None

    def locate(self, identity: RowId) -> int:
        return self._place(self._outline.find(identity))

    def find_number(self, number: int) -> int:
        return self._place(self._outline.find_number(number))

    def _split(self, size: Any) -> tuple[Any, Any]:
        """Return the size of the list and that of the pane, which is None without one."""
        return split_area(size) if self._theme.pane else (size, None)

    def render(self, size: Any, focus: bool = False) -> Any:
        """Put blank lines between the devices, if all rows stay visible; and the pane."""
        inner, pane = self._split(size)
        outline = self._outline
        spaced = outline.reach(inner[1] + 1) + outline.headings - 1 <= inner[1]
        if spaced != self._spaced:
            self._spaced = spaced
            row = self._find_row()
            self._lay_out()
            self._set_row(row)
        if self._scroll_up and self._layout != ():
            # At the start, and at the first entry, its device is visible, too.
            self._scroll_up = False
            self.shift_focus(inner, min(self.walker.focus, inner[1] // 2))
        canvas = super().render(inner, focus)
        if pane is None:
            return canvas
        return join(canvas, size, pane, self._describe(), self._theme.glyphs)

    def _describe(self) -> Iterator[Paragraph]:
        """Describe the entry under the cursor, or list the entries of the submenu there."""
        at = self._find_row()
        choice = self._outline.get_choice(at) if at >= 0 else None
        if choice is None:
            return
        if not self._outline.get_entry(at):
            yield "heading", self._outline.row(at).text
            inner = self._outline.list_inner(at)
            yield from ((None, f"  {entry_title(choice, self._phrase)}") for choice in inner)
            return
        lock = self._view.session.lock("boot", choice.id)
        allowed = lock.allowed if lock else choice.allowed
        yield from describe(choice, self._snapshot, allowed, self._translator)

    def _choose_row(self, kept: RowId | None) -> int:
        """Return the row that gets the cursor.

        The cursor stays on its row, even if another row is the default now: a person may be about
        to press Enter. At the start, and when the row is gone, the cursor is on the default. If it
        is not decided yet, the cursor goes there later, unless a key comes first.
        """
        outline = self._outline
        row = outline.find(kept) if kept is not None else -1
        if row >= 0 and not (self._waits and outline.default >= 0):
            return row
        self._waits = outline.default < 0
        return outline.default if outline.default >= 0 else outline.first

    def _make(self, position: int) -> Row | Text:
        at = self._get_row(position)
        if at == _TEXT:
            return text_widget(None, self._empty_text())
        if at == _BLANK:
            return Row("", None, self._theme, selectable=False)
        item = self._outline.row(at)
        if item.kind == "heading":
            text = item.text
            if item.note:
                key = self._view.keys.opener("log").describe(self._phrase)
                text += f" - {item.note} ({key})"
            return Row(text, "heading", self._theme, selectable=False)
        mark = "*" if item.default else "!" if item.obstacle else " "
        text, needle = f" {mark} {item.text}", self._search.needle or ""
        if item.kind == "submenu":
            text += f" {self._theme.glyphs.submenu}"
        if item.own:
            text += f" ({self._phrase('own')})"
        if item.key:
            # The help screen explains the sign.
            taken = "!" if item.key in self._view.keys.reserved else ""
            text += f" [{to_text(item.key)}{taken}]"
        if words := item.obstacle or item.note:
            text += f" ({words})"
        kind = "dim" if words else "default" if item.default else None
        if not needle or not self._finder:
            return Row(text, kind, self._theme)
        choice = self._outline.get_choice(at)
        if choice and (excerpt := self._finder.explain(choice, needle)):
            text += f" ({excerpt})"
        return Row(text, kind, self._theme, marks=self._finder.mark(text, needle))

    def _empty_text(self) -> str:
        if self._search.needle:
            text = mark("No entry has {words!r} in titles, files or command line.")
            return self._phrase(text, words=self._search.needle)
        if self._snapshot.scanning:
            return self._phrase("Nothing to boot has been found yet; still looking.")
        if self._snapshot.sources:
            key = self._view.keys.opener("log").label(self._phrase)
            text = mark("Nothing to boot was found. The log ({key}) says what was looked at.")
            return self._phrase(text, key=key)
        key = self._view.keys.opener("machine").label(self._phrase)
        return self._phrase(
            "There is no disk and no network yet. What is plugged in appears here. "
            "The system information ({key}) lists devices without a driver.",
            key=key,
        )

    def keypress(self, size: Any, key: str) -> str | None:
        self._waits, self._note = False, ""
        if self._question.answer(key):
            return None
        if self._search.is_open and self._search.type(key):
            self._fill(best=True)
            return None
        item = self.item
        if item is not None and (act := self._action(key, item)):
            act()
            return None
        if key in FIND:
            self._search.open()
            return None
        if to_motion(key) == "home":  # the first row to choose, not its device
            self._set_row(self._outline.first)
            self._scroll_up = True
            return None
        if key not in self._view.keys.reserved and self._use_hotkey(key):
            return None
        return super().keypress(self._split(size)[0], key)

    def _action(self, key: str, item: MenuRow) -> Callable[[], None] | None:
        if item.kind == "submenu":
            return (lambda: self._open(item.path)) if key in BOOT or key in _OPEN else None
        if item.kind == "entry" and key in BOOT:
            return lambda: self._choose(item.choice)
        if item.kind == "entry" and key in _PREFER:
            return lambda: self._prefer(item.choice, item.text)
        if item.own and key in _REMOVE:
            act = partial(self._remove, item.choice, item.text)
            return lambda: self._question.ask(
                lambda: self._phrase("Remove {title} for good?", title=item.text), act
            )
        return None

    def _open(self, path: MenuPath) -> None:
        self._view.push(MenuScreen(self._view, path))

    def _use_hotkey(self, key: str) -> bool:
        """Do as the boot loader of the configuration that has the key; return True if one has."""
        target = self._outline.find_hotkey(key)
        if isinstance(target, MenuPath):
            self._open(target)
        elif target:
            self._choose_or_move_to(target)
        return bool(target)

    def _choose_or_move_to(self, id: str) -> None:
        choice = self._snapshot.choice(id)
        row = self._outline.find(id)
        if choice and choice.hotkey_selects and row >= 0:
            self._set_row(row)
        else:
            self._choose(id)

    def _choose(self, id: str) -> None:
        choice = self._snapshot.choice(id)
        if choice and choice.obstacle:
            self._view.open("details", id)
        else:
            self._view.boot(id)

    def _prefer(self, id: str, title: str) -> None:
        """Make an entry the default and boot it. Do not boot it if the machine keeps no wish."""

        async def command() -> None:
            try:
                outcome = await self._view.session.prefer(id)
            except ValueError as error:
                self._note = self._translator.translate(str(error))
                return
            if outcome.place:
                self._choose(id)
            else:
                text = mark("It is the default until the next start alone: {reason}")
                self._note = self._phrase(text, reason=self._translator.translate(outcome.remark))

        self._view.carry_out(self._phrase("A default: {title}", title=title), command)

    def _remove(self, id: str, title: str) -> None:
        async def command() -> None:
            try:
                outcome = await self._view.session.remove_entry(id)
            except ValueError as error:
                self._note = self._translator.translate(str(error))
            else:
                words = outcome.describe(self._phrase, self._translator.translate)
                self._note = f"{title}: {words}"

        self._view.carry_out(self._phrase("The removal of {title}", title=title), command)

    @property
    def footer(self) -> Sequence[Key]:
        if self._question.words or self._search.is_open:
            return self._question.footer or _SEARCH_FOOTER
        inner = bool(self._path.trail)
        keys = [BOOT, *([BACK] if inner else []), *self._view.keys.everywhere, FIND]
        return [key for key in keys if key.in_submenus or not inner]

    @property
    def note(self) -> str:
        return self._question.words or self._search.note or self._note


SCREEN = Registration(
    title="Boot menu",
    keys=(MOVE, ENDS, PAGE, BOOT, _OPEN, _PREFER, _REMOVE, FIND),
    make=lambda occasion: MenuScreen(occasion.view, MAIN),
)
