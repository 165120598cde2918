"""The whole of kexec_load(2) for POWER, up to the system call, on any machine."""

import asyncio
import bz2
import ctypes
import errno
import gzip
import lzma
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from petipy import kexec
from petipy.kexec import classic, elf, fdt, image, machines, syscalls
from petipy.kexec.machines import ppc64le
from petipy.kexec.machines.ppc64le.layout import TREE_AT
from petipy.sys.confined import confine as confined
from petipy.sys.forked import Parent, in_child
from petipy.sys.limits import LOAD_KERNELS
from tests.kexec.samples import MIB, cells, pci_bridge, pseries, vmlinux

Staged = list[tuple[int, int, bytes]]  # (address, room, bytes) of each segment


class Power:
    """A pseries machine that keeps what is staged."""

    def __init__(self, room: Path) -> None:
        self.room, self.entry, self.staged = room, 0, Staged()
        self.names = os.uname  # of the machine that runs the test
        self.forbids = 0  # errno of kexec_load(2)

    def kexec_load(self, entry: int, segments: Sequence[syscalls.Segment]) -> None:
        if self.forbids:
            raise OSError(self.forbids, os.strerror(self.forbids))
        self.entry = entry
        for part in segments:
            content = ctypes.string_at(part.buffer, part.size) if part.size else b""
            self.staged.append((part.address, part.room, content))

    def open(self, name: str, content: bytes) -> int:
        path = self.room / name
        path.write_bytes(content)
        return os.open(path, os.O_RDONLY)

    def load(
        self,
        kernel: bytes,
        *initrds: bytes,
        line: str = "quiet",
        tree: bytes = b"",
        message: kexec.Message | None = None,
    ) -> str:
        image = self.open("vmlinux", kernel)
        files = [self.open(f"initrd{n}", content) for n, content in enumerate(initrds)]
        devicetree = self.open("tree", tree) if tree else None
        try:
            return kexec.load(image, files, line, devicetree, message=message or kexec.Message())
        finally:
            for fd in (image, *files, *([devicetree] if devicetree else [])):
                os.close(fd)

    def next_tree(self) -> fdt.Node:
        """The device tree in the last segment."""
        content = next(content for address, _, content in self.staged if address == self.entry)
        return fdt.parse(content[TREE_AT:])[0]


@pytest.fixture
def power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Power:
    machine = Power(tmp_path)
    uname = os.uname()
    named = os.uname_result((*uname[:4], "ppc64le"))
    monkeypatch.setattr(os, "uname", lambda: named)
    monkeypatch.setattr(fdt, "read_live", pseries)
    monkeypatch.setattr(ppc64le, "_secondaries", lambda: 3)
    monkeypatch.setattr(classic, "kexec_load", machine.kexec_load)
    return machine


def test_a_kernel_and_its_initrds_are_staged_apart_and_told_of_each_other(power: Power) -> None:
    assert power.load(vmlinux(), b"first", b"", b"second", line="root=/dev/vda1") == "kexec_load"
    addresses = [address for address, _, _ in power.staged]
    assert addresses == sorted(addresses)
    assert all(address % 0x10000 == room % 0x10000 == 0 for address, room, _ in power.staged)
    (start,) = (address for address, _, content in power.staged if content == b"first")
    (end,) = (address + 6 for address, _, content in power.staged if content == b"second")
    chosen = power.next_tree().child("chosen")
    assert chosen
    assert chosen.properties["bootargs"] == b"root=/dev/vda1\0"
    assert chosen.cell("linux,initrd-start") == start
    assert chosen.cell("linux,initrd-end") == end


def test_the_trampoline_knows_where_kernel_and_tree_are(power: Power) -> None:
    power.load(vmlinux())
    kernel = next(address for address, room, _ in power.staged if room == 0x50000)
    code = next(content for address, _, content in power.staged if address == power.entry)
    assert struct.unpack_from(">2Q", code, 0x280) == (kernel, power.entry + TREE_AT)
    assert struct.unpack_from(">Q", code, 0x58) == (power.entry,)
    assert struct.unpack_from(">I", code, 0x2B8) == (3,)


