"""A hash that asks for too much costs one try; wrong passwords cost time."""

import asyncio
import ctypes
import hashlib
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from parsers.api import Password
from petipy.control import checker
from petipy.control.checker import Checker
from petipy.control.commands import Commands
from petipy.control.passwords import PBKDF2
from petipy.control.session import Session
from petipy.log import Log
from petipy.state.access import Lock
from petipy.sys import crypt
from tests.ui.fakes import Machine, list_nothing

ENDLESS = {
    "crypt's": "$5$rounds=999999999$salt$" + "x" * 43,
    "GRUB's": f"{PBKDF2}{1 << 31}.{'00' * 64}.{'00' * 64}",
    "GRUB's key": f"{PBKDF2}10000.{'00' * 64}.{'00' * (1 << 20)}",
}
GREEDY = "$y$jFT$abcd$" + "x" * 43  # 1 GiB


@pytest.fixture(autouse=True)
def short_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "_PENALTY", 0.0)


def hashed(secret: str) -> Password:
    return Password(user="root", secret=secret, hashed=True)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))


def test_a_hash_is_checked_in_the_confined_child() -> None:
    async def scenario() -> None:
        log = Log(files=())
        keys = hashed("$1$x$kCw8ui3ja7esI2X5jr68X0"), Password(user="a", secret="plain")
        check = Checker(log).check
        assert await check(keys, "x") == keys[0]
        assert await check(keys, "plain") == keys[1]
        assert await check(keys, "y") is None
        assert [line.text for line in log.lines] == [
            "access granted",
            "access granted",
            "access denied: a wrong password",
        ]

    run(scenario())


@pytest.mark.parametrize("secret", ENDLESS.values(), ids=ENDLESS)
def test_a_hash_with_a_billion_rounds_costs_only_that_try(secret: str) -> None:
    async def scenario() -> None:
        log = Log(files=())
        check = Checker(log, processor=1).check
        assert await check([hashed(secret)], "x") is None
        assert log.lines[-1].text == (
            "access denied: the password could not be checked: "
            "its hash takes more than 1 s of processor time"
        )
        key = Password(user="root", secret="s")
        assert await check([key], "s") == key

    run(scenario())


@pytest.mark.parametrize("secret", ["$2b$31$" + "a" * 53, GREEDY], ids=["endless", "greedy"])
def test_a_hash_that_asks_for_too_much_costs_itself_alone(secret: str) -> None:
    """Another password of the same user opens, before or behind it."""

    async def scenario() -> None:
        good, bad = Password(user="root", secret="s"), hashed(secret)
        log = Log(files=())
        check = Checker(log, processor=1).check
        assert await check([bad, good], "s") == good
        assert await check([good, bad], "s") == good
        assert {line.text for line in log.lines} == {"access granted"}
        assert await check([bad, good], "x") is None
        assert "could not be checked" in log.lines[-1].text

    run(scenario())


@pytest.mark.slow
def test_a_hash_that_takes_long_opens_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "_QUICK", 1)

    async def scenario() -> None:
        salt, rounds = bytes(64), 3_000_000  # more than a second, much less than a minute
        made = hashlib.pbkdf2_hmac("sha512", b"s", salt, rounds)
        slow = hashed(f"{PBKDF2}{rounds}.{salt.hex()}.{made.hex()}")
        assert await Checker(Log(files=())).check([slow, hashed("$1$x$bad")], "s") == slow

    run(scenario())


def test_a_hash_that_wants_a_gigabyte_is_refused() -> None:
    async def scenario() -> None:
        log = Log(files=())
        assert await Checker(log).check([hashed(GREEDY)], "x") is None
        assert log.lines[-1].text == (
            "access denied: the password could not be checked: "
            "libcrypt refuses its $y$ hash: it is damaged, unknown or takes too much memory"
        )

    run(scenario())


def test_a_hash_that_takes_too_long_is_given_up() -> None:
    async def scenario() -> None:
        log = Log(files=())
        assert await Checker(log, patience=0.3).check([hashed(ENDLESS["crypt's"])], "x") is None
        assert log.lines[-1].text.endswith("its hash takes more than 0.3 seconds")

    run(scenario())


def test_without_libcrypt_its_hashes_stay_closed_and_the_others_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> ctypes.CDLL:
        raise OSError(65, "this system has no libcrypt")

    monkeypatch.setattr(crypt, "load", fail)

    async def scenario() -> None:
        log = Log(files=())
        check = Checker(log).check
        assert await check([hashed("$1$x$kCw8ui3ja7esI2X5jr68X0")], "x") is None
        assert log.lines[-1].text == (
            "access denied: the password could not be checked: "
            "this system has no libcrypt, which its $1$ hash needs"
        )
        sha1 = hashed("$4$aGVsbG8gd28=$LnfEnx1CyE4wRtsqIEJhCTgUbqw$")
        assert await check([sha1], "secret") == sha1

    run(scenario())


