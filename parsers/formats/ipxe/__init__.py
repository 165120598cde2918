"""iPXE scripts: a language of lines. `script` reads it, `run` runs it, `commands` has the commands.

This follows iPXE's source (core/exec.c, image/script.c, hci/commands) and its documentation. A
script with a menu has several outcomes, and each of them is an entry: see `explorer`.
"""

from parsers.api import Format
from parsers.formats.ipxe.commands import table
from parsers.formats.ipxe.explorer import items
from parsers.formats.ipxe.script import Script, is_script

# Work that is needed once is done before a scan forks: see parsers.formats.grub.
table()
Script("", "#!ipxe\n")


def _prepare_network() -> None:
    import hashlib  # noqa: F401  for scripts that are signed


FORMAT = Format(
    "ipxe",
    (
        # iPXE itself looks for the first two when it starts from a disk. The others are custom.
        *("/autoexec.ipxe", "/boot.ipxe", "/boot/autoexec.ipxe", "/boot/boot.ipxe", "/*.ipxe"),
        *("/boot/*.ipxe", "/ipxe/*.ipxe", "/boot/ipxe/*.ipxe", "/EFI/*/*.ipxe", "/efi/*/*.ipxe"),
    ),
    items,
    prepare_network=_prepare_network,
    network=lambda url, text: is_script(text),
    statements=frozenset(table()),
)
