"""menu.lst and grub.conf, the menu of GRUB 0.97, with what distributions and grub4dos added.

It follows stage2/cmdline.c (the lines) and stage2.c (the titles that count). GRUB 0.97 passes the
kernel's arguments on unchanged, without BOOT_IMAGE. `savedefault` would write a number to the disk:
it is ignored. In EBNF:

    file  = { command }, { title } ;
    title = "title", text, { command } ;

`_command` in menu.py has the production of a command.
"""

from collections.abc import Iterator

from parsers.api import Files, Format, Item
from parsers.formats.grub_legacy.menu import STATEMENTS, LegacyMenu, is_script
from parsers.reading.text import read


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    if is_script(text):
        # A script for GRUB 2 may have this name. Petitboot reads it, too.
        from parsers.formats.grub import FORMAT as GRUB

        yield from GRUB.parse(files, path)
        return
    yield from problems
    yield from LegacyMenu(files, path, text).items((), marked=True)


NAMES = ("menu.lst", "grub.conf")
FORMAT = Format(
    "grub-legacy",
    (
        *(f"{place}/{name}" for place in ("/boot/grub", "/grub", "/boot", "") for name in NAMES),
        # Red Hat's for EFI; Fedora's media. /etc/grub.conf is a link, or SUSE's installer's.
        *("/EFI/*/grub.conf", "/efi/*/grub.conf", "/EFI/BOOT/BOOT*.conf", "/efi/boot/boot*.conf"),
        *("/BOOT/GRUB/MENU.LST", "/MENU.LST"),
    ),
    parse,
    statements=STATEMENTS,
)
