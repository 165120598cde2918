"""The commands of GRUB 0.97 and grub4dos that make an entry, one function for each."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from posixpath import basename

from parsers.api import Action, FileRef, Password, Volume
from parsers.formats.grub_legacy.drives import Drives
from parsers.places.volumes import BLOCKS, describe_loader, find


@dataclass(slots=True)
class LoaderState:
    """The boot loader's state after the commands of one entry."""

    drives: Drives
    device: str  # the root, in the menu's words
    volumes: list[Volume]  # the volumes that it may mean
    kernel: FileRef | None = None
    cmdline: str = ""
    initrds: list[FileRef] = field(default_factory=list)
    unbootable: str = ""
    waits_for: str = ""
    action: Action = ""
    menu: str = ""  # another menu, from `configfile`
    locked: bool = False
    password: Password | None = None
    statements: list[tuple[str, str, int]] = field(default_factory=list)  # command, arguments, line
    mapped: dict[str, str] = field(default_factory=dict)  # grub4dos' drives that are files

    def place(self, name: str) -> FileRef:
        """Return a file. Without a device in front of its name it is on the entry's root."""
        device, volumes = self.device, self.volumes
        if m := re.fullmatch(r"\(([^()]*)\)(.*)", name):
            device, name = m[1], m[2]
            volumes = self.drives.volumes(device) if device else volumes
        path = f"/{name.lstrip('/')}"
        if drive := self.mapped.get(device):
            self.unbootable = f"it boots from the image {drive}, which only GRUB's BIOS can read"
        return self.drives.file(volumes, path) if volumes else FileRef(device=device, path=path)


def split_row(name: str, rest: str) -> Iterator[tuple[str, str]]:
    """Split a line of grub4dos at `&&`. Of alternatives (`||`) return the first."""
    if name.startswith(("kernel", "initrd", "module")) or not re.search(r"\|\||&&", rest):
        yield name, rest
        return
    for part in re.split(r"\s&&\s", f"{name} {rest}"):
        head = re.match(r"\s*([^\s=]*)[\s=]*(.*)", re.split(r"\s\|\|\s", part)[0])
        if head:
            yield head[1], head[2]


# Boot loaders: GRUB's own, SYSLINUX's for disk images, FreeBSD's.
_LOADERS = ("core.img", "grub.exe", "memdisk", "loader")

Command = Callable[[LoaderState, str], str | None]  # returns an error about its arguments


def _root(state: LoaderState, rest: str) -> str | None:
    if not rest:
        return None  # the command only shows the root
    if not (m := re.match(r"\(([^()]*)\)", rest)):
        return f"not a device: {rest!r}"
    if m[1]:
        state.device, state.volumes = m[1], state.drives.volumes(m[1])
    return None


def _uuid(state: LoaderState, rest: str) -> str | None:
    """Run Ubuntu's `uuid`: the root is the file system with this UUID."""
    if not rest:
        return "'uuid' names no file system"
    state.device = f"UUID={rest}"
    volume = find(state.device, state.drives.all)
    state.volumes = [volume] if volume else []
    return None


def _findroot(state: LoaderState, rest: str) -> str | None:
    """Run Solaris's `findroot`: the root is the partition with a signature file of this name."""
    m = re.match(r"\(?([^,()]+)", rest)
    return _search(state, f"/boot/grub/bootsign/{m[1]}" if m else "")


def _find(state: LoaderState, rest: str) -> str | None:
    """Run grub4dos's `find --set-root`. GRUB's own `find` only prints."""
    if "--set-root" not in rest:
        return None
    names = [word for word in rest.split() if not word.startswith("-")]
    return _search(state, names[-1] if names else "")


def _search(state: LoaderState, path: str) -> str | None:
    if not path:
        return "no file to search for"
    volume = state.drives.find_volume_with(path)
    state.device, state.volumes = "", [volume or state.drives.own]
    state.waits_for = "" if volume else f"a file system with {path}"
    return None


def _kernel(state: LoaderState, rest: str) -> str | None:
    options, name, arguments = re.match(r"((?:--\S*\s*)*)(\S*)\s*(.*)", rest, re.S).groups()  # type: ignore[union-attr]
    if not name:
        return "'kernel' names no file"
    kind = re.search(r"--type=(\S+)", options)
    state.unbootable = ""
    state.kernel, state.cmdline = state.place(name), arguments
    if kind and kind[1] not in ("linux", "biglinux"):
        state.unbootable = f"it starts a kernel of type {kind[1]}, which Linux cannot start"
    elif basename(name) in _LOADERS or BLOCKS.fullmatch(name):
        state.unbootable = (
            f"it starts {describe_loader(name, state.device)}, which Linux cannot start"
        )
    return None


def _initrd(state: LoaderState, rest: str) -> str | None:
    """Add initrds. grub4dos takes all of a line; GRUB takes the first of the last line."""
    if not state.kernel:
        return "there is no kernel before the initrd"
    for word in rest.split():
        # grub4dos: @name=file is a file in a cpio archive.
        m = re.fullmatch(r"@([^=]+)=(.+)", word, re.S)
        packed, name = (m[1], m[2]) if m else ("", word)
        state.initrds.append(replace(state.place(name), packed=packed))
    return None if rest else "'initrd' names no file"


def _module(state: LoaderState, rest: str) -> None:
    name = f" ({state.kernel.path})" if state.kernel else ""
    state.unbootable = f"it starts a multiboot kernel{name}, which Linux cannot start"


def _chainloader(state: LoaderState, rest: str) -> None:
    names = [word for word in rest.split() if not word.startswith("--")]
    what = describe_loader(names[0] if names else "", state.device)
    state.unbootable = f"it starts {what}, which Linux cannot start"


def _map(state: LoaderState, rest: str) -> None:
    names = [word for word in rest.split() if not word.startswith("--")]
    if len(names) == 2 and not names[0].startswith("("):
        state.mapped[names[1].strip("()")] = names[0]
    if not state.kernel:
        state.unbootable = state.unbootable or "it maps disks for the BIOS, and starts nothing"


def _configfile(state: LoaderState, rest: str) -> str | None:
    state.menu = rest.split()[0] if rest else ""
    return None if rest else "'configfile' names no file"


def _lock(state: LoaderState, rest: str) -> None:
    state.locked = True


def _make_ending(what: str, action: Action = "") -> Command:
    def end(state: LoaderState, rest: str) -> None:
        state.unbootable, state.action = what, action

    return end


COMMANDS: Mapping[str, Command] = {
    "root": _root,
    "rootnoverify": _root,
    "uuid": _uuid,
    "findroot": _findroot,
    "find": _find,
    **dict.fromkeys(("kernel", "kernel$"), _kernel),
    **dict.fromkeys(("initrd", "initrd$"), _initrd),
    **dict.fromkeys(("module", "module$", "modulenounzip"), _module),
    "chainloader": _chainloader,
    "map": _map,
    "configfile": _configfile,
    "lock": _lock,
    "reboot": _make_ending("it restarts the machine", "reboot"),
    "halt": _make_ending("it switches the machine off", "halt"),
    "quit": _make_ending("it goes back to what started GRUB", "exit"),
    "commandline": _make_ending("it opens GRUB's own command line"),
}
