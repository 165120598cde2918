"""`petipy ctl` against a listener: text, JSON, exit statuses, and guests that lie."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from petipy.commands import ctl
from petipy.control.protocol import EXITS
from tests.control.clients import listening
from tests.control.test_server import until_checked
from tests.control.test_session import OPEN, SHUT, machine_of
from tests.ui.fakes import DEBIAN, Machine


def give(place: Path, *words: str, machine: Machine | None = None, checks: int = 0) -> int:
    """Run `petipy ctl` beside a machine whose checks of passwords end; return the status."""

    async def scenario() -> int:
        machine_there = machine or Machine()
        async with listening(machine_there, place):
            running = asyncio.to_thread(ctl.COMMAND, ["--socket", str(place), *words])
            status, _ = await asyncio.gather(running, until_checked(machine_there, checks))
            return status

    return asyncio.run(asyncio.wait_for(scenario(), 60))


def test_status_entries_settings_and_log_are_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine()
    machine.say("evil \x1b[2J line")
    assert give(tmp_path / "s", "status", machine=machine) == 0
    assert give(tmp_path / "s", "entries", machine=machine) == 0
    assert give(tmp_path / "s", "config", machine=machine) == 0
    assert give(tmp_path / "s", "log", machine=machine) == 0
    assert give(tmp_path / "s", "describe", machine=machine) == 0
    assert give(tmp_path / "s", "leave", "halt", machine=machine) == 0
    assert machine.left == ["halt"]
    out = capsys.readouterr().out
    assert "state     stopped" in out
    assert "Machine\n    Model: IBM pSeries (emulated by qemu)\n" in out
    assert f"* {DEBIAN}\n    vda2/grub/{DEBIAN}" in out
    assert "boot_image       1                        built in" in out
    assert "evil \\x1b[2J line" in out


def test_an_entry_of_a_persons_own_is_shown_and_boots_by_its_title_and_with_the_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = replace(OPEN, id="base")
    title = replace(base.entry, title="Mine", name="Mine")
    machine = machine_of(base, replace(base, id="own#Mine", entry=title, base="base"))
    assert give(tmp_path / "s", "entries", machine=machine) == 0
    said = capsys.readouterr().out
    assert "  Mine (own)\n    own#Mine\n    password of root, with a password\n" in said
    assert give(tmp_path / "s", "boot", "Mine", machine=machine) == EXITS["denied"]
    assert machine.booted == []
    password = tmp_path / "password"
    password.write_text("toor\n")
    words = ("--user", "root", "--password-file", str(password), "boot", "Mine")
    assert give(tmp_path / "s", *words, machine=machine, checks=1) == 0
    assert machine.booted == [("own#Mine", None)]


def test_json_is_an_object_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert give(tmp_path / "s", "--json", "entries") == 0
    *items, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert items[0]["item"]["title"] == DEBIAN
    assert last == {"result": {"count": len(items)}}


def test_a_boot_needs_the_password_of_the_menu(tmp_path: Path) -> None:
    machine = machine_of(SHUT)
    (tmp_path / "wrong").write_text("wrong\n")
    (tmp_path / "right").write_text("toor\n")
    options = ("--user", "root", "--password-file")
    boot = ("boot", SHUT.id)
    assert give(tmp_path / "s", *boot, machine=machine) == 3
    wrong = give(tmp_path / "s", *options, f"{tmp_path}/wrong", *boot, machine=machine, checks=1)
    assert wrong == 3
    assert machine.booted == []
    right = give(tmp_path / "s", *options, f"{tmp_path}/right", *boot, machine=machine, checks=1)
    assert right == 0
    assert machine.booted == [(SHUT.id, None)]


def test_an_absent_entry_a_wrong_word_and_silence_have_statuses_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert give(tmp_path / "s", "boot", "nothing") == 4
    assert give(tmp_path / "s", "dance") == 2
    assert ctl.COMMAND(["--socket", f"{tmp_path}/none", "status"]) == 6
    assert "none: No such file or directory\n" in capsys.readouterr().err
    assert ctl.COMMAND(["status"]) == 6
    assert "does Petipy run here as boot manager?" in capsys.readouterr().err


def lie(place: Path, answer: Callable[[bytes], bytes], silent: int = 0) -> threading.Thread:
    """Answer the requests of one client at `place` as `answer` says, after some in silence."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(place))
    listening.listen()

    def serve() -> None:
        with listening:
            for _ in range(silent):
                line, _ = listening.accept()
                with line:
                    while line.recv(1 << 16):
                        pass
            line, _ = listening.accept()
            with line:
                while request := line.recv(1 << 16):
                    line.sendall(answer(request.strip().splitlines()[-1]))

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"state": 7, "sources": [1, {"title": []}], "countdown": [], "message": "x"},
        {"state": "\x1b[2J", "default": "\x1b]0;x", "sources": [{"title": "\x9b2J"}]},
    ],
)
def test_a_guest_may_send_anything(
    tmp_path: Path, result: object, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: bytes) -> bytes:
        id = json.loads(request)["id"]
        lines = [b"half a li", b"\xff", b"[1]", b"{" * 5000, b'{"id":"other","result":{}}']
        lines += [b'{"version":1,"id":"","error":{"code":"malformed","message":"of another"}}']
        lines += [json.dumps({"id": id, "item": {}}).encode()]
        lines += [json.dumps({"id": id, "result": result}).encode()]
        return b"\n".join(lines) + b"\n"

    thread = lie(tmp_path / "s", answer)
    assert ctl.COMMAND(["--socket", f"{tmp_path}/s", "status"]) == 0
    thread.join()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", capsys.readouterr().out)


def test_half_an_answer_is_none(tmp_path: Path) -> None:
    thread = lie(tmp_path / "s", lambda _: b'{"version":1')
    assert ctl.COMMAND(["--socket", f"{tmp_path}/s", "--timeout", "0.1", "status"]) == 6
    thread.join()


def test_a_port_whose_answers_are_held_back_is_opened_again_before_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petipy.control.client._PROBE", 0.05)
    commands: list[str] = []

    def answer(request: bytes) -> bytes:
        asked = json.loads(request)
        commands.append(asked["command"])
        return json.dumps({"id": asked["id"], "result": {}}).encode() + b"\n"

    thread = lie(tmp_path / "s", answer, silent=2)
    assert ctl.COMMAND(["--socket", f"{tmp_path}/s", "boot", "Debian"]) == 0
    thread.join()
    assert commands == ["status", "boot"]


def test_the_help_names_each_exit_status() -> None:
    text = ctl.COMMAND.parser().format_help()
    assert all(f"{status} " in text for status in {*EXITS.values()})
