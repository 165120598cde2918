"""Packets of a child that has been taken over: they cost its request, and nothing else."""

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import Volume
from petipy.sandbox import packets
from petipy.sandbox.client import Scanner
from petipy.sandbox.messages import SCANS
from petipy.sandbox.process import ScannerProcess
from petipy.state.model import DIRECTORY, Device, File, Scan

DEVICE = Device(volume=Volume(name="sda1"), node="/", kind=DIRECTORY)
KINDS = (packets.STARTED, packets.DATA, packets.DESCRIPTOR, packets.END, packets.FAILED)
Packet = tuple[bytes, int]  # and the number of descriptors that come with it


class HostileProcess(ScannerProcess):
    """A scanner process whose child says what the test wants. It is no process of its own."""

    def __init__(self, said: Sequence[Packet]) -> None:
        self._said = said
        self.pid, self.network = 0, None
        self.fork()

    def fork(self) -> None:
        self.control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def answer(self) -> None:
        """Take a request, and say everything."""
        _, fds, _, _ = socket.recv_fds(self._theirs, 100, 2)
        os.close(fds[1])
        with socket.socket(fileno=fds[0]) as link:
            for packet, descriptors in self._said:
                socket.send_fds(link, [packet], [0] * descriptors)

    def kill(self) -> None:
        super().kill()
        self._theirs.close()


async def ask(said: Sequence[Packet], files: int = 0) -> Scan | list[int] | OSError:
    """Return the answer to a scan, or to a request to open that many files."""
    process = HostileProcess(said)
    scanner = Scanner(process)
    asyncio.get_running_loop().add_reader(process._theirs, process.answer)
    wanted = [File(device="sda1", path="/x")] * files
    try:
        if files:
            return await scanner.open(wanted, [DEVICE], 60.0)
        return await scanner.scan(DEVICE, (), "ppc64le", 60.0)
    except OSError as error:
        return error
    finally:
        asyncio.get_running_loop().remove_reader(process._theirs)
        scanner.close()


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


FAILURE = json.dumps({"errno": 5, "sentence": "x"}).encode()
payloads = st.binary(max_size=8) | st.sampled_from([SCANS.encode(Scan()), FAILURE, b"9" * 5000])
hostile = st.tuples(
    st.tuples(st.sampled_from([*KINDS, b"x"]), payloads).map(b"".join),
    st.sampled_from([0, 0, 1, 3]),
)


@settings(max_examples=80)
@given(said=st.lists(hostile, max_size=5), files=st.sampled_from([0, 2]))
def test_any_packets_give_an_answer_or_an_error(said: list[Packet], files: int) -> None:
    before = count_descriptors()
    answer = asyncio.run(ask([(packets.STARTED, 0), *said, (packets.END, 0)], files))
    if isinstance(answer, list):
        assert len(answer) == files
        for descriptor in answer:
            os.close(descriptor)
    if isinstance(answer, OSError):
        assert answer.strerror
        assert 0 < (answer.errno or 0) < 4096
    assert count_descriptors() == before


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"x\xff", "a packet of an unknown kind"),
        (b"e\xff", "can't decode byte 0xff"),
        (b"e" + b"9" * 5000, "integer string conversion"),
        (b'e{"errno": -1, "sentence": "x"}', "errno: expected a whole number from 1 to 4095"),
        (b'e{"errno": 1e999, "sentence": "x"}', "errno: expected a whole number from 1 to 4095"),
        (b"e" + b'{"errno":' * 5000, "nested too deeply"),
        (b"", "it stops in the middle"),
    ],
)
def test_a_packet_that_no_child_of_ours_sends_is_senseless(packet: bytes, reason: str) -> None:
    answer = asyncio.run(ask([(packets.STARTED, 0), (packet, 0)]))
    assert isinstance(answer, OSError)
    assert "its scan gave a senseless answer: " in str(answer)
    assert reason in str(answer)
