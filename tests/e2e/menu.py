"""Petipy as a person at a console meets it: countdown, menu, shell."""

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
    """From the countdown into the menu, which is up when it shows an entry under the cursor."""
    console.expect(INVITATION, within=START)
    # What is typed in the first moment may still count as noise on the line, so knock again;
    # with a letter that means nothing in the menu.
    for _ in range(6):
        console.type("m")
        if console.comes(FOOTER, within=SOON / 6):
            break
    console.shows(FOOTER, within=SOON)
    console.shows(shown, within=START)


def move_to(console: Console, row: str) -> None:
    """Move the cursor down, then up, until it stands on the row whose text begins so (a regex)."""
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
    """One of Petipy's processes: its resident memory and its share of it, in MB."""

    pid: int
    resident: float
    proportional: float


def shell(console: Console, command: str) -> str:
    """What a command prints in the shell behind `x`; the menu comes back."""
    console.forget()
    console.press("x")
    # Behind its prompt busybox may ask where the cursor is.
    console.expect(r"[#$] ?(?:\x1b\[6n)?$", within=SOON)
    # The words that mark the ends are not to be found in the shell's echo of them.
    console.type(f"echo be''gin; {command}; echo e''nd; exit\r")
    console.expect(r"^begin\r?\n", within=SOON)
    said = console.expect(r"((?:.|\r|\n)*?)^end\r?\n", within=START)[1]
    # The old one is still on the screen: the menu is up again when it has been drawn again.
    console.expect(r"Enter boot", within=SOON)
    console.shows(FOOTER, within=SOON)
    return said.replace("\r", "")


def memory(console: Console) -> list[Process]:
    """Petipy's processes, the one that owns the machine first. The menu must be up."""
    command = (
        "for d in $(grep -ls petipy /proc/[0-9]*/cmdline); do d=${d%/cmdline};"
        " echo $d $(grep VmRSS $d/status) $(grep ^Pss: $d/smaps_rollup); done"
    )
    said = shell(console, command)
    rows = re.findall(r"/proc/(\d+) VmRSS: (\d+) kB Pss: (\d+) kB", said)
    assert rows, f"no petipy among the processes: {said}"
    found = [Process(int(pid), int(rss) / 1024, int(pss) / 1024) for pid, rss, pss in rows]
    return sorted(found, key=lambda process: process.pid)
