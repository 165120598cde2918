"""The order of devices: the setting `order`, changed by moving its items."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from petipy.settings.table import BY_NAME
from petipy.settings.values import ORDER
from petipy.state.model import Snapshot
from petipy.state.settings import OrderItem
from petipy.ui import ordering
from petipy.ui.kit.field import FieldScreen
from petipy.ui.kit.input import CLEAR
from petipy.ui.kit.keys import BACK, LEAVE, Key, to_motion
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen, text_widget
from petipy.ui.kit.setting import ONLY_NOW, RESET, SettingScreen, change, explain_keeping
from petipy.ui.line.plain import to_text
from petipy.ui.ordering import Ordering, OrderRow
from petipy.ui.translator import mark

_SETTING = BY_NAME["order"]
_UP = Key(("+", "="), "in the order of devices: earlier", "{} up")
_DOWN = Key(("-",), "in the order of devices: later", "{} down")
_REMOVE = Key(("delete", "ctrl d"), "in the order of devices: take it out", "{} remove")
_ADD = Key(("enter",), footer="{} add")
_WAIT = Key(("enter",), "in the order of devices: add it, or set the time to wait", "{} wait")
_SAVE = Key(("s",), "in the order of devices: save it", "{} save")
_TEXT = Key(("t",), "in the order of devices: change it as a text", "{} text")
_TAKE = Key(("enter",), footer="{} take")
_SECONDS = mark("Seconds for which the boot of a later item waits for this one:")
_EMPTY = mark("Empty: 60 for a network, 10 without a cable; 0 for a device.")
_UNSAVED = mark("It is not saved: {save} saves it, {leave} drops the change")


class OrderScreen(Screen):
    """The items of the order, and below them what else the machine has."""

    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view, self._note, self._phrase = view, "", view.translator.phrase
        self._draft: tuple[OrderItem, ...] | None = None  # None: that of the settings
        self._warned = False  # that the draft is not saved
        self._chosen: list[OrderRow] = []
        self._others: list[OrderRow] = []
        self._rows: list[Row] = []  # of both
        self._model = Ordering((), view.session.snapshot, self._phrase)
        self._seen: tuple[Any, ...] = ()
        self._jumped = False  # the rows around the cursor are to be visible
        self.show(view.session.snapshot)
        self._focus_on(0)

    @property
    def footer(self) -> Sequence[Key]:
        chosen = self._at < len(self._chosen)
        first = (_UP, _DOWN, _SAVE, _REMOVE, _WAIT) if chosen else (_ADD, _SAVE)
        return *first, ONLY_NOW, BACK, RESET, _TEXT

    @property
    def note(self) -> str:
        return self._note or self._model.to_words()

    @property
    def _items(self) -> tuple[OrderItem, ...]:
        settings = self._view.session.snapshot.settings
        return (settings.order or ordering.START) if self._draft is None else self._draft

    @property
    def _at(self) -> int:
        """The number of the row under the cursor."""
        focused = self.walker[self.walker.focus or 0]
        return self._rows.index(focused) if focused in self._rows else 0

    def show(self, snapshot: Snapshot) -> None:
        seen: tuple[Any, ...] = snapshot.sources, snapshot.choices, snapshot.settings
        seen = *seen, snapshot.host, self._items, self._view.translator.version
        if seen == self._seen:
            return
        self._seen = seen
        rows = [*self._chosen, *self._others]
        kept = rows[self._at].item.name if rows else ""
        self._model = Ordering(self._items, snapshot, self._phrase)
        self._chosen, self._others = self._model.list_chosen(), self._model.list_others()
        self._lay_out(snapshot)
        rows = [*self._chosen, *self._others]
        self._focus_on(next((n for n, row in enumerate(rows) if row.item.name == kept), self._at))

    def _lay_out(self, snapshot: Snapshot) -> None:
        theme, settings = self._view.theme, snapshot.settings
        self._rows = [Row(f" {row.text}", None, theme) for row in (*self._chosen, *self._others)]
        phrase = self._phrase
        place = self._view.translator.translate(settings.place(_SETTING.name))
        place = to_text(place) or phrase("built in")
        place = place if self._draft is None else phrase("changed, not saved")
        about = [phrase("Now: {place}.", place=place)]
        about += explain_keeping(_SETTING, self._view, _SAVE)
        if wishes := [*filter(None, (settings.next, settings.entry)), *snapshot.host]:
            names = ", ".join(map(to_text, wishes))
            about.append(phrase("Wishes count besides: {names}.", names=names))
        count = len(self._chosen)
        self.walker[:] = [
            text_widget("heading", phrase("Boots by itself, in this turn")),
            *self._rows[:count],
            *([] if count else [text_widget(None, f" {phrase('nothing')}")]),
            text_widget("heading", phrase("Not in the order")),
            *self._rows[count:],
            text_widget(None, ""),
            *(text_widget(None, line) for line in about),
        ]

    def _focus_on(self, number: int) -> None:
        if self._rows:
            row = self._rows[max(0, min(number, len(self._rows) - 1))]
            self.walker.set_focus(self.walker.index(row))
            self._jumped = True

    def keypress(self, size: Any, key: str) -> str | None:
        self._note, warned, self._warned = "", self._warned, False
        at = self._at
        if key in BACK and self._draft is not None and not warned:
            labels = {"save": _SAVE.label(self._phrase), "leave": LEAVE.label(self._phrase)}
            self._note, self._warned = self._phrase(_UNSAVED, **labels), True
        elif key in (*_SAVE.names, *ONLY_NOW.names):
            self._change(ORDER.write(self._items), keep=key in _SAVE)
        elif key in RESET:
            self._change(None, keep=True)
        elif key in _TEXT:
            self._view.push(SettingScreen(self._view, _SETTING.name, self._finish))
        elif act := self._find_act(key, at):
            act()
        else:
            return self._move_cursor(size, key)
        return None

    def _find_act(self, key: str, at: int) -> Callable[[], None] | None:
        """Return the change of the row under the cursor that a key makes."""
        items, count = self._items, len(self._chosen)
        if at >= count:
            return (lambda: self._add(self._others[at - count].item)) if key in _ADD else None
        if key in _UP:
            return lambda: self._move(at, max(0, at - 1))
        if key in _DOWN:
            return lambda: self._move(at, min(at + 1, count - 1))
        if key in _REMOVE:
            return lambda: self._edit((*items[:at], *items[at + 1 :]), at)
        if key in _WAIT:
            return lambda: self._view.push(PatienceScreen(self._view, self._chosen[at], self._wait))
        return None

    def _add(self, item: OrderItem) -> None:
        place = self._model.find_place(item)
        self._edit((*self._items[:place], item, *self._items[place:]), place)

    def _move(self, at: int, to: int) -> None:
        if to != at:
            self._edit(ordering.move(self._items, at, to), to)

    def _move_cursor(self, size: Any, key: str) -> str | None:
        ends = {"home": 0, "end": len(self._rows) - 1}
        if (motion := to_motion(key)) not in ends:
            return super().keypress(size, key)
        self._focus_on(ends[motion])
        return None

    def render(self, size: Any, focus: bool = False) -> Any:
        if self._jumped:
            self._jumped = False
            self.shift_focus(size, min(self.walker.focus or 0, size[1] // 2))
        return super().render(size, focus)

    def _edit(self, items: tuple[OrderItem, ...], focus: int) -> None:
        """Show a changed order, with the cursor on the row `focus`."""
        self._draft = items
        self.show(self._view.session.snapshot)
        self._focus_on(focus)

    def _wait(self, name: str, seconds: float | None) -> None:
        """Set the patience for an item, which may have gone meanwhile."""
        names = [item.name for item in self._items]
        if name in names:
            at = names.index(name)
            self._edit(ordering.set_patience(self._items, at, seconds), at)

    def _change(self, text: str | None, *, keep: bool) -> None:
        view = self._view
        change(view, _SETTING.name, text, keep=keep, done=self._finish, refused=self._complain)

    def _finish(self, outcome: str) -> None:
        self._draft, self._note = None, outcome
        self.show(self._view.session.snapshot)

    def _complain(self, reason: str) -> None:
        self._note = reason


class PatienceScreen(FieldScreen):
    """A field for the seconds that one item is waited for. `take` is given them."""

    def __init__(
        self, view: Navigation, row: OrderRow, take: Callable[[str, float | None], None]
    ) -> None:
        patience = row.item.patience
        super().__init__(view, "" if patience is None else f"{patience:.0f}")
        self._name, self._text, self._take = row.item.name, row.text, take
        self.show(view.session.snapshot)

    def list_rows(self) -> Sequence[Any]:
        return [
            text_widget("heading", self._text),
            text_widget(None, self._phrase(_SECONDS)),
            self._field,
            text_widget(None, ""),
            text_widget(None, self._phrase(_EMPTY)),
        ]

    @property
    def footer(self) -> Sequence[Key]:
        return _TAKE, LEAVE, CLEAR

    @property
    def acts(self) -> Iterable[tuple[Key, Callable[[], None]]]:
        yield _TAKE, lambda: self._submit(self._field.value.strip())

    def _submit(self, text: str) -> None:
        if text and not (text.isascii() and text.isdecimal() and len(text) < 7):
            self.complain(self._phrase("A number of seconds is needed, or nothing"))
            return
        self._take(self._name, float(text) if text else None)
        self._view.leave(self)


SCREEN = Registration(
    title="Order of devices",
    keys=(_UP, _DOWN, _WAIT, _REMOVE, _SAVE, _TEXT),
    needs="log",
    setting=_SETTING.name,
    make=lambda occasion: OrderScreen(occasion.view),
)
