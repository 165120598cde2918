"""A machine for the screens: a store, entries, and commands that only record their calls."""

import asyncio
import errno
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from parsers.api import Entry, Password, Volume
from petipy.control import passwords
from petipy.control.commands import Commands
from petipy.control.services import Action
from petipy.control.session import Session
from petipy.settings.configuration import Configuration
from petipy.settings.storage import Storage
from petipy.state.inventory import Part
from petipy.state.model import Choice, Device, Edit, File, Snapshot, Source, Status
from petipy.state.settings import Settings
from tests.samples import guards

DEBIAN = "Debian GNU/Linux"
PARTS = (
    Part(
        "Machine",
        (
            ("Model", "IBM pSeries (emulated by qemu)"),
            ("Platform", "pseries"),
            ("Firmware", "SLOF,HEAD"),
        ),
    ),
    Part("Processors", (("Model", "2 x POWER9 (architected), altivec supported"),)),
    Part("Memory", (("For Linux", "1 GB"), ("Free", "812 MB"))),
    Part("Trust", (("Secure boot", "off"), ("Lockdown", "none"), ("TPM", "none"))),
    Part("Kernel", (("Command line", "console=hvc0 quiet"),)),
    Part("Disks", (("sda", "100 GB, QEMU HARDDISK, sd"), ("vda", "20 GB, virtio_blk"))),
)
ADVANCED = "Advanced options for Debian GNU/Linux"


def device(name: str, title: str = "") -> Device:
    return Device(volume=Volume(name=name), node=f"/dev/{name}", title=title)


def looking(*names: str) -> tuple[Source, ...]:
    """Return sources in the middle of their scans."""
    return tuple(Source(name=name, state="scanning") for name in names)


def choice(
    title: str, device: str = "vda2", trail: tuple[str, ...] = (), number: int = 0, **more: Any
) -> Choice:
    """Return an entry whose files are present; `more` goes to the Entry."""
    kernel = more.pop("kernel", File(device=device, path="/boot/vmlinux"))
    waits_for = more.pop("waits_for", "")
    missing = more.pop("missing", ())
    passwords = more.pop("passwords", ())
    superusers = more.pop("superusers", None)
    style = more.pop("style", "")
    facts: dict[str, Any] = {
        "config": "/boot/grub/grub.cfg",
        "line": 12,
        "cmdline": "root=/dev/vda2 ro",
    } | more
    entry = Entry(title=title, name=title, trail=trail, **facts)
    return Choice(
        id=f"{device}/grub/{'>'.join((*trail, title))}{number or ''}",
        format="grub",
        device=device,
        entry=entry,
        kernel=kernel,
        initrds=(File(device=device, path="/boot/initrd.img"),),
        missing=missing,
        waits_for=waits_for,
        passwords=passwords,
        superusers=superusers,
        guarded=superusers is not None,
        style=style,
    )


def machine() -> Snapshot:
    """Return two disks and a CD: eight entries in the main menu, four in a submenu."""
    disk = [choice(DEBIAN)]
    kernels = ("6.12.48+deb13-powerpc64le", "6.12.43+deb13-powerpc64le")
    for kernel in kernels:
        disk += [choice(f"{DEBIAN}, with Linux {kernel}", trail=(ADVANCED,))]
        disk += [choice(f"{DEBIAN}, with Linux {kernel} (recovery mode)", trail=(ADVANCED,))]
    disk += [choice("Memory test", unbootable="it is a program for the firmware")]
    other = [
        choice("Fedora Linux (6.11.4-301.fc41.ppc64le) 41 (Server Edition)", "sda3"),
        choice("Fedora Linux (0-rescue) 41", "sda3", waits_for="the file system with UUID 4f1d"),
    ]
    disc = [choice(name, "sr0") for name in ("Default install", "Expert install", "Rescue mode")]
    devices = (
        device("vda2", "vda2: 20 GB ext4, label root"),
        device("sda3", "sda3: 100 GB xfs, label fedora"),
        device("sr0", "sr0: 600 MB iso9660, label Debian 13 ppc64el n"),
    )
    return Snapshot(
        version=1,
        sources=tuple(Source.of(device, "ready") for device in devices),
        choices=(*disk, *other, *disc),
        default=disk[0].id,
        settled=True,
        booting="",
    )


@dataclass
class Store:
    snapshot: Snapshot = field(default_factory=machine)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def update(self, **changes: Any) -> None:
        version = self.snapshot.version + 1
        if "choices" in changes and "guards" not in changes:
            changes["guards"] = guards(*changes["choices"])
        self.snapshot = replace(self.snapshot, version=version, **changes)
        self._news.set()
        self._news = asyncio.Event()

    async def wait_for_change(self, since: int) -> Snapshot:
        while self.snapshot.version <= since:
            await self._news.wait()
        return self.snapshot


