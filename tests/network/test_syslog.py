"""The log for a syslog server: its messages, and a server that receives them."""

import asyncio
import errno
import re
import socket
from typing import Any

import pytest

from petipy.log import Log
from petipy.network.syslog import Syslog, find_server, make_message, split_host
from petipy.state.model import NETWORK, Snapshot, Source, Status
from petipy.state.network import Link
from petipy.state.store import Store
from petipy.sys import names

# RFC 5424, section 6: priority, version, time, host, program, process, kind, data, text.
MESSAGE = re.compile(rb"<(\d+)>1 (\S+) (\S+) petipy - - - \xef\xbb\xbf(.*)", re.DOTALL)


def network(name: str = "eth0", log_servers: tuple[str, ...] = (), *addresses: str) -> Source:
    addresses = addresses or ("192.0.2.7/24",)
    link = Link(index=2, name=name, addresses=addresses, log_servers=log_servers)
    return Source(name=name, kind=NETWORK, link=link)


def test_a_line_is_a_message_of_the_standard() -> None:
    status = Status(at=1.25, level="warning", text="vda2: ü")
    message = MESSAGE.fullmatch(make_message(status, 1_800_000_000, "192.0.2.7", 1_700_000_000))
    assert message
    assert message.groups() == (
        b"28",
        b"2027-01-15T08:00:01.250Z",
        b"192.0.2.7",
        "vda2: ü".encode(),
    )


def test_a_clock_that_is_wrong_gives_no_time_and_a_long_line_is_cut() -> None:
    status = Status(at=1.0, level="error", text="ü" * 4000)
    data = make_message(status, 0, "", 1_700_000_000)
    message = MESSAGE.fullmatch(data)
    assert message
    assert message[2] == b"-"
    assert message[4].decode()
    assert len(data) <= 2048


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", ("192.0.2.1", 514)),
        ("192.0.2.1:5514", ("192.0.2.1", 5514)),
        ("2001:db8::1", ("2001:db8::1", 514)),
        ("[2001:db8::1]:99", ("2001:db8::1", 99)),
        ("log.example", ("log.example", 514)),
    ],
)
def test_a_server_is_a_host_perhaps_with_a_port(text: str, server: tuple[str, int]) -> None:
    assert split_host(text) == server


@pytest.mark.parametrize("text", ["", ":1", "a:0", "a:x", "a b", "a;b", "a:70000", "[::1", "-"])
def test_anything_else_is_no_server(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        split_host(text)


def test_dhcp_names_the_server_once_there_is_an_address() -> None:
    assert find_server("dhcp", Snapshot()) is None
    assert find_server("192.0.2.1", Snapshot()) is None
    there = Snapshot(sources=(network(), network("eth1", ("x", "192.0.2.9", "192.0.2.10"))))
    assert find_server("dhcp", there) == ("192.0.2.9", 514)
    assert find_server("192.0.2.1:77", there) == ("192.0.2.1", 77)
    assert find_server("dhcp", Snapshot(sources=(network("eth0", ("x",)),))) is None


def test_a_server_gets_the_lines_from_before_and_those_that_come_and_no_control_characters() -> (
    None
):
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)

        async def receive() -> Any:
            message = MESSAGE.fullmatch(await loop.sock_recv(server, 4096))
            assert message
            return message[4].decode()

        store, log = Store(), Log(files=())
        log.info("early")
        syslog = Syslog(f"127.0.0.1:{server.getsockname()[1]}", log, store)
        task = asyncio.create_task(syslog.run())
        await asyncio.sleep(0)
        log.warning("evil \x1b[2J\n<0>1 - - - - - - forged")
        store.update(sources=(network(),))
        assert await receive() == "early"
        assert await receive() == "evil \\x1b[2J\\n<0>1 - - - - - - forged"
        log.info("later")
        assert await receive() == "later"
        log.info("at the jump")
        await syslog.release([])
        assert await receive() == "at the jump"
        task.cancel()
        server.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_server_that_cannot_be_found_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = 0

    async def look_up(host: str, within: float) -> list[str]:
        nonlocal looked_up
        looked_up += 1
        raise OSError(errno.ENOENT, "nobody knows this name")

    monkeypatch.setattr(names, "look_up", look_up)
    monkeypatch.setattr("petipy.network.syslog._PAUSE", 0)

    async def scenario() -> None:
        store, log = Store(), Log(files=())
        store.update(sources=(network(),))
        task = asyncio.create_task(Syslog("nobody.invalid", log, store).run())
        while looked_up < 3:  # noqa: ASYNC110  it tries again and again, and tells nobody
            await asyncio.sleep(0)
        words = "petipy.syslog: nobody.invalid: nobody knows this name"
        assert [line.text for line in log.lines] == [words]
        task.cancel()

    asyncio.run(asyncio.wait_for(scenario(), 60))
