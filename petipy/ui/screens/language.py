"""The languages of the menu: one is chosen for this console, or saved for all."""

from collections.abc import Mapping

from petipy.settings.table import BY_NAME
from petipy.state.settings import Settings
from petipy.ui.catalogue import Header, find_code, list_headers
from petipy.ui.kit.keys import Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.selection import SelectionScreen
from petipy.ui.translator import is_shown, mark

_SETTING = BY_NAME["language"]
_USE = Key(("enter",), "in the list of languages: use it on this console", "{} use")
_SAVE = Key(("ctrl s",), "in the list of languages: use it from now on", "{} save")


class LanguageScreen(SelectionScreen):
    columns = 6
    heading = mark("Languages; keys, the log and reports are the same in all of them")

    def __init__(self, view: Navigation) -> None:
        self._headers = {header.code: header for header in list_headers()}
        super().__init__(view, _SETTING, _USE, _SAVE)

    def list_titles(self) -> Mapping[str, str]:
        return {code: self._describe_header(header) for code, header in self._headers.items()}

    def _describe_header(self, header: Header) -> str:
        """Return the title, and what a person should know before choosing the language."""
        can = is_shown(header, self._view.translator.letters)
        titles = [header.title] if can else []
        titles += [header.english] if header.english not in titles else []
        remarks = [self._phrase("machine-made")] if header.machine_made else []
        remarks += [] if can else [self._phrase("not on this console")]
        return ", ".join(titles) + (f" ({', '.join(remarks)})" if remarks else "")

    def name_current(self) -> str:
        return self._view.translator.header.code

    def describe_current(self) -> str:
        header = self._view.translator.header
        return f"{header.code}, {header.title}"

    def complain(self, settings: Settings) -> str:
        code = find_code(settings.language)
        if not code:
            text = mark("There is no language {name!r} in this image.")
            return self._phrase(text, name=settings.language)
        if not is_shown(self._headers[code], self._view.translator.letters):
            return self._phrase(
                "This console cannot show {name!r}: it has not its letters.", name=code
            )
        return ""

    def use(self, name: str) -> str:
        if self._view.speak(name):
            return ""
        return self._phrase("This console cannot show {name!r}: it has not its letters.", name=name)

    def use_saved(self, name: str | None) -> None:
        self._view.speak("")

    def describe_use(self) -> str:
        return self._phrase("Language: {language}", language=self.describe_current())


SCREEN = Registration(
    title="Language",
    opener=Key(("L",), "language: that of the menu on this console"),
    keys=(_USE, _SAVE),
    setting=_SETTING.name,
    make=lambda occasion: LanguageScreen(occasion.view),
)
