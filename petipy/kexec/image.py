"""The kind of a file that is to be booted, recognised by its first bytes."""

import struct
from dataclasses import dataclass

from . import elf

HEAD = 0x11000  # bytes that identify() may want to see

_ELF_MACHINES = {
    elf.EM_386: "i386",
    elf.EM_PPC: "32-bit PowerPC",
    elf.EM_PPC64: "ppc64",
    elf.EM_S390: "s390x",
    elf.EM_ARM: "arm",
    elf.EM_X86_64: "x86_64",
    elf.EM_AARCH64: "aarch64",
    elf.EM_RISCV: "riscv64",
    elf.EM_LOONGARCH: "loongarch64",
}
_PE_MACHINES = {
    0x14C: "i386",
    0x1C2: "arm",
    0x8664: "x86_64",
    0xAA64: "aarch64",
    0x5064: "riscv64",
    0x6264: "loongarch64",
}
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\x89LZO", "lzo"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x5d\0\0", "lzma"),
)
_OTHERS = (
    (b"070701", "a cpio archive (an initrd?)"),
    (b"070702", "a cpio archive (an initrd?)"),
    (b"\xd0\x0d\xfe\xed", "a device tree"),
    (b"\x27\x05\x19\x56", "a U-Boot image"),
    (b"hsqs", "a squashfs file system"),
    (b"PK\3\4", "a zip archive"),
    (b"#!", "a script"),
    (b"!<arch>", "an ar archive (a Debian package?)"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"version https://git-lfs", "a Git LFS pointer"),
)


class NotAKernel(ValueError):
    """A file that is no kernel; str() names what it is instead."""


@dataclass(frozen=True, slots=True)
class KernelKind:
    """A kernel. `format` is ELF, bzImage, PE, Image (arm64, riscv64), s390, or how it is packed."""

    format: str
    machine: str = ""  # uname's name, "ppc64" for either byte order; empty: not known yet

    @property
    def packed(self) -> bool:
        return any(self.format == name for _, name in _PACKED)


def find_packing(head: bytes) -> str:
    """Return how a file is packed, by its first bytes; "" if it is not."""
    return next((name for magic, name in _PACKED if head.startswith(magic)), "")


def identify(head: bytes, size: int) -> KernelKind:
    """Tell a kernel by `head`, the first HEAD bytes of a file of `size`. Raise NotAKernel."""
    if not size:
        raise NotAKernel("the file is empty")
    if head[0x202:0x206] == b"HdrS":
        return _bzimage(head, size)
    kind = _by_magic(head)
    if kind is not None:
        return kind
    raise NotAKernel(_describe_other(head))


def _by_magic(head: bytes) -> KernelKind | None:
    if head[:4] == b"\x7fELF" and len(head) >= 20:
        order = ">" if head[5] == 2 else "<"
        (machine,) = struct.unpack_from(order + "H", head, 18)
        return KernelKind("ELF", _ELF_MACHINES.get(machine, f"an unknown machine ({machine})"))
    if head[0x38:0x3C] == b"ARMd":
        return KernelKind("Image", "aarch64")
    if head[0x38:0x3C] == b"RSC\x05":
        return KernelKind("Image", "riscv64")
    if head[0x10008:0x1000E] == b"S390EP":
        return KernelKind("s390", "s390x")
    if head[:2] == b"MZ":
        return _pe(head)
    packed = find_packing(head)
    return KernelKind(packed) if packed else None


def _bzimage(head: bytes, size: int) -> KernelKind:
    # Documentation/arch/x86/boot.rst: setup_sects, syssize, protocol version, and xloadflags. Bit 0
    # of the last says that there is a 64-bit entry.
    head = head.ljust(0x240, b"\0")
    sectors, paragraphs = head[0x1F1] or 4, struct.unpack_from("<I", head, 0x1F4)[0]
    needed = (sectors + 1) * 512 + paragraphs * 16
    if size < needed:
        raise NotAKernel(f"cut off: the kernel has {needed} bytes, the file {size}")
    version, flags = struct.unpack_from("<H", head, 0x206)[0], head[0x236]
    return KernelKind("bzImage", "x86_64" if version >= 0x20C and flags & 1 else "i386")


def _pe(head: bytes) -> KernelKind | None:
    (at,) = struct.unpack_from("<I", head.ljust(0x40, b"\0"), 0x3C)
    if head[at : at + 4] != b"PE\0\0" or len(head) < at + 6:
        return None
    (machine,) = struct.unpack_from("<H", head, at + 4)
    return KernelKind("PE", _PE_MACHINES.get(machine, f"an unknown machine ({machine:#x})"))


def _describe_other(head: bytes) -> str:
    known = next((name for magic, name in _OTHERS if head.startswith(magic)), None)
    if known:
        return f"not a kernel but {known}"
    text = head[:512].lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "not a kernel but a web page: an error page of a server?"
    if not any(head[:512]):
        return "not a kernel: it begins with nothing but zeros (a damaged file system?)"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head[:64]):
        return f"not a kernel but text: “{head[:40].decode().splitlines()[0]}”"
    return f"not a kernel: it begins with the bytes {head[:8].hex(' ')}"
