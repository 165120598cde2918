"""Text of disks and of other programs reaches logs and terminals, and commands none of them."""

import asyncio
import errno
import io
import re
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parsers.api import Problem
from petipy.app import App
from petipy.kexec import kexec_tools
from petipy.kexec.refused import Refused
from petipy.kexec.room import Room
from petipy.log import FaultStream, Log
from petipy.settings import storage
from petipy.sources.discover import Receive
from petipy.state.model import Device, Scan, Source
from petipy.state.settings import Settings
from petipy.state.store import Store
from tests.samples import device, entry, scan
from tests.test_app import Machine
from tests.ui.consoles import console_at, open_menu
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import Machine as Screens
from tests.ui.fakes import choice

# A screen that is cleared, a title, a bell, a line that looks like the kernel's, C1's CSI, a
# change of direction, a line separator, a byte that is no UTF-8, NUL, DEL, shift out.
HOSTILE = "A\x1b[2J\x1b]0;t\x07\r\n<0>fake\x9b31m\u202eB\u2028\u200f\u2066\udcff\0\x7f\x0eZ"
MADE_BY_PETIPY = re.compile(
    # Sequences of the display and its questions
    rb"\x1b\[[0-9;]*[@ABCDHJKLMPXbmrtn]|\x1b[M78]|\x0f\x1b\(B|[\r\n\b]"
)


def check_terminal(sent: bytes | bytearray) -> None:
    """Fail if a terminal was sent anything else than printable ASCII and the display's own."""
    assert b"A" in sent
    assert b"\x1b[2J" not in sent
    rest = MADE_BY_PETIPY.sub(b"", sent)
    assert not re.findall(rb"[^ -~]", rest)


def check_file(path: Path) -> None:
    """Fail if a line of a log does not begin as Petipy begins them, or has control characters."""
    for line in path.read_text("utf-8").split("\n")[:-1]:
        assert re.match(
            r"<15>petipy: (info|warning|error): | *\d+\.\d{3} (info|warning|error): ", line
        )
        assert line.isprintable()
    assert "\\x1b[2J" in path.read_text()


class HostileMachine(Machine):
    """A machine whose disks and kernels have hostile texts."""

    async def scan(self, source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        if source.name == "vdb":
            raise OSError(errno.EIO, HOSTILE)
        return await super().scan(source, devices, receive)

    def load(self, *arguments: object, **more: object) -> str:
        raise OSError(errno.ENOEXEC, HOSTILE)


def test_a_boot_that_fails_with_nobody_there(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("bad")
    files = tmp_path / "log", tmp_path / "kmsg"
    plain = entry("a", "/bad", default=True)
    found = replace(plain, title=HOSTILE, cmdline=HOSTILE, trail=(HOSTILE,))
    problem = Problem("/boot/grub/grub.cfg", 3, HOSTILE, column=2, excerpt=HOSTILE)
    hostile = replace(scan(found), problems=(problem,))

    async def scenario() -> None:
        store, emulator = Store(), Emulator()
        store.update(settings=Settings(timeout=0))
        log = Log(lambda status: store.update(status=status), files=tuple(map(str, files)))
        machine = HostileMachine(tmp_path, emulator.path, {"vda": hostile, "vdb": Scan()})
        running = asyncio.create_task(App(machine.services(), log, store).run())
        await emulator.until(lambda: "did not boot" in emulator.text and "vdb: A" in emulator.text)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        check_terminal(emulator.received)
        emulator.close()

    run(scenario())
    for file in files:
        check_file(file)


def test_every_screen() -> None:
    fields: dict[str, Any] = {
        "cmdline": HOSTILE,
        "help": HOSTILE,
        "hotkey": "\x1b",
        "config": f"/{HOSTILE}",
    }
    disk = device(f"vda:/{HOSTILE}")

    async def scenario() -> None:
        machine = Screens()
        entries = [
            choice(HOSTILE, disk.name, **fields),
            choice(HOSTILE, disk.name, (HOSTILE,), **fields),
            choice(HOSTILE, "vdb", waits_for=HOSTILE, **fields),
            choice(HOSTILE, "vdc", unbootable=HOSTILE, **fields),
        ]
        sources = Source.of(disk, "ready"), Source.of(device("vdb"), "failed", HOSTILE)
        problems = (("vdb", Problem(f"/{HOSTILE}", 3, HOSTILE, column=9, excerpt=HOSTILE)),)
        machine.store.update(
            sources=sources, choices=tuple(entries), default=entries[0].id, problems=problems
        )
        machine.say(HOSTILE, "error")
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            for keys in ("l", "q", "i", "q", "e", "\x1b", "G", "i", "q", "h", "q", "g", "j", "\r"):
                emulator.type(keys)
                await emulator.until_read()
                await emulator.quiet()
            check_terminal(emulator.received)

    run(scenario())


def test_words_that_the_log_gets_from_elsewhere(tmp_path: Path) -> None:
    files = tmp_path / "log", tmp_path / "kmsg"
    log = Log(files=tuple(map(str, files)))
    for complaint in storage.load(f'petipy.{HOSTILE}="x"', image=f"{tmp_path}/none").complaints:
        log.warning(complaint)
    program = tmp_path / "kexec"
    program.write_text("#!/bin/sh\nprintf 'A\\033[2J\\377\\007Z' >&2\nexit 1\n")
    program.chmod(0o755)
    with program.open("rb") as kernel, pytest.raises(Refused) as refused:
        kexec_tools.load(str(program), kernel.fileno(), (), b"quiet", None, Room(None))
    log.error(f"{refused.value}")
    assert len(log.lines) == 2
    assert all(status.text.isprintable() for status in log.lines)
    for file in files:
        check_file(file)


def test_a_line_of_absurd_length_is_cut_and_the_kernel_gets_what_it_takes(tmp_path: Path) -> None:
    log = Log(files=(f"{tmp_path}/log", f"{tmp_path}/kmsg"))
    log.info("\u00fc" * (4 << 20))
    log.info("next")
    assert len(log.lines[0].text) == 4000
    long, following = (tmp_path / "kmsg").read_bytes().splitlines()
    assert len(long) < 1000
    assert long.decode().endswith("\u00fc...")
    assert following == b"<15>petipy: info: next"


def test_faults_of_the_program_print_the_words_of_others_visibly() -> None:
    out = io.StringIO()
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        traceback.print_exc(file=FaultStream(out))
    assert all(line.isprintable() for line in out.getvalue().split("\n"))
    assert out.getvalue().startswith("Traceback (most recent call last):\n")
    assert "\\x1b[2J" in out.getvalue()
