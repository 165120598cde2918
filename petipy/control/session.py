"""One client's session: the passwords that it has given, and the commands that it may give.

The screens know nothing else of the program.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from parsers.api import Password
from petipy.control.commands import Command, Commands, Right
from petipy.control.services import Action
from petipy.state.access import Lock
from petipy.state.model import Edit, Snapshot, Status

if TYPE_CHECKING:
    from petipy.settings.configuration import Outcome
    from petipy.state.inventory import Part

FORGOTTEN = 300.0  # seconds without a key, after which passwords are asked for anew


class Session:
    """The commands of one console or one connection, with the rights of the person there.

    Each command raises Denied if a password is needed first: unlock its lock, and try again.
    `name` is as in Client.
    """

    def __init__(
        self, name: str, commands: Commands, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.clock = clock
        self.last_key = -float("inf")  # by the clock, when a person was last here
        self._passwords: set[Password] = set()
        self._commands = commands

    # State

    @property
    def snapshot(self) -> Snapshot:
        return self._commands.snapshot

    async def wait_for_change(self, since: int) -> Snapshot:
        """Wait for a snapshot whose version is greater than `since`, and return it."""
        return await self._commands.wait_for_change(since)

    def log(self) -> Sequence[Status]:
        """Return all lines that are kept, the oldest first."""
        return self._commands.log(self)

    def describe(self) -> "tuple[Part, ...]":
        """Return the machine in words, part by part."""
        return self._commands.describe(self)

    def list_actions(self) -> tuple[str, ...]:
        """Return the actions of `leave` that this machine can do."""
        return self._commands.list_actions()

    async def list_directory(self, id: str, place: str) -> Sequence[str]:
        """Return the names in a directory, as a person types it in an entry's editor.

        Those of directories end in "/". ValueError, with a sentence, if it is none.
        """
        return await self._commands.list_directory(self, id, place)

    # Rights

    def opens(self, right: Right, lock: Lock) -> bool:
        """Return True if a password that opens the lock was given here."""
        return lock.is_open(self._passwords)

    def lock(self, right: Right, id: str = "") -> Lock | None:
        """Return the lock that keeps this session from using a right; None if nothing does.

        `id` is the choice that it is about: "boot" and "edit" have one.
        """
        return self._commands.lock(self, right, id)

    def require(self, command: Command, id: str = "") -> None:
        """Raise Denied if this session may not give a command."""
        self._commands.require(self, command, id)

    async def unlock(self, lock: Lock, user: str, password: str) -> bool:
        """Check a password; if it opens the lock, keep it, and return True.

        The answer to a wrong password comes late. `user` does not matter where passwords have no
        user names. Cancelling ends the check.
        """
        given = self._passwords
        right = await self._commands.unlock(self, lock, user, password)
        if right is None or given is not self._passwords:  # forgotten while it was checked
            return False
        given.add(right)
        return True

    @property
    def penalty(self) -> float:
        """The seconds that the next wrong password takes."""
        return self._commands.find_penalty(self)

    def forget(self) -> None:
        """Forget the passwords that were given: the next person here may be another."""
        self._passwords = set()

    # Commands

    async def boot(self, id: str, edit: Edit | None = None) -> None:
        """Request the boot of a choice, perhaps with a person's changes.

        The snapshot shows the rest: `booting` is the choice's id while it is loaded, and after a
        failure `status` has the reason.
        """
        await self._commands.boot(self, id, edit)

    async def boot_next(self, id: str) -> "Outcome":
        """Keep the wish that a choice boots by itself once, at this start or the next one."""
        return await self._commands.boot_next(self, id)

    async def prefer(self, id: str) -> "Outcome":
        """Keep the wish that a choice boots by itself from now on."""
        return await self._commands.prefer(self, id)

    async def keep_entry(self, id: str, edit: Edit, title: str, *, keep: bool) -> "Outcome":
        """Keep an edit of a choice as an entry with a title, for good (`keep`) or for now.

        The outcome says where it is kept, or why it is not. ValueError, with a sentence, if there
        can be no such entry.
        """
        return await self._commands.keep_entry(self, id, edit, title, keep=keep)

    async def remove_entry(self, id: str) -> "Outcome":
        """Remove an entry that `keep_entry` has made. ValueError if it is none."""
        return await self._commands.remove_entry(self, id)

    async def shell(self, path: str, term: str) -> None:
        """Run a shell on the terminal `path` until it ends.

        The caller must not read the terminal meanwhile, and must open it again afterwards.
        """
        await self._commands.shell(self, path, term, self.note_presence)

    def open(self, place: str) -> str:
        """Open a URL, or a path as "(vda2)/boot/file". Return the name of its source.

        It is scanned; its entries come into the menu. ValueError, with a sentence, for no place.
        """
        return self._commands.open(self, place)

    def close(self, name: str) -> None:
        """Close a place that was opened, by the name of its source. ValueError if there is none."""
        self._commands.close(self, name)

    async def configure(self, name: str, text: str | None, *, keep: bool) -> "Outcome":
        """Change a setting, on the machine (`keep`) or until the next start; None takes it back.

        The outcome says where it is kept, or why it is not. ValueError, with a sentence, for an
        unknown setting or a wrong value.
        """
        return await self._commands.configure(self, name, text, keep=keep)

    def find_keeping(self, name: str) -> "Outcome":
        """Return where a setting would be kept, or in the remark why it cannot be."""
        return self._commands.find_keeping(self, name)

    async def leave(self, action: Action) -> None:
        """Restart the machine, into its firmware's settings or not, or switch it off.

        Return only if that fails. The status then says why.
        """
        await self._commands.leave(self, action)

    def stop(self) -> None:
        """Give up the boot that is under way, unless its kernel is loaded already."""
        self._commands.stop(self)

    def rescan(self) -> None:
        """Look at every source again."""
        self._commands.rescan(self)

    def note_presence(self) -> None:
        """Take note of a key: no countdown goes on.

        After a long absence the passwords that were given are forgotten.
        """
        if self.clock() - self.last_key > FORGOTTEN:
            self.forget()  # perhaps it is another person now
        self.last_key = self.clock()
        self._commands.note_presence(self)

    def note_absence(self) -> None:
        """Take note that nobody is here after all: no person has pressed the keys so far."""
        self.forget()
        self.last_key = -float("inf")
        self._commands.note_absence(self)

    def visit(self) -> AbstractContextManager[None]:
        """Hold the countdown for the time of the context: a person has opened this session."""
        return self._commands.visit(self)
