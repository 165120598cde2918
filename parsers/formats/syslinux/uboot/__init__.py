"""extlinux.conf as U-Boot reads it, on machines that are no PC (boot/pxe_utils.c).

The language looks like SYSLINUX's and is another one: a value takes the rest of its line, no name
of a file has a meaning of its own, and an unknown word ends a label.
"""

from parsers.formats.syslinux.uboot.entries import read_items

__all__ = ["read_items"]
