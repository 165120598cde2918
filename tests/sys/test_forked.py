"""Work in a child: its answer, its reports, its errors and its end."""

import asyncio
import errno
import os
import select
import signal
import socket
import time
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.sys import limits
from petipy.sys.confined import confine
from petipy.sys.forked import ChildDied, Parent, Work, in_child, read_number, stream


def run(work: object, within: float = 30.0, **more: object) -> str:
    return asyncio.run(in_child(work, within, **more))  # type: ignore[arg-type]


def test_the_answer_comes_back_and_the_reports_before_it() -> None:
    reports: list[str] = []

    def work(link: Parent) -> str:
        for number in range(3):
            link.report(str(number))
        return "ä" * 10_000

    assert run(work, receive=reports.append) == "ä" * 2048
    assert reports == ["0", "1", "2"]


def test_an_error_comes_back_with_its_number() -> None:
    def work(link: Parent) -> str:
        raise OSError(errno.ENODEV, "gone")

    with pytest.raises(OSError, match="gone") as caught:
        run(work)
    assert caught.value.errno == errno.ENODEV


def test_a_fault_of_the_work_is_an_error() -> None:
    with pytest.raises(OSError, match="ZeroDivisionError: "):
        run(lambda link: str(1 // 0))


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (24, "SIGXCPU"), (40, "signal 40")])
def test_a_death_names_its_signal(number: int, name: str) -> None:
    def work(link: Parent) -> str:
        os.kill(os.getpid(), number)
        return ""

    with pytest.raises(ChildDied) as caught:
        run(work)
    assert caught.value.signal == name


def test_an_end_without_an_answer_is_a_death_too() -> None:
    with pytest.raises(ChildDied, match="without an answer"):
        run(lambda link: os._exit(0))


def test_a_hang_ends_in_time_and_leaves_no_process() -> None:
    def work(link: Parent) -> str:
        link.report(str(os.getpid()))
        time.sleep(60)
        return ""

    pids: list[str] = []
    with pytest.raises(TimeoutError):
        run(work, 0.3, receive=pids.append)
    assert not Path(f"/proc/{pids[0]}").exists()


def test_cancelling_kills_the_child() -> None:
    pids: list[str] = []

    def work(link: Parent) -> str:
        link.report(str(os.getpid()))
        time.sleep(60)
        return ""

    async def scenario() -> None:
        started = asyncio.Event()

        def receive(text: str) -> None:
            pids.append(text)
            started.set()

        task = asyncio.create_task(in_child(work, 30, receive))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert not Path(f"/proc/{pids[0]}").exists()


# A child that has been taken over


def take_over(*packets: bytes) -> Work:
    """Return work that sends packets of its own choice."""

    def work(link: Parent) -> str:
        for packet in packets:
            socket.socket(fileno=os.dup(link.fileno())).send(packet)
        os._exit(0)

    return work


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"x\xff", "the process died"),
        (b"e" + b"9" * 4000, "it failed"),
        (b"e-1 x", "x"),
        (b"e\xd9\xa1 x", "x"),
    ],
)
def test_an_error_that_no_child_of_ours_sends_is_an_error(packet: bytes, reason: str) -> None:
    with pytest.raises(OSError, match=reason) as caught:
        run(take_over(packet))
    assert caught.value.errno == errno.EIO


def test_a_report_that_makes_no_sense_ends_the_work() -> None:
    with pytest.raises(OSError, match="sent a senseless report: invalid literal"):
        run(take_over(b"rx\xff"), receive=int)


@settings(max_examples=30)
@given(packets=st.lists(st.sampled_from([b"a", b"e", b"r", b"x", b""]), max_size=3), data=st.data())
def test_any_packets_end_in_an_answer_or_in_an_error(
    packets: list[bytes], data: st.DataObject
) -> None:
    sent = [kind + data.draw(st.binary(max_size=20)) for kind in packets]
    failure = None
    try:
        run(take_over(*sent), receive=float)
    except OSError as error:
        failure = error
    if failure:
        assert failure.strerror
        assert 0 < (failure.errno or 0) < 4096
    else:
        assert b"a" in packets


