"""Keys: their names, and the texts about them in footers, in the help and in the README.

Each key is written once: in the registration of its screen, in the table of actions, or here if
several screens share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from petipy.ui.translator import Phrase, mark

_LABELS = {
    "up": mark("Up"),
    "down": mark("Down"),
    "left": mark("Left"),
    "right": mark("Right"),
    "home": mark("Home"),
    "end": mark("End"),
    "page up": mark("PgUp"),
    "page down": mark("PgDn"),
    "enter": mark("Enter"),
    "esc": mark("Esc"),
    "backspace": mark("Backspace"),
    "delete": mark("Delete"),
    "tab": mark("Tab"),
    " ": mark("Space"),
}

# Letters that move the cursor, as in vi, Emacs and pagers; and keys of GRUB that do.
_MOTIONS = {
    "j": "down",
    "k": "up",
    "n": "down",
    "p": "up",
    "g": "home",
    "G": "end",
    " ": "page down",
}
_ALIASES = {"ctrl n": "down", "ctrl p": "up"}


def to_motion(name: str) -> str:
    """Return the cursor key for another key that moves the cursor; any other key as it is."""
    return _MOTIONS.get(name) or _ALIASES.get(name, name)


def to_label(name: str, phrase: Phrase = str.format) -> str:
    """Return urwid's name of a key as a person knows it: "Ctrl-L" for "ctrl l"."""
    if name.startswith("ctrl "):
        return phrase("Ctrl-{letter}", letter=name[5:].upper())
    if len(name) > 1 and name[0] == "f" and name[1:].isdigit():
        return name.upper()
    return phrase(_LABELS[name]) if name in _LABELS else name


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or several keys that do the same.

    `names` are urwid's. `help` is the text for the help and the README; the key is not listed
    there without it. `footer` is the text for the last line of a screen, with {} for labels.
    """

    names: tuple[str, ...]
    help: str = ""
    footer: str = ""
    # Names that people know from other boot managers: petipy/ui/README.md. No footer and no help
    # has them, and a configuration may give them to an entry.
    aliases: tuple[str, ...] = ()
    in_submenus: bool = True  # the footer of a submenu shows it; room is scarce there

    def __contains__(self, name: str) -> bool:
        return name in self.names or name in self.aliases

    def label(self, phrase: Phrase) -> str:
        return to_label(self.names[0], phrase)

    def list_labels(self, phrase: Phrase = str.format) -> list[str]:
        return [to_label(name, phrase) for name in self.names]

    def describe(self, phrase: Phrase) -> str:
        """Return the key as it is in a footer: "e edit"."""
        return phrase(self.footer, *self.list_labels(phrase))


def _with_letters(*names: str) -> tuple[str, ...]:
    return (*names, *(letter for letter, name in _MOTIONS.items() if name in names))


# Shared by several screens.
MOVE = Key(_with_letters("up", "down"), "move", "{} {} move")
ENDS = Key(_with_letters("home", "end"), "first and last entry")
PAGE = Key(_with_letters("page up", "page down"), "a screen further")
SCROLL = replace(MOVE, help="", footer="{} {} scroll")
BOOT = Key(("enter",), "boot, or open a submenu", "{} boot")
BACK = Key(("esc", "backspace", "left", "q"), "back from a submenu or a screen", "{} back")
LEAVE = Key(("esc",), footer="{} back")  # where letters are text
NEXT_PART = Key(("tab",), "the next part of a text", "{} next part")
# Keys that the console and the view handle before any screen.
STOP = Key(("esc",), "while something is being loaded: stops that", "{} stops it")
REDRAW = Key(
    ("ctrl l",),
    "draw the screen anew, in the size of the terminal; so does Enter after a minute without keys",
)
CONSOLE_KEYS = (STOP, REDRAW)


def join_footer(keys: Sequence[Key], width: int, phrase: Phrase) -> str:
    """Return as many of the keys as there is room for, from the first."""
    words = [word for key in keys if (word := key.describe(phrase))]
    while len(words) > 1 and len("  ".join(words)) > width:
        words.pop()
    return "  ".join(words)
