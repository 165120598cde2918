"""The plan of one boot: its files and its command line, after a person's changes."""

from collections.abc import Container
from dataclasses import dataclass, replace

from petipy.settings.table import BY_NAME
from petipy.state.model import Change, Choice, Edit, File, Signature


class BootError(Exception):
    """A boot that failed at `step`; the text is a plain sentence for the person at the console."""

    def __init__(self, step: str, why: object) -> None:
        super().__init__(hide_credentials(f"{step}: {why}"))


def hide_credentials(text: str) -> str:
    """Return a text without user and password of each URL in it."""
    if "://" not in text:
        return text
    from parsers.places import urls  # few boots need it

    return urls.hide_credentials(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The files to load, the command line, and the changes to write before the jump."""

    title: str
    kernel: File
    initrds: tuple[File, ...]
    devicetree: File | None
    overlays: tuple[File, ...] = ()  # of the device tree, in the order in which they are applied
    cmdline: str
    signatures: tuple[Signature, ...] = ()  # of its files, or of scripts that led to it
    changes: tuple[Change, ...] = ()
    configs: tuple[File, ...] = ()  # that it comes from
    itself: bool = False  # somebody wants Petipy to start Petipy

    @property
    def files(self) -> list[File]:
        """The kernel, the initrds, the device tree if there is one, and its overlays."""
        tree = [self.devicetree, *self.overlays] if self.devicetree else []
        return [self.kernel, *self.initrds, *tree]

    def lines(self) -> list[str]:
        """Describe the plan in lines that every console prints before the jump."""
        files = [f"  kernel  {self.kernel}", *(f"  initrd  {initrd}" for initrd in self.initrds)]
        if self.devicetree:
            files.append(f"  dtb     {self.devicetree}")
            files += [f"  overlay {overlay}" for overlay in self.overlays]
        shown = map(hide_credentials, files)
        return [f"Booting {self.title}", *shown, f"  cmdline {self.cmdline}"]


def plan(choice: Choice, edit: Edit | None) -> Plan:
    """Plan the boot of a choice, with a person's changes if there are any.

    Raise BootError if the choice cannot be booted as it stands and nobody changed it.
    """
    kernel, initrds, cmdline = choice.kernel, choice.initrds, choice.entry.cmdline
    signatures = choice.signatures
    if edit:
        from petipy.state.typed import apply_edit  # a boot without a person needs none

        kernel, initrds = apply_edit(choice, edit)
        cmdline = edit.cmdline
        files = (kernel, *initrds, choice.devicetree)
        signatures = tuple(s for s in signatures if s.digest or s.file in files)
    elif choice.obstacle:
        raise BootError(choice.title, choice.obstacle)
    if kernel is None:
        raise BootError(choice.title, "it names no kernel")
    if len(choice.signatures) < len(choice.entry.signatures):
        raise BootError(choice.title, "a signature is on a device that is not there")
    return Plan(
        title=choice.title,
        kernel=kernel,
        initrds=initrds,
        devicetree=choice.devicetree,
        overlays=choice.overlays,
        signatures=signatures,
        cmdline=cmdline,
        configs=choice.configs,
        changes=choice.changes,  # also after an edit: it is the same entry
    )


def forget_stamps(todo: Plan) -> Plan:
    """Return the plan for whatever files have its names now."""
    devicetree = todo.devicetree and replace(todo.devicetree, stamp="")
    initrds = tuple(replace(initrd, stamp="") for initrd in todo.initrds)
    overlays = tuple(replace(overlay, stamp="") for overlay in todo.overlays)
    kernel = replace(todo.kernel, stamp="")
    return replace(
        todo,
        kernel=kernel,
        initrds=initrds,
        devicetree=devicetree,
        overlays=overlays,
        signatures=tuple(
            replace(s, file=replace(s.file, stamp=""), place=replace(s.place, stamp=""))
            for s in todo.signatures
        ),
        configs=(),
    )


def forget_extents(todo: Plan, copied: Container[File] = ()) -> Plan:
    """Return the plan for files of which some are there as the parts that they mean.

    These are the files from servers, and those that are copied.
    """

    def whole(file: File) -> File:
        return replace(file, offset=0, size=0) if file.url or file in copied else file

    return replace(
        todo,
        kernel=whole(todo.kernel),
        initrds=tuple(map(whole, todo.initrds)),
        devicetree=todo.devicetree and whole(todo.devicetree),
        overlays=tuple(map(whole, todo.overlays)),
    )


def mark(todo: Plan, id: str) -> Plan:
    """Return the plan of a choice that starts Petipy: the command line names the choice's id.

    The next Petipy does not boot that choice by itself.
    """
    setting = BY_NAME["started"]
    words = (w for w in todo.cmdline.split(" ") if not w.startswith(f"petipy.{setting.name}="))
    cmdline = " ".join((*words, f"petipy.{setting.name}={setting.type.write(id)}"))
    return replace(todo, cmdline=cmdline, itself=True)


def describe(error: OSError, otherwise: str) -> str:
    """Return the error's text without its number; a TimeoutError has no text at all."""
    return error.strerror or str(error) or otherwise
