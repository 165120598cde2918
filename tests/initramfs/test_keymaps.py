"""Keyboard layouts are read from X11's list and from what loadkeys prints."""

import pytest

from initramfs.host import BuildError
from initramfs.keymaps import read_tables, read_titles

LIST = """\
! model
  pc105           Generic 105-key PC

! layout
  us              English (US)
  de              German
  custom          A user-defined custom Layout

! variant
  nodeadkeys      de: German (no dead keys)

! option
  grp             Switching to another layout
"""
PRINTED = """\
unsigned short plain_map[NR_KEYS] = {
	0xf200,	0xfb71,
};

static unsigned short altgr_map[NR_KEYS] = {
	0xf200,	0x0439,
};

unsigned short *key_maps[MAX_NR_KEYMAPS] = {
	plain_map,	0,	altgr_map,	0,
};
"""


def test_titles_of_layouts_and_variants_are_read() -> None:
    titles = {"de": "German", "de-nodeadkeys": "German (no dead keys)", "us": "English (US)"}
    assert read_titles(LIST) == titles


def test_tables_have_the_numbers_that_programs_use() -> None:
    assert read_tables(PRINTED) == {0: [0x0200, 0x0B71], 2: [0x0200, 0xF439]}


def test_nothing_printed_is_an_error() -> None:
    with pytest.raises(BuildError, match="no table"):
        read_tables("")
