"""The texts that other rooms make and a screen shows, as templates for the catalogues.

The rooms below the screens write English, so that logs, bug reports and `petipy ctl` are the same
everywhere, and no room needs the language of a console. A template is such a text with a field for
each part that differs: mark("waits for {part}"). A console in another language finds the template
of a text that it shows, and has its translation with the same parts. A text without a template
stays English.

A field holds any text, and comes as it is; it may have the words of a hostile disk. A field with
one of these names has words of another template:

- `reason`: a cause, mostly after a colon
- `part`: words within a sentence
- `more`: an addition, which may be missing

A field whose name begins with `number` is a number.

A new template is a row in a file of this folder. tests/ui/templates looks for its words in the room
that makes them.
"""

from functools import cache

from petipy.ui.templates import boots, devices, entries, leases, locks, machine, network, settings
from petipy.ui.templates.matching import Table

TEMPLATES = (
    *boots.TEMPLATES,
    *devices.TEMPLATES,
    *entries.TEMPLATES,
    *locks.TEMPLATES,
    *network.TEMPLATES,
    *settings.TEMPLATES,
    *machine.TEMPLATES,
    *leases.TEMPLATES,
)


@cache
def read_table() -> Table:
    return Table(TEMPLATES)
