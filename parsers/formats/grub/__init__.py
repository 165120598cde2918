"""grub.cfg: a language. lexer → parse → interp, with GRUB's commands in a table."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from posixpath import basename

from parsers.api import Files, Format, Item
from parsers.formats.grub.commands import table
from parsers.formats.grub.language.dialect import DIALECTS, Dialect
from parsers.formats.grub.language.lexer import Source
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.listing import PATHS, items
from parsers.formats.grub.network import served
from parsers.places.urls import is_url, split

# What costs time but once is done here and now, commands imported and expressions compiled:
# a scan runs in a forked child, and each of them would pay again.
table()
list(units(Source("")))


def parse(files: Files, path: str, dialect: Dialect | None = None) -> Iterator[Item]:
    yield from (served if is_url(path) else items)(files, path, dialect)


def _is_ours(url: str, text: str) -> bool:
    """By the name that GRUB looks for, or that someone gave DHCP to tell."""
    name = basename(split(url)[1])
    return name.startswith("grub.cfg") and not text.lstrip().startswith(("#!", "<"))


FORMAT = Format("grub", PATHS, parse, rank=10, network=_is_ours, from_top=True)


def in_dialect(forms: Sequence[Format], name: str) -> Sequence[Format]:
    """The formats, with every grub.cfg taken for this dialect's; "" leaves it to the file."""
    if not name:
        return forms
    ours = partial(parse, dialect=DIALECTS[name])
    return [replace(form, parse=ours) if form.name == FORMAT.name else form for form in forms]
