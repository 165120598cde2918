"""Device trees of pseries guests (QEMU 7.2), and kernels made of headers."""

import struct

from petipy.kexec.fdt import Node

MIB = 1 << 20


def cells(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def wide(*values: int) -> bytes:
    return struct.pack(f">{len(values)}Q", *values)


def pseries(memory: int = 1024 * MIB, *, kernel_end: int = 42 * MIB, rtas: int = 0) -> Node:
    """Return a tree with one block of memory, and RTAS at its upper end or at `rtas`."""
    root = Node("", {"#address-cells": cells(2), "#size-cells": cells(2), "compatible": b"qemu\0"})
    base = rtas or min(memory, 256 * MIB) - MIB
    root.children = [
        Node("memory@0", {"device_type": b"memory\0", "reg": wide(0, memory)}),
        Node(
            "rtas",
            {
                "linux,rtas-base": cells(base),
                "linux,rtas-entry": cells(base),
                "rtas-size": cells(20),
            },
        ),
        Node(
            "chosen",
            {
                "bootargs": b"console=hvc0\0",
                "linux,initrd-start": wide(0x3000000),
                "linux,initrd-end": wide(0x4000000),
                "linux,kernel-end": wide(kernel_end),
                "rng-seed": bytes(32),
                "stdout-path": b"/vdevice/vty@71000000\0",
            },
        ),
        pci_bridge(),
    ]
    return root


def pci_bridge(*, window: bool = False, reset: bool = True) -> Node:
    properties = {
        "reg": wide(0x800000020000000, 0),
        "ibm,dma-window": cells(0x80000000, 0, 0, 0, 0x40000000),
        "ibm,ddw-applicable": cells(0x2026, 0x2027, 0x2028),
    }
    if reset:
        properties["ibm,ddw-extensions"] = cells(1, 0x2029)
    if window:
        properties["linux,direct64-ddr-window-info"] = cells(0x80000001, 0x8000000, 0, 24, 30)
    device = Node("nvme@1", {"reg": cells(0x800, 0, 0, 0, 0)})
    return Node("pci@800000020000000", properties, [device])


def vmlinux(
    *,
    machine: int = 21,
    order: str = "<",
    filesz: int = 0x30000,
    memsz: int = 0x48000,
    text: bytes = b"\x48\0\0\x08",
) -> bytes:
    """Return a kernel with one PT_LOAD at 64 KiB and section headers behind it, like real ones."""
    shoff = 0x10000 + filesz
    ident = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    start = 0xC000000000000000
    header = struct.pack(
        order + "2HI3QI6H", 2, machine, 1, start, 64, shoff, 2, 64, 56, 1, 64, 2, 1
    )
    load = struct.pack(order + "2I6Q", 1, 7, 0x10000, start, 0, filesz, memsz, 0x10000)
    body = (ident + header + load).ljust(0x10000, b"\0") + text.ljust(filesz, b"\0")
    return body + bytes(128)
