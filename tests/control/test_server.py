"""Requests of `petipy ctl` over real sockets, with real sessions."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from petipy.control import protocol
from petipy.state.boots import Attempt, Countdown
from petipy.state.model import Choice, Edit
from tests.control.clients import connect, listening, run, until
from tests.control.test_session import OPEN, SHUT, machine_of
from tests.fakes import Kept
from tests.ui.fakes import DEBIAN, Machine, choice


async def until_checked(machine: Machine, count: int = 1) -> None:
    """Let so many checks of passwords end, once they have begun."""
    for _ in range(count):
        await until(lambda: machine.answers)
        machine.answer()


def test_a_status_tells_the_state_the_default_and_the_seconds_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        default = machine.store.snapshot.default
        end = machine.clock() + 7
        machine.store.update(countdown=Countdown(choice=default, until=end, awaits="network"))
        failed = Attempt(id="x", title="X", at=2.5, reason="X did not boot")
        machine.store.update(attempts=(failed,))
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            answer = await client.ask("status", id="mine")
            assert answer["id"] == "mine"
            status = answer["result"]
            assert status["state"] == "countdown"
            assert status["default"] == default
            assert status["countdown"]["awaits"] == "network"
            assert status["countdown"]["leave"] is None
            told = {"entry": "x", "title": "X", "at": 2.5, "text": "X did not boot"}
            assert status["failed"] == [told]
            assert 0 < status["countdown"]["seconds"] <= 7
            assert [source["name"] for source in status["sources"]] == ["vda2", "sda3", "sr0"]
            client.close()

    run(scenario())


def test_entries_have_their_obstacles_and_in_full_their_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            *items, last = await client.list("entries")
            assert last["result"] == {"count": len(machine.store.snapshot.choices)}
            ids = [item["item"]["id"] for item in items]
            assert ids == [choice.id for choice in machine.store.snapshot.choices]
            assert [item["item"]["marked"] for item in items].count(True) == 1
            assert "program for the firmware" in items[5]["item"]["obstacle"]
            full = (await client.list("entries", full=True))[0]["item"]
            assert full["cmdline"] == "root=/dev/vda2 ro"
            client.close()

    run(scenario())


@pytest.mark.parametrize("name", ["vda2/grub/Debian GNU/Linux", DEBIAN, DEBIAN.lower()])
def test_an_entry_boots_by_its_id_or_its_only_title(tmp_path: Path, name: str) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            answer = await client.ask("boot", entry=name)
            assert answer["result"] == {"booting": "vda2/grub/Debian GNU/Linux"}
            assert machine.booted == [("vda2/grub/Debian GNU/Linux", None)]
            client.close()

    run(scenario())


def test_an_entry_that_is_absent_or_ambiguous_boots_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = machine_of(choice("A", "vda1"), choice("A", "vda2"))
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            assert (await client.ask("boot", entry="B"))["error"]["code"] == "absent"
            error = (await client.ask("boot", entry="A"))["error"]
            assert error["code"] == "ambiguous"
            assert error["entries"] == ["vda1/grub/A", "vda2/grub/A"]
            assert machine.booted == []
            machine.store.update(booting="vda1/grub/A")
            assert (await client.ask("boot", entry="vda2/grub/A"))["error"]["code"] == "busy"
            client.close()

    run(scenario())


def test_a_boot_that_is_waited_for_tells_its_failure_or_that_the_machine_leaves(
    tmp_path: Path,
) -> None:
    class Loads(Machine):
        def start(self, choice: Choice, edit: Edit | None = None, by: str = "") -> None:
            super().start(choice, edit)
            self.store.update(booting=choice.id)

    async def scenario() -> None:
        machine = Loads()
        id = machine.store.snapshot.default
        async with listening(machine, tmp_path / "s") as listener:
            client = await connect(tmp_path / "s")
            for ending in ("failed", "leaves"):
                await client.send("boot", entry=id, wait=True)
                await until(lambda: machine.booted)
                machine.booted.clear()
                if ending == "failed":
                    machine.say("it is no kernel", "error")
                    machine.store.update(booting="")
                    error = (await client.read())["error"]
                    assert (error["code"], error["message"]) == ("failed", "it is no kernel")
                else:
                    await listener.release(["Starting it"])
                    result = (await client.read())["result"]
                    assert result == {"booting": id, "leaves": True, "lines": ["Starting it"]}
            client.close()

    run(scenario())


def test_cancel_stops_the_countdown_and_a_status_does_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            for name in ("status", "entries", "log", "config", "rescan"):
                await client.ask(name)
            assert (machine.here, machine.stops) == (0, 0)
            await client.ask("cancel")
            assert (machine.here, machine.stops) == (1, 1)
            assert machine.rescans == 1
            client.close()

    run(scenario())


def test_a_watch_sends_each_state_until_the_next_request(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            await client.send("watch", id="w")
            assert (await client.read())["item"]["state"] == "stopped"
            machine.store.update(booting=machine.store.snapshot.default)
            answer = await client.read()
            assert (answer["id"], answer["item"]["state"]) == ("w", "loading")
            assert (await client.ask("status", id="s"))["id"] == "s"
            client.close()

    run(scenario())


def test_the_log_comes_whole_and_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.say("one")
        machine.say("two", "warning")
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            *items, _ = await client.list("log")
            assert [item["item"]["text"] for item in items] == ["one", "two"]
            await client.send("log", follow=True)
            assert [(await client.read())["item"]["text"] for _ in range(2)] == ["one", "two"]
            machine.say("three", "error")
            assert (await client.read())["item"] == {"at": 2.0, "level": "error", "text": "three"}
            client.close()

    run(scenario())


def test_the_settings_are_told_without_secrets(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        settings = machine.store.snapshot.settings
        given = replace(settings, password="$6$x$y", proxy="http://me:pw@192.0.2.1:3128")
        machine.store.update(settings=given)
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            lines = await client.list("config")
            text = json.dumps(lines)
            assert "$6$" not in text
            assert "pw@" not in text
            found = {line["item"]["name"]: line["item"] for line in lines[:-1]}
            assert found["password"]["secret"]
            assert found["network"]["value"] == "1"
            client.close()

    run(scenario())


def test_the_machine_is_described_part_by_part(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            *items, last = await client.list("describe")
            assert last["result"] == {"count": len(machine.parts)}
            assert items[0]["item"]["title"] == "Machine"
            assert items[0]["item"]["facts"][1] == ["Platform", "pseries"]
            client.close()

    run(scenario())


# Rights


def test_a_restart_is_free_where_the_settings_of_the_firmware_need_a_password(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT, OPEN)
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            error = (await client.ask("leave", action="fwsetup"))["error"]
            assert error["code"] == "failed"
            machine.actions = ("reboot", "halt", "fwsetup")
            error = (await client.ask("leave", action="fwsetup"))["error"]
            assert (error["code"], machine.left) == ("denied", [])
            assert (await client.ask("leave", action="exit"))["error"]["code"] == "malformed"
            assert (await client.ask("leave", action="reboot"))["result"] == {"leaves": True}
            await client.send("leave", action="fwsetup", passwords=[["root", "toor"]])
            await until_checked(machine)
            assert (await client.read())["result"] == {"leaves": True}
            assert (await client.ask("status"))["result"]["state"]
            assert machine.left == ["reboot", "fwsetup"]
            client.close()

    run(scenario())


def test_a_guarded_entry_boots_with_the_password_in_the_request_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT, OPEN)
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            error = (await client.ask("boot", entry=SHUT.id))["error"]
            assert error["code"] == "denied"
            assert "root" in error["users"]
            await client.send("boot", entry=SHUT.id, passwords=[["root", "wrong"]])
            await until_checked(machine)
            assert (await client.read())["error"]["code"] == "denied"
            assert machine.booted == []
            await client.send("boot", entry=SHUT.id, passwords=[["root", "toor"]])
            await until_checked(machine)
            assert (await client.read())["result"] == {"booting": SHUT.id}
            assert machine.booted == [(SHUT.id, None)]
            # The password has counted for that request alone.
            assert (await client.ask("boot", entry=SHUT.id))["error"]["code"] == "denied"
            client.close()

    run(scenario())


def test_a_setting_of_a_guarded_machine_changes_with_the_password_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT)
        change = {"name": "timeout", "value": "7"}
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            assert (await client.ask("config", name="timeout"))["result"]["value"] == ""
            assert (await client.ask("config", **change))["error"]["code"] == "denied"
            assert (await client.ask("order", order="network"))["error"]["code"] == "denied"
            await client.send("config", **change, passwords=[["root", "toor"]])
            await until_checked(machine)
            assert "result" in await client.read()
            await client.send("order", order="network,any", passwords=[["root", "toor"]])
            await until_checked(machine)
            assert "result" in await client.read()
            assert machine.store.snapshot.settings.timeout == 7
            assert (await client.ask("order"))["result"]["value"] == "network,any"
            client.close()

    run(scenario())


def test_a_wish_for_the_next_start_is_kept_with_the_right_to_boot_and_where_it_can(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        machine, kept = machine_of(SHUT, OPEN), Kept()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            assert (await client.ask("next", entry="nothing"))["error"]["code"] == "absent"
            assert (await client.ask("next", entry=SHUT.id))["error"]["code"] == "denied"
            error = (await client.ask("next", entry="Open"))["error"]
            assert error["code"] == "failed"
            assert error["message"] == "it cannot be kept: this machine keeps no settings"
            assert machine.store.snapshot.settings.next == ""  # what is refused changes nothing
            machine.kept, machine.configured = kept, None
            result = (await client.ask("next", entry="Open"))["result"]
            assert (result["entry"], result["place"]) == (OPEN.id, kept.place)
            assert kept.values == {"next": OPEN.id}
            client.close()

    run(scenario())


@pytest.mark.parametrize("command", ["next", "prefer"])
def test_a_wish_for_what_never_boots_by_itself_says_so(tmp_path: Path, command: str) -> None:
    async def scenario() -> None:
        machine = machine_of(choice("Open"), choice("Me", itself=True))
        machine.kept = Kept()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            assert (await client.ask(command, entry="Open"))["result"]["remark"] is None
            remark = (await client.ask(command, entry="Me"))["result"]["remark"]
            assert remark == "this does not boot by itself: it is Petipy itself"
            client.close()

    run(scenario())


def test_a_wrong_setting_or_value_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            wrong = await client.ask("config", name="timeout", value="soon")
            assert wrong["error"]["code"] == "malformed"
            assert "SECONDS" in wrong["error"]["message"]
            for name in ("dance", "started"):
                assert (await client.ask("config", name=name, value="1"))["error"]["code"] == (
                    "absent"
                )
            client.close()

    run(scenario())


def test_two_locks_open_with_two_passwords(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT, OPEN)
        async with listening(machine, tmp_path / "s"):
            client = await connect(tmp_path / "s")
            given = [["bob", "no"], ["bob", "bob's"]]
            await client.send("boot", entry=SHUT.id, passwords=given)
            await until_checked(machine, 2)
            assert (await client.read())["result"] == {"booting": SHUT.id}
            client.close()

    run(scenario())


def test_all_connections_share_the_penalty_for_wrong_passwords(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = machine_of(SHUT)
        async with listening(machine, tmp_path / "s"):
            for _ in range(3):
                client = await connect(tmp_path / "s")
                await client.send("boot", entry=SHUT.id, passwords=[["root", "wrong"]])
                await until_checked(machine)
                assert (await client.read())["error"]["code"] == "denied"
                client.close()
        assert machine.origins == ["ctl"] * 3

    run(scenario())


def test_another_user_is_turned_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with listening(machine, tmp_path / "s") as listener:
            assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
            other = tmp_path / "other"
            task = asyncio.create_task(listener.accept(str(other), {os.geteuid() + 1}))
            await until(other.exists)
            client = await connect(other)
            assert (await client.read())["error"]["code"] == "denied"
            assert await client.is_over()
            client.close()
            task.cancel()

    run(scenario())


def test_a_connection_may_be_for_some_commands_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(Machine(), tmp_path / "s", may=frozenset({"attach"})):
            client = await connect(tmp_path / "s")
            assert (await client.ask("status"))["error"]["code"] == "unknown"
            client.close()

    run(scenario())


def test_the_documentation_has_every_command_and_every_error() -> None:
    text = (Path(protocol.__file__).parent / "README.md").read_text()
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert {*protocol.COMMANDS, *protocol.EXITS} <= rows
