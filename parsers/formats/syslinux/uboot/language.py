"""Read extlinux.conf and the files that it includes, as U-Boot's boot/pxe_utils.c does.

In EBNF, with blanks between words and comments where a word may begin:

    file    = { global | label } ;
    global  = ( "default" | "ontimeout" | "fallback" ), text | ( "timeout" | "prompt" ), number
            | "include", text | "menu", ( "title" | "background" | "include" ), text ;
    label   = "label", text, { setting } ;
    setting = ( "kernel" | "linux" | "append" | "initrd" | "fdt" | "fdtdir" | "fdtoverlays" ), text
            | ( "ipappend" | "localboot" ), number | "kaslrseed" | "menu", ( "default" | "label" ) ;
    lock    = "menu", ( "passwd" | "master", "passwd" ), text ;
    comment = "#", { character }, newline ;

Keywords are the same in any case. A text is the rest of the line and does not begin with #. Where
U-Boot gives up the whole file (a setting without its value, a missing file), only the statement is
lost here. U-Boot ignores a lock, which is SYSLINUX's; here it holds.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

import pyparsing as pp

from parsers.api import Problem
from parsers.formats.syslinux.context import ReadContext
from parsers.formats.syslinux.labels import Locator
from parsers.formats.syslinux.statements import Statement, after_first, first_word
from parsers.reading.text import build_grammar, scan_statements

_DEPTH = 16  # files that include one another: U-Boot's own limit
_MAX_TEXT = 256 << 10  # characters of a file


# A plain class: every start imports this module, and a dataclass takes longer to make.
class UbootLabel:
    def __init__(self, name: str, config: str, line: int) -> None:
        self.name, self.config, self.line = name, config, line
        self.end = line
        self.title = self.password = ""
        # By kind: kernel, append, initrd, fdt, fdtdir, fdtoverlays, ipappend, localboot.
        self.settings: dict[str, Statement] = {}

    def value(self, key: str) -> str:
        return self.settings[key].value if key in self.settings else ""


@cache
def _statement() -> pp.ParserElement:
    return build_grammar(r"(?P<key>\S+)[^\S\n]*(?P<value>[^\n]*)")


def _parse_statements(config: str, text: str) -> Iterator[Statement]:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for m, number, column in scan_statements(_statement(), text):
        value = "" if m["value"].startswith("#") else m["value"].rstrip()
        yield Statement(config, number, m["key"].lower(), value, m["key"], column=column)


class UbootConfiguration:
    """A file and the files that it includes, read as one. Relative names begin at `directory`."""

    def __init__(self, locator: Locator, directory: str, context: ReadContext) -> None:
        self.labels: list[UbootLabel] = []
        self.default: Statement | None = None
        self.fallback: Statement | None = None
        self.timeout = 0  # tenths of a second
        self.prompt = False
        self.master = ""  # the password for everything
        self._locator, self._directory, self._context = locator, directory, context
        self._label: UbootLabel | None = None
        self._depth = 0

    def read(self, place: str, cause: Statement | None = None) -> None:
        """Read a file, which the cause names if there is one."""
        if self._depth == _DEPTH or self._context.files == 0:
            if cause:
                self._complain(cause, "files include one another without end: not followed")
            return
        text = self._locator.read(place)
        if text is None:
            if cause:
                self._complain(cause, f"there is no {place}")
            return
        room = min(_MAX_TEXT, self._context.room)
        if len(text) > room:
            message = f"longer than {room} characters: the rest is not read"
            self._context.problems.append(Problem(place, 1, message, cut=True))
        self._context.files -= 1
        self._context.room -= min(room, len(text))
        self._depth += 1
        self._label = None
        for statement in _parse_statements(place, text[:room]):
            self._handle(statement)
        self._depth -= 1
        self._label = None  # the end of a file ends a label

    def _handle(self, statement: Statement) -> None:
        label = self._label
        if label and (setting := _SETTINGS.get(statement.key)):
            setting(self, label, statement)
            label.end = statement.number
            return
        self._label = None
        if handle := _GLOBALS.get(statement.key):
            handle(self, statement)
        elif statement.key in _SETTINGS:
            self._complain(statement, f"{statement.keyword!r} belongs to no label here: ignored")
        else:
            rest = f"; U-Boot ends the label {label.name!r} here" if label else ""
            self._complain(statement, f"unknown setting: {statement.keyword!r}{rest}")

    def _complain(self, statement: Statement, message: str) -> None:
        self._context.complain(statement, message)

    def _has_value(self, statement: Statement) -> bool:
        if not statement.value:
            self._complain(statement, f"{statement.keyword!r} has no value")
        return bool(statement.value)

    def _number(self, statement: Statement) -> int:
        m = re.match(r"-?[0-9]{1,9}", statement.value)
        if not m:
            self._complain(statement, f"{statement.keyword!r} is not a number: {statement.value!r}")
        return int(m[0]) if m else 0

    def _store_last(self, label: UbootLabel, statement: Statement) -> None:
        key = _KINDS.get(statement.key, statement.key)
        if key in label.settings:
            self._complain(
                statement, f"{statement.keyword!r} is set a second time; the last counts"
            )
        if self._has_value(statement):
            label.settings[key] = statement

    def _store_first(self, label: UbootLabel, statement: Statement) -> None:
        key = _KINDS.get(statement.key, statement.key)
        if key in label.settings:
            self._complain(
                statement, f"{statement.keyword!r} is set already, and this ends the label"
            )
            self._go_on(statement)
        elif self._has_value(statement):
            label.settings[key] = statement

    def _go_on(self, statement: Statement) -> None:
        """Handle the words behind a keyword that takes none as the next statement."""
        if word := statement.word:
            rest = "" if (rest := after_first(statement.value)).startswith("#") else rest
            self._handle(statement._replace(key=word.lower(), keyword=word, value=rest))

    def _append(self, label: UbootLabel, statement: Statement) -> None:
        self._store_last(label, statement)
        m = re.search(r"initrd=([^ ]*)", statement.value)
        if m and m[1] and "initrd" not in label.settings:
            label.settings["initrd"] = statement._replace(key="initrd", value=m[1])

    def _label_number(self, label: UbootLabel, statement: Statement) -> None:
        number = self._number(statement)
        label.settings[statement.key] = statement._replace(value=str(number))

    def _kaslrseed(self, label: UbootLabel, statement: Statement) -> None:
        # Linux makes the seed from the one that the running kernel hands on, or has none.
        self._go_on(statement)

    def _label_menu(self, label: UbootLabel, statement: Statement) -> None:
        word = statement.word.lower()
        rest = statement.value[len(word) :].strip()
        if word == "label":
            label.title = "" if rest.startswith("#") else rest
        elif word == "passwd" and rest:
            label.password = rest
        elif word == "default":
            self.default = self.default or statement._replace(key="menu default", value=label.name)
        else:
            self._complain(statement, f"unknown setting: {f'{statement.keyword} {word}'.strip()!r}")

    def _menu(self, statement: Statement) -> None:
        self.prompt = True
        word = statement.word.lower()
        rest = statement.value[len(word) :].strip()
        if word == "master" and first_word(rest).lower() == "passwd" and after_first(rest):
            self.master = after_first(rest)
        elif word == "include":
            self._include(statement._replace(value=rest))
        elif word not in ("title", "background"):
            self._complain(statement, f"unknown setting: {f'{statement.keyword} {word}'.strip()!r}")

    def _begin(self, statement: Statement) -> None:
        if self._has_value(statement):
            self._label = UbootLabel(statement.value, statement.config, statement.number)
            self.labels.append(self._label)

    def _default(self, statement: Statement) -> None:
        if self._has_value(statement):
            self.default = statement

    def _set_fallback(self, statement: Statement) -> None:
        if self._has_value(statement):
            self.fallback = statement

    def _timeout(self, statement: Statement) -> None:
        self.timeout = self._number(statement)

    def _prompt(self, statement: Statement) -> None:
        self.prompt = self._number(statement) != 0

    def _include(self, statement: Statement) -> None:
        if self._has_value(statement):
            self.read(self._locator.locate(self._directory, statement.value), statement)


_C = UbootConfiguration
# Other words for the same setting.
_KINDS = {
    "linux": "kernel",
    "devicetree": "fdt",
    "devicetreedir": "fdtdir",
    "devicetree-overlay": "fdtoverlays",
}
_SETTINGS: dict[str, Callable[[UbootConfiguration, UbootLabel, Statement], None]] = {
    **dict.fromkeys(("kernel", "linux"), _C._store_last),
    **dict.fromkeys(("initrd", "fdt", "devicetree", "fdtdir", "devicetreedir"), _C._store_first),
    **dict.fromkeys(("fdtoverlays", "devicetree-overlay"), _C._store_first),
    **dict.fromkeys(("ipappend", "localboot"), _C._label_number),
    "append": _C._append,
    "kaslrseed": _C._kaslrseed,
    "menu": _C._label_menu,
}
_GLOBALS: dict[str, Callable[[UbootConfiguration, Statement], None]] = {
    **dict.fromkeys(("default", "ontimeout"), _C._default),
    "fallback": _C._set_fallback,
    "timeout": _C._timeout,
    "prompt": _C._prompt,
    "label": _C._begin,
    "include": _C._include,
    "menu": _C._menu,
}
