"""GRUB's configuration, a script: text → tokens → syntax tree → run. Commands are in a table."""

import re
from collections.abc import Iterator
from functools import partial
from posixpath import basename

from parsers.api import Dialect, Files, Format, Item
from parsers.binary import envblock
from parsers.formats.grub.commands import list_names, table
from parsers.formats.grub.configuration import LOOPBACK, PATHS, items
from parsers.formats.grub.language.family import FAMILIES, Family
from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.places.urls import is_url, split

# Import the commands and compile the expressions now. A scan runs in a forked child, and each
# child would have to do it again.
table()
list(units(ScriptText("")))


def parse(files: Files, path: str, family: Family | None = None) -> Iterator[Item]:
    if is_url(path):
        from parsers.formats.grub.network import items_of_server

        yield from items_of_server(files, path, family)
    else:
        yield from items(files, path, family)


def _prepare_network() -> None:
    """Import the part for servers: no start without a network needs it."""
    from parsers.formats.grub import network  # noqa: F401


# Commands that no other language of boot configurations has at the beginning of a line.
_COMMANDS = re.compile(
    r"(?m)^[ \t]*(?:(?:menuentry|submenu)[ \t][^\n]*\{|(?:configfile|insmod|set|source)[ \t]+\S)"
)


def _is_ours(url: str, text: str) -> bool:
    """Return True for the name that GRUB looks for on a server, and for its commands."""
    if text.lstrip().startswith(("#!", "<")) or "\0" in text:
        return False
    name = basename(split(url)[1])
    return name.startswith("grub.cfg") or _COMMANDS.search(text) is not None


FORMAT = Format(
    "grub",
    PATHS,
    parse,
    rank=10,
    network=_is_ours,
    prepare_network=_prepare_network,
    from_top=True,
    in_image=LOOPBACK,
    any_path=True,
    dialects=tuple(
        Dialect(family.name, family.loader, partial(parse, family=family))
        for family in FAMILIES.values()
    ),
    one_dialect_reads=(".conf",),  # the Boot Loader Specification's, which Red Hat's GRUB shows
    statements=list_names(),
    part_names=("*.cfg",),
    companions=(("grubenv", envblock.EMPTY),),
)
