"""The looks of the screens: SGR parameters (ECMA-48) by kind of text.

A look is one table. Each pair of colours has a contrast of 4.5:1 at least on VGA's palette, as a
test computes: on black, 34 (blue), 31 (red), 33 (brown), 35 (magenta) and 30 with 1 (grey) have
not. No colour has a meaning of its own: the default has a star, what cannot boot an exclamation
mark and a reason, the cursor a marker. A terminal at a line has colours on request alone: nobody
knows its palette and its background.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from petipy.ui.kit.glyphs import ASCII, Glyphs


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The looks of one type of terminal.

    `bar` is the most cells that are marked in the focused row, which are its first words; 0 marks
    the whole row. The bar is short on a serial line, because each move of the cursor sends the
    marked cells twice: with 13 cells it takes 40 bytes.
    """

    sgr: Mapping[str, str] = field(default_factory=dict)
    bar: int = 0
    pane: bool = False  # the line is fast enough for a pane beside the menu
    glyphs: Glyphs = ASCII  # the signs

    def sgr_for(self, kind: object) -> str:
        return self.sgr.get(kind, "") if isinstance(kind, str) else ""


# Places that a search has found: underlined, which a VT100 knows.
_MARKS = {"match": "4", "focus match": "4;7"}
SERIAL = Theme(sgr={"focus": "7", "heading": "1", "error": "1", "title": "1"} | _MARKS, bar=13)

_COLOURS = {
    "focus": "30;46",
    "title": "1;37;44",
    "heading": "1;36",
    "default": "1;37",
    "dim": "36",
    "error": "1;31",
    "status": "32",
    "keys": "36",
    "match": "4;1;33",
    "focus match": "4;1;37;40",
}
VIRTUAL = Theme(sgr=_COLOURS, pane=True)
MONOCHROME = Theme(sgr=SERIAL.sgr, pane=True)  # a virtual terminal without colours
COLOURED = replace(SERIAL, sgr=_COLOURS)  # a line with colours


def choose_theme(term: str, color: str, environment: Mapping[str, str]) -> Theme:
    """Return the look for a terminal. `color` is the setting of that name.

    NO_COLOR in the environment is that of https://no-color.org; on the command line of the kernel
    it reaches every program.
    """
    virtual = term == "linux"
    plain = color == "never" or (color == "auto" and bool(environment.get("NO_COLOR")))
    if virtual:
        return MONOCHROME if plain else VIRTUAL
    return COLOURED if color == "always" else SERIAL
