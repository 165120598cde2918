"""Changes to the running kernel's device tree on pseries, through /proc/powerpc/ofdt."""

from collections.abc import Iterator
from pathlib import Path

from ... import fdt
from . import layout

OFDT = Path("/proc/powerpc/ofdt")


def forget_windows(tree: fdt.Node, ofdt: Path = OFDT) -> str:
    """Hide dynamic DMA windows from a loader that copies the live tree; why not, or "".

    Second best to layout.reset_windows(), for kexec_file_load, which has no trampoline of ours.
    This kernel keeps its windows in a list of its own and goes on using them. Failure is no
    obstacle: the next kernel may do without the devices behind such a bridge, or manage.
    """
    try:
        for command in commands(tree):
            ofdt.write_text(command)
    except OSError as error:
        return f"DMA windows stay as they are: {error.strerror}"
    return ""


def commands(tree: fdt.Node) -> Iterator[str]:
    """What to write; arch/powerpc/platforms/pseries/reconfig.c, which wants no line's end."""
    for node in tree.walk():
        for name in layout.WINDOWS:
            if name in node.properties:
                handle = node.cell("phandle") or node.cell("linux,phandle")
                yield f"remove_property {handle} {name}"