def test_a_device_tree_of_ones_own_replaces_the_firmwares(power: Power) -> None:
    own = fdt.Node("", {"model": b"mine\0"}, [fdt.Node("chosen")])
    power.load(vmlinux(), tree=fdt.flatten(own).blob())
    assert power.next_tree().properties == {"model": b"mine\0"}


@pytest.mark.parametrize(
    ("kernel", "line", "sentence"),
    [
        (vmlinux(), "x" * 2048, "the command line has 2048 bytes, the kernel reads 2047"),
        (vmlinux(text=bytes(8)), "", "where its first instructions should be are zeros"),
        (vmlinux(machine=20), "", "the kernel is for 32-bit PowerPC"),
    ],
)
def test_a_kernel_that_would_not_start_is_refused(
    power: Power, kernel: bytes, line: str, sentence: str
) -> None:
    with pytest.raises(kexec.Refused, match=sentence):
        power.load(kernel, line=line)
    assert not power.staged


def test_more_initrds_than_there_are_segments_are_refused(power: Power) -> None:
    with pytest.raises(kexec.Refused, match="too many initrds: 15"):
        power.load(vmlinux(), *[b"x"] * 15)


def test_a_kernel_without_room_is_refused(power: Power) -> None:
    with pytest.raises(kexec.Refused, match="no room for the kernel in the first 1024 MiB"):
        power.load(vmlinux(memsz=2048 * MIB))


