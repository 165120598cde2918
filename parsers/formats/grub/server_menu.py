"""The menu of a grub.cfg on a server, which may send the machine to its own disk.

At most starts a server wants the installed system to boot. Its script then looks for that system's
boot loader on the disks and opens its menu (MAAS, Cobbler), starts the loader (Foreman), or leaves
GRUB by `exit`. All of these mean the next device, which has entries of its own. So the script ends
at once where it turns to a disk, whether that disk exists or not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from posixpath import basename, dirname

from parsers.api import Entry, Preferences
from parsers.formats.grub.access import Users
from parsers.formats.grub.commands import table
from parsers.formats.grub.configuration import GrubConfiguration
from parsers.formats.grub.default import default
from parsers.formats.grub.language.errors import BAD_ARGUMENT, NOT_FOUND, GrubError
from parsers.formats.grub.language.syntax import Block, Body, Command, For, If, While
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.run.shell import Exit, GrubCommand, MenuLine, Payload, Run, Shell
from parsers.places.lease import bootfile
from parsers.places.urls import split
from parsers.places.volumes import BLOCKS, describe_loader

_PLATFORMS = ("ieee1275", "efi", "pc", "emu", "coreboot", "xen")
# The commands that start a disk's own boot loader, and those that load Linux.
_LOADERS = ("appleloader", "chainloader", "freedos", "ntldr", "truecrypt")
_LINUX = ("linux", "linux16", "linuxefi")
_OWN_DISK = "it leaves the boot to the machine's own disk"


class ServerMenu(GrubConfiguration):
    """One configuration of a server. `lease` is DHCP's answer."""

    def __init__(self, machine: GrubMachine, path: str, lease: Mapping[str, str]) -> None:
        known = table(machine.family)
        commands = {name: GrubCommand(wrap(known[name].run)) for name, wrap in _WRAPPERS.items()}
        commands["net_get_dhcp_option"] = GrubCommand(_make_option_command(lease))
        super().__init__(machine, path, commands, dict(_list_directories(machine, path, lease)))
        self._is_local = False  # the default is the machine's own disk, but no entry

    def _default(self, menu: Shell, first: int) -> int:
        spec = menu.env["default"]
        if default(spec, menu.menu, self._machine.family) is None and spec.startswith("local"):
            # Foreman's entries for the local disk have longer names: local_chain_hd0.
            self._is_local = True
            return -1
        return super()._default(menu, first)

    def _check_fallback(self) -> None:
        """Report no problem: one script serves many machines, and has fewer entries for some."""

    def _leave(self, shell: Shell, payload: Payload) -> Iterator[Entry]:
        """Yield an entry for a script that ends the boot without a menu."""
        shell.payload = payload
        if payload.action == "exit":
            problems = self._machine.problems
            waiting = [key for key, problem in problems.items() if problem.waits]
            for key in waiting:  # a disk that is not there, for a boot that is left to the disks
                del problems[key]
        title = payload.action.capitalize() if payload.action != "exit" else "The next device"
        yield self._entry(shell, title, payload.action, (), shell.config, shell.line, default=True)
        shell.payload = Payload()

    def _try_out(
        self, shell: Shell, line: MenuLine, trail: tuple[str, ...], *, marked: bool, allowed: Users
    ) -> Entry:
        entry = super()._try_out(shell, line, trail, marked=marked, allowed=allowed)
        nothing = not (entry.kernel or entry.unbootable)
        if nothing and not line.submenu and _leaves(line.body):
            return replace(entry, unbootable=_OWN_DISK, action="exit", waits_for="")
        return entry

    def _preferences(self, shell: Shell, entries: Sequence[Entry]) -> Preferences:
        found = super()._preferences(shell, entries)
        return replace(found, elsewhere=found.elsewhere or self._is_local)


