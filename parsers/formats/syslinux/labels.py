"""The parts of a configuration: labels, and the menus that hold them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional, Protocol

from parsers.api import FileRef
from parsers.formats.syslinux.statements import Statement


class Locator(Protocol):
    """The meaning of file names, on a disk (paths) or on the network (URLs).

    A place is a path or a URL; that of a directory ends in a slash. If `strips_quotes`, a value in
    quotation marks is meant without them.
    """

    @property
    def strips_quotes(self) -> bool: ...

    def locate(self, directory: str, name: str) -> str: ...
    def read(self, place: str) -> str | None: ...
    def file(self, place: str) -> FileRef: ...

    def find_chained(self, loader: str) -> str | None:
        """Return the place of the configuration that a PXELINUX at `loader` would read."""
        ...

    def is_there(self, place: str) -> bool | None:
        """Return True if the file or directory exists, or None if only fetching would tell."""
        ...


@dataclass(slots=True, eq=False)
class SyslinuxMenu:
    tag: str = ""
    parent: Optional["SyslinuxMenu"] = None
    title: str = ""
    label: str = ""
    password: str = ""
    default: "Label | SyslinuxMenu | None" = None

    @property
    def trail(self) -> tuple[str, ...]:
        """Return the titles of this menu and the menus around it, without the outermost."""
        titles: list[str] = []
        menu = self
        while menu.parent is not None:  # thousands of them are not to use up the stack
            titles.append(strip_marks(menu.label or menu.title or menu.tag) or "submenu")
            menu = menu.parent
        return tuple(reversed(titles))


@dataclass(slots=True, eq=False)
class Label:
    name: str
    config: str
    line: int
    menu: SyslinuxMenu
    directory: str  # the base of relative names
    end: int = 0  # the last line of the label
    kind: str = "kernel"  # the keyword that named the kernel
    kernel: str = ""
    inherited: Statement | None = None  # the global APPEND above it
    append: str | None = None
    initrd: str = ""
    devicetree: str = ""
    devicetrees: str = ""  # a directory of them
    title: str = ""
    help: list[str] = field(default_factory=list)
    password: str = ""
    sysappend: int = 0
    hidden: bool = False
    disabled: bool = False
    jump: str = ""  # MENU GOTO, EXIT or QUIT, with the tag: it opens a menu and boots nothing
    statements: dict[str, Statement] = field(default_factory=dict)  # by kind of setting

    @property
    def options(self) -> str:
        """Return the label's APPEND, or else the global one. "-" means no options."""
        options = self.inherited.value if self.inherited else ""
        options = options if self.append is None else self.append
        return "" if options == "-" else options


def strip_marks(title: str) -> str:
    """Return a title without the marks of hotkeys."""
    return title.replace("^", "").strip()


def shown_title(label: Label) -> str:
    return strip_marks(label.title) or label.name


def trail_name(menu: SyslinuxMenu) -> str:
    return menu.tag or strip_marks(menu.label or menu.title) or "menu"


def identity(label: Label) -> object:
    """Return the same value for a label that is read from the same place once more."""
    return label.config, label.line, label.name, label.directory


def find_label(labels: Sequence[Label], name: str) -> Label | None:
    """Return the label of a name, as SYSLINUX does. Else ignore upper and lower case."""
    same = (label for label in labels if label.name == name)
    folded = (label for label in labels if label.name.lower() == name.lower())
    return next(same, None) or next(folded, None)


def find_menus_default(menu: SyslinuxMenu) -> Label | None:
    """Return the label of MENU DEFAULT, perhaps in a menu that is itself the default."""
    while isinstance(menu.default, SyslinuxMenu):
        menu = menu.default
    return menu.default
