import os
import signal

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
