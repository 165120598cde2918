import asyncio
import errno
import faulthandler
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import pytest

from initramfs.build import make_mark
from petipy.boot import steps
from petipy.boot.download import Report
from petipy.boot.opener import Opener
from petipy.boot.parts import part, read_ahead, size_of, take_room
from petipy.boot.plan import BootError, Plan, plan
from petipy.boot.steps import ItIsPetipy
from petipy.kexec import Refused
from petipy.kexec.room import Room
from petipy.log import Log, Trace
from petipy.state.boots import Progress
from petipy.state.model import Change, Device, Edit, File
from petipy.state.network import Wanted
from petipy.sys.forked import in_child
from tests.fakes import Kexec
from tests.samples import choice, entry


@dataclass
class Machine(Kexec):
    """Takes kernels whose first bytes are right; remembers nothing else than the jump."""

    jumped: list[str] = field(default_factory=list)

    def read(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> str:
        if (head := os.read(kernel, 6)) != b"KERNEL":
            raise OSError(errno.ENOEXEC, f"not a kernel: it starts with {head!r}")
        parts = [*(os.read(fd, 99).decode() for fd in initrds), cmdline]
        return " ".join([*parts, *([os.read(devicetree, 99).decode()] if devicetree else [])])

    def execute(self) -> NoReturn:
        self.jumped.append("now")
        super().execute()


def opener(tree: Path) -> Opener:
    async def open_files(
        files: Sequence[File], devices: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        return [os.open(f"{tree}/{file.device}{file.path}", os.O_RDONLY) for file in files]

    return Opener(open_files, lambda: (), refuse)


async def refuse(wanted: Sequence[Wanted], report: Report) -> list[int]:
    raise OSError(errno.EIO, f"{wanted[0].url}: no answer")


def load(todo: Plan, tree: Path, shown: list[Progress | None] | None = None) -> str:
    log = Log(files=())
    show = (shown if shown is not None else []).append
    asyncio.run(steps.load(todo, Machine(), opener(tree), in_child, log, show))
    return log.lines[-1].text


def test_kernel_initrds_command_line_and_device_tree_reach_the_loader(tree: Path) -> None:
    initrd, dtb = File(device="vda2", path="/initrd"), File(device="vda2", path="/dtb")
    todo = plan(
        choice("a", initrds=(initrd,), devicetree=dtb, entry=entry("a", cmdline="quiet")), None
    )
    assert load(todo, tree) == "loaded (vda2)/vmlinux by one quiet tree"
    assert todo.lines() == [
        "Booting a",
        "  kernel  (vda2)/vmlinux",
        "  initrd  (vda2)/initrd",
        "  dtb     (vda2)/dtb",
        "  cmdline quiet",
    ]


def test_parts_of_a_file_are_loaded_as_if_they_were_files(tree: Path) -> None:
    (tree / "vda2/u.efi").write_text("MZ..KERNEL..one..tree")
    parts = [File(device="vda2", path="/u.efi", offset=o, size=s) for o, s in ((4, 6), (12, 3))]
    rest = File(device="vda2", path="/u.efi", offset=17)
    todo = plan(choice("a", kernel=parts[0], initrds=(parts[1],), devicetree=rest), None)
    assert load(todo, tree) == "loaded (vda2)/u.efi@4+6 by one  tree"


@pytest.mark.skipif(not shutil.which("cpio"), reason="cpio is not installed")
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5000])
def test_a_file_that_is_packed_is_a_cpio_archive(tree: Path, size: int) -> None:
    (tree / "vda2/data").write_bytes(b"x" * size)
    file = File(device="vda2", path="/data", packed="etc/some where/name", mode=0o640)
    with (tree / "vda2/data").open("rb") as data:
        archive = part(data.fileno(), file)
    with open(archive, "rb") as packed:
        content = packed.read()
    assert not len(content) % 4
    unpacked = subprocess.run(
        ["cpio", "-idu", "--quiet"], input=content, cwd=tree, capture_output=True, check=True
    )
    assert not unpacked.stderr
    assert (tree / file.packed).read_bytes() == b"x" * size
    assert (tree / file.packed).stat().st_mode & 0o777 == 0o640


def test_an_empty_initrd_is_loaded_like_any_other(tree: Path) -> None:
    (tree / "vda2/initrd").write_text("")
    todo = plan(choice("a", initrds=(File(device="vda2", path="/initrd"),)), None)
    assert load(todo, tree) == "loaded (vda2)/vmlinux by  "


