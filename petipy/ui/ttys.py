"""Which terminals are consoles: those of /proc/consoles, and what the user adds."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from petipy.sys import tty


def consoles(
    extra: Iterable[str] = (), proc: str = "/proc/consoles", dev: str = "/dev"
) -> list[str]:
    """Device nodes, each once, the kernel's first; nodes with nothing behind them are left out.

    The kernel names tty0, which is whatever virtual terminal is in front: the menu lives on tty1.
    """
    names = [*_kernels(proc), *extra]
    nodes = dict.fromkeys(str(Path(dev, _real(name))) for name in names)
    return [node for node in nodes if _alive(node)]


def _kernels(proc: str) -> Iterator[str]:
    """proc(5): "hvc0  -W- (EC p ) 229:0", one console a line; R/W/U say what it can do."""
    try:
        lines = Path(proc).read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, _, rest = line.partition(" ")
        # A console without a device number (netconsole, pstore) has no terminal.
        if ":" in rest.rsplit(" ", 1)[-1]:
            yield name


def _real(name: str) -> str:
    name = name.removeprefix("/dev/")
    return "tty1" if name == "tty0" else name


def _alive(node: str) -> bool:
    """A virtual terminal without a screen opens all the same: vgacon and fbcon make a difference
    that shows in /sys/class/graphics and vtconsole."""
    if is_virtual(node) and not _has_screen():
        return False
    try:
        os.close(tty.open_tty(node))
    except OSError:
        return False
    return True


def is_virtual(node: str) -> bool:
    return node.rpartition("/")[2].removeprefix("tty").isdigit()


def _has_screen(sys: str = "/sys/class/vtconsole") -> bool:
    """Whether something other than the dummy console drives the virtual terminals."""
    for console in sorted(Path(sys).glob("vtcon*")):
        try:
            bound = (console / "bind").read_text().strip() == "1"
            if bound and "dummy" not in (console / "name").read_text():
                return True
        except OSError:
            continue
    return False
