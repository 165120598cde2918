import os
import signal
from pathlib import Path

from petipy.sys import limits


def test_a_process_runs_only_while_no_other_wants_the_processor_until_it_is_needed() -> None:
    parent, child = os.getpid(), os.fork()
    if child == 0:
        limits.die_with_parent(parent)
        signal.pause()
    try:
        limits.set_idle(child, idle=True)
        assert os.sched_getscheduler(child) == os.SCHED_IDLE
        limits.set_idle(child, idle=False)
        assert os.sched_getscheduler(child) == os.SCHED_OTHER
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    limits.set_idle(child, idle=True)  # it has ended: nothing changes


def test_a_machine_without_that_limit_of_free_pages_goes_on(tmp_path: Path) -> None:
    limits.shorten_free_lists(str(tmp_path / "no/such"))
    known = tmp_path / "fraction"
    known.write_text("0")
    limits.shorten_free_lists(str(known))
    # The kernel takes no number below 8, and more parts than pages give the shortest lists.
    assert int(known.read_text()) > 100_000
