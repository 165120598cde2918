"""The help screen."""

from petipy.settings.table import SETTINGS
from petipy.ui.kit.screen import Paragraph, TextScreen

_KEYS = """\
Up Down  j k    move                    Home End   first and last entry
PgUp PgDn       a screen further        /          find entries by a word
Enter           boot, or open a submenu
e               change kernel, initrd and command line, then boot
i               all that is known of the entry: its files, its command line,
                and where that is written
Esc  Backspace  back from a submenu or a screen
Esc             while something is being loaded: stops that
l               log: what was found, and what went wrong
r               look again at every device
x               a shell on this console; "exit" comes back to the menu
Ctrl-L          draw the screen anew and ask the terminal for its size
Tab             the next part of a text such as this
h  ?  F1        this screen"""

_SIGNS = """\
>  the cursor
*  the default: it boots by itself when nobody is there; also on the submenu
   that has it
-> a submenu
[t] the entry's key, if its configuration names one; [e!] a key that means
    something else here
!  cannot be booted now, and why; Enter says more"""

_CLOSING = """\
Devices that appear are looked at as they come, and the cursor stays on its entry. \
Nothing is ever written to a disk by looking at it."""


class HelpScreen(TextScreen):
    title = "Help"

    def __init__(self) -> None:
        super().__init__()
        lines: list[Paragraph] = [("heading", "Keys")]
        lines += [(None, line) for line in _KEYS.splitlines()]
        lines += [(None, ""), ("heading", "Signs")]
        lines += [(None, line) for line in _SIGNS.splitlines()]
        lines += [(None, ""), ("heading", "Settings, on the command line of Petipy's own kernel")]
        lines += [(None, f"{s.usage}: {s.help}") for s in SETTINGS]
        self.set_text([*lines, (None, ""), (None, _CLOSING)])
