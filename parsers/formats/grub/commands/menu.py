"""`menuentry` and the like, which add lines to the menu, and `password`."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from parsers.api import Entry, Password
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, GrubError
from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.language.syntax import Block, Body, Mistake
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import MenuLine, Shell

_OPTIONS = Options(
    "--class=",
    "--users=",
    "--hotkey=",
    "--source=",
    "--id=",
    "--unrestricted",
    lenient=True,
    usage="menuentry BLOCK",
)


@command("menuentry", takes_block=True)
def menuentry(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _add(shell, arguments, block, submenu=False)


@command("submenu", takes_block=True)
def submenu(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _add(shell, arguments, block, submenu=True)


@command("hiddenentry", takes_block=True)
def hiddenentry(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Add an entry that the menu does not show or count: only its hotkey boots it."""
    return _add(shell, arguments, block, hidden=True)


@command("password")
def password(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _password(shell, arguments, hashed=False)


@command("password_pbkdf2")
def password_pbkdf2(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if len(arguments) == 2 and not arguments[1].startswith("grub.pbkdf2.sha512."):
        raise GrubError(BAD_ARGUMENT, "invalid PBKDF2 password")
    return _password(shell, arguments, hashed=True)


@command("password_argon2")
def password_argon2(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Note a password of upstream's GRUB after 2.14. It cannot be checked: it opens nothing."""
    if len(arguments) == 2 and not arguments[1].startswith("grub.argon2."):
        raise GrubError(BAD_ARGUMENT, "invalid Argon2 password")
    status = _password(shell, arguments, hashed=True)
    words = f"the Argon2 password of {arguments[0]} cannot be checked here: it opens nothing"
    shell.machine.complain(shell.config, shell.line, words)
    return status


def _with_users(words: Sequence[str]) -> list[str]:
    """Drop a --users without a value, for which GRUB would refuse the entry.

    Red Hat's configurations for OpenPOWER have --users $grub_users in each entry, and no such
    variable. Only Petitboot reads them.
    """
    return [
        word
        for word, after in zip_longest(words, words[1:], fillvalue="")
        if not (word == "--users" and after.startswith("--"))
    ]


def _password(shell: Shell, arguments: Sequence[str], *, hashed: bool) -> int:
    if len(arguments) != 2:
        raise GrubError(BAD_ARGUMENT, "two arguments expected")
    user, secret = map(str, arguments)
    shell.machine.budget.check_length(secret, "variable")
    shell.machine.passwords[user] = Password(user=user, secret=secret, hashed=hashed)
    return 0


# grub-core/normal/menuentry.c. The other keys that it names have a meaning in Petipy's menu.
_KEYS = {"delete", "insert", "tab", "backspace", *(f"f{number}" for number in range(1, 13))}


def hotkey(word: str) -> str:
    """Return the name of the key, else the first character of the word."""
    return str(word) if word in _KEYS else word[:1]


def note_key(key: str, depth: int, entry: Entry) -> Entry:
    """Note in an entry the key that opens the submenu in its trail."""
    keys = list(entry.trail_keys or ("",) * len(entry.trail))
    keys[depth] = key
    return replace(entry, trail_keys=tuple(keys))


# Separators of user names: GRUB's manual, "Authentication and authorisation".
_BETWEEN = re.compile(r"[\s,;|&]+")


def users(names: str) -> frozenset[str]:
    return frozenset(filter(None, _BETWEEN.split(names)))


def _add(
    shell: Shell,
    words: Sequence[str],
    block: Block | None,
    *,
    submenu: bool = False,
    hidden: bool = False,
) -> int:
    options, arguments = _OPTIONS.read(_with_users(words))
    if not arguments:
        raise GrubError(
            BAD_ARGUMENT, "missing arguments" if not words else "menuentry is missing title"
        )
    if block:
        body = block.body
    elif "source" in options:
        body = _read(shell, options["source"][-1])
    else:
        raise GrubError(BAD_ARGUMENT, "no menuentry definition")
    item = MenuLine(
        title=str(arguments[0]),
        id=str(options.get("id", arguments[:1])[-1]),
        arguments=tuple(arguments),
        body=body,
        submenu=submenu,
        config=shell.config,
        line=shell.line,
        end=block.end if block and not shell.eval_line else shell.line,
        hotkey=hotkey(options.get("hotkey", [""])[-1]),
        classes=tuple(map(str, options.get("class", ()))),
        # Without --users only the superusers may boot it, if any are named.
        users=None if "unrestricted" in options else users(options.get("users", [""])[-1]),
        hidden=hidden,
        parameters=shell.assignment("$@", " ".join(arguments)),
    )
    shell.machine.add_line()
    shell.menu.append(item)
    return 0


def _read(shell: Shell, text: str) -> Body:
    found = list(units(ScriptText(text, family=shell.machine.family)))
    for unit in found:
        if isinstance(unit, Mistake):
            raise GrubError(BAD_ARGUMENT, unit.message)
    return tuple(s for unit in found if not isinstance(unit, Mistake) for s in unit)
