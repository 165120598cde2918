"""menu.lst and grub.conf, the menu of GRUB 0.97, with what distributions and grub4dos added.

After its stage2/cmdline.c (how lines are read) and stage2.c (which titles count). It passes the
kernel's arguments on as they stand, with no BOOT_IMAGE. `savedefault` would write to the disk, and
then only a number: it is left alone.
"""

from collections.abc import Iterator

from parsers.api import Files, Format, Item
from parsers.formats.grub_legacy.menu import LegacyMenu, is_script
from parsers.reading.text import read


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    if is_script(text):
        # Petitboot reads such a file under this name, and so do we.
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
        # Red Hat's for EFI; Fedora's media. Not /etc/grub.conf: a link, or SUSE's installer's.
        *("/EFI/*/grub.conf", "/efi/*/grub.conf", "/EFI/BOOT/BOOT*.conf", "/efi/boot/boot*.conf"),
        *("/BOOT/GRUB/MENU.LST", "/MENU.LST"),
    ),
    parse,
)
