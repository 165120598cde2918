"""Reading a configuration, with all that it includes: lines → labels, menus and settings.

After com32/elflink/ldlinux/readconfig.c of SYSLINUX 6, whose text and graphical menus read the
same, and U-Boot's boot/pxe_utils.c for device trees.
"""

import re
from collections.abc import Callable

from parsers.api import Problem
from parsers.formats.syslinux.labels import Label, Locator, SyslinuxMenu
from parsers.formats.syslinux.statements import Statement, after, parse_statements

MAX_TEXT = 256 << 10  # characters of a file
MOST_TEXT = 1 << 20  # of all that one configuration consists of
DEPTH = 16  # of files that include one another
FILES = 200  # that one configuration may consist of


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_KERNELS = _words("kernel linux boot bss pxe fdimage comboot com32 config localboot")
# What is for SYSLINUX's own screen and keyboard, and its downloads; U-Boot's, Petitboot's.
_IGNORED = _words(
    "allowoptions noescape nocomplete nohalt display font kbdmap serial console pxeretry path"
    " sendcookies proxy plugin tarball kaslrseed f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12"
    " endtext none"
)
_MENU_IGNORED = _words(
    "background color colour msgcolor msgcolour width margin passwordmargin rows tabmsgrow"
    " cmdlinerow endrow passwordrow timeoutrow helpmsgrow helpmsgendrow hshift vshift hiddenrow"
    " hiddenkey resolution clear autoboot tabmsg notabmsg passprompt nosave immediate"
    " noimmediate indent"
)


class ReadContext:
    """What is known while files are read, however they lead to one another."""

    def __init__(self) -> None:
        self.files, self.room = FILES, MOST_TEXT  # what may still be read
        self.followed: set[str] = set()  # menus are shown once, wherever they are asked for
        self.problems: list[Problem] = []

    def complain(self, line: Statement, message: str) -> None:
        self.problems.append(Problem(line.config, line.number, message, line.column))


