"""The menu behind `chainloader`: another GRUB's, where its configuration can be found."""

import re
from collections.abc import Iterator
from posixpath import dirname

from parsers import machines
from parsers.formats.grub.run.env import Environment
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.shell import Payload, Shell
from parsers.formats.grub.run.subvolumes import Subvolumes
from parsers.places.volumes import BLOCKS

# GRUB's EFI programs, shim, which starts one, and the names of either where the firmware looks for
# itself: each has a configuration beside it.
_ARCHITECTURES = "|".join(machines.EFI)
_PROGRAM = re.compile(rf"(?:.*/)?(?:(?:grub|shim)[^/]*|boot(?:{_ARCHITECTURES}))\.efi", re.I | re.S)
# The configuration of the GRUB in a boot sector.
_PATHS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/grub/grub.cfg", "/grub2/grub.cfg")


def find_menu(shell: Shell, name: str) -> Place | None:
    """Return the configuration of the boot loader that `chainloader` would start, or None.

    The name is that of a program, or blocks of a device. A configuration that is on the way here
    does not count: its GRUB would come back for ever.
    """
    for place in _places(shell, name):
        if place.kind() == "file" and shell.machine.label(place) not in shell.menus:
            return place
    return None


def _places(shell: Shell, name: str) -> Iterator[Place]:
    if blocks := BLOCKS.fullmatch(name):
        for device in shell.machine.devices.names_on(blocks[1] or shell.env["root"]):
            yield from (shell.place(f"({device}){path}") for path in _PATHS)
    elif _PROGRAM.fullmatch(name):
        yield shell.place(f"{dirname(name).rstrip('/')}/grub.cfg")


def start(shell: Shell, place: Place) -> None:
    """Run a configuration as a GRUB does that has just started: with no variables of this one."""
    directory = f"({place.device}){dirname(place.path).rstrip('/')}"
    own = {"root": place.device, "config_file": f"({place.device}){place.path}"}
    own |= dict.fromkeys(("prefix", "cmdpath", "config_directory"), directory)
    shell.env = Environment({**shell.machine.variables(place.path), **own})
    shell.functions, shell.payload, shell.subvolumes = {}, Payload(), Subvolumes()
    shell.run_text(shell.text(f"({place.device}){place.path}") or "")
