"""Whether a file is a Linux kernel, by its first bytes, and for which machine. Pure."""

import struct

from parsers.api import Files
from parsers.binary import pe

_ELF = {
    3: "i386",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
_PACKED = (b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18")
_LEAST = 4096  # bytes; no kernel is smaller


def machine(files: Files, path: str, offset: int = 0) -> str | None:
    """As uname says it, "" when it does not show, None for what is no kernel.

    ppc64 is either byte order: a POWER machine starts both. `offset`: where in the file it begins.
    """
    head = files.piece(path, offset, 0x240)
    if files.size(path) - offset < _LEAST:
        return None
    # Documentation/arch/x86/boot.rst: xloadflags, whose bit 0 says that there is a 64-bit entry.
    if head[0x202:0x206] == b"HdrS":
        (version,) = struct.unpack_from("<H", head, 0x206)
        return "x86_64" if version >= 0x20C and head[0x236] & 1 else "i386"
    if head[:4] == b"\x7fELF" and head[4] in (1, 2) and head[5] in (1, 2):
        little = head[5] == 1
        (number,) = struct.unpack_from("<H" if little else ">H", head, 18)
        return _ELF.get(number)
    if head[0x38:0x3C] in (b"ARMd", b"RSC\x05"):
        return "aarch64" if head[0x38:0x3C] == b"ARMd" else "riscv64"
    if files.piece(path, offset + 0x10008, 6) == b"S390EP":
        return "s390x"
    if head[:2] == b"MZ" and head[4:8] == b"zimg":  # packed, and unpacks itself where EFI is
        (at,) = struct.unpack_from("<I", head, 60)
        number = int.from_bytes(files.piece(path, offset + at + 4, 2), "little")
        return pe.MACHINES.get(number, "")
    return "" if head.startswith(_PACKED) else None


def runs(found: str, machine: str) -> bool:
    """Whether what `machine` has found may be started on a machine of that name."""
    return found in ("", machine, machine.removesuffix("le"))


def for_another(found: str, machine: str) -> str:
    """Why a machine does not boot what is for another: no format leaves that out in silence."""
    return f"it is for {found}, this machine is {machine}"