class Configuration:
    """The files that are read as one, from the first on."""

    def __init__(self, locator: Locator, directory: str, reading: ReadContext) -> None:
        self.directory = directory
        self.labels: list[Label] = []
        self.menus = [SyslinuxMenu(tag=".top")]
        self.settings: dict[str, Statement] = {}  # the last of those that are for the whole
        self.append_to_all: Statement | None = None
        self.start: SyslinuxMenu | None = None
        self.has_ui = False
        self._locator, self._reading = locator, reading
        self._complain = reading.complain
        self._sysappend = 0
        self._menu = self.menus[0]
        self._label: Label | None = None
        self._depth = 0

    def read(self, place: str, asked: Statement | None = None) -> bool:
        """Takes in a file; a Problem where it was `asked` for and is not there."""
        if self._depth == DEPTH or self._reading.files == 0:
            if asked:
                self._complain(asked, "files include one another without end: not followed")
            return False
        self._reading.files -= 1
        text = self._locator.read(place)
        if text is None:
            if asked:
                self._complain(asked, f"there is no {place}")
            return False
        if len(text) > (room := min(MAX_TEXT, self._reading.room)):
            message = f"longer than {room} characters: the rest is not read"
            self._reading.problems.append(Problem(place, 1, message))
        self._reading.room -= min(room, len(text))
        self._depth += 1
        for line in parse_statements(place, text[:room]):
            self._handle(line)
        self._depth -= 1
        return True

    def follow(self, asked: Statement, directory: str) -> None:
        """Reads the files that a menu module was given: `~` is the configuration itself."""
        for name in asked.value.split():
            place = self._locator.locate(directory, name)
            if name != "~" and place not in self._reading.followed:
                self._reading.followed.add(place)
                self.read(place, asked)

    def _handle(self, line: Statement) -> None:
        if handle := _HANDLERS.get(line.key):
            handle(self, line)
            if self._label and self._label.config == line.config:
                self._label.end = line.last or line.number
        elif line.key == "":
            self._complain(line, f"not a setting: {line.value!r}")
        elif line.key not in _IGNORED:
            self._complain(line, f"unknown setting: {line.written!r}")

    def _has_value(self, line: Statement) -> bool:
        if not line.value:
            self._complain(line, f"{line.key!r} has no value")
        return bool(line.value)

    def _once(self, line: Statement, key: str) -> Label | None:
        """The label that the line belongs to; a Problem when it has such a line already."""
        if self._label and key in self._label.statements:
            self._complain(line, f"{key!r} is set a second time; this value counts")
        if self._label:
            self._label.statements[key] = line
        return self._label

    def label(self, line: Statement) -> None:
        self._has_value(line)
        self._label = Label(
            name=line.word,
            config=line.config,
            line=line.number,
            menu=self._menu,
            directory=self.directory,
            kernel=line.word,
            inherited=self.append_to_all,
            sysappend=self._sysappend,
        )
        self.labels.append(self._label)

    def kernel(self, line: Statement) -> None:
        if not self._label:
            self._complain(line, f"{line.key!r} belongs to a label; before the first it is ignored")
        elif self._has_value(line):
            label = self._once(line, "kernel")
            assert label
            label.kind, label.kernel = line.key, line.value

    def append(self, line: Statement) -> None:
        if label := self._once(line, "append"):
            label.append = line.value
        else:
            self.append_to_all = line

    def initrd(self, line: Statement) -> None:
        if not self._label:
            self._complain(line, "'initrd' belongs to a label; before the first it is ignored")
        elif self._has_value(line) and (label := self._once(line, "initrd")):
            label.initrd = line.value

    def devicetree(self, line: Statement) -> None:
        if self._label and self._has_value(line) and (label := self._once(line, "fdt")):
            label.devicetree = line.value

    def devicetrees(self, line: Statement) -> None:
        if self._label and self._has_value(line) and (label := self._once(line, "fdtdir")):
            label.devicetrees = line.value

    def overlays(self, line: Statement) -> None:
        self._complain(line, "overlays of device trees are not applied")

    def sysappend(self, line: Statement) -> None:
        if not (m := re.match(r"0x[0-9a-f]{1,9}|[0-9]{1,10}", line.value, re.I)):
            self._complain(line, _no_number(line))
            return
        bits = int(m[0], 16) if m[0][:2].lower() == "0x" else int(m[0])
        if self._label:
            self._label.sysappend = bits
            self._label.statements["sysappend"] = line
        else:
            self._sysappend = bits

    def setting(self, line: Statement) -> None:
        """Of the whole, wherever it stands; the last one counts."""
        if self._has_value(line):
            self.settings[line.key] = line

    def number(self, line: Statement) -> None:
        if not re.match(r"[+-]?[0-9]", line.value):
            self._complain(line, _no_number(line))
        else:
            self.settings[line.key] = line

    def ui(self, line: Statement) -> None:
        if self._has_value(line):
            self.has_ui = True
            self.settings["ui"] = line

    def say(self, line: Statement) -> None:
        if self._label:
            self._label.help.append(line.value)

    def help(self, line: Statement) -> None:
        if self._label:
            self._label.help.append(line.value)

    def text(self, line: Statement) -> None:
        self._complain(line, "the text has no ENDTEXT: it goes on to the end of the file")

    def include(self, line: Statement) -> None:
        if self._has_value(line):
            self.read(self._locator.locate(self.directory, line.word), line)

    def menu(self, line: Statement) -> None:
        word = line.word.lower()
        inner = line._replace(
            key=word, value=after(line.value), written=f"{line.written} {line.word}".strip()
        )
        if handle := _MENU_HANDLERS.get(word):
            handle(self, inner)
        elif word not in _MENU_IGNORED:
            self._complain(line, f"unknown setting: {inner.written.strip()!r}")

    def menu_label(self, line: Statement) -> None:
        if self._label:
            self._label.title = line.value
        else:
            self._menu.label = line.value

    def menu_title(self, line: Statement) -> None:
        if self._menu.parent:
            self._menu.title = line.value

    def menu_default(self, line: Statement) -> None:
        if self._label:
            self._label.statements["menu default"] = line
            self._menu.default = self._label
        elif self._menu.parent:
            self._menu.parent.default = self._menu

    def menu_hide(self, line: Statement) -> None:
        if self._label:
            self._label.hidden = True

    def menu_disable(self, line: Statement) -> None:
        if self._label:
            self._label.disabled = True

    def menu_password(self, line: Statement) -> None:
        if self._has_value(line):
            (self._label or self._menu).password = line.value

    def menu_master(self, line: Statement) -> None:
        if line.word.lower() == "passwd" and after(line.value):
            value = after(line.value)
            self.settings["master"] = Statement(line.config, line.number, "master", value)
        else:
            self._complain(line, "'MENU MASTER' is followed by PASSWD and the password")

    def menu_flag(self, line: Statement) -> None:
        self.settings[line.key] = line

    def menu_onerror(self, line: Statement) -> None:
        self.setting(line)

    def menu_separator(self, line: Statement) -> None:
        self._label = None

    def menu_begin(self, line: Statement) -> None:
        self._label = None
        self._menu = SyslinuxMenu(tag=line.value, parent=self._menu)
        self.menus.append(self._menu)

    def menu_end(self, line: Statement) -> None:
        self._label = None
        if self._menu.parent:
            self._menu = self._menu.parent
        else:
            self._complain(line, "'MENU END' without a 'MENU BEGIN'")

    def menu_include(self, line: Statement) -> None:
        tag = after(line.value)
        if tag:
            self.menu_begin(Statement(line.config, line.number, "begin", tag))
        self.include(line)
        if tag:
            self.menu_end(line)

    def menu_save(self, line: Statement) -> None:
        self._complain(
            line, "which label booted last is kept in ldlinux.sys and not read: the default stays"
        )

    def menu_start(self, line: Statement) -> None:
        self.start = self._menu

    def menu_jump(self, line: Statement) -> None:
        if self._label:
            self._label.jump = f"{line.key} {line.value}".strip()

    def check_jumps(self) -> None:
        tags = {menu.tag for menu in self.menus} | {".top", ".hidden"}
        for label in self.labels:
            if (tag := after(label.jump)) and tag not in tags:
                line = Statement(label.config, label.line, "menu", label.jump)
                self._complain(line, f"no menu is called {tag!r}")


def _no_number(line: Statement) -> str:
    said = f"is not a number: {line.value!r}" if line.value else "has no value"
    return f"{line.key!r} {said}"


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
    "say": _C.say,
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
