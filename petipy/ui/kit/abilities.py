"""The control sequences that a type of terminal has, by the name in TERM.

The table is cautious: a sequence that a terminal lacks spoils its screen, and one that is not used
costs a few bytes. Sources: the VT100, VT102 and VT220 manuals, and the terminfo entries of ncurses.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """The sequences besides CUP, CUU, CUD, CUF, EL, ED and SGR, which every terminal here has."""

    regions: bool = False  # DECSTBM, reverse index, character sets: VT100
    insert_lines: bool = False  # IL and DL: VT102
    delete_cells: bool = False  # DCH: VT102
    insert_cells: bool = False  # ICH: VT220
    erase_cells: bool = False  # ECH: VT220


_VT100 = Abilities(regions=True)
_VT102 = Abilities(regions=True, insert_lines=True, delete_cells=True)
_VT220 = Abilities(
    regions=True, insert_lines=True, delete_cells=True, insert_cells=True, erase_cells=True
)
_NOTHING = Abilities()
_BY_NAME = {"vt100": _VT100, "vt101": _VT100, "vt102": _VT102, "vt125": _VT100, "vt131": _VT102}
# Names that begin so, up to a hyphen: xterm-256color, screen.linux, tmux, vt220.
_FAMILIES = {
    *("alacritty", "foot", "kitty", "konsole", "linux", "putty", "rxvt", "screen", "tmux"),
    *("vt220", "vt320", "vt340", "vt420", "vt510", "vt520", "vt525", "vte", "xterm"),
}


def find_abilities(term: str) -> Abilities:
    """Return the abilities of a terminal. An unknown one has none."""
    name = term.partition("-")[0].partition(".")[0].lower()
    if name in _FAMILIES:
        return _VT220
    return _BY_NAME.get(name, _NOTHING)
