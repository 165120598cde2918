"""Requests that need a right: the passwords that come with one count for it alone."""

from collections.abc import Sequence
from typing import Any

from petipy.control import answers, protocol
from petipy.control.commands import Command, Denied
from petipy.control.protocol import Refused
from petipy.control.services import Action
from petipy.control.session import Session
from petipy.state.access import Lock


async def obtain(
    session: Session, command: Command, id: str, given: Sequence[tuple[str, str]]
) -> None:
    """Obtain the right for a command with the passwords of a request. Raise Denied or Refused."""
    opened: set[Lock] = set()
    while True:
        try:
            return session.require(command, id)
        except Denied as denied:
            if not given or not denied.lock.keys or denied.lock in opened:
                raise
            lock = denied.lock
        for user, password in given:
            if await session.unlock(lock, user, password):
                break
        else:
            raise Refused("denied", "a wrong password", users=lock.allowed)
        opened.add(lock)


async def configure(
    session: Session,
    name: str,
    value: str | None,
    given: Sequence[tuple[str, str]],
    *,
    keep: bool,
) -> dict[str, Any]:
    """Change a setting; None takes it back. Raise Denied or Refused."""
    answers.find_setting(session.snapshot.settings, name)
    await obtain(session, "configure", "", given)
    try:
        outcome = await session.configure(name, value, keep=keep)
    except ValueError as error:
        raise Refused("malformed", str(error)) from None
    return answers.describe_outcome(outcome)


async def keep_wish(session: Session, request: protocol.Next | protocol.Prefer) -> dict[str, Any]:
    """Keep the wish that an entry boots by itself. Raise Denied or Refused."""
    choice = answers.find_entry(session.snapshot, request.entry)
    once = isinstance(request, protocol.Next)
    await obtain(session, "boot next" if once else "prefer", choice.id, request.passwords)
    try:
        outcome = await (session.boot_next if once else session.prefer)(choice.id)
    except ValueError as error:
        raise Refused("failed", str(error)) from None
    if not outcome.place and once:
        raise Refused("failed", f"it cannot be kept: {outcome.remark}")
    return {"entry": choice.id, **answers.describe_outcome(outcome)}


async def permit_leave(session: Session, request: protocol.Leave) -> Action:
    """Return what the machine is to do, if it can and the client may. Raise Denied or Refused."""
    action = request.action
    if action not in session.list_actions():
        raise Refused("failed", "the firmware of this machine opens no settings")
    command: Command = "open firmware" if action == "fwsetup" else "restart"
    await obtain(session, command, "", request.passwords)
    return action


def refuse(denied: Denied) -> Refused:
    """Return the answer to a client that has no right."""
    return Refused("denied", str(denied), users=denied.lock.allowed)
