import asyncio
import os
import tty

import pytest

from petipy.ui.line.writer import LIMIT, Writer
from tests.ui.emulator import Emulator, run


def test_text_past_the_limit_is_lost_and_said_to_be() -> None:
    async def scenario() -> None:
        emulator, ends = Emulator(), list[bool]()
        tty.setraw(emulator.theirs)
        emulator.reading(False)
        writer = Writer(emulator.theirs, ends.append, lambda: None)
        os.set_blocking(emulator.theirs, False)
        for _ in range(3 * LIMIT // 1000):
            writer.write("x" * 1000)  # nobody reads: this must return at once
        assert writer.busy
        emulator.reading(True)
        await emulator.until(lambda: bool(ends))
        assert ends == [True]
        assert len(emulator.received) < 2 * LIMIT
        writer.write("again")
        await emulator.until("again")
        emulator.close()

    run(scenario())


@pytest.mark.parametrize(("seconds", "lossy"), [(60.0, False), (0.0, True)])
def test_a_line_that_took_nothing_for_long_may_have_another_terminal(
    seconds: float, lossy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petipy.ui.line.writer.STUCK", seconds)

    async def scenario() -> None:
        emulator, ends = Emulator(), list[bool]()
        tty.setraw(emulator.theirs)
        emulator.reading(False)
        writer = Writer(emulator.theirs, ends.append, lambda: None)
        os.set_blocking(emulator.theirs, False)
        while not writer.busy:
            writer.write("x" * 1000)
        await asyncio.sleep(0.01)
        emulator.reading(True)
        await emulator.until(lambda: bool(ends))
        assert ends == [lossy]
        emulator.close()

    run(scenario())


def test_a_line_that_breaks_says_so_and_takes_no_more() -> None:
    async def scenario() -> None:
        emulator, broken = Emulator(), asyncio.Event()
        writer = Writer(emulator.theirs, lambda _: None, broken.set)
        emulator.hang_up()
        writer.write("x")
        assert broken.is_set()
        assert not writer.busy
        emulator.close()

    run(scenario())


def test_what_is_not_ascii_becomes_a_question_mark() -> None:
    async def scenario() -> None:
        emulator = Emulator()
        Writer(emulator.theirs, lambda _: None, lambda: None).write("gr\u00fc\u00df")
        await emulator.until("gr??")
        emulator.close()

    run(scenario())
