"""The automatic boot has a right of its own: it boots what the policy decided, and no more."""

import asyncio
import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from parsers.api import Password
from petipy.boot.notes import Notes
from petipy.control import automatic
from petipy.control.automatic import AutomaticBoot
from petipy.control.commands import Commands, Denied, Right
from petipy.control.session import Session
from petipy.log import Trace
from petipy.settings.configuration import Configuration
from petipy.state import policy
from petipy.state.access import Lock
from petipy.state.boots import Countdown
from petipy.state.model import NETWORK, Choice, Edit
from petipy.state.order import parse
from petipy.state.own import Own
from petipy.state.policy import Decision
from petipy.state.settings import Settings
from petipy.state.store import Store
from tests.samples import choice, device, entry, guards, sources
from tests.ui.fakes import list_nothing

ROOT = Password(user="root", secret="toor")
SHUT = choice("shut", entry=entry("shut", users=()), superusers=("root",), passwords=(ROOT,))
OPEN = choice("open")
EDIT = Edit(kernel="/k", initrds=(), cmdline="")


class Booter:
    """A booter that only records its calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.failed: frozenset[str] = frozenset()
        self.last_failure = self.last_look = -math.inf
        self.notes = Notes()
        self.left: list[str] = []
        self.flapping: set[str] = set()
        self.booted: list[str] = []
        self.happened = asyncio.Event()

    def start(self, choice: Choice, edit: Edit | None = None, by: str = "") -> None:
        self.booted.append(choice.id)
        self._store.update(booting=choice.id)
        self.happened.set()

    @property
    def fatal(self) -> Collection[str]:
        return self.flapping | self.notes.fatal.keys()

    async def leave(self, action: str, why: str) -> None:
        self.left.append(action)
        self.happened.set()

    def stop(self) -> None: ...

    def list_actions(self) -> tuple[str, ...]:
        return ()

    def forget_failures(self) -> None:
        self.failed = frozenset()

    def note_failure(self, id: str, why: str) -> None:
        self.failed |= {id}
        self.happened.set()

    def find_penalty(self, origin: str) -> float:
        return 0.0

    async def check(
        self,
        keys: Sequence[Password],
        typed: str,
        decoys: Sequence[Password] = (),
        *,
        origin: str = "",
    ) -> Password | None:
        return None


class Person:
    """A client without any password."""

    name = "hvc0"

    def opens(self, right: Right, lock: Lock) -> bool:
        return False


class Parts:
    """The automatic boot, the commands and the store of a machine with these choices.

    Its clock stands at `now`.
    """

    def __init__(self, *choices: Choice, **settings: Any) -> None:
        self.now = 0.0
        self.store = Store()
        self.booter = Booter(self.store)
        self.told: list[str] = []
        self.store.update(
            choices=choices,
            guards=guards(*choices),
            settled=True,
            settings=Settings(**settings),
        )
        self.automatic = AutomaticBoot(
            self.store,
            self.booter,  # type: ignore[arg-type]
            Trace(False),
            self.told.append,
            lambda: self.now,
        )
        self.commands = Commands(
            self.store,
            tuple,
            self.booter,
            self.booter,
            rescan=lambda: None,
            open_place=str,
            close_place=lambda _: None,
            configuration=lambda: Configuration(lambda _: None),
            note_presence=self.automatic.note_presence,
            note_visit=self.automatic.note_visit,
            describe=tuple,
            list_directory=list_nothing,
        )

    async def decide(self) -> None:
        """Let the policy decide until something has happened."""
        task = asyncio.create_task(self.automatic.run(self.commands))
        await asyncio.wait_for(self.booter.happened.wait(), 30)
        task.cancel()
        await asyncio.wait({task})


def test_what_is_not_guarded_boots_by_itself() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=0)
        await parts.decide()
        assert parts.booter.booted == ["open"]

    asyncio.run(scenario())


def test_a_boot_that_is_not_taken_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's restart of the machine is under way, and fails without a word to the store."""
    monkeypatch.setattr(automatic, "_AGAIN", 0.01)

    async def scenario() -> None:
        parts, begin, refused = Parts(OPEN, timeout=0), Booter.start, list[str]()

        def refuse_once(choice: Choice, edit: Edit | None = None, by: str = "") -> None:
            if refused:
                begin(parts.booter, choice, edit, by)
            else:
                refused.append(choice.id)

        parts.booter.start = refuse_once  # type: ignore[method-assign]
        await parts.decide()
        assert (refused, parts.booter.booted) == (["open"], ["open"])

    asyncio.run(scenario())