def test_a_kernel_that_has_both_calls_loads_by_kexec_load(
    power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purgatory of kexec_file_load hashes everything, in slow code, after the jump."""

    def file_load(*_: object) -> None:
        raise AssertionError("kexec_file_load was called")

    monkeypatch.setattr("petipy.kexec.file_load.kexec_file_load", file_load)
    assert power.load(vmlinux(), b"initrd") == "kexec_load"


@pytest.mark.parametrize("forbids", [errno.EPERM, errno.EACCES], ids=["lockdown", "IMA"])
def test_a_kernel_that_enforces_signatures_loads_by_the_other_call_and_the_windows_are_hidden(
    power: Power, monkeypatch: pytest.MonkeyPatch, forbids: int
) -> None:
    power.forbids = forbids
    copied: list[bytes] = []
    live = pseries()
    live.children[-1] = pci_bridge(window=True)
    live.children[-1].properties["phandle"] = cells(7)
    monkeypatch.setattr(fdt, "read_live", lambda: live)

    def file_load(kernel: int, initrd: int | None, cmdline: bytes) -> None:
        copied.append(cmdline)

    monkeypatch.setattr("petipy.kexec.file_load.kexec_file_load", file_load)
    # This machine has no /proc/powerpc/ofdt.
    missing = "DMA windows stay as they are: No such file or directory"
    assert power.load(vmlinux(), line="quiet") == f"kexec_file_load ({missing})"
    assert copied == [b"quiet"]


def test_a_message_travels_in_the_device_tree_that_is_made(power: Power) -> None:
    spare = power.open("spare", b"in vain")
    message = kexec.Message({"petipy": b"{}\0", "stdout-path": None}, [spare])
    power.load(vmlinux(), b"initrd", message=message)
    chosen = power.next_tree().child("chosen")
    assert chosen
    assert chosen.properties["petipy"] == b"{}\0"
    assert "stdout-path" not in chosen.properties
    assert not [content for _, _, content in power.staged if content == b"in vain"]


def test_a_message_travels_behind_the_initrds_where_no_tree_is_made(
    power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    power.forbids = errno.EPERM
    loaded: list[bytes] = []

    def file_load(kernel: int, initrd: int | None, cmdline: bytes) -> None:
        loaded.append(b"" if initrd is None else os.pread(initrd, 99, 0))

    monkeypatch.setattr("petipy.kexec.file_load.kexec_file_load", file_load)
    message = kexec.Message({"petipy": b"{}"}, [power.open("spare", b"spare")])
    power.load(vmlinux(), b"initrd", message=message)
    power.load(vmlinux(), message=message)  # without an initrd nothing would read it
    assert loaded == [b"initrd\0\0spare\0\0\0", b""]


def test_a_locked_down_kernel_does_not_lose_a_device_tree_in_silence(power: Power) -> None:
    power.forbids = errno.EPERM
    with pytest.raises(kexec.Refused):
        power.load(vmlinux(), tree=fdt.flatten(pseries()).blob())


def test_the_numbers_of_present_cpus_are_ranges(tmp_path: Path) -> None:
    (tmp_path / "present").write_text("0-3,8,10-11\n")
    assert ppc64le._secondaries(str(tmp_path / "present")) == 6


class Imagined(machines.Loader):
    """An architecture in a few lines: its kernels are ELF files, and it needs no code."""

    align, longest_cmdline, largest_tree = 0x1000, 100, 1 << 20
    read_program = staticmethod(lambda image: elf.parse(image, len(image)))

    def read_running(self) -> machines.Running:
        return machines.Running(fdt.read_live(), 0)

    def place(self, live: fdt.Node, kernel: int, initrds: Sequence[int]) -> machines.Layout:
        starts = tuple(0x2000000 + 0x100000 * n for n in range(len(initrds)))
        return machines.Layout(0x1000000, 0x1800000, starts, entry=0x1000000)

    def make_last(
        self,
        running: machines.Running,
        base: fdt.Node,
        layout: machines.Layout,
        initrd: machines.Range | None,
        cmdline: bytes,
        chosen: Mapping[str, bytes | None],
    ) -> bytearray:
        return bytearray(fdt.flatten(base).blob())


def test_another_architecture_needs_nothing_but_its_own_loader(
    power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machines.Architecture(kexec_load=1, kexec_file_load=2, loader=Imagined())
    monkeypatch.setattr(machines, "find", lambda name: machine)
    monkeypatch.setattr(image, "identify", lambda head, size: image.KernelKind("ELF"))
    assert power.load(vmlinux(machine=9999), b"initrd") == "kexec_load"
    assert [address for address, _, _ in power.staged] == [0x1000000, 0x1800000, 0x2000000]
    assert power.entry == 0x1000000


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_the_files_are_parsed_by_a_process_that_has_no_right_but_to_load_kernels(
    power: Power, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """Only the last call is replaced: it says what it gets, and what else is still possible."""
    names, uname = power.names, os.uname
    kernel = power.open("vmlinux", pack(vmlinux()))
    initrds = [power.open(f"initrd{n}", content) for n, content in enumerate((b"one", b"two"))]
    tree = power.open("tree", fdt.flatten(pseries()).blob())

    def work(link: Parent) -> str:
        def confine() -> None:
            os.uname = names  # the filter is that of the machine which runs this
            kept = [link.fileno(), kernel, *initrds, tree]
            confined("load", kept, 60, 1 << 30, capability=LOAD_KERNELS, copies=1 << 30)
            os.uname = uname

        assert kexec.load(kernel, initrds, "quiet", tree, confine=confine) == "kexec_load"
        content = [part for _, _, part in power.staged]
        return f"{b'one' in content} {b'two' in content} {len(content)} {try_all()}"

    answer = asyncio.run(in_child(work, 60))
    assert answer == "True True 4 open: no, fork: no, user: no"


def try_all() -> str:
    attempts = {
        "open": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "fork": os.fork,
        "user": lambda: os.setresuid(0, 0, 0),
    }
    return ", ".join(f"{name}: {attempt(call)}" for name, call in attempts.items())


def attempt(call: Callable[[], object]) -> str:
    try:
        call()
    except PermissionError:
        return "no"
    return "yes"
