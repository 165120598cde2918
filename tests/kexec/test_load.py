"""Loading on the machine that runs the tests. None of these kernels can ever be staged."""

import bz2
import contextlib
import errno
import gzip
import lzma
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from petipy import kexec
from petipy.kexec import elf, file_load, kexec_tools, syscalls, unpack
from petipy.kexec.room import Room
from tests.kexec.samples import vmlinux

RUNNING = os.uname().machine
FOREIGN = 21 if RUNNING == "x86_64" else 62


def refusal(path: Path, content: bytes, *initrds: int) -> kexec.Refused:
    path.write_bytes(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(kexec.Refused) as caught:
            kexec.load(fd, initrds, "console=hvc0")
    finally:
        os.close(fd)
    return caught.value


def test_a_web_page_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refused = refusal(tmp_path / "vmlinuz", b"<html><h1>404</h1></html>")
    assert refused.errno == errno.ENOEXEC
    assert str(refused) == "not a kernel but a web page: an error page of a server?"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert str(refusal(tmp_path / "vmlinuz", b"")) == "the file is empty"


def test_a_kernel_for_another_machine_is_refused_by_name(tmp_path: Path) -> None:
    foreign = "ppc64" if RUNNING == "x86_64" else "x86_64"
    sentence = f"the kernel is for {foreign}, this machine is {RUNNING}"
    assert str(refusal(tmp_path / "vmlinux", vmlinux(machine=FOREIGN))) == sentence


def test_a_packed_kernel_for_another_machine_is_refused_by_name(tmp_path: Path) -> None:
    packed = gzip.compress(vmlinux(machine=FOREIGN))
    assert "the kernel is for" in str(refusal(tmp_path / "vmlinux.gz", packed))


def test_a_packed_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(random.Random(1).randbytes(100_000))[:50_000]
    assert "its gzip data is cut off" in str(refusal(tmp_path / "vmlinux.gz", packed))


@pytest.mark.skipif(RUNNING != "x86_64", reason="a bzImage header for x86_64")
def test_the_kernels_own_refusal_becomes_a_sentence(tmp_path: Path) -> None:
    # It looks like a bzImage to us; the running kernel looks closer, or lacks the right.
    image = bytearray(0x8000)
    image[0x202:0x208] = b"HdrS\x0f\x02"
    image[0x236] = 1
    refused = refusal(tmp_path / "vmlinuz", bytes(image))
    assert refused.errno in {
        errno.EPERM,
        errno.EACCES,
        errno.ENOEXEC,
        errno.EINVAL,
        errno.ENOSYS,
        errno.ENODATA,
    }
    assert not str(refused).startswith("[Errno")


def test_a_command_line_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "k", "wb+") as kernel, pytest.raises(kexec.Refused, match="zero byte"):
        kexec.load(kernel.fileno(), (), "quiet\0init=/bin/sh")


@pytest.mark.parametrize(
    ("format", "pack"), [("gzip", gzip.compress), ("xz", lzma.compress), ("bzip2", bz2.compress)]
)
def test_packed_kernels_are_unpacked(
    tmp_path: Path, format: str, pack: Callable[[bytes], bytes]
) -> None:
    plain = vmlinux(filesz=3 << 20, memsz=4 << 20)
    (tmp_path / "packed").write_bytes(pack(plain))
    with open(tmp_path / "packed", "rb") as packed:
        fd = unpack.unpack(packed.fileno(), format)
    assert os.pread(fd, len(plain) + 1, 0) == plain
    os.close(fd)


@pytest.mark.parametrize(
    ("format", "pack"), [("gzip", gzip.compress), ("xz", lzma.compress), ("bzip2", bz2.compress)]
)
def test_a_bomb_is_stopped_at_the_limit(
    tmp_path: Path, format: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "bomb").write_bytes(pack(bytes(50 << 20)))
    with (
        open(tmp_path / "bomb", "rb") as bomb,
        pytest.raises(unpack.Unpackable, match="unpacked, it has more than the 17 MB that fit"),
    ):
        unpack.unpack(bomb.fileno(), format, limit=16 << 20)


def test_a_dictionary_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 64 << 20}]
    (tmp_path / "packed").write_bytes(lzma.compress(b"kernel", filters=filters))
    with (
        open(tmp_path / "packed", "rb") as packed,
        pytest.raises(unpack.Unpackable, match="to unpack it takes more memory than 17 MB"),
    ):
        unpack.unpack(packed.fileno(), "xz", limit=16 << 20)


@pytest.mark.parametrize("format", ["gzip", "xz", "bzip2"])
def test_damaged_packed_data_is_told(tmp_path: Path, format: str) -> None:
    (tmp_path / "junk").write_bytes(b"\x1f\x8b\x08\0junkjunkjunkjunkjunk")
    with open(tmp_path / "junk", "rb") as junk, pytest.raises(unpack.Unpackable, match="damaged"):
        unpack.unpack(junk.fileno(), format)


