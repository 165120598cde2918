"""Read a configuration and the files that it includes: statements → labels, menus and settings.

This follows com32/elflink/ldlinux/readconfig.c of SYSLINUX 6 (its text and graphical menus read the
same language), and U-Boot's boot/pxe_utils.c for device trees.
"""

import re
from collections.abc import Callable

from parsers.api import Problem
from parsers.formats.syslinux.context import ReadContext
from parsers.formats.syslinux.labels import Label, Locator, SyslinuxMenu
from parsers.formats.syslinux.statements import (
    Statement,
    after_first,
    parse_statements,
    strip_quotes,
)

MAX_TEXT = 256 << 10  # characters of a file
DEPTH = 16  # files that include one another


def _keywords(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_KERNELS = _keywords("kernel linux boot bss pxe fdimage comboot com32 config localboot")
# Settings of SYSLINUX's screen, keyboard and downloads; U-Boot's; Petitboot's.
_IGNORED = _keywords(
    "allowoptions noescape nocomplete nohalt display font kbdmap serial console pxeretry path"
    " sendcookies proxy plugin tarball kaslrseed f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12"
    " endtext none"
)
_MENU_IGNORED = _keywords(
    "background color colour msgcolor msgcolour width margin passwordmargin rows tabmsgrow"
    " cmdlinerow endrow passwordrow timeoutrow helpmsgrow helpmsgendrow hshift vshift hiddenrow"
    " hiddenkey resolution clear autoboot tabmsg notabmsg passprompt nosave immediate"
    " noimmediate indent"
)


class Configuration:
    """A file and the files that it includes, read as one."""

    def __init__(self, locator: Locator, directory: str, context: ReadContext) -> None:
        self.directory = directory
        self.labels: list[Label] = []
        self.menus = [SyslinuxMenu(tag=".top")]
        self.settings: dict[str, Statement] = {}  # global settings: the last of each
        self.append_to_all: Statement | None = None
        self.start: SyslinuxMenu | None = None
        self.has_ui = False
        self._locator, self._context = locator, context
        self._complain = context.complain
        self._sysappend = 0
        self._menu = self.menus[0]
        self._label: Label | None = None
        self._depth = 0

    def read(self, place: str, cause: Statement | None = None) -> bool:
        """Read a file. Return False if it is missing.

        Report that if a statement is the cause of reading it.
        """
        if self._depth == DEPTH or self._context.files == 0:
            if cause:
                self._complain(cause, "files include one another without end: not followed")
            return False
        self._context.files -= 1
        text = self._locator.read(place)
        if text is None:
            if cause:
                self._complain(cause, f"there is no {place}")
            return False
        if len(text) > (room := min(MAX_TEXT, self._context.room)):
            message = f"longer than {room} characters: the rest is not read"
            self._context.problems.append(Problem(place, 1, message, cut=True))
        self._context.room -= min(room, len(text))
        self._depth += 1
        for statement in parse_statements(place, text[:room]):
            self._handle(strip_quotes(statement) if self._locator.strips_quotes else statement)
        self._depth -= 1
        return True

    def follow(self, cause: Statement, directory: str) -> None:
        """Read the files that a menu module has as arguments. `~` is the configuration itself."""
        for name in cause.value.split():
            place = self._locator.locate(directory, name)
            if name != "~" and place not in self._context.followed:
                self._context.followed.add(place)
                self.read(place, cause)

    def _handle(self, statement: Statement) -> None:
        if handle := _HANDLERS.get(statement.key):
            handle(self, statement)
            if self._label and self._label.config == statement.config:
                self._label.end = statement.last or statement.number
        elif statement.key == "":
            self._complain(statement, f"not a setting: {statement.value!r}")
        elif statement.key not in _IGNORED:
            self._complain(statement, f"unknown setting: {statement.keyword!r}")

    def _has_value(self, statement: Statement) -> bool:
        if not statement.value:
            self._complain(statement, f"{statement.key!r} has no value")
        return bool(statement.value)

    def _store(self, statement: Statement, key: str) -> Label | None:
        """Store a statement in the current label, if any, and return the label.

        Report a second statement of the same key.
        """
        if self._label and key in self._label.statements:
            self._complain(statement, f"{key!r} is set a second time; this value counts")
        if self._label:
            self._label.statements[key] = statement
        return self._label

    def _store_value(self, statement: Statement, key: str) -> Label | None:
        """Store a statement with a value. Before the first label, ignore it."""
        if self._label and self._has_value(statement):
            return self._store(statement, key)
        return None

    def _require_label(self, statement: Statement) -> None:
        if not self._label:
            message = f"{statement.key!r} belongs to a label; before the first it is ignored"
            self._complain(statement, message)

    def label(self, statement: Statement) -> None:
        self._has_value(statement)
        self._label = Label(
            name=statement.value,
            config=statement.config,
            line=statement.number,
            menu=self._menu,
            directory=self.directory,
            kernel=statement.value,
            inherited=self.append_to_all,
            sysappend=self._sysappend,
        )
        self.labels.append(self._label)

    def kernel(self, statement: Statement) -> None:
        self._require_label(statement)
        if label := self._store_value(statement, "kernel"):
            label.kind, label.kernel = statement.key, statement.value

    def append(self, statement: Statement) -> None:
        if label := self._store(statement, "append"):
            label.append = statement.value
        else:
            self.append_to_all = statement

    def initrd(self, statement: Statement) -> None:
        self._require_label(statement)
        if label := self._store_value(statement, "initrd"):
            label.initrd = statement.value

    def devicetree(self, statement: Statement) -> None:
        if label := self._store_value(statement, "fdt"):
            label.devicetree = statement.value

    def devicetrees(self, statement: Statement) -> None:
        if label := self._store_value(statement, "fdtdir"):
            label.devicetrees = statement.value

    def overlays(self, statement: Statement) -> None:
        self._complain(statement, "overlays of device trees are not applied")

    def sysappend(self, statement: Statement) -> None:
        if not (m := re.match(r"0x[0-9a-f]{1,9}|[0-9]{1,10}", statement.value, re.I)):
            self._complain(statement, _not_a_number(statement))
            return
        bits = int(m[0], 16) if m[0][:2].lower() == "0x" else int(m[0])
        if self._label:
            self._label.sysappend = bits
            self._label.statements["sysappend"] = statement
        else:
            self._sysappend = bits

    def setting(self, statement: Statement) -> None:
        """Store a global setting, wherever it stands. The last one counts."""
        if self._has_value(statement):
            self.settings[statement.key] = statement

    def number(self, statement: Statement) -> None:
        if not re.match(r"[+-]?[0-9]", statement.value):
            self._complain(statement, _not_a_number(statement))
        else:
            self.settings[statement.key] = statement

    def ui(self, statement: Statement) -> None:
        if self._has_value(statement):
            self.has_ui = True
            self.settings["ui"] = statement

    def help(self, statement: Statement) -> None:
        if self._label:
            self._label.help.append(statement.value)

    def text(self, statement: Statement) -> None:
        self._complain(statement, "the text has no ENDTEXT: it goes on to the end of the file")

    def include(self, statement: Statement) -> None:
        if self._has_value(statement):
            self.read(self._locator.locate(self.directory, statement.word), statement)

    def menu(self, statement: Statement) -> None:
        word = statement.word.lower()
        inner = statement._replace(
            key=word,
            value=after_first(statement.value),
            keyword=f"{statement.keyword} {statement.word}".strip(),
        )
        if handle := _MENU_HANDLERS.get(word):
            handle(self, inner)
        elif word not in _MENU_IGNORED:
            self._complain(statement, f"unknown setting: {inner.keyword.strip()!r}")

    def menu_label(self, statement: Statement) -> None:
        if self._label:
            self._label.title = statement.value
        else:
            self._menu.label = statement.value

    def menu_title(self, statement: Statement) -> None:
        if self._menu.parent:
            self._menu.title = statement.value

    def menu_default(self, statement: Statement) -> None:
        if self._label:
            self._label.statements["menu default"] = statement
            self._menu.default = self._label
        elif self._menu.parent:
            self._menu.parent.default = self._menu

    def menu_hide(self, statement: Statement) -> None:
        if self._label:
            self._label.hidden = True

    def menu_disable(self, statement: Statement) -> None:
        if self._label:
            self._label.disabled = True

    def menu_password(self, statement: Statement) -> None:
        if self._has_value(statement):
            (self._label or self._menu).password = statement.value

    def menu_master(self, statement: Statement) -> None:
        if statement.word.lower() == "passwd" and after_first(statement.value):
            value = after_first(statement.value)
            self.settings["master"] = Statement(statement.config, statement.number, "master", value)
        else:
            self._complain(statement, "'MENU MASTER' is followed by PASSWD and the password")

    def menu_flag(self, statement: Statement) -> None:
        self.settings[statement.key] = statement

    def menu_separator(self, statement: Statement) -> None:
        self._label = None

    def menu_begin(self, statement: Statement) -> None:
        self._label = None
        self._menu = SyslinuxMenu(tag=statement.value, parent=self._menu)
        self.menus.append(self._menu)

    def menu_end(self, statement: Statement) -> None:
        self._label = None
        if self._menu.parent:
            self._menu = self._menu.parent
        else:
            self._complain(statement, "'MENU END' without a 'MENU BEGIN'")

    def menu_include(self, statement: Statement) -> None:
        tag = after_first(statement.value)
        if tag:
            self.menu_begin(Statement(statement.config, statement.number, "begin", tag))
        self.include(statement)
        if tag:
            self.menu_end(statement)

    def menu_save(self, statement: Statement) -> None:
        self._complain(
            statement,
            "which label booted last is kept in ldlinux.sys and not read: the default stays",
        )

    def menu_start(self, statement: Statement) -> None:
        self.start = self._menu

    def menu_jump(self, statement: Statement) -> None:
        if self._label:
            self._label.jump = f"{statement.key} {statement.value}".strip()

    def check_jumps(self) -> None:
        tags = {menu.tag for menu in self.menus} | {".top", ".hidden"}
        for label in self.labels:
            if (tag := after_first(label.jump)) and tag not in tags:
                statement = Statement(label.config, label.line, "menu", label.jump)
                self._complain(statement, f"no menu is called {tag!r}")


def _not_a_number(statement: Statement) -> str:
    reason = f"is not a number: {statement.value!r}" if statement.value else "has no value"
    return f"{statement.key!r} {reason}"


_Handler = Callable[[Configuration, Statement], None]
_C = Configuration
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(_KERNELS, _C.kernel),
    **dict.fromkeys(("default", "ontimeout", "onerror"), _C.setting),
    **dict.fromkeys(("timeout", "totaltimeout", "prompt", "implicit"), _C.number),
    **dict.fromkeys(("ipappend", "sysappend"), _C.sysappend),
    **dict.fromkeys(("fdt", "dtb", "devicetree"), _C.devicetree),
    **dict.fromkeys(("fdtdir", "dtbdir", "devicetreedir"), _C.devicetrees),
    **dict.fromkeys(("fdtoverlays", "devicetree-overlay", "fdtoverlay"), _C.overlays),
    "label": _C.label,
    "append": _C.append,
    "initrd": _C.initrd,
    "ui": _C.ui,
    "say": _C.help,
    "help": _C.help,
    "text": _C.text,
    "include": _C.include,
    "menu": _C.menu,
}
_MENU_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(("goto", "exit", "quit"), _C.menu_jump),
    **dict.fromkeys(("hidden", "shiftkey"), _C.menu_flag),
    **dict.fromkeys(("disable", "disabled"), _C.menu_disable),
    "label": _C.menu_label,
    "title": _C.menu_title,
    "default": _C.menu_default,
    "hide": _C.menu_hide,
    "help": _C.kernel,
    "passwd": _C.menu_password,
    "master": _C.menu_master,
    "onerror": _C.setting,
    "separator": _C.menu_separator,
    "begin": _C.menu_begin,
    "end": _C.menu_end,
    "include": _C.menu_include,
    "start": _C.menu_start,
    "save": _C.menu_save,
}
STATEMENTS = frozenset((*_HANDLERS, *_MENU_HANDLERS))
