import contextlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from petipy.kexec import elf
from petipy.kexec.image import HEAD, KernelKind, NotAKernel, identify
from tests.kexec.samples import vmlinux


def bzimage(flags: int = 1) -> bytes:
    image = bytearray(0x1000)
    image[0x202:0x208] = b"HdrS" + struct.pack("<H", 0x20F)
    image[0x236] = flags
    return bytes(image)


def pe(machine: int) -> bytes:
    head = bytearray(b"MZ".ljust(0x40, b"\0"))
    struct.pack_into("<I", head, 0x3C, 0x40)
    return bytes(head) + b"PE\0\0" + struct.pack("<H", machine)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (vmlinux(), KernelKind("ELF", "ppc64")),
        (vmlinux(order=">"), KernelKind("ELF", "ppc64")),
        (vmlinux(machine=62), KernelKind("ELF", "x86_64")),
        (vmlinux(machine=9999), KernelKind("ELF", "an unknown machine (9999)")),
        (bzimage(), KernelKind("bzImage", "x86_64")),
        (bzimage(0), KernelKind("bzImage", "i386")),
        (pe(0xAA64), KernelKind("PE", "aarch64")),
        (b"MZ" + bytes(54) + b"ARMd", KernelKind("Image", "aarch64")),
        (bytes(0x10008) + b"S390EP", KernelKind("s390", "s390x")),
        (b"\x1f\x8b\x08", KernelKind("gzip")),
    ],
)
def test_kernels_are_known_by_their_magic(head: bytes, kind: KernelKind) -> None:
    assert identify(head[:HEAD], len(head)) == kind


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><p>404", "not a kernel but a web page: an error page of a server?"),
        (b"070701000", "not a kernel but a cpio archive (an initrd?)"),
        (b"#!/bin/sh\n", "not a kernel but a script"),
        (b"hello, world\nmore", "not a kernel but text: “hello, world”"),
        (bytes(512), "not a kernel: it begins with nothing but zeros (a damaged file system?)"),
        (b"\xffJUNK\1\2\3\4", "not a kernel: it begins with the bytes ff 4a 55 4e 4b 01 02 03"),
    ],
)
def test_anything_else_is_told_for_what_it_is(head: bytes, sentence: str) -> None:
    with pytest.raises(NotAKernel) as caught:
        identify(head, len(head))
    assert str(caught.value) == sentence


@given(st.binary(max_size=700))
@example(b"MZ")
@example(b"\x7fELF")
@example(b"\r")
def test_any_bytes_are_a_kind_or_a_sentence(head: bytes) -> None:
    with contextlib.suppress(NotAKernel):
        assert identify(head, len(head)).format


def test_a_bzimage_that_was_cut_off_is_told() -> None:
    image = bytearray(bzimage())
    image[0x1F1] = 3
    image[0x1F4:0x1F8] = struct.pack("<I", 0x80)
    assert identify(bytes(image), 0x1000) == KernelKind("bzImage", "x86_64")
    with pytest.raises(NotAKernel, match="cut off: the kernel has 4096 bytes, the file 4095"):
        identify(bytes(image), 0xFFF)


def test_a_vmlinux_is_read() -> None:
    image = vmlinux(filesz=0x30000, memsz=0x48000)
    program = elf.parse(image, len(image))
    assert (program.machine, program.bits, program.order) == (elf.EM_PPC64, 64, "<")
    assert program.extent == 0x48000
    assert program.loads[0].offset == 0x10000


@pytest.mark.parametrize("size", [40, 100, 0x10000, 0x20000, len(vmlinux()) - 1])
def test_a_kernel_that_was_cut_off_anywhere_is_refused(size: int) -> None:
    with pytest.raises(elf.MalformedElf, match="cut off"):
        elf.parse(vmlinux()[:size], size)


@given(st.data())
def test_damaged_headers_are_refused_or_stay_within_the_file(data: st.DataObject) -> None:
    image = bytearray(vmlinux())
    for at in data.draw(st.lists(st.integers(4, 119), min_size=1, max_size=6)):
        image[at] = data.draw(st.integers(0, 255))
    try:
        program = elf.parse(bytes(image), len(image))
    except elf.MalformedElf:
        return
    for load in program.loads:
        assert load.offset + load.filesz <= len(image)
        assert load.filesz <= load.memsz


def test_an_object_file_is_not_a_program() -> None:
    image = bytearray(vmlinux())
    image[16] = 1
    with pytest.raises(elf.MalformedElf, match="an object file"):
        elf.parse(bytes(image), len(image))
