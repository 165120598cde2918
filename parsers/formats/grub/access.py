"""The users who may boot or open a line of the menu."""

from parsers.formats.grub.commands.menu import users
from parsers.formats.grub.run.shell import MenuLine, Shell

Users = frozenset[str] | None  # None: anybody


def find_allowed(menu: Shell, line: MenuLine, outer: Users) -> Users:
    """Return the users who may boot or open a line of the menu: those who get here and are allowed.

    `superusers` is an ordinary variable. If it is not exported, a submenu asks for nothing.
    """
    superusers = menu.env.get("superusers")
    if superusers is None or line.users is None:
        return outer
    freed = menu.machine.family.may_unrestrict and menu.env["unrestricted_menu"][:1] in ("1", "y")
    if freed and not line.users:
        return outer
    own = users(superusers) | line.users
    return own if outer is None else own & outer
