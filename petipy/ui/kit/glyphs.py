"""The signs of the screens: one row for each set of glyphs.

Every character here takes one cell. In `unicode` none is of East Asian ambiguous width, as box
drawing and full blocks are: a Japanese terminal gives those two cells, which moves all that is
beside them. `vga` has the characters of code page 437, which the kernel's own fonts have. Neither
has an ellipsis: U+2026 is of ambiguous width, and not in code page 437.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from petipy.ui.line.letters import Letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One set, which is ASCII where nothing else is said."""

    cursor: str = ">"  # on a line each move sends it: another has no room in 40 bytes
    submenu: str = "->"
    bar: str = "[#.]"  # of a transfer: an end, what is there, what is to come, the other end
    beside: str = ""  # the rule between the menu and a pane beside it; "": a blank
    below: str = ""  # the rule between the menu and a pane below it


ASCII = Glyphs()
UNICODE = Glyphs(submenu="►", bar="[▬-]", beside="╎", below="╌")
VGA = Glyphs(cursor="►", submenu="→", bar="▐█░▌", beside="│", below="─")
SETS: Mapping[str, Glyphs] = {"ascii": ASCII, "unicode": UNICODE, "vga": VGA}


def choose_glyphs(name: str, letters: Letters, *, virtual: bool) -> Glyphs:
    """Return the signs for a terminal. `name` is the setting `glyphs`.

    A sign that is not among the letters of the terminal is as in ASCII.
    """
    if name == "auto":
        name = "vga" if virtual else "unicode"
    signs = SETS[name]
    names = [field.name for field in fields(signs)]
    lacking = [each for each in names if not all(map(letters.has, getattr(signs, each)))]
    return replace(signs, **{each: getattr(ASCII, each) for each in lacking})
