"""grub.cfg: a language. lexer → parse → interp, with GRUB's commands in a table."""

from dataclasses import replace
from functools import partial

from parsers.api import Format
from parsers.grub.commands import table
from parsers.grub.dialect import DIALECTS
from parsers.grub.lexer import Source
from parsers.grub.listing import PATHS, items
from parsers.grub.parse import units

# What costs time but once is done here and now, commands imported and expressions compiled:
# a scan runs in a forked child, and each of them would pay again.
table()
list(units(Source("")))

FORMAT = Format("grub", PATHS, items, rank=10)


def in_dialect(form: Format, name: str) -> Format:
    """The format with every configuration taken for this dialect's."""
    return replace(form, parse=partial(items, dialect=DIALECTS[name]))
