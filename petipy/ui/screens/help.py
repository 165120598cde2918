"""The help screen."""

from collections.abc import Iterator

from petipy.settings.table import SETTINGS
from petipy.ui.kit.keys import Key
from petipy.ui.kit.registration import KeyTable, Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.line.plain import wrap

_COLUMNS = 79

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
    def __init__(self, keys: KeyTable) -> None:
        super().__init__()
        lines: list[Paragraph] = [("heading", "Keys")]
        lines += [(None, line) for line in _describe_keys(keys.documented())]
        lines += [(None, ""), ("heading", "Signs")]
        lines += [(None, line) for line in _SIGNS.splitlines()]
        lines += [(None, ""), ("heading", "Settings, on the command line of Petipy's own kernel")]
        lines += [(None, f"{s.usage}: {s.help}") for s in SETTINGS]
        self.set_text([*lines, (None, ""), (None, _CLOSING)])


def _describe_keys(keys: list[Key]) -> Iterator[str]:
    """Yield the keys in a column, with their help beside them."""
    labels = ["  ".join(key.labels) for key in keys]
    indent = max(map(len, labels)) + 2
    for label, key in zip(labels, keys, strict=True):
        first, *rest = wrap(key.help, _COLUMNS - indent, len(key.help))
        yield f"{label:<{indent}}{first}"
        yield from (" " * indent + line for line in rest)


SCREEN = Registration(
    title="Help",
    opener=Key(("h", "?", "f1"), "this help", "{} help"),
    make=lambda occasion: HelpScreen(occasion.view.keys),
)
