"""The settings in a file that a person has named: read with its disk, written when one is saved."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parsers.api import Volume
from petipy.settings import storage
from petipy.settings.configuration import Configuration
from petipy.settings.file import FileStorage, split
from petipy.settings.storage import Storage
from petipy.sources.discover import Receive, ScanSource
from petipy.state.model import NETWORK, Change, Device, File, Scan, Source
from petipy.state.settings import Settings
from petipy.state.store import Store
from tests.fakes import Kept

SPEC = "UUID=12-34:/petipy.toml"
SDA1 = Device(volume=Volume(name="sda1", uuid="12-34", fs="vfat"), node="/dev/sda1")


@dataclass
class Disks:
    """Disks whose files lie in a directory. `changes` are those that were written."""

    tree: Path
    reason: str = ""
    changes: list[Change] = field(default_factory=list)

    async def open(
        self, files: Sequence[File], known: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        return [os.open(f"{self.tree}{file.path}", os.O_RDONLY) for file in files]

    async def write(self, change: Change, known: Sequence[Device]) -> None:
        if self.reason:
            raise OSError(30, self.reason)
        self.changes.append(change)


class Machine:
    """A machine with such a file. `warned` has the new complaints."""

    def __init__(self, tree: Path, beneath: Storage | None = None, cmdline: str = "") -> None:
        self.disks, self.store, self.warned = Disks(tree), Store(), list[str]()
        self.file = FileStorage(SPEC, beneath, self.disks, self.store)
        self.configuration = Configuration(self.publish, cmdline, "/nonexistent", self.file)
        told = self.configuration.load().complaints
        self.file.listen(lambda: self.configuration.reload(told, self.warned.append))

    def publish(self, settings: Settings) -> None:
        self.store.update(settings=settings)

    @property
    def settings(self) -> Settings:
        return self.store.snapshot.settings

    def scan(self, *devices: Device) -> Settings:
        """Scan these devices; return the settings as they were when the scan began."""
        seen: list[Settings] = []

        async def scan(source: Source, others: Sequence[Device], receive: Receive) -> Scan:
            seen.append(self.settings)
            return Scan()

        sources = tuple(map(Source.of, devices))
        self.store.update(sources=sources)
        for source in sources:
            asyncio.run(self._scan(self.file.before(scan), source))
        return seen[-1]

    @staticmethod
    async def _scan(scan: ScanSource, source: Source) -> None:
        await scan(source, (), lambda _: None)

    def set(self, name: str, text: str | None) -> str:
        return str(asyncio.run(self.configuration.set(name, text, keep=True)))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "petipy.toml").write_text('timeout = 7\norder = ["network", "any"]\n')
    return Machine(tmp_path)


def test_the_file_counts_before_its_disk_is_scanned(machine: Machine) -> None:
    settings = machine.scan(SDA1)
    assert (settings.timeout, settings.layer("timeout")) == (7, "machine")
    assert settings.place("timeout") == f"{SPEC}:1: timeout"
    assert [item.name for item in settings.order] == ["network", "any"]
    assert machine.warned == []


def test_other_disks_are_not_looked_at_for_it(machine: Machine) -> None:
    others = (
        Device(volume=Volume(name="sdb1", uuid="56-78"), node="/dev/sdb1"),
        Device(volume=Volume(name="sda2:/a.iso", uuid="12-34", image="/a.iso"), node="/dev/sda2"),
        Device(volume=Volume(name="eth0", uuid="12-34"), node="", kind=NETWORK),
    )
    machine.scan(*others)
    assert machine.settings.timeout is None
    assert machine.set("timeout", "9") == (
        "not saved; it counts until the next start: UUID=12-34 is not here"
    )


def test_a_second_disk_with_the_same_name_does_not_count(machine: Machine) -> None:
    copy = Device(volume=Volume(name="sdb1", uuid="12-34", fs="vfat"), node="/dev/sdb1")
    machine.scan(SDA1, copy)
    machine.set("timeout", "9")
    assert [change.file.device for change in machine.disks.changes] == ["sda1"]


def test_a_saved_setting_is_a_line_of_the_file(machine: Machine) -> None:
    machine.scan(SDA1)
    assert machine.disks.changes == []
    assert machine.set("timeout", "9") == f"saved in {SPEC}"
    file = File(device="sda1", path="/petipy.toml")
    assert machine.disks.changes == [Change(file=file, values=(("timeout", "9"),), toml=True)]
    assert (machine.settings.timeout, machine.settings.layer("timeout")) == (9, "machine")
    assert machine.set("timeout", None) == f"not kept in {SPEC} any more"
    assert machine.disks.changes[1].values == (("timeout", None),)
    assert machine.settings.timeout is None
    machine.set("timeout", None)
    assert len(machine.disks.changes) == 2


def test_a_value_that_the_disk_does_not_take_counts_until_the_next_start(machine: Machine) -> None:
    machine.scan(SDA1)
    machine.disks.reason = "settings are kept on FAT or ext, and this is xfs"
    words = f"not saved; it counts until the next start: {machine.disks.reason}"
    assert machine.set("timeout", "9") == words
    assert machine.settings.layer("timeout") == "now"


def test_a_file_that_is_not_there_yet_is_noted_and_made(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.scan(SDA1)
    assert machine.warned == []
    assert machine.settings.notes == (
        f"{SPEC}: petipy.store: there is no such file yet; saving a setting makes it",
    )
    assert machine.set("timeout", "9") == f"saved in {SPEC}"


def test_a_damaged_file_costs_its_bad_lines_alone(tmp_path: Path) -> None:
    lines = b'timeout = 7\n\xff\xfe = {\ntimeout = soon\nunknown = 1\nresume = "x"\nname 1\n'
    (tmp_path / "petipy.toml").write_bytes(lines)
    machine = Machine(tmp_path)
    assert machine.scan(SDA1).timeout == 7
    assert [line.removeprefix(SPEC) for line in machine.warned] == [
        ':2: : not a line like timeout = 5 or timeout = "never"',
        ':3: timeout: not a line like timeout = 5 or timeout = "never"',
        ":4: unknown setting unknown",
        ":5: resume takes SECONDS|never, not 'x'",
        ':6: name: not a line like timeout = 5 or timeout = "never"',
    ]


@pytest.mark.parametrize("content", [b"\0" * 70_000, b"[" * 70_000])
def test_a_file_of_noise_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "petipy.toml").write_bytes(content)
    machine = Machine(tmp_path)
    assert machine.scan(SDA1).timeout is None
    assert machine.warned == [
        f"{SPEC}: petipy.store: more than 65536 bytes are no file of settings"
    ]


def test_a_line_that_is_slow_to_read_costs_a_few_seconds(tmp_path: Path) -> None:
    (tmp_path / "petipy.toml").write_text("timeout = 7\nca = [" + "'a' , " * 10_000 + "\n")
    machine = Machine(tmp_path)
    machine.scan(SDA1)
    assert machine.warned


def test_what_weakens_protection_and_what_comes_too_late_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "petipy.toml").write_text("insecure = true\nconsoles = 'hvc1'\n")
    machine = Machine(tmp_path)
    settings = machine.scan(SDA1)
    assert (settings.insecure, settings.consoles) == (False, ())
    assert sorted(machine.warned) == [
        f"{SPEC}:1: insecure cannot be set there",
        f"{SPEC}:2: consoles: it counts before UUID=12-34 is read",
    ]
    words = machine.set("consoles", "hvc1")
    assert words == "not changed: it counts before UUID=12-34 is read"


def test_it_is_stronger_than_what_the_machine_keeps_by_itself(tmp_path: Path) -> None:
    (tmp_path / "petipy.toml").write_text("timeout = 7\n")
    kept = Kept({"timeout": "3", "next": "Debian", "debug": "1"})
    machine = Machine(tmp_path, kept)
    settings = machine.scan(SDA1)
    assert (settings.timeout, settings.next, settings.debug) == (7, "Debian", True)
    asyncio.run(machine.file.write("next", None))
    assert kept.values == {"timeout": "3", "debug": "1"}
    assert machine.disks.changes == []


@pytest.mark.parametrize(
    "spec", ["", "UUID=1", ":/a", "UUID=1:/", "sda1:a", "sda1:/a/../b", "sda1:/a//b", "a:/b\n"]
)
def test_a_place_is_a_device_and_an_absolute_path(spec: str) -> None:
    with pytest.raises(ValueError, match="not DEVICE:/FILE"):
        split(spec)
    assert split("LABEL=a b:/x/y") == ("LABEL=a b", "/x/y")
    if spec:
        given = storage.load(f'petipy.store="{spec}"', "/nonexistent")
        assert given.store == ""