def test_a_page_that_cannot_be_read_is_an_error_and_no_signal(tree: Path) -> None:
    initrd = tree / "vda2/initrd"
    initrd.write_bytes(bytes(8 << 20))
    with initrd.open("r+b") as file:

        def count(size: int) -> None:
            file.truncate(size)  # a page behind the end is as bad as one on a bad sector

        with pytest.raises(OSError, match=r"initrd cannot be read: does its device have read err"):
            read_ahead(file.fileno(), File(device="vda2", path="/initrd"), count)


def test_a_part_that_the_file_no_longer_has_is_told(tree: Path) -> None:
    torn = File(device="vda2", path="/vmlinux", offset=3, size=99)
    with pytest.raises(BootError, match=r"vmlinux@3\+99 is cut off: 3 bytes are there"):
        load(plan(choice("a", kernel=torn), None), tree)


def test_what_a_person_typed_is_what_boots(tree: Path) -> None:
    edit = Edit(kernel="/vmlinux", initrds=("(vda2)/initrd",), cmdline="single")
    assert load(plan(choice("a", missing=("x",)), edit), tree).endswith("one single")


@pytest.mark.parametrize(
    ("kernel", "sentence"),
    [
        (File(device="vda2", path="/bad"), r"\(vda2\)/bad: not a kernel: it starts with b'<html>'"),
        (File(device="vda2", path="/gone"), r"open: .*No such file"),
        (File(url="http://host/k"), "fetch: http://host/k: no answer"),
    ],
)
def test_a_failure_names_its_step_and_reason(tree: Path, kernel: File, sentence: str) -> None:
    todo = replace(plan(choice("a"), None), kernel=kernel)
    with pytest.raises(BootError, match=sentence):
        load(todo, tree)


def test_what_waits_or_misses_a_file_is_refused_with_the_reason() -> None:
    with pytest.raises(BootError, match="waits for UUID=1"):
        plan(choice("a", waits_for="UUID=1"), None)


def test_before_the_jump_every_console_is_told_and_a_failed_jump_comes_back() -> None:
    messages: list[str] = []
    done: list[str] = []

    async def release(lines: Sequence[str]) -> None:
        messages.extend(lines)

    def quiet() -> None:
        done.append("quiet")

    machine = Machine()
    todo = plan(choice("a"), None)
    with pytest.raises(BootError, match=r"kexec: .*nothing is loaded"):
        asyncio.run(steps.jump(todo, machine, release, quiet, Trace(False)))
    assert messages == todo.lines()
    assert done == ["quiet"]
    assert machine.jumped == ["now"]


def test_udev_that_was_stopped_before_the_jump_is_started_again_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon, sign = tmp_path / "udevd", tmp_path / "lives"
    daemon.write_text(f"#!/bin/sh\nexec >/dev/null 2>&1\n(sleep 0.3; echo >{sign}) &\n")
    daemon.chmod(0o755)
    monkeypatch.setattr(steps, "_UDEVD", ("setsid", str(daemon)))

    log = Log(files=())
    asyncio.run(steps.restore(log))
    for _ in range(600):
        if sign.exists():
            break
        time.sleep(0.05)
    assert sign.exists()
    assert not log.lines
    monkeypatch.setattr(steps, "_UDEVD", (str(tmp_path / "absent"),))
    log = Log(files=())
    asyncio.run(steps.restore(log))
    assert [line.text for line in log.lines] == [
        "udev does not start again: No such file or directory"
    ]


def test_an_edited_entry_still_writes_what_it_writes() -> None:
    change = Change(file=File(device="vda2", path="/grubenv"), values=(("a", None),), rename="b")
    edit = Edit(kernel="/vmlinux", initrds=(), cmdline="single")
    assert plan(choice("a", changes=(change,)), edit).changes == (change,)
    assert str(change) == "(vda2)/grubenv: no a, renamed to b"


def test_every_console_is_told_what_could_not_be_written() -> None:
    messages: list[str] = []

    async def release(lines: Sequence[str]) -> None:
        messages.extend(lines)

    async def refuse(change: Change) -> None:
        raise TimeoutError

    async def run() -> None:
        log = Log(files=())
        change = Change(file=File(device="vda2", path="/grubenv"), values=(("a", "1"),))
        complaints = await steps.write([change], refuse, log)
        todo = plan(choice("a"), None)
        await steps.jump(todo, Machine(), release, lambda: None, Trace(False), complaints)

    with pytest.raises(BootError):
        asyncio.run(run())
    assert messages[-1] == "  not written: (vda2)/grubenv: a=1 (the device does not answer)"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGBUS, "the loading process died: does its device have read errors"),
        (signal.SIGKILL, "the loading process was killed: is the memory full"),
    ],
)
def test_a_loader_that_dies_is_only_an_error(
    tree: Path, number: signal.Signals, words: str
) -> None:
    class Deadly(Machine):
        def load(self, *arguments: object, **more: object) -> str:
            faulthandler.disable()
            os.kill(os.getpid(), number)
            return ""

    show = list[object]().append
    loading = steps.load(
        plan(choice("a"), None), Deadly(), opener(tree), in_child, Log(files=()), show
    )
    with pytest.raises(BootError, match=rf"\(vda2\)/vmlinux: {words}"):
        asyncio.run(loading)


