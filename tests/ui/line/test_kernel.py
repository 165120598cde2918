"""The kernel's messages come as lines of our log while the countdown is up."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from petipy.log import Log
from petipy.ui.line.kernel import KernelMessages
from petipy.ui.line.loglevel import KernelLogLevel
from tests.ui.emulator import run


class Kernel:
    """A kernel whose log gives a record a read, as /dev/kmsg does."""

    def __init__(self, room: Path, level: int = 4) -> None:
        self.printk = room / "printk"
        self.printk.write_text(f"{level}\t4\t1\t7\n")
        self.level = KernelLogLevel(str(self.printk))
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        self.lines: list[tuple[int, str]] = []
        self.messages = KernelMessages(
            lambda severity, text: self.lines.append((severity, text)),
            level=self.level,
            open=theirs.detach,
        )

    def say(self, *records: str) -> None:
        for record in records:
            self._ours.send(record.encode())

    async def live(self, scenario: Callable[[], object]) -> None:
        """Run the scenario while the messages are followed."""
        task = asyncio.create_task(self.messages.run())
        await asyncio.sleep(0)
        scenario()
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        self.close()

    def close(self) -> None:
        self._ours.close()


def test_an_error_comes_once_as_a_line_and_a_program_s_words_do_not(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)

    def scenario() -> None:
        assert kernel.printk.read_text() == "1"
        kernel.say(
            "3,412,51234,-;EXT4-fs error (device vda2): bad block\n SUBSYSTEM=block\n",
            "6,413,51235,-;vda: vda1 vda2\n",
            "11,414,51236,-;petipy: error: hello\n",
            "garbage",
        )

    run(kernel.live(scenario))
    assert kernel.lines == [(3, "kernel: EXT4-fs error (device vda2): bad block")]
    assert kernel.printk.read_text() == "4"


def test_as_many_levels_come_as_the_consoles_would_show(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path, level=7)
    run(kernel.live(lambda: kernel.say("6,1,1,-;information\n", "7,2,2,-;debugging\n")))
    assert kernel.lines == [(6, "kernel: information")]


def test_the_level_is_back_before_the_machine_leaves_and_low_after_a_failure(
    tmp_path: Path,
) -> None:
    kernel = Kernel(tmp_path)

    async def leave() -> None:
        task = asyncio.create_task(kernel.messages.run())
        await asyncio.sleep(0)
        with kernel.level.lift():
            assert kernel.printk.read_text() == "4"
            kernel.say("3,1,1,-;seen by the person in the shell\n")
            await asyncio.sleep(0.01)
        assert kernel.printk.read_text() == "1"
        await kernel.messages.release(["Booting"])
        assert kernel.printk.read_text() == "4"
        kernel.messages.resume()
        assert kernel.printk.read_text() == "1"
        task.cancel()
        await asyncio.wait({task})
        assert kernel.printk.read_text() == "4"

    run(leave())
    kernel.close()
    assert kernel.lines == []


def test_a_kernel_that_does_not_stop_fills_no_memory(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    run(kernel.live(lambda: kernel.say(*(f"3,{n},1,-;error {n}\n" for n in range(100)))))
    assert len(kernel.lines) == 40


def test_the_log_has_them_and_does_not_send_them_back_to_the_kernel(tmp_path: Path) -> None:
    files = tmp_path / "log", tmp_path / "kmsg"
    log = Log(files=tuple(map(str, files)))
    log.relay(3, "kernel: EXT4-fs error \x1b[2J")
    log.relay(4, "kernel: a warning")
    log.relay(6, "kernel: information")
    assert [line.level for line in log.lines] == ["error", "warning", "info"]
    assert "EXT4-fs error" in files[0].read_text()
    assert "\x1b" not in files[0].read_text()
    assert files[1].read_text() == ""
