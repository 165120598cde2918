"""How things look: for each kind of text, the SGR parameters (ECMA-48) that a terminal gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """`bar` is how many cells of the focused row are marked; 0: all of it. On a serial line it is
    short, because the marked cells are all sent again, twice, with each move of the cursor."""

    sgr: Mapping[str, str] = field(default_factory=dict)
    bar: int = 0
    patience: float = 1.0  # seconds for which an escape sequence may pause

    def of(self, kind: object) -> str:
        return self.sgr.get(kind, "") if isinstance(kind, str) else ""


SERIAL = Theme(sgr={"focus": "7", "heading": "1", "error": "1", "title": "1"}, bar=34)

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
    },
    patience=0.1,
)