def test_a_number_of_a_child_has_a_bound() -> None:
    texts = ["0", "7", "07", "8", "-1", "", "x", "²", "9" * 5000]
    assert [read_number(text, range(8)) for text in texts] == [0, 7, None, *[None] * 6]


# Confined


def confined(then: str) -> str:
    """Run statements in a confined child; they leave their result in `answer`."""

    def work(link: Parent) -> str:
        space: dict[str, str] = {}
        import socket

        modules = {"os": os, "socket": socket}
        confine("compute", [link.fileno()], 1, 64 << 20)
        exec(then, modules, space)
        return space["answer"]

    return run(work)


def test_a_confined_child_still_computes_and_answers() -> None:
    assert confined("answer = str(sum(range(1000)))") == "499500"


@pytest.mark.parametrize(
    "statement",
    [
        "open('/etc/passwd')",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
        "socket.socket()",
        "os.write(3, b'x')",
        "os.setuid(0); os.setgid(0); open('/')",
    ],
)
def test_a_confined_child_can_do_nothing_else(statement: str) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        confined(f"{statement}; answer = 'done'")
    assert not isinstance(caught.value, ChildDied)


def test_a_confined_child_that_never_ends_runs_out_of_processor_time() -> None:
    with pytest.raises(ChildDied) as caught:
        confined("while True: pass")
    assert caught.value.signal == "SIGXCPU"


def test_a_confined_child_that_wants_all_memory_is_refused() -> None:
    with pytest.raises(OSError, match="MemoryError"):
        confined("answer = str(len(bytes(1 << 28)))")


# Memory, and the end of the parent


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may lower the score again")
def test_the_kernel_kills_the_child_first_when_memory_is_full() -> None:
    assert run(lambda link: Path("/proc/self/oom_score_adj").read_text()) == "1000\n"


def test_the_child_ends_with_its_parent() -> None:
    """The parent is killed while the child works: nothing of it is left."""
    ours, theirs = os.pipe()
    parent = os.fork()
    if parent == 0:

        def work(link: Parent) -> str:
            os.write(theirs, str(os.getpid()).encode())
            time.sleep(600)
            return ""

        try:
            run(work, 600)
        finally:
            os._exit(1)
    os.close(theirs)
    pid = int(os.read(ours, 20))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    try:
        # The child has the other end until it ends.
        assert select.select([ours], [], [], 30)[0], f"process {pid} lives on"
        assert os.read(ours, 1) == b""
    finally:
        os.close(ours)


def test_a_child_whose_parent_has_ended_before_it_could_ask_for_that_ends() -> None:
    child = os.fork()
    if child == 0:
        limits.die_with_parent(1 if os.getppid() != 1 else 2)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


async def take(work: Work, most: int) -> list[bytes]:
    """Return the first reports of the work, each of at most 100 bytes; then leave it."""
    async with aclosing(stream(work, 100)) as reports:
        return [await anext(reports) for _ in range(most)]


def test_a_child_that_lives_long_reports_again_and_again() -> None:
    def work(link: Parent) -> str:
        number = 0
        while True:
            link.report(str(number))
            number += 1

    assert asyncio.run(take(work, 500)) == [str(number).encode() for number in range(500)]


def test_a_stream_that_is_left_ends_its_child() -> None:
    def work(link: Parent) -> str:
        link.report(str(os.getpid()))
        time.sleep(60)
        return ""

    (pid,) = asyncio.run(take(work, 1))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_the_end_of_a_stream_says_why() -> None:
    def fail(link: Parent) -> str:
        link.report("one")
        raise OSError(errno.ENODEV, "there is no tap")

    def die(link: Parent) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    with pytest.raises(OSError, match="there is no tap"):
        asyncio.run(take(fail, 2))
    with pytest.raises(ChildDied, match="SIGKILL"):
        asyncio.run(take(die, 1))


def test_a_long_report_is_cut() -> None:
    def work(link: Parent) -> str:
        link.report("x" * 5000)
        return ""

    assert asyncio.run(take(work, 1)) == [b"x" * 100]
