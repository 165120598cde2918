"""iPXE scripts: a language of lines. script → run, with iPXE's commands in a table.

After iPXE's source (core/exec.c, image/script.c, hci/commands) and its documentation. Where a
script has several outcomes, for a menu asks which, each of them is an entry: see listing.
"""

from parsers.api import Format
from parsers.formats.ipxe.commands import table
from parsers.formats.ipxe.explorer import items
from parsers.formats.ipxe.script import Script, is_script

# What costs time but once is done before a scan forks: see parsers.formats.grub.
table()
Script("", "#!ipxe\n")

FORMAT = Format(
    "ipxe",
    (
        # Those that iPXE itself, started from a disk, looks for; then by custom.
        *("/autoexec.ipxe", "/boot.ipxe", "/boot/autoexec.ipxe", "/boot/boot.ipxe", "/*.ipxe"),
        *("/boot/*.ipxe", "/ipxe/*.ipxe", "/boot/ipxe/*.ipxe", "/EFI/*/*.ipxe", "/efi/*/*.ipxe"),
    ),
    items,
    network=lambda url, text: is_script(text),
)
