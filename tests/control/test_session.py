"""Every command, given by a client that has no screen, and who may give it."""

import asyncio
import os
import pty
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from parsers.api import Password
from petipy.control.commands import RIGHTS, Command, Denied
from petipy.control.session import FORGOTTEN, Session
from petipy.state.access import Lock
from petipy.state.model import Choice, Edit
from tests.ui.fakes import Machine, choice, looking

ROOT, BOB = Password(user="root", secret="toor"), Password(user="bob", secret="bob's")
EDIT = Edit(kernel="/k", initrds=(), cmdline="single")


def guarded(title: str, **more: Any) -> Choice:
    return choice(title, superusers=("root",), passwords=(ROOT, BOB), **more)


SHUT = guarded("Shut", users=("bob", "root"))
OPEN = guarded("Open")


def machine_of(*choices: Choice) -> Machine:
    machine = Machine()
    machine.store.update(choices=choices, default=choices[0].id)
    return machine


async def unlock(machine: Machine, session: Session, lock: Lock, user: str, typed: str) -> bool:
    unlocking = asyncio.create_task(session.unlock(lock, user, typed))
    await asyncio.sleep(0)
    machine.answer()
    return await unlocking


async def give_all(machine: Machine, session: Session) -> list[str]:
    """Give every command that needs a password; return those that were carried out."""
    machine.directories["/boot"] = ["vmlinux", "grub/"]
    ours, theirs = pty.openpty()

    async def edit() -> None:
        session.require("edit", SHUT.id)

    async def shell() -> None:
        os.write(ours, b"exit\n")
        await session.shell(os.ttyname(theirs), "dumb")

    async def open_place() -> None:
        session.open("http://192.0.2.1/menu.ipxe")

    async def close_place() -> None:
        session.close("opened1")

    async def list_directory() -> None:
        assert await session.list_directory(SHUT.id, "(vdb1)/boot") == ["vmlinux", "grub/"]
        assert machine.listed.pop() == "(vdb1)/boot"

    async def configure() -> None:
        await session.configure("timeout", "7", keep=False)

    async def boot_next() -> None:
        await session.boot_next(SHUT.id)

    async def prefer() -> None:
        await session.prefer(OPEN.id)

    async def keep_entry() -> None:
        outcome = await session.keep_entry(OPEN.id, EDIT, "Mine", keep=False)
        assert outcome.counts

    async def remove_entry() -> None:
        with pytest.raises(ValueError, match="it stays"):
            await session.remove_entry(OPEN.id)

    commands: dict[str, Callable[[], Awaitable[None]]] = {
        "boot": lambda: session.boot(SHUT.id),
        "boot edited": lambda: session.boot(OPEN.id, EDIT),
        "edit": edit,
        "keep entry": keep_entry,
        "remove entry": remove_entry,
        "shell": shell,
        "open": open_place,
        "close": close_place,
        "boot next": boot_next,
        "prefer": prefer,
        "configure": configure,
        "list directory": list_directory,
        "open firmware": lambda: session.leave("fwsetup"),
    }
    assert {name for name, right in RIGHTS.items() if right != "see"} == set(commands)
    done = []
    for name, command in commands.items():
        try:
            await command()
        except Denied:
            continue
        done.append(name)
    os.close(ours)
    os.close(theirs)
    return done


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))


def test_what_is_guarded_is_refused_without_the_password_and_granted_with_it() -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT, OPEN)
        session, other = machine.session("one"), machine.session("two")
        assert await give_all(machine, session) == []
        assert machine.booted == []
        lock = session.lock("shell")
        assert lock
        assert not await unlock(machine, session, lock, "root", "wrong")
        assert await give_all(machine, session) == []
        assert await unlock(machine, session, lock, "root", "toor")
        every = ["boot", "boot edited", "edit", "keep entry", "remove entry", "shell", "open"]
        every += ["close", "boot next", "prefer", "configure", "list directory", "open firmware"]
        assert await give_all(machine, session) == every
        assert machine.booted == [(SHUT.id, None), (OPEN.id, EDIT)]
        assert session.lock("shell") is None
        assert await give_all(machine, other) == []

    run(scenario())


