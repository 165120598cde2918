"""Virtio-serial ports: a pseudo-terminal stands for the device, its other end for the host."""

import asyncio
import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import tty
from pathlib import Path
from typing import Any

import pytest

from petipy.control.listener import Listener
from petipy.control.stream import PortStream
from petipy.log import Log
from tests.control.clients import run, until
from tests.control.test_server import until_checked
from tests.control.test_session import SHUT, machine_of
from tests.ui.fakes import Machine


class Host:
    """A host at the other end of a port with this name."""

    def __init__(self, place: Path, node: str, name: str) -> None:
        self.line, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        os.set_blocking(self.line, False)
        (place / "sys" / node).mkdir(parents=True)
        (place / "sys" / node / "name").write_text(f"{name}\n")
        (place / "dev").mkdir(exist_ok=True)
        (place / "dev" / node).symlink_to(os.ttyname(self.theirs))
        self.received = b""

    async def ask(self, **request: Any) -> dict[str, Any]:
        os.write(self.line, json.dumps({"version": 1, **request}).encode() + b"\n")
        return await self.read()

    async def read(self) -> dict[str, Any]:
        while b"\n" not in self.received:
            with contextlib.suppress(BlockingIOError):
                self.received += os.read(self.line, 4096)
            await asyncio.sleep(0.001)
        line, _, self.received = self.received.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        os.close(self.line)
        os.close(self.theirs)


def listener(machine: Machine, place: Path) -> Listener:
    log = Log(files=())
    return Listener(machine.commands, log, sysfs=f"{place}/sys", dev=f"{place}/dev")


def test_a_port_of_ours_is_served_with_the_menus_rules_and_no_other_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT)
        ours = Host(tmp_path, "vport1p1", "org.petipy.ctl.0")
        agent = Host(tmp_path, "vport1p2", "org.qemu.guest_agent.0")
        task = asyncio.create_task(listener(machine, tmp_path).run(f"{tmp_path}/s"))
        assert (await ours.ask(command="status"))["result"]["state"] == "stopped"
        assert (await ours.ask(command="boot", entry=SHUT.id))["error"]["code"] == "denied"
        request = {"command": "boot", "entry": SHUT.id, "passwords": [["root", "toor"]]}
        asking = asyncio.create_task(ours.ask(**request))
        await until_checked(machine)
        assert (await asking)["result"] == {"booting": SHUT.id}
        assert machine.origins == ["org.petipy.ctl.0"]
        assert (await ours.ask(command="attach"))["error"]["code"] == "malformed"
        os.write(agent.line, b'{"version":1,"command":"status"}\n')
        await ours.ask(command="status")
        with contextlib.suppress(BlockingIOError):
            assert not os.read(agent.line, 100)
        task.cancel()
        ours.close()
        agent.close()

    run(scenario())


def test_a_port_that_is_unplugged_ends_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        first = Host(tmp_path, "vport1p1", "org.petipy.ctl.0")
        second = Host(tmp_path, "vport2p1", "org.petipy.ctl.1")
        task = asyncio.create_task(listener(machine, tmp_path).run(f"{tmp_path}/s"))
        await first.ask(command="status")
        os.write(first.line, b'{"version":1,"command":"watch"}\n{"ver')
        await first.read()
        first.close()
        await asyncio.sleep(0.01)
        assert "result" in await second.ask(command="status")
        assert not task.done()
        task.cancel()
        second.close()

    run(scenario())


def test_a_host_that_floods_has_errors_and_then_an_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        host = Host(tmp_path, "vport1p1", "org.petipy.ctl.0")
        task = asyncio.create_task(listener(machine, tmp_path).run(f"{tmp_path}/s"))
        await host.ask(command="status")
        junk, sent = b"\x00\xffjunk" * 20000 + b"\n", 0

        def push() -> bool:
            nonlocal sent
            with contextlib.suppress(BlockingIOError):
                sent += os.write(host.line, junk[sent:])
            return sent == len(junk)

        await until(push)
        assert (await host.read())["error"]["code"] == "malformed"
        assert "result" in await host.ask(command="status")
        task.cancel()
        host.close()

    run(scenario())


def test_an_answer_waits_until_the_kernel_has_noted_the_host_that_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, refusals = os.write, [BlockingIOError()]

    def refuse_once(fd: int, data: bytes) -> int:
        if refusals:
            raise refusals.pop()
        return write(fd, data)

    async def ask() -> None:
        line, theirs = pty.openpty()
        tty.setraw(theirs)
        stream = PortStream(os.ttyname(theirs))
        with monkeypatch.context() as before:  # as if no host were there yet
            before.setattr("petipy.control.stream._GONE", select.EPOLLIN)
            write(line, b"request\n")
            await until(stream.gone.is_set)
        assert await stream.read_line(100) == b"request"
        monkeypatch.setattr(os, "write", refuse_once)
        answer = asyncio.create_task(stream.write(b"answer\n", 60))
        await asyncio.sleep(0)
        write(line, b"\n")  # which wakes the stream, as the kernel's note does
        await answer
        assert os.read(line, 100) == b"answer\n"
        stream.close()
        os.close(line)
        os.close(theirs)

    run(ask())


def test_an_answer_that_nobody_takes_costs_the_next_client_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = PortStream.write
    failed = False

    async def fail_once(self: PortStream, data: bytes, patience: float) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise BrokenPipeError
        await write(self, data, patience)

    monkeypatch.setattr(PortStream, "write", fail_once)

    async def scenario() -> None:
        host = Host(tmp_path, "vport1p1", "org.petipy.ctl.0")
        os.write(host.line, b'{"version":1,"command":"status"}\n')  # by one that has left
        task = asyncio.create_task(listener(Machine(), tmp_path).run(f"{tmp_path}/s"))
        assert (await host.ask(command="status", id="next"))["id"] == "next"
        assert failed
        task.cancel()
        host.close()

    run(scenario())


WITHOUT_SSL = """
import socket, sys
from petipy.startup import lazy
lazy.install()
import asyncio
from pathlib import Path
from petipy.control.listener import Listener
from petipy.log import Log
from tests.ui.fakes import Machine

async def scenario(place):
    listener = Listener(Machine().commands, Log(files=()))
    task = asyncio.create_task(listener.run(place))
    while not Path(place).exists():
        await asyncio.sleep(0.01)
    line = socket.socket(socket.AF_UNIX)
    line.connect(place)
    line.send(b'{"version":1,"command":"entries"}\\n')
    line.setblocking(False)
    data = b""
    while b'"result"' not in data:
        await asyncio.sleep(0.01)
        try:
            data += line.recv(65536)
        except BlockingIOError:
            pass
    task.cancel()

asyncio.run(scenario(sys.argv[1]))
print("_ssl" in sys.modules)
"""


def test_a_client_is_served_without_openssl_which_the_image_unpacks_for_https_alone(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SSL, f"{tmp_path}/s"],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "False\n"
