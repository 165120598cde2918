"""Recognise a Linux kernel and its machine by the first bytes of the file."""

import struct

from parsers import machines
from parsers.api import Files

_PACKED = (b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18")
_SMALLEST = 4096  # bytes; no kernel is smaller


def detect_machine(files: Files, path: str, offset: int = 0) -> str | None:
    """Return the machine by uname's name, "" if it is unknown, or None if the file is no kernel.

    The kernel begins at `offset` bytes. ppc64 is either byte order: a POWER machine starts both.
    """
    head = files.piece(path, offset, 0x240)
    if files.size(path) - offset < _SMALLEST:
        return None
    # Documentation/arch/x86/boot.rst: bit 0 of xloadflags says that there is a 64-bit entry.
    if head[0x202:0x206] == b"HdrS":
        (version,) = struct.unpack_from("<H", head, 0x206)
        return "x86_64" if version >= 0x20C and head[0x236] & 1 else "i386"
    if head[:4] == b"\x7fELF" and head[4] in (1, 2) and head[5] in (1, 2):
        little = head[5] == 1
        (number,) = struct.unpack_from("<H" if little else ">H", head, 18)
        return machines.ELF.get(number)
    if head[0x38:0x3C] in (b"ARMd", b"RSC\x05"):
        return "aarch64" if head[0x38:0x3C] == b"ARMd" else "riscv64"
    if files.piece(path, offset + 0x10008, 6) == b"S390EP":
        return "s390x"
    if head[:2] == b"MZ" and head[4:8] == b"zimg":  # a packed kernel that EFI starts
        (at,) = struct.unpack_from("<I", head, 60)
        number = int.from_bytes(files.piece(path, offset + at + 4, 2), "little")
        return machines.PE.get(number, "")
    return "" if head.startswith(_PACKED) else None


def can_run(found: str, machine: str) -> bool:
    """Return True if a kernel for the machine `found` starts on a machine of uname's name."""
    return found in ("", machine, machine.removesuffix("le"))


def describe_mismatch(found: str, machine: str) -> str:
    """Return the reason why this machine does not boot a kernel for another, in words."""
    return f"it is for {found}, this machine is {machine}"
