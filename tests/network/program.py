"""The whole program in a namespace, with the host's systemd-networkd; only kexec pretends.

A test starts it by `start_petipy`, reads and types at its console, and reads what it has loaded.
"""

import os
import pty
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from tests.e2e.console import Console
from tests.e2e.vm import Guest
from tests.fakes import Kexec
from tests.network.namespace import Namespace, Program

BOOTED = "booted.txt"  # in the client's room: the command line, and the sizes of the files


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
            raise OSError(8, "not a kernel")
        sizes = [f"initrd {os.fstat(initrd).st_size}" for initrd in initrds]
        (self._room / "loaded.txt").write_text("\n".join([cmdline, *sizes]))

    def execute(self) -> NoReturn:
        (self._room / "loaded.txt").rename(self._room / BOOTED)
        os._exit(0)


QUICK = "test.quick"  # a word: silent servers are given up after a second


def main(terminal: str, room: str, words: Sequence[str]) -> None:
    if QUICK in words:
        from tests.network.follower import hurry

        hurry()
    from petipy.sandbox.client import Scanner
    from petipy.sandbox.process import ScannerProcess

    process = ScannerProcess()
    import asyncio

    from petipy import app
    from petipy.log import Log
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
    services = app._services(Scanner(process, log.warning), store)
    services = replace(
        services,
        sources=[find for find in services.sources if find is not disks.watch],
        quiet=lambda: None,
        before_boot=lambda: None,
        kexec=pretence,
        terminals=lambda _: [terminal],
        notes=None,
    )
    asyncio.run(app.App(services, log, store).run())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
