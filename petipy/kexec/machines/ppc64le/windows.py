"""Dynamic DMA windows of pseries' PCI bridges, which must not outlive the kernel that made them.

A driver that asks for 64-bit DMA (NVMe, xHCI, even virtio) makes Linux create a second DMA window
on its PCI bridge, mapped one to one (enable_ddw() in platforms/pseries/iommu.c). It survives
kexec. A next kernel that finds it in the tree uses it as it stands, and NVMe and USB hang (6.1
into 6.12, a guest without room for more memory). A next kernel that does not find it in the tree
finds no window to spare. It gives up the default window for another, and devices with 32-bit DMA
need the default one.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace

from ...fdt import Node
from .trampoline import CALLS_MAX, NO_RTAS, Rtas

NAMES = ("linux,direct64-ddr-window-info", "linux,dma64-ddr-window-info")
OFDT = "/proc/powerpc/ofdt"


def remove(node: Node) -> Node:
    """Return a PCI bridge without the windows that drivers made: see `reset`."""
    if not any(name in inner.properties for inner in node.walk() for name in NAMES):
        return node
    kept = {name: value for name, value in node.properties.items() if name not in NAMES}
    return replace(node, properties=kept, children=[remove(child) for child in node.children])


def reset(tree: Node) -> Rtas:
    """Return the firmware calls by which the trampoline takes every dynamic window back.

    No system call takes a window back: the kernel's filter of RTAS calls lets none of these calls
    through. Until the drivers have shut down, a window is in use. So the trampoline calls the
    firmware when the kernel is gone: to reset to the default window (LoPAR 2.7,
    ibm,reset-pe-dma-windows), or to remove the other window where the firmware cannot reset.
    """
    rtas = tree.child("rtas") or Node()
    base, entry = rtas.cell("linux,rtas-base"), rtas.cell("linux,rtas-entry")
    if not entry:
        return NO_RTAS
    calls = (call for bridge in _bridges(tree) for call in _calls(*bridge))
    return Rtas(base, entry, tuple(calls)[:CALLS_MAX])


def _bridges(tree: Node) -> Iterator[tuple[int, Node]]:
    """List (unit address of the host bridge, node at or below it that has a window)."""
    for host in tree.children:
        if host.name.startswith("pci@"):
            address = int.from_bytes(host.properties.get("reg", b"")[:8], "big")
            for node in host.walk():
                if any(name in node.properties for name in NAMES):
                    yield address, node


def _calls(unit: int, node: Node) -> Iterator[tuple[int, ...]]:
    extensions = _words(node.properties.get("ibm,ddw-extensions", b""))
    applicable = _words(node.properties.get("ibm,ddw-applicable", b""))
    if len(extensions) > 1 and extensions[0] >= 1:
        # Any device of the bridge stands for it: its configuration address, bus and devfn.
        device = next((child for child in node.children if "reg" in child.properties), node)
        address = _words(device.properties.get("reg", b""))[:1] if device is not node else (0,)
        yield extensions[1], (address or (0,))[0] & 0xFFFF00, unit >> 32, unit & 0xFFFFFFFF
    elif len(applicable) > 2:
        for name in NAMES:
            if window := _words(node.properties.get(name, b"")):
                yield applicable[2], window[0]  # its LIOBN


def _words(value: bytes) -> tuple[int, ...]:
    return tuple(word for (word,) in struct.iter_unpack(">I", value[: len(value) & ~3]))


def hide(tree: Node, ofdt: str = OFDT) -> str:
    """Take windows out of the running kernel's tree; return why that failed, or "".

    This is second best to `reset`, for kexec_file_load(2), which copies the tree and has no
    trampoline of ours. The running kernel keeps its windows in a list of its own and goes on using
    them. Failure is no obstacle: the next kernel may do without the devices behind such a bridge,
    or manage.
    """
    try:
        for command in list_removals(tree):
            with open(ofdt, "w") as file:
                file.write(command)
    except OSError as error:
        return f"DMA windows stay as they are: {error.strerror}"
    return ""


def list_removals(tree: Node) -> Iterator[str]:
    """List the texts to write to /proc/powerpc/ofdt (arch/powerpc/platforms/pseries/reconfig.c).

    The kernel wants no newline at the end.
    """
    for node in tree.walk():
        for name in NAMES:
            if name in node.properties:
                handle = node.cell("phandle") or node.cell("linux,phandle")
                yield f"remove_property {handle} {name}"
