"""The outcomes of a script, and the images and menus that they consist of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from parsers.api import Action, FileRef, Origin, SignatureRef

_MODE = re.compile(r"(?<!\S)mode=([0-7]{1,4})(?!\S)")


class IpxeImage(NamedTuple):
    """A file that a command fetched. `where` is its URL or its path."""

    name: str
    where: str
    ref: FileRef
    cmdline: str
    fetched_by: tuple[Origin, ...]  # the command, then the settings in it
    cmdline_from: tuple[Origin, ...] = ()  # the same for the command line, if another command's
    named: bool = False  # by --name
    is_kernel: bool = False  # fetched by a command that selects it for `boot`
    signed: tuple[tuple[FileRef, str], ...] = ()  # its signatures, each with its signer's name

    @property
    def packed(self) -> FileRef:
        """Return the image as an initrd, after core/cpio.c.

        The first argument is a path: the kernel unpacks the file there. The directories exist,
        whatever `mkdir=` says.
        """
        path, _, rest = self.cmdline.partition(" ")
        if not path:
            return self.ref
        mode = _MODE.search(rest)
        return replace(self.ref, packed=path, mode=int(mode[1], 8) if mode else 0o644)

    def list_signatures(self, file: FileRef, digest: str = "") -> Iterator[SignatureRef]:
        """Yield the signatures of the image, which the entry has as `file`."""
        for place, signer in self.signed:
            yield SignatureRef(file=file, place=place, signer=signer, digest=digest)


class MenuItem(NamedTuple):
    """A line of a menu that the user can choose."""

    label: str
    text: str
    key: str
    config: str
    line: int


@dataclass(slots=True)
class IpxeMenu:
    title: str
    items: list[MenuItem]
    default: str = ""  # from `item --default`
    is_shared: bool = False  # several runs have it: a run must change a copy


class Boot(NamedTuple):
    """iPXE starts a kernel."""

    kernel: IpxeImage
    initrds: tuple[IpxeImage, ...]
    devicetree: IpxeImage | None = None
    scripts: tuple[SignatureRef, ...] = ()  # the signatures of scripts that led to it
    unchecked: str = ""  # a signature that nobody can check, in words

    def list_signatures(self) -> Iterator[SignatureRef]:
        """Yield the signatures that the script has asked for."""
        yield from self.scripts
        yield from self.kernel.list_signatures(self.kernel.ref)
        for image in self.initrds:
            yield from image.list_signatures(image.packed)
        if self.devicetree:
            yield from self.devicetree.list_signatures(self.devicetree.ref)


class Question(NamedTuple):
    """iPXE shows a menu."""

    menu: IpxeMenu
    default: str
    seconds: float | None  # None: it waits for ever
    config: str
    line: int


class End(NamedTuple):
    """The script ends without a kernel for kexec."""

    reason: str
    config: str
    line: int
    action: Action = ""
    # "": another action; failed: a command did not work; returned: the end of the script.
    kind: Literal["", "failed", "returned"] = ""


Outcome = Boot | Question | End


class Stop(Exception):
    """A command stops the script: the outcome is known."""

    def __init__(self, outcome: Outcome, setting: str = "") -> None:
        super().__init__()
        self.outcome = outcome
        self.setting = setting  # gets the label of the chosen item


class CommandError(Exception):
    """The command does not take these words; the text says why."""
