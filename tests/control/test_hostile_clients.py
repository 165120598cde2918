"""Clients of `petipy ctl` that lie, flood, hang or leave: each costs its own connection only."""

import asyncio
import json
import os
import random
import socket
from pathlib import Path

import pytest

from petipy.control import protocol
from tests.control.clients import Client, connect, connect_raw, listening, run
from tests.ui.fakes import Machine

WRONG = {
    b"no json": "malformed",
    b"[]": "malformed",
    b"{}": "version",
    b'{"version":2,"command":"status"}': "version",
    b'{"version":true,"command":"status"}': "version",
    b'{"version":1}': "unknown",
    b'{"version":1,"command":"reboot"}': "unknown",
    b'{"version":1,"command":["status"]}': "unknown",
    b'{"version":1,"command":"status","more":1}': "malformed",
    b'{"version":1,"command":"boot"}': "malformed",
    b'{"version":1,"command":"boot","entry":7}': "malformed",
    b'{"version":1,"command":"boot","entry":"a","wait":"yes"}': "malformed",
    b'{"version":1,"command":"boot","entry":"a","passwords":[["a"]]}': "malformed",
    b'{"version":1,"command":"status","id":7}': "malformed",
    b'{"version":1,"command":"attach"}': "malformed",
    b'{"version":1,"command":"attach","term":"x;y"}': "malformed",
    b'{"version":1,"id":"\xff","command":"status"}': "malformed",
    b"[" * 60000: "malformed",
    b"1" * 60000: "malformed",
    b"\xff\xfe\x00": "malformed",
    b"x" * (1 << 20): "malformed",
}


def test_each_wrong_request_has_an_error_and_the_connection_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(Machine(), tmp_path / "s"):
            client = await connect(tmp_path / "s")
            for line, code in WRONG.items():
                await client.send_bytes(line)
                error = (await client.read())["error"]
                assert error["code"] == code, line[:80]
                assert code in protocol.EXITS
                assert len(error["message"]) < 300
            assert "result" in await client.ask("status")
            client.close()

    run(scenario())


def test_ten_thousand_damaged_requests_are_answered_or_refused() -> None:
    """Each is a request, or Refused: nothing else leaves the decoder."""
    chance = random.Random(os.environ.get("PETIPY_SEED", "1"))
    good = [
        b'{"version":1,"id":"a","command":"status"}',
        b'{"version":1,"command":"boot","entry":"vda2/x","wait":true,"passwords":[["a","b"]]}',
        b'{"version":1,"command":"log","follow":false}',
        b'{"version":1,"command":"attach","term":"xterm-256color"}',
    ]
    accepted = 0
    for _ in range(10_000):
        line = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(line) + 1)
            match chance.randint(0, 3):
                case 0:
                    line[place : place + chance.randint(1, 9)] = b""
                case 1:
                    line[place:place] = chance.randbytes(chance.randint(1, 4))
                case 2:
                    other = chance.choice(good)
                    line[place:] = other[chance.randrange(len(other)) :]
                case _:
                    line[place : place + 1] = chance.choice(b'{}[]",:0\\').to_bytes(1, "big")
        error, id = None, ""
        try:
            id, request = protocol.decode(bytes(line))
        except protocol.Refused as refused:
            error = refused
        if error:
            assert error.code in protocol.EXITS
            assert json.loads(protocol.encode_error(error.more["id"], error))
        else:
            accepted += 1
            assert isinstance(request, protocol.Request)
            assert len(id) <= 64
    assert accepted


def test_a_client_that_reads_nothing_and_asks_for_ever_delays_no_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(Machine(), tmp_path / "s"):
            flood = connect_raw(tmp_path / "s")
            flood.setblocking(False)
            request = b'{"version":1,"command":"entries","full":true}\n' * 100
            sent = 0
            for _ in range(200):
                try:
                    sent += flood.send(request)
                except BlockingIOError:
                    break  # it is read no further
                await asyncio.sleep(0)
            else:
                pytest.fail(f"all {sent} bytes were taken")
            half = connect_raw(tmp_path / "s")
            half.send(b'{"version":1,"comm')
            client = await connect(tmp_path / "s")
            for _ in range(5):
                assert "result" in await client.ask("status")
            client.close()
            flood.close()
            half.close()

    run(scenario())


def test_too_many_connections_are_turned_away_and_room_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(Machine(), tmp_path / "s"):
            clients = [await connect(tmp_path / "s") for _ in range(8)]
            for client in clients:
                await client.ask("status")
            late = await connect(tmp_path / "s")
            assert (await late.read())["error"]["code"] == "busy"
            assert await late.is_over()
            late.close()
            clients.pop().close()
            while True:
                client = await connect(tmp_path / "s")
                try:
                    if "result" in await client.ask("status"):
                        break
                except (AssertionError, ConnectionError):
                    client.close()
            for other in (*clients, client):
                other.close()

    run(scenario())


def test_a_client_that_closes_its_side_still_has_its_answer(tmp_path: Path) -> None:
    """So `printf REQUEST | socat - UNIX:…` works."""

    async def scenario() -> None:
        async with listening(Machine(), tmp_path / "s"):
            line = connect_raw(tmp_path / "s")
            line.send(b'{"version":1,"command":"status"}\n')
            line.shutdown(socket.SHUT_WR)
            line.setblocking(False)
            data = await asyncio.get_running_loop().sock_recv(line, 1 << 16)
            assert b'"result"' in data
            line.close()

    run(scenario())


def test_a_client_that_leaves_in_a_watch_frees_its_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(Machine(), tmp_path / "s"):
            for _ in range(20):
                client: Client = await connect(tmp_path / "s")
                await client.send("watch")
                assert "item" in await client.read()
                client.close()
                await client.writer.wait_closed()
                await asyncio.sleep(0.01)

    run(scenario())
