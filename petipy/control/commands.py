"""The commands of every client, and the one place that decides who may give them.

A client is a console, a socket, or the automatic boot. A command is carried out only if its right
is not locked, or the client opens the lock. The rules that make locks are in petipy.state.access.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

from parsers.api import Password
from petipy.control.services import Action, Booter, Checker, Snapshots
from petipy.state import access
from petipy.state.access import Lock, Locks
from petipy.state.model import Choice, Edit, Snapshot, Status

if TYPE_CHECKING:
    from petipy.settings.configuration import Configuration, Outcome
    from petipy.state.inventory import Part

Right = Literal["see", "boot", "edit", "shell"]

Command = Literal[
    "boot",
    "boot edited",
    "edit",
    "keep entry",
    "remove entry",
    "shell",
    "open",
    "close",
    "boot next",
    "prefer",
    "configure",
    "stop",
    "rescan",
    "log",
    "note presence",
    "note absence",
    "visit",
    "unlock",
    "describe",
    "restart",
    "open firmware",
    "list directory",
]

# The right that each command needs. "see" is everybody's.
RIGHTS: Mapping[Command, Right] = {
    "boot": "boot",
    "boot edited": "edit",
    "edit": "edit",
    "keep entry": "edit",
    "remove entry": "edit",
    "shell": "shell",
    "open": "shell",  # whoever names a place may boot any kernel with any command line
    "close": "shell",
    "boot next": "boot",
    "prefer": "shell",  # it boots without a person from then on
    "configure": "shell",  # a setting may weaken a lock
    "stop": "see",
    "rescan": "see",
    "log": "see",
    "note presence": "see",
    "note absence": "see",
    "visit": "see",
    "unlock": "see",
    "describe": "see",
    "restart": "see",  # as the machine's own button
    "list directory": "edit",
    "open firmware": "shell",  # its settings may choose another disk, or end Secure Boot
}


class Denied(Exception):
    """A command that its client may not give. Opening `lock` gives the right."""

    def __init__(self, command: str, lock: Lock) -> None:
        super().__init__(f"{command}: {lock.reason or 'a password is needed'}")
        self.lock = lock


class Client(Protocol):
    """The origin of a command.

    `name` is that of the console, or of the kind of connection. Clients with the same name share
    the penalty for wrong passwords: to connect again or twice gives no further tries.
    """

    @property
    def name(self) -> str: ...

    def opens(self, right: Right, lock: Lock) -> bool:
        """Return True if this client may use a right that is locked."""
        ...


class Commands:
    """Carries out the commands of clients, after asking for their rights.

    `rescan` looks at every source again. `open_place` makes a source of a place, and returns its
    name; `close_place` takes the source with a name away. `configuration` gives that of the
    machine. `note_presence` is given the name of a client, and True for a person's key there, False
    if nobody has pressed any so far. `note_visit` is given that name, and True when a person opens
    a session, False when it ends. `describe` returns the parts of the machine.
    `list_directory` is given the name of a device and a path there.
    """

    def __init__(
        self,
        store: Snapshots,
        log: Callable[[], Sequence[Status]],
        booter: Booter,
        checker: Checker,
        *,
        rescan: Callable[[], None],
        open_place: Callable[[str], str],
        close_place: Callable[[str], None],
        configuration: Callable[[], "Configuration"],
        note_presence: Callable[[str, bool], None],
        note_visit: Callable[[str, bool], None],
        describe: Callable[[], "tuple[Part, ...]"],
        list_directory: Callable[[str, str], Awaitable[Sequence[str]]],
    ) -> None:
        self._store, self._log = store, log
        self._booter, self._checker = booter, checker
        self._rescan, self._note_presence = rescan, note_presence
        self._open_place, self._close_place = open_place, close_place
        self._configuration = configuration
        self._note_visit, self._describe = note_visit, describe
        self._list_directory = list_directory

    @property
    def snapshot(self) -> Snapshot:
        return self._store.snapshot

    async def wait_for_change(self, since: int) -> Snapshot:
        """Wait for a snapshot whose version is greater than `since`, and return it."""
        return await self._store.wait_for_change(since)

    # Rights

    def lock(self, client: Client, right: Right, id: str = "") -> Lock | None:
        """Return the first lock that keeps a client from using a right; None if nothing does.

        `id` is the choice that it is about, if any. A choice that is not there has no lock: the
        command that names it fails for that reason.
        """
        choice = self.snapshot.choice(id)
        locks = _find_locks(right, self.snapshot, choice)
        if choice and choice.base and right == "boot":
            right = "edit"  # whoever boots it boots a change, which the automatic boot may not
        return next((lock for lock in locks if not client.opens(right, lock)), None)

    def require(self, client: Client, command: Command, id: str = "") -> None:
        """Raise Denied if the client may not give a command."""
        if lock := self.lock(client, RIGHTS[command], id):
            raise Denied(command, lock)

    def find_penalty(self, client: Client) -> float:
        """Return the seconds that the next wrong password of a client takes."""
        return self._checker.find_penalty(client.name)

    async def unlock(self, client: Client, lock: Lock, user: str, typed: str) -> Password | None:
        """Return the password of `lock` that a user has typed; None, after a while, if it is none.

        Cancelling ends the check.
        """
        self.require(client, "unlock")
        # For a user who does not exist a password is checked all the same: it takes as long.
        keys, decoys = lock.of(user), lock.keys[:1]
        return await self._checker.check(keys, typed, decoys, origin=client.name)

    # Commands

    async def boot(self, client: Client, id: str, edit: Edit | None = None) -> None:
        """Request a boot; see petipy.boot.attempt.Booter.start."""
        self.require(client, "boot edited" if edit else "boot", id)
        if choice := self.snapshot.choice(id):
            self._booter.start(choice, edit, client.name)
        else:
            self._booter.note_failure(id, "what was chosen is not there any more")

    async def boot_next(self, client: Client, id: str) -> "Outcome":
        """Keep the wish that a choice boots by itself once, at this start or the next one.

        If it cannot be kept, nothing changes. Raise ValueError if there is no such choice.
        """
        self.require(client, "boot next", id)
        from petipy.control import wishes  # few people have one

        return await wishes.keep_once(self._configuration(), self.snapshot, self._find(id))

    async def prefer(self, client: Client, id: str) -> "Outcome":
        """Keep the wish that a choice boots by itself from now on; see petipy.state.wishes.

        Raise ValueError if there is no such choice.
        """
        self.require(client, "prefer", id)
        from petipy.control import wishes

        return await wishes.keep(self._configuration(), self.snapshot, self._find(id))

    def _find(self, id: str) -> Choice:
        if choice := self.snapshot.choice(id):
            return choice
        raise ValueError("what was chosen is not there any more")

    async def keep_entry(
        self, client: Client, id: str, edit: Edit, title: str, *, keep: bool
    ) -> "Outcome":
        """Keep an edit of a choice as an entry of its own: petipy.state.own.

        It is kept as a setting; see petipy.settings.configuration.Configuration.set. Raise
        ValueError, with a sentence.
        """
        self.require(client, "keep entry", id)
        from petipy.state import own  # few people keep one

        snapshot, choice, configuration = self.snapshot, self._find(id), self._configuration()
        name = own.choose_setting(snapshot.settings, choice, title)
        made = own.make(choice, edit, title, snapshot.choices, snapshot.devices)
        outcome = await configuration.set(name, own.write(made), keep=keep)
        if keep and not outcome.place and configuration.find_keeping(name).place:
            outcome = replace(outcome, remark=f"{outcome.remark} ({own.describe_size(made)})")
        return outcome

    async def remove_entry(self, client: Client, id: str) -> "Outcome":
        """Remove an entry that `keep_entry` has made. Raise ValueError, with a sentence."""
        self.require(client, "remove entry", id)
        if not (setting := self._find(id).setting):
            raise ValueError("a configuration has this entry: it stays")
        return await self._configuration().set(setting, None, keep=True)

    async def shell(
        self, client: Client, path: str, term: str, note_use: Callable[[], None]
    ) -> None:
        """Run a shell on the terminal `path` until it ends. `note_use` is called while it is used.

        The caller must not read the terminal meanwhile, and must open it again afterwards.
        """
        self.require(client, "shell")
        from petipy.control import shell  # headless machines need none

        await shell.run(path, term, note_use)

    def open(self, client: Client, place: str) -> str:
        """Open a URL or a path on a device; see petipy.sources.opened.OpenedPlaces.open."""
        self.require(client, "open")
        return self._open_place(place)

    def close(self, client: Client, name: str) -> None:
        """Close a place that was opened; see petipy.sources.opened.OpenedPlaces.close."""
        self.require(client, "close")
        self._close_place(name)

    async def configure(
        self, client: Client, name: str, text: str | None, *, keep: bool
    ) -> "Outcome":
        """Change a setting; see petipy.settings.configuration.Configuration.set."""
        self.require(client, "configure")
        return await self._configuration().set(name, text, keep=keep)

    def find_keeping(self, client: Client, name: str) -> "Outcome":
        """Return where a setting would be kept, or in the remark why it cannot be."""
        self.require(client, "log")
        return self._configuration().find_keeping(name)

    def log(self, client: Client) -> Sequence[Status]:
        """Return all lines that are kept, the oldest first."""
        self.require(client, "log")
        return self._log()

    def describe(self, client: Client) -> "tuple[Part, ...]":
        """Return the machine in words, part by part."""
        self.require(client, "describe")
        return self._describe()

    def list_actions(self) -> tuple[str, ...]:
        """Return the actions of `leave` that this machine can do."""
        return self._booter.list_actions()

    async def leave(self, client: Client, action: Action) -> None:
        """Restart the machine or switch it off; return only if that fails."""
        self.require(client, "open firmware" if action == "fwsetup" else "restart")
        await self._booter.leave(action, f"A person at {client.name} wants it")

    async def list_directory(self, client: Client, id: str, place: str) -> Sequence[str]:
        """Return the names in a directory, as a person types it in an entry's editor.

        Those of directories end in "/". ValueError, with a sentence, if it is none.
        """
        self.require(client, "list directory", id)
        from petipy.state.typed import find_typed

        directory = find_typed(self._find(id), place)
        if directory.url:
            raise ValueError("a server does not tell its files")
        try:
            return await self._list_directory(directory.device, directory.path)
        except OSError as error:
            raise ValueError(f"{place}: {error.strerror or error}") from None

    def stop(self, client: Client) -> None:
        """Give up the boot that is under way, unless its kernel is loaded already."""
        self.require(client, "stop")
        self._booter.stop()

    def rescan(self, client: Client) -> None:
        """Look at every source again, and give choices that have failed another chance."""
        self.require(client, "rescan")
        self._booter.forget_failures()
        self._rescan()

    def note_presence(self, client: Client) -> None:
        """Take note that a person has pressed a key: no countdown goes on."""
        self.require(client, "note presence")
        self._note_presence(client.name, True)

    def note_absence(self, client: Client) -> None:
        """Take note that the keys of this client were no person's: the line has echoed."""
        self.require(client, "note absence")
        self._note_presence(client.name, False)

    @contextmanager
    def visit(self, client: Client) -> Iterator[None]:
        """Hold the countdown for the time of the context: a person has opened a session."""
        self.require(client, "visit")
        self._note_visit(client.name, True)
        try:
            yield
        finally:
            self._note_visit(client.name, False)


def _find_locks(right: Right, snapshot: Snapshot, choice: Choice | None) -> Locks:
    match right:
        case "shell":
            return access.find_shell_locks(snapshot)
        case "edit":
            return access.find_edit_locks(choice, snapshot) if choice else ()
        case "boot":
            return access.find_boot_locks(choice, snapshot) if choice else ()
        case "see":
            return ()
