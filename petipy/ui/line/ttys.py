"""The terminals that are consoles: those of /proc/consoles and those that the user adds."""

import os
from collections.abc import Iterable, Iterator

from petipy.sys import tty


def find_consoles(
    extra: Iterable[str] = (), proc: str = "/proc/consoles", dev: str = "/dev"
) -> list[str]:
    """Return the device nodes of the consoles, each once, the kernel's first.

    Nodes with no device behind them are left out. The kernel lists tty0, which is whatever virtual
    terminal is in front; the menu uses tty1 instead. tty1 stays in the list even without a screen:
    udev may load the screen's driver after this call.
    """
    names = [*_kernel_consoles(proc), *extra]
    nodes = dict.fromkeys(f"{dev}/{node_name(name)}" for name in names)
    return [node for node in nodes if _has_device(node)]


def _kernel_consoles(proc: str) -> Iterator[str]:
    """Yield names from lines such as "hvc0  -W- (EC p ) 229:0" (proc(5)); R/W/U are its rights."""
    for line in _read(proc).splitlines():
        name, _, rest = line.partition(" ")
        # A console without a device number (netconsole, pstore) has no terminal.
        if ":" in rest.rsplit(" ", 1)[-1]:
            yield name


def node_name(name: str) -> str:
    """Return the terminal's name as a device node: without /dev/, and tty1 for tty0."""
    name = name.removeprefix("/dev/")
    return "tty1" if name == "tty0" else name


def _has_device(node: str) -> bool:
    if is_virtual(node):
        return True
    try:
        os.close(tty.open_tty(node))
    except OSError:
        return False
    return True


def is_virtual(node: str) -> bool:
    """Return True for a virtual terminal such as tty1; False for ttyS0 and pseudo-terminals."""
    name = node.rpartition("/")[2]
    return name.startswith("tty") and name[3:].isdigit()


def has_screen(sys: str = "/sys/class/vtconsole") -> bool:
    """Return True if a driver other than the dummy console drives the virtual terminals.

    A virtual terminal without a screen can be opened, too. Only /sys/class/vtconsole tells.
    """
    try:
        names = os.listdir(sys)  # noqa: PTH208  pathlib takes long to import
    except OSError:
        return False
    bound = [name for name in names if _read(f"{sys}/{name}/bind").strip() == "1"]
    return any("dummy" not in _read(f"{sys}/{name}/name") for name in bound)


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