def test_a_users_password_boots_what_names_the_user_and_gives_nothing_else() -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT, OPEN)
        session = machine.session()
        lock = session.lock("boot", SHUT.id)
        assert lock
        assert await unlock(machine, session, lock, "bob", "bob's")
        assert await give_all(machine, session) == ["boot", "boot next"]

    run(scenario())


@pytest.mark.parametrize(("user", "typed"), [("bob", "toor"), ("nobody", "toor"), ("", "toor")])
def test_a_password_counts_for_its_user_only(user: str, typed: str) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT)
        session = machine.session()
        assert not await unlock(machine, session, Lock((ROOT, BOB)), user, typed)
        with pytest.raises(Denied):
            await session.boot(SHUT.id)

    run(scenario())


def test_everybody_may_boot_what_is_not_guarded_look_rescan_and_stop() -> None:
    async def scenario() -> None:
        machine = machine_of(OPEN)
        machine.say("found vda2")
        session = machine.session()
        await session.boot(OPEN.id)
        session.stop()
        session.rescan()
        session.note_presence()
        await session.leave("reboot")
        assert machine.left == ["reboot"]
        assert session.describe() == machine.parts
        assert machine.booted == [(OPEN.id, None)]
        assert (machine.stops, machine.rescans, machine.here) == (1, 1, 1)
        assert [status.text for status in session.log()] == ["found vda2"]
        version = session.snapshot.version
        machine.store.update(settled=True)
        assert (await session.wait_for_change(version)).settled

    run(scenario())


def test_what_is_not_there_any_more_does_not_boot() -> None:
    async def scenario() -> None:
        machine = machine_of(OPEN)
        await machine.session().boot("gone")
        assert machine.booted == []
        assert machine.lines[-1].text == "what was chosen is not there any more"

    run(scenario())


def test_where_nobody_is_a_superuser_everybody_may_edit_and_open_a_shell() -> None:
    async def scenario() -> None:
        machine = machine_of(choice("A"))
        session = machine.session()
        session.require("edit", machine.store.snapshot.default)
        session.require("shell")

    run(scenario())


def test_no_command_that_needs_a_password_is_carried_out_before_every_disk_is_read() -> None:
    """A screen and a socket get the reason with the refusal."""

    async def scenario() -> None:
        machine = machine_of(choice("A"))
        machine.store.update(unread=looking("vda2"))
        session = machine.session()
        id = machine.store.snapshot.default
        commands: tuple[Command, ...] = ("shell", "edit", "boot edited", "boot")
        for command in commands:
            with pytest.raises(Denied, match="vda2: still being looked at") as denied:
                session.require(command, id)
            assert denied.value.lock.waits
            assert not await unlock(machine, session, denied.value.lock, "root", "toor")
        machine.store.update(unread=())
        session.require("shell")

    run(scenario())


def test_a_machine_with_two_locks_asks_for_both_passwords() -> None:
    async def scenario() -> None:
        eve = Password(user="eve", secret="eve's")
        second = choice("B", "vdb1", superusers=("eve",), passwords=(eve,))
        machine = machine_of(OPEN, second)
        session = machine.session()
        for user, typed in ("root", "toor"), ("eve", "eve's"):
            lock = session.lock("shell")
            assert lock
            assert await unlock(machine, session, lock, user, typed)
        session.require("shell")

    run(scenario())


def test_a_password_whose_check_outlasts_the_person_opens_nothing() -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT)
        session = machine.session()
        session.note_presence()
        lock = Lock((ROOT,))
        unlocking = asyncio.create_task(session.unlock(lock, "root", "toor"))
        await asyncio.sleep(0)
        machine.clock.forward(FORGOTTEN + 1)
        session.note_presence()  # perhaps it is another person
        machine.answer()
        assert not await unlocking
        assert not session.opens("boot", lock)

    run(scenario())


def test_passwords_are_asked_for_anew_when_nobody_has_been_there_for_long() -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT)
        session = machine.session()
        session.note_presence()
        lock = Lock((ROOT,))
        assert await unlock(machine, session, lock, "root", "toor")
        session.note_presence()
        assert session.opens("boot", lock)
        machine.clock.forward(FORGOTTEN + 1)
        session.note_presence()
        assert not session.opens("boot", lock)

    run(scenario())
