"""Real tmux and screen show each frame, whatever bytes the display has saved; and a console."""

import asyncio
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from petipy.ui.console import Console
from petipy.ui.kit import theme
from petipy.ui.kit.display import Display
from tests.ui.consoles import counting_machine, open_menu, serve
from tests.ui.emulator import Emulator, run
from tests.ui.kit.glass import Styled, expect, read
from tests.ui.wire import Wire, to_canvas

SIZE = COLUMNS, ROWS = 60, 10
WORDS = ("Debian", "GNU/Linux", "with Linux 6.12", "", "             ", "(recovery)", "x")
STORIES, FRAMES = 6, 12
PROGRAMS = {
    "tmux": ("tmux", "-L{name}", "-f", "{config}", "new", "{script}"),
    "screen.linux": ("screen", "-c", "{config}", "sh", "-c", "{script}"),
}
SHOW = "stty raw -echo; exec cat {pipe}"
LEND = "tty >{pipe}; exec sleep 600"
CONFIGS = {"tmux": "set -g status off\n", "screen.linux": "startup_message off\n"}


def tell_story(dice: random.Random) -> Iterator[list[Styled]]:
    """Yield frames that scroll, and whose rows change in places."""
    frame = [make_row(dice) for _ in range(ROWS)]
    for _ in range(FRAMES):
        yield frame
        frame = [list(row) for row in frame]
        for _ in range(dice.randint(1, 3)):
            del frame[dice.randrange(ROWS)]
            frame.insert(dice.randrange(ROWS), make_row(dice))
        row = frame[dice.randrange(ROWS)]
        at, count = dice.randint(0, len(row)), dice.randint(1, 20)
        row[at : at + count] = dice.choice([[], [(None, " ")] * count, make_row(dice)[:9]])
        frame = [row[:COLUMNS] for row in frame]


def make_row(dice: random.Random) -> Styled:
    words = [(dice.choice((None, None, "focus", "heading")), dice.choice(WORDS)) for _ in range(4)]
    return [(kind, c) for kind, word in words for c in f"{word} "][:COLUMNS]


@contextmanager
def multiplexer(emulator: Emulator, term: str, room: Path, script: str = SHOW) -> Iterator[int]:
    """Run the program on a terminal, and a script in its window; yield a descriptor of the pipe."""
    config, pipe, name = room / "config", room / "pipe", f"petipy-{os.getpid()}"
    config.write_text(CONFIGS[term])
    os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDWR)
    names = {"config": config, "name": name, "script": script.format(pipe=pipe)}
    words = [word.format(**names) for word in PROGRAMS[term]]
    environment = {**os.environ, "TERM": "linux", "SCREENDIR": str(room), "TMUX_TMPDIR": str(room)}
    environment.pop("TMUX", None)
    room.chmod(0o700)  # screen wants that
    program = subprocess.Popen(
        ["setsid", "--ctty", *words],
        stdin=emulator.theirs,
        stdout=emulator.theirs,
        stderr=emulator.theirs,
        env=environment,
    )
    try:
        yield fd
    finally:
        os.close(fd)  # the program in the window ends, and the window with it
        program.terminate()
        program.wait()


@pytest.mark.parametrize("term", PROGRAMS)
def test_a_multiplexer_shows_each_frame(term: str, tmp_path: Path) -> None:
    if not shutil.which(term.partition(".")[0]):
        pytest.skip(f"{term} is absent")

    async def scenario() -> None:
        emulator = Emulator(*SIZE, knows_size=True)
        with multiplexer(emulator, term, tmp_path) as fd:
            for seed in range(STORIES):
                wire = Wire(SIZE, term)
                display = Display(wire, theme.SERIAL)
                for frame in tell_story(random.Random(seed)):
                    display.draw_screen(SIZE, to_canvas(frame, COLUMNS, (0, 0)))
                    os.write(fd, wire.take().encode())
                    wanted = expect(frame, COLUMNS)
                    await emulator.until(lambda: read(emulator.screen) == wanted)  # noqa: B023
        emulator.close()

    run(scenario())


async def read_name(fd: int) -> str:
    """Return the name of the terminal that a window lends."""
    os.set_blocking(fd, False)
    while True:
        try:
            return os.read(fd, 100).decode().strip()
        except BlockingIOError:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("term", PROGRAMS)
def test_a_console_in_a_multiplexer(term: str, tmp_path: Path) -> None:
    """Its answers are no keys, arrows arrive whole, and its size is followed."""
    if not shutil.which(term.partition(".")[0]):
        pytest.skip(f"{term} is absent")

    async def scenario() -> None:
        emulator, machine = Emulator(100, 30, knows_size=True), counting_machine()
        with multiplexer(emulator, term, tmp_path, LEND) as fd:
            console = Console(await read_name(fd), machine.session(), term=term)
            async with serve(console):
                await open_menu(emulator)
                await emulator.until(lambda: emulator.lines()[29].startswith("Enter boot"))
                assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"
                emulator.type("\x1b[B")
                await emulator.until(lambda: "Advanced" in emulator.focused())
                # Questions of other programs, whose answers come to this one.
                console._terminal.write("\x1b[c\x1b[>c\x1b[5n\x1b[6n\x1b[18t\x1b[>q\x1b]11;?\x07")
                await emulator.quiet()
                emulator.resize(80, 24)
                await emulator.until(lambda: emulator.lines()[23].startswith("Enter boot"))
                await emulator.until(lambda: "Advanced" in emulator.focused())
                emulator.type("k")
                await emulator.until(lambda: "* Debian GNU/Linux" in emulator.focused())
                assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"
                assert machine.booted == []
        emulator.close()

    run(scenario())
