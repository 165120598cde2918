"""The registration of screens: each file in ui/screens exports one, and gets a view in return."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from petipy.control.commands import Command, Denied
from petipy.control.session import Session
from petipy.state.model import Edit
from petipy.ui.kit.keys import BACK, CONSOLE_KEYS, Key
from petipy.ui.kit.screen import Screen
from petipy.ui.kit.theme import Theme
from petipy.ui.layouts import Layouts
from petipy.ui.translator import Translator

ROOT = "menu"  # the screen that a console starts with


class Navigation(Protocol):
    """The view around a screen: its services, and the requests that the screen may make."""

    keys: "KeyTable"
    session: Session
    theme: Theme
    edits: list[Edit]  # that have been booted from here, the last one last
    layouts: Layouts | None  # of the keyboard, at the machine's own screen
    translator: Translator

    def boot(self, id: str, edit: Edit | None = None) -> None:
        """Boot an entry; ask for a password first if the entry is restricted."""
        ...

    def open(self, name: str, id: str = "") -> None:
        """Open a registered screen, for an entry if it needs one."""
        ...

    def push(self, screen: Screen) -> None:
        """Put another screen on top."""
        ...

    def back(self) -> None:
        """Leave the screen on top."""
        ...

    def leave(self, screen: Screen) -> None:
        """Leave a screen, if it is still there, and everything on top of it."""
        ...

    def print(self, lines: Sequence[str]) -> None:
        """Write lines on the console, below each other, and come back at a key."""
        ...

    def speak(self, code: str) -> bool:
        """Show a language from now on; "": that of the settings.

        Return False if this console cannot.
        """
        ...

    def tell(self, text: str) -> None:
        """Show a text in the status line until the next key."""
        ...

    def carry_out(self, title: str, command: Callable[[], Awaitable[None]]) -> None:
        """Start a command; ask for a password while it is denied. `title` names it there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The reason for which a screen opens."""

    view: Navigation
    id: str = ""  # of the entry that the screen is for
    subject: Callable[[], str] = str  # the title, in the language, of the command that was denied
    denied: Denied | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A screen, as its file exports it by the name SCREEN.

    - `opener`: the key that opens the screen from other screens.
    - `keys`: the keys that work on the screen itself.
    - `of_entry`: the screen opens for the entry under the cursor.
    - `needs`: the command whose right the screen needs.
    - `setting`: the name of the setting that the screen changes, in place of a field for its text.
    """

    title: str
    make: Callable[[Occasion], Screen | None]  # None: there is nothing to show
    opener: Key | None = None
    keys: tuple[Key, ...] = ()
    of_entry: bool = False
    needs: Command | None = None
    setting: str = ""


class KeyTable:
    """The keys of all registered screens and of all actions.

    Footers, the help screen and the README are made from it.
    """

    def __init__(self, screens: Mapping[str, Registration], actions: Iterable[Key]) -> None:
        self._screens = screens
        self._for_entries = _sort(s.opener for s in screens.values() if s.opener and s.of_entry)
        others = [s.opener for s in screens.values() if s.opener and not s.of_entry]
        self._others = _sort([*others, *actions, *CONSOLE_KEYS])
        keys = [*screens[ROOT].keys, *self._for_entries, *self._others]
        # The keys that mean the same in every menu. A configuration cannot redefine them.
        self.reserved = frozenset(name for key in keys for name in key.names)

    def opener(self, name: str) -> Key:
        """Return the key that opens a screen. KeyError if no key does."""
        key = self._screens[name].opener
        if key is None:
            raise KeyError(name)
        return key

    def find_screen(self, setting: str) -> str:
        """Return the name of the screen that changes a setting; "" if none does."""
        names = (name for name, screen in self._screens.items() if screen.setting == setting)
        return next(names, "") if setting else ""

    @property
    def of_entries(self) -> Sequence[Key]:
        """The keys that open a screen for the entry under the cursor."""
        return self._for_entries

    @property
    def everywhere(self) -> Sequence[Key]:
        """The keys that open screens or start actions, for the menu's footer."""
        keys = _sort([*self._for_entries, *self._others])
        return [key for key in keys if key not in (BACK, *CONSOLE_KEYS)]

    def documented(self) -> list[Key]:
        """Return the keys that have a help text, each once, the menu's first."""
        inner = [key for screen in self._screens.values() for key in screen.keys]
        keys = [*self._screens[ROOT].keys, *self._for_entries, *self._others, *inner]
        return [key for key in dict.fromkeys(keys) if key.help]

    def to_markdown(self) -> str:
        """Return the README's table of keys."""
        rows = (f"| {', '.join(key.list_labels())} | {key.help} |" for key in self.documented())
        return "".join(f"{row}\n" for row in ("| key | does |", "|---|---|", *rows))


def _sort(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys, key=lambda key: (key.names[0].lower(), key.names[0]))