@pytest.mark.parametrize("allowed", [False, True])
def test_what_is_guarded_boots_by_itself_only_where_the_setting_says_so(allowed: bool) -> None:
    async def scenario() -> None:
        parts = Parts(SHUT, boot_restricted=allowed)
        if allowed:
            await parts.commands.boot(parts.automatic, "shut")
        else:
            with pytest.raises(Denied):
                await parts.commands.boot(parts.automatic, "shut")
        assert parts.booter.booted == ["shut"] * allowed

    asyncio.run(scenario())


def test_the_lock_of_a_later_disk_keeps_a_person_from_booting_the_default_but_not_the_machine() -> (
    None
):
    async def scenario() -> None:
        parts = Parts(OPEN, replace(SHUT, device="vdb1"), timeout=0)
        parts.store.update(sources=sources(device(OPEN.device), device("vdb1")))
        with pytest.raises(Denied):
            await parts.commands.boot(Person(), "open")
        await parts.decide()
        assert (parts.booter.booted, parts.booter.failed) == (["open"], frozenset())

    asyncio.run(scenario())


def test_it_does_not_wait_longer_for_a_disk_than_the_policy_says() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=0)
        parts.store.update(unread=sources(device("vdb1"), state="scanning"))
        with pytest.raises(Denied):
            await parts.commands.boot(Person(), "open")
        await parts.commands.boot(parts.automatic, "open")
        assert parts.booter.booted == ["open"]

    asyncio.run(scenario())


def test_it_may_neither_change_an_entry_nor_open_a_shell() -> None:
    async def scenario() -> None:
        parts = Parts(SHUT, boot_restricted=True)
        with pytest.raises(Denied):
            await parts.commands.boot(parts.automatic, "shut", EDIT)
        with pytest.raises(Denied):
            await parts.commands.shell(parts.automatic, "/dev/null", "", lambda: None)

    asyncio.run(scenario())


@pytest.mark.parametrize("settings", [{"boot_restricted": True}, {}])
def test_it_boots_no_change_that_takes_a_password(settings: dict[str, bool]) -> None:
    """Not even if the policy wished so, nor while a disk may bring a lock."""

    async def scenario() -> None:
        mine = choice("mine", base="open", superusers=("root",), passwords=(ROOT,))
        parts = Parts(mine, **settings)
        with pytest.raises(Denied):
            await parts.commands.boot(parts.automatic, "mine")
        free = replace(mine, superusers=None, guarded=False)
        parts = Parts(free, **settings)
        parts.store.update(unread=sources(device("vdb1"), state="scanning"))
        with pytest.raises(Denied):
            await parts.commands.boot(parts.automatic, "mine")
        parts.store.update(unread=())
        await parts.commands.boot(parts.automatic, "mine")
        assert parts.booter.booted == ["mine"]

    asyncio.run(scenario())


def test_a_change_whose_entry_is_gone_is_told() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, own1=Own(base="x-12345678", title="Mine"), timeout=0)
        await parts.decide()
        (words,) = parts.told
        assert words.startswith("petipy.own1: Mine is not in the menu: the entry that it changes")

    asyncio.run(scenario())


def test_a_decision_that_is_denied_counts_as_a_failure_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "decide", lambda *_: Decision(default="shut", boot="shut"))

    async def scenario() -> None:
        parts = Parts(SHUT)
        await parts.decide()
        assert parts.booter.failed == {"shut"}
        assert parts.booter.booted == []

    asyncio.run(scenario())


def test_an_item_of_the_order_that_is_not_there_is_told_once() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=0, order=parse("vda7,any"))
        await parts.decide()
        await parts.decide()
        assert parts.booter.booted[:1] == ["open"]
        assert parts.told == ["petipy.order: nothing here is called vda7"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("machine", "settings", "told"),
    [
        (
            *(OPEN, {"timeout": 0, "order": parse("usb")}),
            "petipy.order names nothing that can boot yet: nothing boots by itself",
        ),
        (SHUT, {"next": "gone"}, "petipy.next: no entry here is gone"),
        (SHUT, {"entry": "gone"}, "petipy.entry: no entry here is gone"),
        (OPEN, {"timeout": math.inf, "next": "gone"}, "petipy.next: no entry here is gone"),
    ],
)
def test_where_nothing_boots_by_itself_a_setting_in_vain_is_told_once_all_is_known(
    machine: Choice, settings: dict[str, Any], told: str
) -> None:
    async def scenario() -> None:
        parts = Parts(machine, **settings)
        task = asyncio.create_task(parts.automatic.run(parts.commands))
        async with asyncio.timeout(30):
            while not parts.told:  # noqa: ASYNC110  nothing wakes this test
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        assert parts.told == [told]
        assert parts.booter.booted == []

    asyncio.run(scenario())