@pytest.mark.parametrize("report", ["", "x\xff", "1 2 3", "9 1", "-1 1", "0 -1", "0 " + "9" * 4000])
def test_a_loader_that_reports_nonsense_is_only_an_error(tree: Path, report: str) -> None:
    class Babbling(Machine):
        def load(self, kernel: int, *arguments: object, **more: object) -> str:
            sockets = [fd for fd in range(3, 200) if is_socket(fd)]
            socket.socket(fileno=sockets[-1]).send(b"r" + report.encode())
            return ""

    show = list[object]().append
    loading = steps.load(
        plan(choice("a"), None), Babbling(), opener(tree), in_child, Log(files=()), show
    )
    with pytest.raises(BootError, match=r"\(vda2\)/vmlinux: the process sent a senseless report"):
        asyncio.run(loading)


def is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


def test_a_part_behind_the_end_takes_nothing_from_the_total(tree: Path) -> None:
    beyond = File(device="vda2", path="/vmlinux", offset=1 << 30)
    with (tree / "vda2/vmlinux").open("rb") as file:
        assert size_of(file.fileno(), beyond) == 0


def test_progress_is_of_the_bytes_that_are_read_and_then_has_no_total(tree: Path) -> None:
    (tree / "vda2/initrd").write_bytes(bytes(20 << 20))
    parts = File(device="vda2", path="/initrd", offset=1 << 20)
    whole = File(device="vda2", path="/initrd")
    shown: list[Progress | None] = []
    load(plan(choice("a", initrds=(parts, whole)), None), tree, shown)
    assert shown[-1] is None
    assert shown[-2] == Progress(what="(vda2)/vmlinux", done=0, total=None)
    read = [progress for progress in shown[:-2] if progress]
    assert read
    total = (39 << 20) + len("KERNEL")
    assert {progress.total for progress in read} == {total}
    assert sorted(progress.done for progress in read) == [progress.done for progress in read]
    assert all(0 < progress.done <= total for progress in read)


GIB = 1 << 30


@pytest.mark.parametrize(
    "file",
    [
        File(device="vda2", path="/sparse"),
        File(device="vda2", path="/sparse", packed="x"),
        File(device="vda2", path="/sparse", offset=4096),
        File(device="vda2", path="/sparse", size=50 * GIB),
    ],
)
def test_a_file_that_does_not_fit_is_refused_before_a_byte_of_it_is_copied(
    tree: Path, file: File
) -> None:
    with (tree / "vda2/sparse").open("wb") as sparse:
        sparse.truncate(64 * GIB)
    shown: list[Progress | None] = []
    words = r"no room in memory: kernel and initrd, with the \d+ MB of .*/sparse.*, take \d+ MB"
    with pytest.raises(BootError, match=words):
        load(plan(choice("a", initrds=(file,)), None), tree, shown)
    assert shown == [None]  # no progress: nothing was read


def test_a_copy_takes_its_bytes_twice_and_a_whole_file_once(tree: Path) -> None:
    (tree / "vda2/initrd").write_bytes(bytes(1000))
    whole = File(device="vda2", path="/initrd")
    with (tree / "vda2/initrd").open("rb") as file:
        pair = [file.fileno()] * 2
        room = Room(3500)
        take_room(room, pair, [whole, replace(whole, offset=400)])
        with pytest.raises(Refused, match="kernel and initrd, with the 0 MB of"):
            take_room(room, pair, [whole, replace(whole, packed="x")])


def test_petipy_is_recognised_when_a_program_loads_it_too(tree: Path) -> None:
    class Program(Machine):
        def load(self, *arguments: object, **more: object) -> str:
            return "kexec-tools"  # which needs all rights

    (tree / "vda2/image").write_bytes(make_mark())
    todo = plan(choice("a", initrds=(File(device="vda2", path="/image"),)), None)
    show = list[object]().append
    loading = steps.load(todo, Program(), opener(tree), in_child, Log(files=()), show)
    with pytest.raises(ItIsPetipy, match="this is Petipy itself"):
        asyncio.run(loading)
