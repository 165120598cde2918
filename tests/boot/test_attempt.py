"""The conductor: one boot at a time, and every failure has its words."""

import asyncio
import errno
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from parsers.api import Action
from petipy.boot.attempt import Booter
from petipy.boot.download import Report
from petipy.boot.notes import Notes
from petipy.log import Log, Trace
from petipy.settings.bmc import Bmc
from petipy.settings.storage import Storage
from petipy.state import flapping
from petipy.state.boots import MOST_ATTEMPTS
from petipy.state.guards import Guard
from petipy.state.model import Change, Choice, Device, Edit, File, Snapshot
from petipy.state.network import Wanted
from petipy.state.settings import Origin, Settings
from petipy.state.store import Store
from tests.fakes import Kept, Kexec
from tests.samples import choice, entry


class Bench(Kexec):
    """A machine whose files lie in a directory, and which never jumps."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.lines: list[str] = []
        self.is_quiet = self.stays = False
        self.resumed = asyncio.Event()
        self.store = Store()
        self.log = Log(lambda status: self.store.update(status=status), files=())
        self.kexec = self.power = self
        self.left: Action = ""
        self.storage: Storage | None = None
        self.bmc: Bmc | None = None
        self.new = ""  # the stamp of every file, if they have changed
        self.looked_at: list[str] = []
        self.stuck = asyncio.Event()  # a file that never opens is being opened

    def __getitem__(self, id: str) -> Choice:
        choice = self.store.snapshot.choice(id)
        assert choice
        return choice

    async def open(
        self, files: Sequence[File], devices: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        if self.is_quiet:
            raise OSError(errno.ESHUTDOWN, "no device is reached any more")
        if self.new and (any(file.stamp for file in files) or not self.looked_at):
            raise OSError(errno.ESTALE, "it is not the file that was scanned")
        if any(file.path == "/stuck" for file in files):
            self.stuck.set()
            await asyncio.sleep(60)
        if any(file.path == "/bug" for file in files):
            raise ZeroDivisionError
        return [os.open(f"{self.tree}{file.path}", os.O_RDONLY) for file in files]

    async def fetch(self, wanted: Sequence[Wanted], report: Report) -> list[int]:
        raise OSError(errno.EIO, f"{wanted[0].url}: no answer")

    async def write(self, change: Change, devices: Sequence[Device]) -> None: ...

    def quiet(self) -> None:
        self.is_quiet = True

    async def restore(self, log: Log) -> None:
        self.is_quiet = False

    def before_boot(self) -> None: ...

    def list_actions(self) -> tuple[str, ...]:
        return "reboot", "halt"

    def prepare(self, action: Action) -> None:
        raise OSError(errno.ENOTSUP, "no such firmware")

    def leave(self, action: Action) -> None:
        self.left = action
        if self.stays:
            raise OSError(errno.EBUSY, "it is busy")

    async def release(self, lines: Sequence[str]) -> None:
        self.lines += lines

    def resume(self) -> None:
        self.resumed.set()


Scenario = Callable[[Bench, Booter], Awaitable[None]]


def run(tree: Path, scenario: Scenario) -> Bench:
    (tree / "good").write_text("good")

    async def main() -> Bench:
        bench = Bench(tree)
        names = ("good", "stuck", "gone", "bug")
        choices = [choice(name, kernel=File(device="vda2", path=f"/{name}")) for name in names]
        off = choice("off", entry=entry("off", action="halt", unbootable="it ends the machine"))
        leave = choice("exit", entry=entry("exit", action="exit", unbootable="it leaves"))
        bench.store.update(choices=(*choices, off, leave))
        look_again = bench.looked_at.append
        booter = Booter(bench, bench, bench.store, bench.log, Trace(False), look_again)
        task = asyncio.create_task(booter.run())
        await asyncio.wait_for(scenario(bench, booter), 30)
        assert not task.done()
        task.cancel()
        await asyncio.wait({task})
        return bench

    return asyncio.run(main())


def snapshot_after(bench: Bench) -> Snapshot:
    assert bench.store.snapshot.booting == ""
    assert bench.store.snapshot.progress is None
    return bench.store.snapshot


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("good", "good did not boot: kexec: nothing is loaded"),
        ("gone", "gone did not boot: open: No such file or directory"),
        ("bug", "bug did not boot: ZeroDivisionError: "),
        ("off", "off: no such firmware"),
        ("exit", "exit: no other device has anything to boot"),
    ],
)
def test_a_failure_says_why_and_is_remembered_until_it_is_forgotten(
    tmp_path: Path, id: str, words: str
) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        booter.start(bench[id])
        assert bench.store.snapshot.booting == id
        await bench.resumed.wait()
        status = snapshot_after(bench).status
        assert status
        assert (status.level, status.text) == ("error", words)
        assert booter.failed == {id}
        booter.forget_failures()
        assert not booter.failed

    run(tmp_path, scenario)


@pytest.mark.parametrize("leaves", [False, True])
def test_after_a_jump_or_a_restart_that_failed_the_machine_boots_something_else(
    tmp_path: Path, leaves: bool
) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        if leaves:
            bench.stays = True
            await booter.leave("reboot", "A test wants it")
            assert bench.log.lines[-1].text.endswith("but it does not: it is busy")
        for _ in range(2):
            bench.lines.clear()
            bench.resumed.clear()
            booter.start(bench["good"])
            await bench.resumed.wait()
            assert bench.lines[0] == "Booting good"

    run(tmp_path, scenario)


def test_a_second_boot_is_refused_while_one_is_under_way_and_esc_stops_that(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        booter.start(bench["stuck"])
        await bench.stuck.wait()
        booter.start(bench["good"])
        assert bench.store.snapshot.booting == "stuck"
        assert bench.log.lines[-1].text == "another boot is under way"
        booter.stop()
        await bench.resumed.wait()
        assert not booter.failed
        assert bench.log.lines[-1].text == "Loading stuck was stopped"
        bench.resumed.clear()
        booter.start(bench["good"])
        await bench.resumed.wait()
        assert booter.failed == {"good"}

    run(tmp_path, scenario)


def test_an_edit_boots_even_what_is_an_action(tmp_path: Path) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        booter.start(bench["off"], Edit(kernel="/good", initrds=(), cmdline="single"))
        await bench.resumed.wait()

    bench = run(tmp_path, scenario)
    assert bench.lines == ["Booting off", "  kernel  (vda2)/good", "  cmdline single"]


def test_a_choice_boots_as_it_was_when_it_was_allowed(tmp_path: Path) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        booter.start(bench["good"])
        other = choice("good", kernel=File(device="vda2", path="/gone"))
        bench.store.update(choices=(other,))
        await bench.resumed.wait()

    bench = run(tmp_path, scenario)
    assert bench.lines[1] == "  kernel  (vda2)/good"


def test_a_boot_is_noted_until_it_has_failed_or_was_stopped(tmp_path: Path) -> None:
    place = tmp_path / "notes"

    def read() -> list[str]:
        return list(json.loads(place.read_text())["boots"])

    async def scenario(bench: Bench, booter: Booter) -> None:
        booter.notes = Notes(str(place))
        booter.start(bench["stuck"])
        await bench.stuck.wait()
        assert read() == ["stuck"]
        booter.stop()
        await bench.resumed.wait()
        assert read() == []
        bench.resumed.clear()
        booter.start(bench["good"])
        await bench.resumed.wait()
        assert read() == []
        booter.start(bench["stuck"])
        bench.stuck.clear()
        await bench.stuck.wait()

    run(tmp_path, scenario)
    assert read() == ["stuck"]  # the program ended during the attempt


def test_files_that_have_changed_send_a_choice_back_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        bench.new = "new"
        booter.start(bench["good"])
        await bench.resumed.wait()
        assert bench.looked_at == ["vda2"]
        assert not booter.failed
        words = "good did not boot: open: it is not the file that was scanned; looking at it again"
        assert bench.log.lines[-1].text == words
        bench.new, bench.lines = "", []
        bench.resumed.clear()
        booter.start(bench["good"])
        await bench.resumed.wait()
        assert bench.lines[0] == "Booting good"

    run(tmp_path, scenario)


@pytest.mark.parametrize("locked", [True, False])
def test_files_that_change_all_the_time_strand_no_machine_and_open_no_lock(
    locked: bool, tmp_path: Path
) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        bench.new = "new"
        kernel = File(device="vda2", path="/good", stamp="old")
        bench.store.update(choices=(choice("good", kernel=kernel),))
        if locked:
            guard = Guard(device="vda2", config="/grub.cfg", superusers=("root",))
            bench.store.update(guards=(("machine", guard),))
        for _ in range(2):
            bench.resumed.clear()
            booter.start(bench["good"])
            await bench.resumed.wait()
        assert booter.failed == {"good"}  # nothing is loaded on this machine
        assert (bench.lines == []) == locked

    run(tmp_path, scenario)


def test_each_failure_is_kept_with_its_entry_and_reason_and_only_the_newest_stay(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        for id in "gone", "bug":
            bench.resumed.clear()
            booter.start(bench[id])
            await bench.resumed.wait()

    attempts = run(tmp_path, scenario).store.snapshot.attempts
    assert [(attempt.id, attempt.title) for attempt in attempts] == [
        ("gone", "gone"),
        ("bug", "bug"),
    ]
    assert attempts[0].reason == "gone did not boot: open: No such file or directory"
    assert 0 < attempts[0].at <= attempts[1].at

    async def fail_often(_: Bench, booter: Booter) -> None:
        for number in range(MOST_ATTEMPTS + 5):
            booter.note_failure("bug", f"failure {number}")

    attempts = run(tmp_path, fail_often).store.snapshot.attempts
    assert (len(attempts), attempts[-1].reason) == (MOST_ATTEMPTS, f"failure {MOST_ATTEMPTS + 4}")


def test_the_machine_leaves_after_the_consoles_have_said_why(tmp_path: Path) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        await booter.leave("halt", "Nothing has booted")

    bench = run(tmp_path, scenario)
    assert (bench.left, bench.lines) == ("halt", ["Nothing has booted: the machine goes off"])


def test_a_machine_that_does_not_leave_tries_all_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        def refuse(_: Action) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        booter.note_failure("bug", "it failed")
        bench.leave = refuse  # type: ignore[method-assign, assignment]
        await booter.leave("reboot", "Nothing has booted")
        assert not booter.failed
        assert bench.resumed.is_set()

    status = run(tmp_path, scenario).store.snapshot.status
    words = "Nothing has booted: the machine restarts, but it does not: Operation not permitted"
    assert status
    assert status.text == words


@pytest.mark.parametrize("reason", ["", "the memory is read-only"])
def test_the_wish_for_one_boot_is_used_up_when_something_boots_and_hinders_nothing(
    tmp_path: Path, reason: str
) -> None:
    kept = Kept(reason=reason)

    async def scenario(bench: Bench, booter: Booter) -> None:
        bench.storage = kept
        origin = Origin("next", "machine", "NVRAM")
        bench.store.update(settings=Settings(next="other", origins=(origin,)))
        booter.start(bench["gone"])  # does not load: the wish stays
        await bench.resumed.wait()
        assert not kept.writes
        bench.resumed.clear()
        booter.start(bench["good"])
        await bench.resumed.wait()

    bench = run(tmp_path, scenario)
    assert kept.writes == ([] if reason else [("next", None)])
    words = f"  petipy.next stays for the next start: {reason}"
    assert (words in bench.lines) == bool(reason)
    assert snapshot_after(bench).status


@pytest.mark.parametrize(("told", "reason"), [(True, ""), (False, ""), (True, "no NVRAM")])
def test_a_system_that_knows_the_entries_can_keep_a_wish_for_one(
    tmp_path: Path, told: bool, reason: str
) -> None:
    kept = Kept(reason=reason)

    async def scenario(bench: Bench, booter: Booter) -> None:
        bench.storage = kept
        bench.store.update(settings=Settings(story=told))
        booter.start(bench["good"])
        await bench.resumed.wait()

    bench = run(tmp_path, scenario)
    assert kept.prepared == (told and not reason)
    words = f"the booted system cannot keep a wish for the next start: {reason}"
    assert (words in [line.text for line in bench.log.lines]) == bool(reason)


def test_an_entry_that_came_back_again_and_again_loses_its_turn(tmp_path: Path) -> None:
    async def scenario(bench: Bench, booter: Booter) -> None:
        boots = flapping.add((), "good", time.time() - 60) * 2
        assert not booter.fatal
        bench.store.update(settings=Settings(flap=(2, 600.0), boots=boots))
        assert booter.fatal == {"good"}
        bench.store.update(settings=Settings(flap=(3, 600.0), boots=boots))
        assert not booter.fatal

    run(tmp_path, scenario)
