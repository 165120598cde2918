"""Take from kernel modules what a start has no use for.

The kernel would check the signature and parse the type information (BTF) of each module that it
loads. A kernel that is locked down loads none without a signature: --keep-signatures.

Tracing is a tenth of the way to the first entry with Debian's kernel: it looks each function of
ext4 up among all symbols of the module (ftrace_process_locs). The functions begin with empty
instructions, so nothing else is to be done to them; without the list of them nobody can trace them.
"""

import struct

from initramfs.elf import Elf
from initramfs.fast.calls import bind_calls
from initramfs.fast.symbols import drop_symbols

# The list of functions to trace, and events of them; the tracepoints themselves stay.
TRACING = (
    "__patchable_function_entries",
    *("_ftrace_events", "_ftrace_eval_map", "__bpf_raw_tp_map", "__tracepoints_ptrs"),
)
USELESS = (
    *(".BTF", ".comment", ".note.GNU-stack", ".gnu_debuglink"),
    *TRACING,
    *(f".rela{name}" for name in TRACING),
)
SIGNATURE = b"~Module signature appended~\n"


def speed_up(module: bytes) -> bytes:
    """Return the module without signature, type information and own names, its calls bound."""
    return drop_symbols(bind_calls(strip(strip_signature(module))))


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
