"""Take from kernel modules what a start has no use for.

The kernel would check the signature and parse the type information (BTF) of each module that it
loads. A kernel that is locked down loads none without a signature: --keep-signatures.
"""

import struct

from initramfs.elf import Elf
from initramfs.fast.calls import bind_calls

USELESS = (".BTF", ".comment", ".note.GNU-stack", ".gnu_debuglink")
SIGNATURE = b"~Module signature appended~\n"


def speed_up(module: bytes) -> bytes:
    """Return the module without signature and type information, with its calls bound."""
    return bind_calls(strip(strip_signature(module)))


def strip_signature(module: bytes) -> bytes:
    """Return the module without its appended signature (struct module_signature of the kernel)."""
    if not module.endswith(SIGNATURE):
        return module
    end = len(module) - len(SIGNATURE)
    (length,) = struct.unpack(">I", module[end - 4 : end])
    return module[: end - 12 - length]


def strip(module: bytes) -> bytes:
    """Return the module without the sections that loading does not need; numbers stay."""
    elf = Elf.parse(module)
    return elf.rewrite(
        {n: None for n, section in enumerate(elf.sections) if elf.name(section) in USELESS}
    )
