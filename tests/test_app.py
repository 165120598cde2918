"""The whole program on a machine of a directory, a pseudo terminal and a kexec that pretends."""

import asyncio
import errno
import math
import os
import pty
import time
import tty
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import pytest

from initramfs.build import make_mark
from parsers.api import Action, Effect, Entry, FileRef, Password, Preferences
from petipy.app import App
from petipy.boot.download import Report
from petipy.boot.notes import Notes
from petipy.control.session import Session
from petipy.log import Log
from petipy.services import Services
from petipy.settings import storage
from petipy.settings.bmc import Bmc
from petipy.sources.discover import Receive
from petipy.sources.source import Arrived, Settled, SourceEvent
from petipy.state import own
from petipy.state.access import Lock
from petipy.state.model import Change, Device, Edit, File, Scan, Snapshot, Source
from petipy.state.network import Wanted
from petipy.state.resolve import choices
from petipy.state.seen import Seen
from petipy.state.settings import Settings
from petipy.state.store import Store
from petipy.state.typed import as_edit
from tests.bmc import Device as BmcDevice
from tests.boot.test_notes import leave_behind
from tests.fakes import Kexec
from tests.samples import CONFIG, device, entry, scan
from tests.ui.fakes import list_nothing

Person = Callable[[Session, Store], Coroutine[None, None, None]]


async def restore_nothing(log: Log) -> None:
    """Do as a machine that has ended nothing before a jump."""


class Jumped(BaseException):
    """The machine has jumped into another kernel."""


