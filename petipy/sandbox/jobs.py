"""The work of a scanner process, as it keeps account of it."""

import math
import os
import socket
from dataclasses import dataclass, field
from typing import NamedTuple

from petipy.sandbox import packets
from petipy.sandbox.messages import FAILURES, Failure
from petipy.sys import limits

_DEATHS = {
    "SIGXCPU": "took too much processor time",
    "SIGKILL": "was killed: is the memory full?",
}


@dataclass(eq=False, slots=True)
class Job:
    """A request that a child works on."""

    answer: socket.socket
    asks: socket.socket
    request: int  # the memory file with its JSON
    pid: int
    patience: float  # seconds
    started: float  # seconds of time.monotonic()
    due: float  # the same: when its patience may be over
    asked: int = 0
    answering: set[int] = field(default_factory=set)  # pids of the children that answer its asks


class Answering(NamedTuple):
    """A child that answers an ask."""

    pid: int
    job: Job
    due: float = math.inf  # seconds of time.monotonic(), when it is ended


def send_failure(link: socket.socket, code: int, sentence: str) -> None:
    packets.send_if_heard(link, packets.FAILED + FAILURES.encode(Failure.of(code, sentence)))


def describe_death(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    how = limits.name_signal(-code) if code < 0 else f"exit status {code}"
    return _DEATHS.get(how, f"died ({how})")