def test_a_check_ends_with_the_client_that_asked_and_leaves_the_penalty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checker, "_PENALTY", 0.5)

    async def scenario() -> None:
        check = Checker(Log(files=())).check
        task = asyncio.create_task(check([hashed(ENDLESS["crypt's"])], "x"))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait({task})
        began = time.monotonic()
        assert task.cancelled()
        key = Password(user="root", secret="s")
        assert await check([key], "s") == key
        assert time.monotonic() - began >= 0.45

    run(scenario())


def test_each_wrong_password_costs_twice_the_time_until_one_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checker, "_PENALTY", 1.0)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds > 0:
            slept.append(seconds)

    async def scenario() -> None:
        key = Password(user="root", secret="s")
        check = Checker(Log(files=()), clock=lambda: sum(slept)).check
        monkeypatch.setattr(asyncio, "sleep", sleep)
        for typed in ("x", "y", "z", "s", "x"):
            await check([key], typed)

    run(scenario())
    assert slept == [1, 2, 4, 1]


@pytest.mark.parametrize("answer", ["", "x\xff", "-1 ", "2 ", "9" * 4000, "² "])
def test_a_child_that_answers_nonsense_grants_nothing(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lie(*arguments: object) -> str:
        return answer

    async def scenario() -> None:
        monkeypatch.setattr(checker, "in_child", lie)
        keys = [Password(user=name, secret="x") for name in ("a", "b")]
        assert await Checker(Log(files=())).check(keys, "x") is None

    run(scenario())


class Plain(Checker):
    """A checker that compares without a child. A hash takes for ever."""

    async def _find(self, keys: Sequence[Password], typed: str) -> tuple[Password | None, str]:
        if any(key.hashed for key in keys):
            await asyncio.get_running_loop().create_future()
        return next((key for key in keys if key.secret == typed), None), ""


class Hours:
    """A clock that only sleeping moves, and what each sleeper slept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self._alarms: list[tuple[float, asyncio.Future[None]]] = []
        self._sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return await self._sleep(0)
        alarm = asyncio.get_running_loop().create_future()
        self._alarms.append((self.now + seconds, alarm))
        await alarm
        return None

    async def pass_by(self, *tasks: asyncio.Task[Any]) -> None:
        """Move the clock from alarm to alarm until the tasks have ended."""
        while not all(task.done() for task in tasks):
            for _ in range(20):
                await self._sleep(0)  # what can go on without the clock does
            if self._alarms and not all(task.done() for task in tasks):
                alarm = min(self._alarms, key=lambda pair: pair[0])
                self._alarms.remove(alarm)
                self.now = alarm[0]
                alarm[1].set_result(None)


def test_wrong_passwords_on_one_console_do_not_delay_a_right_one_on_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checker, "_PENALTY", 1.0)

    async def scenario() -> None:
        key = Password(user="root", secret="s")
        clock = Hours(monkeypatch)
        check = Plain(Log(files=()), clock=clock).check
        wrong = [asyncio.create_task(check([key], "x", origin="hvc1")) for _ in range(8)]
        stuck = asyncio.create_task(check([hashed(ENDLESS["crypt's"])], "x", origin="hvc2"))
        right = asyncio.create_task(check([key], "s", origin="hvc0"))
        await clock.pass_by(right)
        assert right.result() == key
        assert clock.now == 0
        assert not any(task.done() for task in wrong)
        stuck.cancel()
        await clock.pass_by(*wrong)
        assert clock.now == 1 + 2 + 4 + 8 + 16 + 32 + 64 + 64

    run(scenario())


def test_more_sessions_of_one_console_give_no_more_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "_PENALTY", 1.0)

    async def scenario() -> None:
        clock = Hours(monkeypatch)
        machine = Machine()
        commands = Commands(
            machine.store,
            lambda: machine.lines,
            machine,
            Plain(Log(files=()), clock=clock),
            rescan=machine.rescan,
            open_place=machine.open_place,
            close_place=machine.close_place,
            configuration=machine.configuration,
            note_presence=machine.note_presence,
            note_visit=lambda *_: None,
            describe=tuple,
            list_directory=list_nothing,
        )
        lock = Lock((Password(user="root", secret="s"),))
        tries = [
            asyncio.create_task(Session("ssh", commands).unlock(lock, "root", "x"))
            for _ in range(4)
        ]
        other = asyncio.create_task(Session("hvc0", commands).unlock(lock, "root", "s"))
        await clock.pass_by(other)
        assert other.result()
        await clock.pass_by(*tries)
        assert not any(task.result() for task in tries)
        assert clock.now == 1 + 2 + 4 + 8

    run(scenario())


def test_decoys_are_never_right_and_cost_the_penalty() -> None:
    async def scenario() -> None:
        log = Log(files=())
        key = Password(user="root", secret="s")
        assert await Checker(log).check([], "s", decoys=[key]) is None
        assert log.lines[-1].text == "access denied: a wrong password"

    run(scenario())
