"""Write zeros over the tables for unwinding the stack.

C++ finds exception handlers by these tables; C needs them only to cancel a thread, and nothing in
the image does. They are a tenth of a program and hard to compress.
"""

from initramfs.elf import Elf

TABLES = (".eh_frame", ".eh_frame_hdr")


def clear_unwinding(data: bytes) -> bytes:
    """Return a program or library with zeros in its tables for unwinding."""
    elf = Elf.parse(data)
    out = bytearray(data)
    for name in TABLES:
        table = elf.header(name)
        out[table.offset : table.offset + table.size] = bytes(table.size)
    return bytes(out)