class Clock:
    """Seconds of time.monotonic(). After `stop`, only `forward` moves the clock.

    A stopped clock shows whole seconds. Else (now + 60) - now could be more than 60, by rounding.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped: float | None = None

    def __call__(self) -> float:
        return self._ahead + (time.monotonic() if self._stopped is None else self._stopped)

    def stop(self) -> None:
        self._stopped = float(math.ceil(time.monotonic()))

    def forward(self, seconds: float) -> None:
        self._ahead += seconds


async def list_nothing(device: str, path: str) -> Sequence[str]:
    """Return the names in a directory of a machine without files."""
    return ()


@dataclass
class Machine:
    """The services behind the commands, which only record their calls."""

    clock: Clock = field(default_factory=Clock)
    store: Store = field(default_factory=Store)
    lines: list[Status] = field(default_factory=list)
    booted: list[tuple[str, Edit | None]] = field(default_factory=list)
    answers: list[asyncio.Future[None]] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)  # of checks of passwords
    rescans: int = 0
    opened: list[str] = field(default_factory=list)  # places
    closed: list[str] = field(default_factory=list)  # names of sources
    kept: Storage | None = None  # the settings that it keeps
    configured: Configuration | None = None
    parts: tuple[Part, ...] = PARTS
    actions: tuple[str, ...] = ("reboot", "halt")
    left: list[str] = field(default_factory=list)
    directories: dict[str, Sequence[str]] = field(default_factory=dict)  # the same on each device
    listed: list[str] = field(default_factory=list)
    stops: int = 0
    here: int = 0
    absences: int = 0
    visits: list[tuple[str, bool]] = field(default_factory=list)

    def start(self, choice: Choice, edit: Edit | None = None, by: str = "") -> None:
        self.booted.append((choice.id, edit))

    def note_failure(self, id: str, why: str) -> None:
        self.say(why, "error")

    def stop(self) -> None:
        self.stops += 1

    async def list_directory(self, device: str, path: str) -> Sequence[str]:
        self.listed.append(f"({device}){path}")
        await asyncio.sleep(0)
        if path not in self.directories:
            raise OSError(errno.ENOENT, "there is no such directory")
        return self.directories[path]

    def list_actions(self) -> tuple[str, ...]:
        return self.actions

    async def leave(self, action: Action, why: str) -> None:
        self.left.append(action)

    def forget_failures(self) -> None: ...

    def note_presence(self, client: str, here: bool) -> None:
        if not here:
            self.absences += 1
            return
        self.here += 1
        if self.store.snapshot.countdown is not None:
            self.store.update(countdown=None)

    def find_penalty(self, origin: str) -> float:
        return 2.0 ** len(self.origins)

    async def check(
        self,
        keys: Sequence[Password],
        typed: str,
        decoys: Sequence[Password] = (),
        *,
        origin: str = "",
    ) -> Password | None:
        """Find the password, once `answer` is called."""
        self.origins.append(origin)
        self.answers.append(asyncio.get_running_loop().create_future())
        await self.answers[-1]
        return next((key for key in keys if passwords.fits(key, typed)), None)

    def answer(self) -> None:
        """Let the oldest check end."""
        self.answers.pop(0).set_result(None)

    def rescan(self) -> None:
        self.rescans += 1

    def open_place(self, place: str) -> str:
        if "/" not in place:
            raise ValueError("not a place")
        self.opened.append(place)
        return f"opened{len(self.opened)}"

    def close_place(self, name: str) -> None:
        self.closed.append(name)
        sources = self.store.snapshot.sources
        self.store.update(sources=tuple(source for source in sources if source.name != name))

    def configuration(self) -> Configuration:
        """Return the configuration of a machine that keeps what `kept` has."""
        if self.configured is None:
            nowhere = "/nonexistent/petipy.toml"
            self.configured = Configuration(self.publish, image=nowhere, machine=self.kept)
        return self.configured

    def publish(self, settings: Settings) -> None:
        self.store.update(settings=settings)

    def say(self, text: str, level: Any = "info") -> None:
        """Add a line to the log; show it, too, if it is a warning or an error."""
        self.lines.append(Status(at=float(len(self.lines)), level=level, text=text))
        if level in {"warning", "error"}:
            self.store.update(status=self.lines[-1])

    def session(self, name: str = "hvc0") -> Session:
        return Session(name, self.commands, self.clock)

    @property
    def commands(self) -> Commands:
        return Commands(
            self.store,
            lambda: deque(self.lines),  # as the log keeps them
            self,
            self,
            rescan=self.rescan,
            open_place=self.open_place,
            close_place=self.close_place,
            configuration=self.configuration,
            note_presence=self.note_presence,
            note_visit=lambda client, begins: self.visits.append((client, begins)),
            describe=lambda: self.parts,
            list_directory=self.list_directory,
        )
