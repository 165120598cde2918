"""The help screen."""

from collections.abc import Iterator

from petipy.settings.table import SETTINGS
from petipy.state.model import Snapshot
from petipy.ui.kit.glyphs import Glyphs
from petipy.ui.kit.keys import Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.line.plain import wrap
from petipy.ui.translator import Phrase, mark

_COLUMNS = 79

_CURSOR, _SUBMENU = mark("the cursor"), mark("a submenu")
_DEFAULT = mark(
    "the default: it boots by itself when nobody is there; also on the submenu that has it"
)
_HOTKEY = mark(
    "the entry's key, if its configuration names one; [e!] a key that means something else here"
)
_OBSTACLE = mark("cannot be booted now, and why; Enter says more")
_CLOSING = mark(
    "Devices that appear are looked at as they come, and the cursor stays on its entry. "
    "Nothing is ever written to a disk by looking at it."
)


class HelpScreen(TextScreen):
    def __init__(self, view: Navigation) -> None:
        super().__init__(view.translator.phrase)
        self._keys, self._translator = view.keys, view.translator
        self._glyphs = view.theme.glyphs
        self._language = -1  # version of the one that is shown
        self.show(view.session.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Change nothing but the language."""
        if self._translator.version == self._language:
            return
        self._language, phrase = self._translator.version, self._phrase
        lines: list[Paragraph] = [("heading", phrase("Keys"))]
        lines += [(None, line) for line in _describe_keys(self._keys.documented(), phrase)]
        lines += [(None, ""), ("heading", phrase("Signs"))]
        lines += [(None, line) for line in _describe_signs(self._glyphs, phrase)]
        heading = phrase("Settings, on the command line of Petipy's own kernel")
        lines += [(None, ""), ("heading", heading)]
        lines += [(None, f"{s.usage}: {phrase(s.help)}") for s in SETTINGS]
        self.set_text([*lines, (None, ""), (None, phrase(_CLOSING))])


def _describe_keys(keys: list[Key], phrase: Phrase) -> Iterator[str]:
    """Yield the keys in a column, with their help beside them."""
    labels = ["  ".join(key.list_labels(phrase)) for key in keys]
    indent = max(map(len, labels)) + 2
    for label, key in zip(labels, keys, strict=True):
        text = phrase(key.help)
        first, *rest = wrap(text, _COLUMNS - indent, len(text))
        yield f"{label:<{indent}}{first}"
        yield from (" " * indent + line for line in rest)


def _describe_signs(glyphs: Glyphs, phrase: Phrase) -> Iterator[str]:
    """Yield the signs of the menu, with their meaning."""
    signs = (
        (glyphs.cursor, _CURSOR),
        ("*", _DEFAULT),
        (glyphs.submenu, _SUBMENU),
        ("[t]", _HOTKEY),
        ("!", _OBSTACLE),
    )
    for sign, meaning in signs:
        first, *rest = wrap(f"{sign:<2} {phrase(meaning)}", _COLUMNS, 9)
        yield first
        yield from (" " * (max(2, len(sign)) + 1) + line for line in rest)


SCREEN = Registration(
    title="Help",
    opener=Key(("h", "?", "f1"), "this help", "{} help"),
    make=lambda occasion: HelpScreen(occasion.view),
)
