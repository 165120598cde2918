"""The whole program in a namespace, with the host's systemd-networkd; only kexec pretends.

A test starts it by `start_petipy`, reads and types at its console, and reads what it has loaded.
"""

import asyncio
import hashlib
import os
import pty
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from parsers.api import Volume
from petipy.log import Log
from petipy.sources.source import Arrived, Find, Settled, SourceEvent
from petipy.state.model import Device, Source
from tests.e2e.console import Console
from tests.e2e.vm import Guest
from tests.fakes import Kexec
from tests.network.namespace import Namespace, Program

BOOTED = "booted.txt"  # in the client's room: the command line, and the sizes of the files
TURNS = "turns.txt"  # there: the turns of the loop from each key to the cursor on the screen


@dataclass
class Petipy:
    """The running program and its console."""

    program: Program
    guest: Guest
    room: Path

    @property
    def console(self) -> Console:
        return self.guest.console

    def boots(self, within: float = 60) -> list[str]:
        """Wait until it boots; return the command line and the content of each initrd."""
        place = self.room / BOOTED
        self.guest.until(self.console, place.exists, within, "boot")  # then the program ends
        return place.read_text().splitlines()

    def opens_menu(self, within: float = 20) -> None:
        self.console.press("esc")
        self.console.shows("help", within)

    @property
    def log(self) -> str:
        return self.program.said

    @property
    def told(self) -> str:
        """Return the lines of the program's own log."""
        return (self.room / "log.txt").read_text()

    @property
    def turns(self) -> list[int]:
        """Return the turns of the loop from each key until the cursor was on the screen."""
        return [int(line) for line in (self.room / TURNS).read_text().split()]


class Terminal(Guest):
    """The consoles of a program. A pseudo terminal does not tell that the program has ended."""

    def _read(self, patience: float) -> None:
        super()._read(min(patience, 0.5))
        self.console.open &= self._process.poll() is None


@dataclass
class PseudoTerminal:
    """Our end of a pseudo terminal, with the interface of a socket."""

    descriptor: int

    def fileno(self) -> int:
        return self.descriptor

    def recv(self, size: int, /) -> bytes:
        return os.read(self.descriptor, size)

    def sendall(self, data: bytes, /) -> None:
        os.write(self.descriptor, data)


@contextmanager
def start_petipy(client: Namespace, *words: str) -> Iterator[Petipy]:
    """Start the program with a kernel command line of these words."""
    with ExitStack() as stack:
        ours, theirs = pty.openpty()
        stack.callback(os.close, ours)
        stack.callback(os.close, theirs)
        tty.setraw(theirs)
        termios.tcsetwinsize(theirs, (24, 80))
        module = [sys.executable, "-u", "-m", "tests.network.program"]
        program = client.start(*module, os.ttyname(theirs), str(client.room), *words, name="petipy")
        stack.callback(program.stop)
        guest = Terminal(program.process, program.log)
        stack.callback(guest.close)
        file = stack.enter_context((client.room / "console.log").open("wb"))
        guest.connect([Console("the console", PseudoTerminal(ours), file, guest)])
        yield Petipy(program, guest, client.room)


class Pretence(Kexec):
    """A kexec. A kernel loads if its text is "good"."""

    def __init__(self, room: Path) -> None:
        self._room = room

    def take(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> None:
        words = os.pread(kernel, 99, 0)
        if words != b"good":
            size = os.fstat(kernel).st_size
            raise OSError(8, f"not a kernel: it has {size} bytes, sha256 {_sum(kernel)}")
        sizes = [f"initrd {os.fstat(initrd).st_size}" for initrd in initrds]
        (self._room / "loaded.txt").write_text("\n".join([cmdline, *sizes]))

    def execute(self) -> NoReturn:
        (self._room / "loaded.txt").rename(self._room / BOOTED)
        os._exit(0)


def _sum(descriptor: int) -> str:
    return hashlib.sha256(os.pread(descriptor, 1 << 30, 0)).hexdigest()


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its turns."""

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()  # type: ignore[misc]


def count_turns(loop: CountingLoop, place: Path) -> None:
    """Write the turns from each key to the cursor on the screen into a file."""
    from petipy.ui import console
    from petipy.ui.line.terminal import Terminal as Real

    class CountingTerminal(Real):
        pressed = 0  # the turn of a key that has not moved the cursor yet

        def _end_burst(self) -> None:
            self.pressed = loop.turns
            super()._end_burst()

        def write(self, text: str) -> None:
            if self.pressed and ">" in text:
                with place.open("a") as file:
                    file.write(f"{loop.turns - self.pressed}\n")
                self.pressed = 0
            super().write(text)

    console.Terminal = CountingTerminal  # type: ignore[attr-defined]


def find_disk(node: str) -> Find:
    """Return a finder of the one disk of the machine."""

    async def watch(_log: Log) -> AsyncIterator[SourceEvent]:
        yield Arrived(Source.of(Device(volume=Volume(name="sda1", fs="ext4"), node=node)))
        yield Settled()
        await asyncio.Event().wait()

    return watch


QUICK = "test.quick"  # a word: silent servers are given up after a second
HASTY = "test.hasty"  # a word: so are those of a kernel, and the machine has 64 MB
PAST = "test.past"  # a word: the clock is in 1970
DISK = "test.disk="  # a word begins so: the block device of the machine's disk


def hasten() -> None:
    """Shorten the limits for files, and shrink the memory, before the scanner is forked."""
    from petipy.fetch.scheme import Limits
    from petipy.kexec.room import Room
    from petipy.sandbox import fetching

    quick = partial(Limits, connect=2.0, answer=10.0, read=0.5, pauses=(0.1,), longer=())
    fetching.Limits = quick  # type: ignore[attr-defined, assignment]
    Room.measure = lambda: Room(64 << 20, 64 << 20)  # type: ignore[method-assign]


def main(terminal: str, room: str, words: Sequence[str]) -> None:
    if QUICK in words:
        from tests.network.follower import hurry

        hurry()
    if HASTY in words:
        hasten()
    if PAST in words:
        from petipy.fetch import tls

        tls._now = lambda: 86400.0
    from petipy.sandbox.client import Scanner
    from petipy.sandbox.process import ScannerProcess

    process = ScannerProcess()
    from petipy.app import App
    from petipy.services import make_services
    from petipy.settings import storage
    from petipy.sources import disks
    from petipy.state.store import Store

    store = Store()
    store.update(settings=storage.load(" ".join(words)))
    log = Log(
        lambda status: store.update(status=status),
        files=(f"{room}/log.txt",),
        debug=lambda: store.snapshot.settings.debug,
    )
    pretence = Pretence(Path(room))
    services = make_services(Scanner(process, log.warning), store)
    services = replace(
        services,
        sources=[
            *(find_disk(word.removeprefix(DISK)) for word in words if word.startswith(DISK)),
            *(find for find in services.sources if find is not disks.watch),
        ],
        quiet=lambda: None,
        before_boot=lambda: None,
        kexec=pretence,
        terminals=lambda _: [terminal],
        notes=None,
    )
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, CountingLoop)
        count_turns(loop, Path(room) / TURNS)
        runner.run(App(services, log, store).run())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
