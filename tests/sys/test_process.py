"""Programs: their status and output, and their end in every case."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from petipy.sys import limits, process


def run(*argv: str, within: float = 30.0, **more: int) -> process.Result:
    return asyncio.run(process.run(argv, within=within, **more))  # type: ignore[arg-type]


def sh(script: str, within: float = 30.0, **more: int) -> process.Result:
    return run("/bin/sh", "-c", script, within=within, **more)


def test_status_and_both_outputs_come_back() -> None:
    assert sh("echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")


def test_there_is_nothing_to_read_and_no_environment_but_the_given_one() -> None:
    os.environ["PETIPY_TEST"] = "leak"
    try:
        result = sh("cat; echo $PETIPY_TEST $PWD")
    finally:
        del os.environ["PETIPY_TEST"]
    assert result.output == b"/\n"


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(f"{tmp_path}/none")


def test_a_program_may_be_killed_when_memory_is_full_as_this_one_may_not() -> None:
    mine = Path("/proc/self/oom_score_adj")
    before = mine.read_text()
    limits.set_oom_score(limits.LATE)
    try:
        if mine.read_text() == before:
            pytest.skip("no right to protect a process (CAP_SYS_RESOURCE)")
        assert sh("cat /proc/self/oom_score_adj").output == b"0\n"
    finally:
        limits.set_oom_score(int(before))


def test_a_signal_is_a_negative_status() -> None:
    assert sh("kill -9 $$").status == -9


def gone(pid_file: Path) -> bool:
    pid = pid_file.read_text().strip()
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"has not ended within 0\.5 seconds"):
        sh(f"sleep 60 & echo $! > {tmp_path}/pid; wait", within=0.5)
    assert gone(tmp_path / "pid")


def test_a_program_that_prints_too_much_is_killed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="printed more than 1000 bytes"):
        sh(f"echo $$ > {tmp_path}/pid; while :; do echo xxxxxxxxxxxxxxxx; done", limit=1000)
    assert gone(tmp_path / "pid")


def test_cancelling_kills_the_program(tmp_path: Path) -> None:
    async def scenario() -> None:
        script = f"echo $$ > {tmp_path}/pid; echo > {tmp_path}/fifo; sleep 600"
        os.mkfifo(tmp_path / "fifo")
        fifo = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        started = asyncio.Event()
        asyncio.get_running_loop().add_reader(fifo, started.set)
        task = asyncio.create_task(process.run(["/bin/sh", "-c", script], within=30))
        await started.wait()
        asyncio.get_running_loop().remove_reader(fifo)
        os.close(fifo)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)  # asyncio closes its ends of the pipes a little later

    asyncio.run(scenario())
    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("script", ["sleep 60", "trap '' HUP; while :; do sleep 60; done"])
def test_a_program_on_a_terminal_is_ended_when_nobody_waits_for_it_any_more(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE", 0.5)

    async def scenario() -> None:
        ours, theirs = pty.openpty()
        path = os.ttyname(theirs)
        program = process.start_on_terminal(["/bin/sh", "-c", script], path, {})
        assert not await program.ends_within(0.1)
        await program.end()
        assert await program.ends_within(0)
        os.close(ours)
        os.close(theirs)

    asyncio.run(scenario())


OWNER = """
import asyncio, sys
from petipy.sys import process

async def main():
    program = process.start_on_terminal(["/bin/sh", "-c", sys.argv[2]], sys.argv[1], {})
    await program.ends_within(60)

asyncio.run(main())
"""


def test_a_program_on_a_terminal_dies_with_the_one_that_has_started_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    script = f"trap '' HUP; echo $$ >{tmp_path}/pid; echo ready; while :; do sleep 1; done"
    with subprocess.Popen([sys.executable, "-c", OWNER, os.ttyname(theirs), script]) as owner:
        while b"ready" not in os.read(ours, 100):
            pass
        owner.kill()
    os.close(ours)
    os.close(theirs)
    assert gone(tmp_path / "pid")


def run_daemon(script: str, **more: int) -> tuple[list[str], int]:
    """Run a shell script as a daemon until it has printed a line; return lines and status."""

    async def watch() -> tuple[list[str], int]:
        lines = []
        argv = ["/bin/sh", "-c", script]
        async with process.daemon(argv, user=1, capabilities=(), **more) as daemon:  # type: ignore[arg-type]
            async for line in daemon.lines():
                lines.append(line)
                if line == "ready":
                    break
            else:
                await daemon.wait()
        return lines, await daemon.wait()

    return asyncio.run(watch())


def test_a_daemon_gets_its_signal_at_the_end() -> None:
    script = "trap 'exit 7' USR2; echo ready >&2; while :; do sleep 0.05; done"
    assert run_daemon(script, end_by=signal.SIGUSR2) == (["ready"], 7)


def test_a_daemon_that_does_not_end_is_killed() -> None:
    script = "trap '' TERM; echo ready >&2; while :; do sleep 0.05; done"
    assert run_daemon(script) == (["ready"], -signal.SIGKILL)


def test_a_daemon_that_ends_by_itself_has_told_all_its_lines() -> None:
    script = "for n in 1 2 3; do echo line $n >&2; done; printf rest >&2; exit 4"
    assert run_daemon(script) == (["line 1", "line 2", "line 3", "rest"], 4)


def test_a_daemons_endless_line_is_cut() -> None:
    lines, _ = run_daemon("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo ready >&2")
    assert lines[-1] == "ready"
    assert all(len(line) <= 2000 for line in lines)


def test_a_daemon_that_is_not_there_is_an_error() -> None:
    async def start() -> None:
        async with process.daemon(["/none"], user=1, capabilities=()):
            pass

    with pytest.raises(FileNotFoundError):
        asyncio.run(start())


def test_a_daemon_gives_way_to_other_programs() -> None:
    lines, _ = run_daemon("nice >&2; echo ready >&2", nice=5)
    assert int(lines[0]) == os.nice(0) + 5