def test_what_nobody_can_unpack_is_told(tmp_path: Path) -> None:
    assert "packed with zstd" in str(refusal(tmp_path / "k", b"\x28\xb5\x2f\xfd" + bytes(64)))


def test_several_initrds_are_joined_at_multiples_of_four_bytes(tmp_path: Path) -> None:
    descriptors = []
    for n, content in enumerate((b"first", b"four", b"", b"x")):
        (tmp_path / str(n)).write_bytes(content)
        descriptors.append(os.open(tmp_path / str(n), os.O_RDONLY))
    joined = file_load.join(descriptors)
    assert os.pread(joined, 100, 0) == b"first\0\0\0fourx\0\0\0"
    for fd in (joined, *descriptors):
        os.close(fd)


def test_kexec_tools_own_words_are_passed_on(tmp_path: Path) -> None:
    program = tmp_path / "kexec"
    program.write_text('#!/bin/sh\necho "Cannot determine the file type of $4" >&2\nexit 1\n')
    program.chmod(0o755)
    with (
        open(program, "rb") as kernel,
        pytest.raises(kexec.Refused, match="refused it: Cannot determine the file type of /proc"),
    ):
        kexec_tools.load(str(program), kernel.fileno(), (), b"quiet", None, Room(None))


def test_kexec_tools_is_given_what_it_needs(tmp_path: Path) -> None:
    program, seen = tmp_path / "kexec", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{seen}\ncat "$4" >>{seen}\n')
    program.chmod(0o755)
    (tmp_path / "vmlinux").write_bytes(b"kernel")
    (tmp_path / "initrd").write_bytes(b"initrd")
    with open(tmp_path / "vmlinux", "rb") as kernel, open(tmp_path / "initrd", "rb") as initrd:
        k, i = kernel.fileno(), initrd.fileno()
        kexec_tools.load(str(program), k, (i,), b"root=/dev/vda1 quiet", None, Room(None))
    assert seen.read_text().splitlines() == [
        "-c",
        "-i",
        "-l",
        f"/proc/self/fd/{k}",
        "--command-line=root=/dev/vda1 quiet",
        f"--initrd=/proc/self/fd/{i}",
        "kernel",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_unloading_nothing_is_fine() -> None:
    # Containers and locked down hosts forbid even that.
    with contextlib.suppress(kexec.Refused):
        assert kexec.unload() is None  # type: ignore[func-returns-value]


def test_a_stripped_kernel_that_was_cut_off_is_told_by_its_segments() -> None:
    image = bytearray(vmlinux())
    image[40:48] = bytes(8)  # no section headers
    image[60:62] = bytes(2)
    with pytest.raises(elf.MalformedElf, match=r"^cut off: its segments reach to byte"):
        elf.parse(bytes(image), len(image) - 1000)


@pytest.mark.skipif(RUNNING != "x86_64", reason="a machine without segments of ours")
@pytest.mark.parametrize(
    ("program", "has_call", "tree", "way", "confined"),
    [
        ("", True, False, "kexec_file_load", True),
        ("kexec", True, False, "kexec_file_load", True),
        ("kexec", True, True, "kexec-tools", False),
        ("kexec", False, False, "kexec-tools", False),
    ],
)
def test_the_way_is_known_before_rights_are_given_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    has_call: bool,
    tree: bool,
    way: str,
    confined: bool,
) -> None:
    def unload() -> None:
        if not has_call:
            raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr(kexec_tools, "find", lambda: program or None)
    monkeypatch.setattr(kexec_tools, "load", lambda *_: "kexec-tools")
    monkeypatch.setattr(file_load, "kexec_file_load", lambda *_: None)
    monkeypatch.setattr(syscalls, "kexec_file_unload", unload)
    head = bytes(0x202) + b"HdrS\x0f\x02" + bytes(46) + b"\1"
    (tmp_path / "vmlinuz").write_bytes(head + bytes(9999))
    calls: list[bool] = []
    with open(tmp_path / "vmlinuz", "rb") as kernel:
        blob = kernel.fileno() if tree else None
        found = kexec.load(kernel.fileno(), (), "", blob, confine=lambda: calls.append(True))
    assert found == way
    assert calls == [True] * confined


@pytest.mark.skipif(RUNNING != "x86_64", reason="a kernel of this machine")
def test_without_any_way_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kexec_tools, "find", lambda: None)
    monkeypatch.setattr("petipy.kexec.machines.find", lambda name: None)
    (tmp_path / "vmlinux").write_bytes(vmlinux(machine=62))
    with open(tmp_path / "vmlinux", "rb") as kernel, pytest.raises(kexec.Refused) as caught:
        kexec.load(kernel.fileno(), (), "", kernel.fileno())
    words = "the running kernel has no way to hand over a device tree, and kexec-tools is absent"
    assert str(caught.value) == words
