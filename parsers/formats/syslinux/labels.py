"""What a configuration is made of: labels, and the menus that they are in."""

from dataclasses import dataclass, field
from typing import Optional, Protocol

from parsers.api import FileRef
from parsers.formats.syslinux.statements import Statement


class Locator(Protocol):
    """What file names mean, which is another thing on a disk and on the network.

    A place is a path or a URL, whichever it is; a directory is one that ends in a slash.
    """

    def locate(self, directory: str, name: str) -> str: ...
    def read(self, place: str) -> str | None: ...
    def file(self, place: str) -> FileRef: ...

    def is_there(self, place: str) -> bool | None:
        """None: that cannot be known without fetching it."""
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
        """The titles of the menus around what is in it, but for the first, which is the whole."""
        if self.parent is None:
            return ()
        return (*self.parent.trail, plain(self.label or self.title or self.tag) or "submenu")


@dataclass(slots=True, eq=False)
class Label:
    name: str
    config: str
    line: int
    menu: SyslinuxMenu
    directory: str  # that relative names begin at
    end: int = 0  # its last line in that file
    kind: str = "kernel"  # the keyword that named the kernel
    kernel: str = ""
    inherited: Statement | None = None  # the global APPEND
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
    jump: str = ""  # it leads to another menu instead of booting
    statements: dict[str, Statement] = field(default_factory=dict)  # its settings, by what they set

    @property
    def options(self) -> str:
        """APPEND's: those of the label instead of the global ones, and "-" is none at all."""
        options = self.inherited.value if self.inherited else ""
        options = options if self.append is None else self.append
        return "" if options == "-" else options


def plain(title: str) -> str:
    """Without the marks of hot keys."""
    return title.replace("^", "").strip()
