"""Which terminals are consoles: those of /proc/consoles, and what the user adds."""

import os
from collections.abc import Iterable, Iterator

from petipy.sys import tty


def consoles(
    extra: Iterable[str] = (), proc: str = "/proc/consoles", dev: str = "/dev"
) -> list[str]:
    """Device nodes, each once, the kernel's first; nodes with nothing behind them are left out.

    The kernel names tty0, which is whatever virtual terminal is in front: the menu lives on tty1.
    That one stays in: its screen comes when udev has loaded the driver, maybe after us.
    """
    names = [*_kernels(proc), *extra]
    nodes = dict.fromkeys(f"{dev}/{real(name)}" for name in names)
    return [node for node in nodes if _alive(node)]


def _kernels(proc: str) -> Iterator[str]:
    """proc(5): "hvc0  -W- (EC p ) 229:0", one console a line; R/W/U say what it can do."""
    for line in _text(proc).splitlines():
        name, _, rest = line.partition(" ")
        # A console without a device number (netconsole, pstore) has no terminal.
        if ":" in rest.rsplit(" ", 1)[-1]:
            yield name


def real(name: str) -> str:
    """What a terminal is called as a device node: without /dev/, and never tty0."""
    name = name.removeprefix("/dev/")
    return "tty1" if name == "tty0" else name


def _alive(node: str) -> bool:
    if is_virtual(node):
        return True
    try:
        os.close(tty.open_tty(node))
    except OSError:
        return False
    return True


def is_virtual(node: str) -> bool:
    """Whether it is a virtual terminal: tty1, but not ttyS0, and no pseudo-terminal."""
    name = node.rpartition("/")[2]
    return name.startswith("tty") and name[3:].isdigit()


def has_screen(sys: str = "/sys/class/vtconsole") -> bool:
    """Whether something other than the dummy console drives the virtual terminals.

    One without a screen opens all the same: only /sys/class/vtconsole tells the difference.
    """
    try:
        names = os.listdir(sys)  # noqa: PTH208  pathlib takes long to import
    except OSError:
        return False
    bound = [name for name in names if _text(f"{sys}/{name}/bind").strip() == "1"]
    return any("dummy" not in _text(f"{sys}/{name}/name") for name in bound)


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
