"""The looks of the screens: SGR parameters (ECMA-48) by kind of text."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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

    def sgr_for(self, kind: object) -> str:
        return self.sgr.get(kind, "") if isinstance(kind, str) else ""


# Places that a search has found: underlined, which a VT100 knows.
_MARKS = {"match": "4", "focus match": "4;7"}
SERIAL = Theme(sgr={"focus": "7", "heading": "1", "error": "1", "title": "1"} | _MARKS, bar=13)

VIRTUAL = Theme(
    sgr={
        "focus": "30;46",
        "title": "1;37;44",
        "heading": "1;36",
        "default": "1;37",
        "dim": "1;30",
        "error": "1;31",
        "status": "33",
        "keys": "36",
        "field": "37;44",
        "match": "1;33",
        "focus match": "1;31;46",
    },
    pane=True,
)