def _list_directories(
    machine: GrubMachine, path: str, lease: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the variables for the directory of GRUB and that of its configurations.

    Of a tree by grub-mknetdir, the prefix is the directory above that of the platform.
    """
    root = machine.devices.name(machine.devices.own)
    own = dirname(path).rstrip("/")
    prefix = dirname(own).rstrip("/") if basename(own).rpartition("-")[2] in _PLATFORMS else own
    yield "prefix", f"({root}){prefix}"
    loader = dirname(split(bootfile(lease))[1]).rstrip("/") if bootfile(lease) else own
    yield from ((name, f"({root}){loader}") for name in ("cmdpath", "fw_path"))


def _leaves(body: Body) -> bool:
    """Return True if a body has commands to start what is on a disk, and none to load Linux."""
    names = set(_list_commands(body))
    opens = names >= {"configfile", "search"}  # the menu of a disk, not one of the server
    return (opens or not names.isdisjoint((*_LOADERS, "exit"))) and names.isdisjoint(_LINUX)


def _list_commands(body: Body) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, Command):
            yield from (word for word in statement.words[:1] if isinstance(word, str))
        elif isinstance(statement, If):
            for part in (statement.condition, statement.then, statement.otherwise):
                yield from _list_commands(part)
        elif isinstance(statement, For | While):
            yield from _list_commands(statement.body)


def _find_on_disk(shell: Shell, name: str) -> str:
    """Return a file in words, if it is on a disk of the machine.

    After a search in vain $root is the server. If that lacks the file, the disk is meant.
    """
    place = shell.place(name)
    if place.is_remote:
        root = None if name.startswith("(") else shell.missing_devices.get("root")
        return f"{name} on {root.what}" if root and place.kind() != "file" else ""
    return f"({place.volume.name if place.volume else place.device}){place.path}"


def _leave_to_disk(shell: Shell, what: str) -> None:
    shell.payload = Payload(unbootable=f"{_OWN_DISK}: {what}", action="exit")
    raise Exit


def _wrap_configfile(run: Run) -> Run:
    def configfile(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        if len(arguments) == 1 and (what := _find_on_disk(shell, str(arguments[0]))):
            _leave_to_disk(shell, f"it opens the menu of {what}")
        if arguments and not shell.in_entry:
            label = shell.machine.label(shell.place(str(arguments[0])))
            if label in shell.menus:
                words = f"{label} leads back to itself: it is not opened again"
                shell.machine.complain(shell.config, shell.line, words)
        return run(shell, arguments, block)

    return configfile


def _wrap_source(run: Run) -> Run:
    def source(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        name = str(arguments[0]) if len(arguments) == 1 else ""
        if basename(name) == "grub.cfg" and (what := _find_on_disk(shell, name)):
            _leave_to_disk(shell, f"it opens the menu of {what}")
        return run(shell, arguments, block)

    return source


def _wrap_chainloader(run: Run) -> Run:
    def chainloader(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        name = next((str(word) for word in arguments if not word.startswith("-")), "")
        # A server has no sectors: the blocks are those of a disk.
        if name and (BLOCKS.fullmatch(name) or _find_on_disk(shell, name)):
            _leave_to_disk(shell, f"it starts {describe_loader(name, shell.env['root'])}")
        return run(shell, arguments, block)

    return chainloader


def _wrap_linux(run: Run) -> Run:
    def linux(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        # Ironic writes this for a disk's own loader. It is a program for SYSLINUX.
        if arguments and basename(str(arguments[0])) == "chain.c32":
            _leave_to_disk(shell, f"it starts another boot loader ({' '.join(arguments)})")
        return run(shell, arguments, block)

    return linux


_WRAPPERS: dict[str, Callable[[Run], Run]] = {
    "configfile": _wrap_configfile,
    **dict.fromkeys(("source", "."), _wrap_source),
    **dict.fromkeys(_LINUX, _wrap_linux),
    **dict.fromkeys(_LOADERS, _wrap_chainloader),
}
# The words of a lease for the DHCP options that menus ask for.
_OPTIONS = {
    **{1: "subnet", 3: "router", 6: "dns", 12: "hostname", 15: "domain", 17: "rootpath"},
    **{42: "ntpsrv", 54: "serverid", 66: "tftp", 67: "bootfile", 119: "search"},
    **{209: "pxeconffile", 210: "pxepathprefix"},
}


def _make_option_command(lease: Mapping[str, str]) -> Run:
    def get_option(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        """Set a variable to an option of DHCP: VARIABLE INTERFACE NUMBER TYPE."""
        if len(arguments) < 4:
            raise GrubError(BAD_ARGUMENT, "four arguments expected")
        variable, _, number, _ = arguments[:4]
        word = _OPTIONS.get(int(number), f"opt{number}") if number.isdecimal() else ""
        if not (value := lease.get(word, "")):
            return shell.error(NOT_FOUND, f"no DHCP option {number}", harmless=True)
        if variable == "-":
            shell.machine.say(f"{value}\n")
        else:
            shell.set(str(variable), value, computed=True)
        return 0

    return get_option
