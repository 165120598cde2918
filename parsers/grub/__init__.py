"""grub.cfg: a language. lexer → parse → interp, with GRUB's commands in a table."""

from parsers.api import Format
from parsers.grub.commands import table
from parsers.grub.listing import PATHS, items

# The commands are imported here and now: a scan runs in a forked child, which would pay again.
table()

FORMAT = Format("grub", PATHS, items)
