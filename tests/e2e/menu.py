"""Use countdown, menu and shell of Petipy like a person at a console."""

import re
from dataclasses import dataclass

from tests.e2e.console import Console

START = 240.0  # seconds, of a busy emulated machine, until the countdown
SOON = 60.0  # until an answer to a key
INVITATION = r"for the menu"
FOOTER = r"^Enter boot .*h help"


def greet(console: Console) -> None:
    """Wait until Petipy speaks on the console."""
    console.expect(r"Petipy \d", within=START)


def enter(console: Console, shown: str = r"^>") -> None:
    """Go from the countdown to the menu; wait until it shows an entry under the cursor."""
    console.expect(INVITATION, within=START)
    # Petipy takes keys of the first moment for noise on the line, so press again: a letter that
    # means nothing in the menu.
    for _ in range(6):
        console.type("m")
        if console.comes(FOOTER, within=SOON / 6):
            break
    console.shows(FOOTER, within=SOON)
    console.shows(shown, within=START)


def move_to(console: Console, row: str) -> None:
    """Move the cursor down, then up, to the row whose text begins with `row` (a regex)."""
    wanted = rf"^> . {row}"
    for key in "down", "up":
        moved = True
        while moved and not console.comes(wanted, within=0):
            before = console.rows
            console.press(key)
            moved = console.changes(before, within=5)
    console.shows(wanted, within=SOON)


@dataclass(frozen=True)
class Process:
    """A process of Petipy, and its resident memory in MB."""

    pid: int
    resident: float


def shell(console: Console, command: str) -> str:
    """Run a command in the shell behind `x`; return its output. The menu comes back."""
    console.forget()
    console.press("x")
    # busybox may ask for the position of the cursor behind its prompt.
    console.expect(r"[#$] ?(?:\x1b\[6n)?$", within=SOON)
    # The quotes keep the shell's echo from matching the marks.
    console.type(f"echo be''gin; {command}; echo e''nd; exit\r")
    console.expect(r"^begin\r?\n", within=SOON)
    said = console.expect(r"((?s:.)*?)^end\r?\n", within=START)[1]
    # The old menu is still on the screen: wait until it is drawn again.
    console.expect(r"Enter boot", within=SOON)
    console.shows(FOOTER, within=SOON)
    return said.replace("\r", "")


def memory(console: Console) -> list[Process]:
    """Return Petipy's processes, the owner of the machine first. The menu must be up."""
    command = (
        "for d in $(grep -ls petipy /proc/[0-9]*/cmdline); do d=${d%/cmdline};"
        " echo $d $(grep VmRSS $d/status); done"
    )
    said = shell(console, command)
    rows = re.findall(r"/proc/(\d+) VmRSS: (\d+) kB", said)
    assert rows, f"no petipy among the processes: {said}"
    found = [Process(int(pid), int(rss) / 1024) for pid, rss in rows]
    return sorted(found, key=lambda process: process.pid)