def test_a_default_that_cannot_boot_is_told_before_something_else_boots() -> None:
    windows = entry("Windows", default=True, unbootable="it starts another boot loader")

    async def scenario() -> None:
        parts = Parts(OPEN, choice("windows", entry=windows, turn=0), timeout=0)
        await parts.decide()
        assert parts.booter.booted == ["open"]
        assert parts.told == [
            "vda2: the default Windows does not boot: it starts another boot loader"
        ]

    asyncio.run(scenario())


def test_keys_that_were_an_echo_leave_the_countdown_as_it_was() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=600)
        task = asyncio.create_task(parts.automatic.run(parts.commands))

        async def find_countdown() -> Countdown | None:
            for _ in range(5):
                await asyncio.sleep(0)
            return parts.store.snapshot.countdown

        before = await find_countdown()
        assert before
        echo, person = (Session(name, parts.commands) for name in ("hvc1", "hvc0"))
        echo.note_presence()
        assert await find_countdown() is None
        echo.note_absence()
        assert await find_countdown() == before
        person.note_presence()
        echo.note_presence()
        echo.note_absence()
        assert await find_countdown() is None
        parts.now = 2000.0
        person.note_presence()
        person.note_absence()  # a plug in its place, after a visit
        after = await find_countdown()
        assert after
        assert after.until == 2000.0 + 600
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(scenario())


def test_a_late_network_that_the_order_prefers_leaves_time_to_stop_it_once() -> None:
    disk, net = device(OPEN.device), device("eth0", kind=NETWORK)
    fetched = choice("fetched", device="eth0", turn=0)

    async def scenario() -> None:
        parts = Parts(OPEN, timeout=60, order=parse("network:60s,any"))
        parts.store.update(sources=sources(disk))
        task = asyncio.create_task(parts.automatic.run(parts.commands))

        async def find_countdown() -> Countdown | None:
            for _ in range(5):
                await asyncio.sleep(0)
            return parts.store.snapshot.countdown

        first = await find_countdown()
        assert first
        assert (first.choice, first.until) == ("open", 60)
        parts.now = 59.5
        parts.store.update(sources=sources(disk, net), choices=(OPEN, fetched))
        late = await find_countdown()
        assert late
        assert (late.choice, late.until) == ("fetched", 62.5)
        for choices in (OPEN,), (OPEN, fetched):  # it goes, and comes back
            parts.now += 2
            parts.store.update(choices=choices)
            await find_countdown()
        assert parts.booter.booted == ["fetched"]
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(scenario())


def test_decisions_that_take_long_leave_time_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=600)
        rests = list[float]()
        sleep = asyncio.sleep

        def decide(*_: object) -> Decision:
            parts.now += 0.5
            return Decision()

        async def rest(seconds: float) -> None:
            rests.append(seconds)
            await sleep(0)

        monkeypatch.setattr(policy, "decide", decide)
        monkeypatch.setattr(asyncio, "sleep", rest)
        task = asyncio.create_task(parts.automatic.run(parts.commands))
        while not rests:
            await sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert rests == [2.0]

    asyncio.run(scenario())


def test_a_machine_that_has_failed_often_leaves_as_the_setting_says() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=0, on_failure="reboot")
        parts.booter.failed = frozenset({"open"})
        parts.booter.last_failure = -1e6
        parts.booter.forget_failures = lambda: None  # type: ignore[method-assign]
        await parts.decide()
        assert parts.booter.left[0] == "reboot"
        assert not parts.booter.booted

    asyncio.run(scenario())


def test_that_everything_has_failed_is_told_once_with_what_follows() -> None:
    async def scenario() -> None:
        parts = Parts(OPEN, timeout=0)
        parts.booter.failed = frozenset({"open"})
        parts.booter.last_failure = 0.0
        task = asyncio.create_task(parts.automatic.run(parts.commands))
        for version in range(5):
            parts.store.update(problems=(), progress=None, itself=frozenset({str(version)}))
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        again = "all is tried again in 60 s"
        assert parts.told == [f"Everything that may boot by itself has failed: {again}"]

    asyncio.run(scenario())


def test_an_entry_that_has_had_its_turn_is_named_once_and_another_one_boots() -> None:
    async def scenario() -> None:
        other = choice("other")
        parts = Parts(OPEN, other, timeout=0, flap=(2, 600.0))
        parts.booter.flapping = {"open"}
        await parts.decide()
        assert parts.booter.booted == ["other"]
        words = "open was booted 2 times within 600 s and the machine came back"
        assert parts.told == [f"{words}: all others are tried before"]

    asyncio.run(scenario())