@dataclass
class Machine(Kexec):
    """A machine with disks, by name in `scans`. A kernel boots if its text is "good"."""

    tree: Path
    terminal: str
    scans: dict[str, Scan]
    loaded: str = ""
    written: list[str] = field(default_factory=list)
    bmc: Bmc | None = None
    stamp: str = ""  # of every file, if a scan has seen one
    later: dict[str, Scan] = field(default_factory=dict)  # what further scans give
    kmsg: bool = False

    def take(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> None:
        content = os.read(kernel, 99)
        if content == b"slow":
            time.sleep(60)
        if content != b"good":
            raise OSError(errno.ENOEXEC, "not a kernel")
        # This is a child; its parent reads the file.
        (self.tree / "loaded").write_text(cmdline)

    def before_boot(self) -> None:
        """Nothing has to be done on this machine."""

    def execute(self) -> NoReturn:
        self.loaded = (self.tree / "loaded").read_text()
        raise Jumped

    async def scan(self, source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        if source.name not in self.scans:
            await asyncio.sleep(60)
        found = self.scans[source.name]
        self.scans[source.name] = self.later.get(source.name, found)
        return found

    async def open(
        self, files: Sequence[File], known: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        for file in (*files, *configs):
            if file.stamp and file.stamp != self.stamp:
                raise OSError(errno.ESTALE, f"{file} is not the file that was scanned")
        return [os.open(f"{self.tree}{file.path}", os.O_RDONLY) for file in files]

    async def fetch(self, wanted: Sequence[Wanted], report: Report) -> list[int]:
        raise OSError(errno.EIO, f"{wanted[0].url}: no answer")

    async def write(self, change: Change, known: Sequence[Device]) -> None:
        if change.file.device not in {device.name for device in known}:
            raise OSError(errno.ENODEV, "there is no such device")
        self.written.append(str(change))

    def list_actions(self) -> tuple[str, ...]:
        return "reboot", "halt"

    def prepare(self, action: Action) -> None:
        if action == "fwsetup":
            raise OSError(errno.ENOTSUP, "no settings here")

    def leave(self, action: Action) -> None:
        self.loaded = action
        raise Jumped

    async def events(self, log: Log) -> AsyncIterator[SourceEvent]:
        for name in self.scans:
            yield Arrived(Source.of(device(name)))
        yield Settled()
        await asyncio.sleep(60)

    def services(self) -> Services:
        return Services(
            scan=self.scan,
            open=self.open,
            fetch=self.fetch,
            write=self.write,
            sources=[self.events],
            kexec=self,
            power=self,
            quiet=lambda: None,
            restore=restore_nothing,
            before_boot=self.before_boot,
            terminals=lambda _: [self.terminal],
            before_menu=lambda: None,
            list_directory=list_nothing,
            notes=Notes(f"{self.tree}/boots"),
            bmc=self.bmc,
            control=f"{self.tree}/control",
            kmsg=self.kmsg,
        )

    def run(self, settings: Settings, person: "Person | None" = None) -> Log:
        store = Store()
        store.update(settings=settings)
        log = Log(lambda status: store.update(status=status), files=())

        async def main() -> None:
            app = App(self.services(), log, store)
            if person is None:
                return await app.run()
            async with asyncio.TaskGroup() as group:
                group.create_task(app.run())
                group.create_task(person(Session("person", app.commands), store))
            return None

        try:
            asyncio.run(asyncio.wait_for(main(), 60))
        except BaseExceptionGroup as ended:
            if ended.split(Jumped)[1]:
                raise
        return log


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "good").write_text("good")
    (tmp_path / "bad").write_text("bad")
    (tmp_path / "slow").write_text("slow")
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield Machine(tmp_path, os.ttyname(theirs), {})
    os.close(ours)
    os.close(theirs)


def test_with_nobody_there_the_default_boots(machine: Machine) -> None:
    entries = entry("a", "/good", cmdline="A"), entry("b", "/good", cmdline="B", default=True)
    machine.scans["vda2"] = scan(*entries)
    machine.run(Settings(timeout=0))
    assert machine.loaded == "B"


def test_a_console_that_is_not_there_is_told(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good", default=True))
    there = machine.terminal.removeprefix("/dev/")
    log = machine.run(Settings(timeout=0, consoles=(there, "hvc7")))
    seen = [line.text for line in log.lines if line.level == "warning"]
    assert seen == ["petipy.consoles: there is no terminal behind hvc7"]


def test_a_kernel_that_cannot_be_loaded_costs_only_itself(machine: Machine) -> None:
    entries = entry("a", "/bad", default=True), entry("b", "/good", cmdline="next")
    machine.scans["vda2"] = scan(*entries)
    log = machine.run(Settings(timeout=0))
    assert machine.loaded == "next"
    assert "a did not boot: (vda2)/bad: not a kernel" in [s.text for s in log.lines]


def test_the_service_processors_wish_boots_first_and_is_used_up(machine: Machine) -> None:
    device = BmcDevice(machine.tree)
    device.bmc.set_flags("disk")
    machine.bmc = Bmc(device.path, ioctl=device.ioctl)
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A", default=True))
    machine.run(Settings(timeout=0))
    assert machine.loaded == "A"
    assert device.bmc.flags == bytes((0x80, 0, 0, 0, 0))


class KernelMessages:
    """A kernel that has one message, a while after everything else has come."""

    def __init__(self, add: Callable[[int, str], None]) -> None:
        self._add = add

    async def run(self) -> None:
        await asyncio.sleep(0.5)
        self._add(6, "kernel: usb 1-1: new device")
        await asyncio.sleep(60)

    async def release(self, lines: Sequence[str]) -> None: ...
    def resume(self) -> None: ...


def test_a_message_of_the_kernel_wakes_whoever_shows_the_log(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petipy.ui.line.kernel.KernelMessages", KernelMessages)
    machine.kmsg = True
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A"))

    async def person(session: Session, store: Store) -> None:
        await until(store, lambda _: any("usb" in status.text for status in session.log()))
        await session.boot(store.snapshot.choices[0].id)

    machine.run(Settings(timeout=math.inf), person)
    assert machine.loaded == "A"


def test_safe_mode_looks_at_no_disk_before_a_person_asks(machine: Machine) -> None:
    device = BmcDevice(machine.tree)
    device.bmc.set_flags("safe")
    machine.bmc = Bmc(device.path, ioctl=device.ioctl)
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A", default=True))

    async def person(session: Session, store: Store) -> None:
        await until(store, lambda s: bool(s.hold))
        await asyncio.sleep(0.3)
        assert not store.snapshot.sources
        session.rescan()
        await until(store, lambda s: bool(s.choices))
        await asyncio.sleep(0.3)
        assert not store.snapshot.booting
        await session.boot(store.snapshot.choices[0].id)

    machine.run(Settings(timeout=0), person)
    assert machine.loaded == "A"


def test_an_entry_that_a_person_keeps_is_in_the_menu_and_boots(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/bad", cmdline="A"))

    async def person(session: Session, store: Store) -> None:
        await until(store, lambda s: bool(s.choices) and s.settled)
        (base,) = store.snapshot.choices
        edit = Edit(kernel="/good", initrds=(), cmdline="mine")
        outcome = await session.keep_entry(base.id, edit, "Mine", keep=False)
        assert outcome.counts
        await until(store, lambda s: len(s.choices) == 2)
        await session.boot("own#Mine")

    machine.run(Settings(timeout=math.inf), person)
    assert machine.loaded == "mine"


@pytest.mark.parametrize("locked", [False, True])
def test_a_kept_entry_boots_by_itself_only_where_anybody_may_change_its_base(
    machine: Machine, locked: bool
) -> None:
    base = entry("a", "/good", cmdline="A", default=True)
    found = scan(base)
    if locked:
        keys = (Password(user="root", secret="toor"),)
        wish = Preferences(superusers=("root",), passwords=keys)
        found = replace(found, preferences=((CONFIG, wish),))
    machine.scans["vda2"] = found
    (choice,) = choices([(device("vda2"), found)])
    mine = own.make(choice, replace(as_edit(choice), cmdline="mine"), "Mine", (choice,), ())
    log = machine.run(Settings(timeout=0, own1=mine, entry="Mine"))
    assert machine.loaded == ("A" if locked else "mine")
    words = "vda2: the default Mine does not boot: it takes a password to change the entry"
    assert any(line.text.startswith(words) for line in log.lines) == locked


def test_a_missing_file_and_a_waiting_entry_are_passed_over(machine: Machine) -> None:
    gone = entry("a", "/gone", default=True)
    waits = entry("w", "/good", waits_for="a file system")
    good = entry("b", "/good", cmdline="good")
    assert gone.kernel
    machine.scans["vda2"] = scan(gone, waits, good, missing=(gone.kernel,))
    machine.run(Settings(timeout=0))
    assert machine.loaded == "good"


GRUBENV = FileRef(path="/boot/grub/grubenv")


def saves(**values: str) -> tuple[Effect, ...]:
    return (Effect(file=GRUBENV, values=tuple(values.items())),)


def test_what_an_entry_writes_is_written_when_it_has_been_loaded(machine: Machine) -> None:
    bad = entry("a", "/bad", default=True, effects=saves(saved_entry="a"))
    good = entry("b", "/good", cmdline="B", effects=saves(saved_entry="b"))
    machine.scans["vda2"] = scan(bad, good, entry("c", "/good", effects=saves(saved_entry="c")))
    machine.run(Settings(timeout=0))
    assert machine.loaded == "B"
    assert machine.written == ["(vda2)/boot/grub/grubenv: saved_entry=b"]


def test_what_cannot_be_written_stops_no_boot(machine: Machine) -> None:
    gone = Effect(file=replace(GRUBENV, device="UUID=1"), values=(("a", "1"),))
    one = entry("a", "/good", cmdline="A", effects=(gone, *saves(b="2")))
    machine.scans["vda2"] = scan(one)
    log = machine.run(Settings(timeout=0))
    assert machine.loaded == "A"
    assert machine.written == ["(vda2)/boot/grub/grubenv: b=2"]
    why = "not written: (UUID=1)/boot/grub/grubenv: a=1 (there is no such device)"
    assert why in [status.text for status in log.lines]


def test_the_second_disk_boots_when_nothing_on_the_first_does(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/bad", default=True), entry("b", "/bad"))
    machine.scans["vdb1"] = scan(entry("c", "/good", cmdline="second", default=True))
    machine.run(Settings(timeout=0))
    assert machine.loaded == "second"


NEVER = Settings(timeout=math.inf)


async def until(store: Store, condition: Callable[[Snapshot], bool]) -> Snapshot:
    snapshot = store.snapshot
    while not condition(snapshot):
        snapshot = await store.wait_for_change(snapshot.version)
    return snapshot


def chooses(title: str) -> Person:
    """Return a person who boots the entry as soon as it is there."""

    async def person(session: Session, store: Store) -> None:
        snapshot = await until(store, lambda s: any(c.entry.title == title for c in s.choices))
        await session.boot(next(c.id for c in snapshot.choices if c.entry.title == title))

    return person


def off(action: Action) -> Entry:
    saved = saves(saved_entry="off")
    return entry("off", action=action, unbootable="it does that", effects=saved)


@pytest.mark.parametrize("action", ["reboot", "halt"])
def test_an_action_happens_when_somebody_asks_for_it_and_writes_what_it_writes(
    action: Action, machine: Machine
) -> None:
    machine.scans["vda2"] = scan(off(action), entry("a", "/good"))
    machine.run(NEVER, chooses("off"))
    assert machine.loaded == action
    assert machine.written == ["(vda2)/boot/grub/grubenv: saved_entry=off"]


def test_an_action_that_is_impossible_is_told_and_nothing_is_written(machine: Machine) -> None:
    machine.scans["vda2"] = scan(off("fwsetup"))

    async def person(session: Session, store: Store) -> None:
        await chooses("off")(session, store)
        seen = await until(store, lambda s: bool(s.status and not s.booting))
        assert seen.status
        assert seen.status.text == "off: no settings here"
        raise Jumped

    machine.run(NEVER, person)
    assert machine.written == []


def test_a_loading_that_takes_too_long_for_somebody_is_stopped_and_counts_as_no_failure(
    machine: Machine,
) -> None:
    machine.scans["vda2"] = scan(
        entry("a", "/slow", default=True), entry("b", "/good", cmdline="other")
    )

    async def person(session: Session, store: Store) -> None:
        await chooses("a")(session, store)
        await asyncio.sleep(0.1)
        session.stop()
        seen = await until(store, lambda s: not s.booting)
        assert seen.status
        assert seen.status.text == "Loading a was stopped"
        assert seen.default == next(c.id for c in seen.choices if c.entry.title == "a")
        await chooses("b")(session, store)

    machine.run(NEVER, person)
    assert machine.loaded == "other"


def test_who_leaves_a_devices_menu_boots_the_next_device(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A"), off("exit"))
    machine.scans["vdb1"] = scan(entry("b", "/good", cmdline="B"))
    machine.run(NEVER, chooses("off"))
    assert machine.loaded == "B"


def test_a_url_that_a_person_opens_is_scanned_and_its_entries_boot(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A"))
    machine.scans["opened1"] = scan(entry("b", cmdline="B"))

    async def person(session: Session, store: Store) -> None:
        while session.lock("shell"):  # until every disk is known
            await session.wait_for_change(store.snapshot.version)
        assert session.open("http://192.0.2.1/menu") == "opened1"
        while not (found := [c for c in store.snapshot.choices if c.device == "opened1"]):
            await session.wait_for_change(store.snapshot.version)
        await session.boot(found[0].id, Edit(kernel="(vda2)/good", initrds=(), cmdline="C"))
        await asyncio.sleep(60)

    machine.run(NEVER, person)
    assert machine.loaded == "C"


def test_a_password_is_checked_while_everything_else_goes_on(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good"))
    keys = Password(user="a", secret="other"), Password(user="root", secret="right")

    async def person(session: Session, store: Store) -> None:
        tries = [session.unlock(Lock(keys), "root", typed) for typed in ("wrong", "right")]
        assert await asyncio.gather(*tries) == [False, True]
        raise Jumped

    log = machine.run(NEVER, person)
    lines = [status.text for status in log.lines]
    assert "access denied: a wrong password" in lines
    assert "access granted" in lines


def once(**values: str) -> tuple[Effect, ...]:
    return tuple(replace(effect, once=True) for effect in saves(**values))


def test_a_wish_for_one_boot_stays_when_something_else_boots(machine: Machine) -> None:
    wanted = entry("w", default=True, unbootable="a boot loader", effects=saves(next_entry=""))
    other = entry("b", "/good", cmdline="B", effects=once(next_entry=""))
    machine.scans["vda2"] = scan(wanted, other)
    log = machine.run(Settings(timeout=0))
    assert machine.loaded == "B"
    assert machine.written == []
    assert "vda2: the default w does not boot: a boot loader" in [line.text for line in log.lines]


def test_a_wish_for_one_boot_stays_when_another_devices_menu_leads_past_it(
    machine: Machine,
) -> None:
    machine.scans["vda2"] = scan(off("exit"))
    wanted = entry("w", default=True, unbootable="a boot loader", effects=saves(next_entry=""))
    other = entry("b", "/good", cmdline="B", effects=once(next_entry=""))
    machine.scans["vdb1"] = scan(wanted, other)
    machine.run(NEVER, chooses("off"))
    assert machine.loaded == "B"
    assert machine.written == ["(vda2)/boot/grub/grubenv: saved_entry=off"]


def test_a_wish_for_one_boot_is_used_up_once_it_has_been_tried(machine: Machine) -> None:
    wanted = entry("a", "/bad", default=True, effects=saves(next_entry="", recordfail="1"))
    other = entry("b", "/good", cmdline="B", effects=once(next_entry=""))
    machine.scans["vda2"] = scan(wanted, other)
    machine.run(Settings(timeout=0))
    assert machine.loaded == "B"
    assert machine.written == ["(vda2)/boot/grub/grubenv: next_entry="]


def test_a_boot_that_killed_the_program_is_not_the_first_of_the_next_one(machine: Machine) -> None:
    deadly = entry("a", "/good", cmdline="A", default=True)
    machine.scans["vda2"] = scan(deadly, entry("b", "/good", cmdline="B"))
    machine.run(Settings(timeout=0))
    assert machine.loaded == "A"  # the jump ends the program, so the note stays
    leave_behind(machine.tree / "boots")
    log = machine.run(Settings(timeout=0))
    assert machine.loaded == "B"
    words = "a: Petipy was killed while it loaded this: all others are tried before"
    assert words in [line.text for line in log.lines]


def test_an_image_of_petipy_is_recognised_when_it_is_loaded(machine: Machine) -> None:
    (machine.tree / "image").write_bytes(make_mark())
    own = entry("own", "/good", initrds=(FileRef(path="/image"),), cmdline="own", default=True)
    machine.scans["vda2"] = scan(own, entry("b", "/good", cmdline="B"))
    log = machine.run(Settings(timeout=0))
    assert machine.loaded == "B"
    words = "own did not boot: (vda2)/good: this is Petipy itself; choose it again to start it"
    assert words in [line.text for line in log.lines]


def test_a_person_may_start_petipy_and_the_next_one_knows(machine: Machine) -> None:
    (machine.tree / "image").write_bytes(make_mark())
    own = entry("own", "/good", initrds=(FileRef(path="/image"),), cmdline="own", itself=True)
    machine.scans["vda2"] = scan(own)

    machine.run(Settings(timeout=math.inf), chooses("own"))
    assert machine.loaded == "own petipy.started=vda2%3A/boot/grub/grub.cfg%23own"
    found = storage.load(machine.loaded)
    assert not found.complaints
    assert found.started == "vda2:/boot/grub/grub.cfg#own"


def test_a_configuration_that_has_changed_is_read_again_and_boots(machine: Machine) -> None:
    def seen(stamp: str) -> tuple[Seen, ...]:
        return (Seen(path="/good", stamp=stamp), Seen(path=CONFIG, stamp=stamp, text=True))

    old, new = entry("a", "/good", cmdline="old"), entry("a", "/good", cmdline="new")
    machine.scans["vda2"] = replace(scan(old), seen=seen("1"))
    machine.later["vda2"] = replace(scan(new), seen=seen("2"))
    machine.stamp = "2"
    machine.run(Settings(timeout=0))
    assert machine.loaded == "new"
    machine.scans["vda2"] = machine.later["vda2"] = replace(scan(old), seen=seen("1"))
    log = machine.run(Settings(timeout=0))
    assert machine.loaded == "old"
    assert any(line.text.endswith("it is booted nevertheless") for line in log.lines)
