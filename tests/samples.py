"""Values that many tests need."""

from parsers.api import Entry, FileRef, Preferences, Volume
from petipy.state.guards import Guard, Reach
from petipy.state.model import DISK, Choice, Device, File, Kind, Scan, Source, State

CONFIG = "/boot/grub/grub.cfg"


def device(name: str, *, uuid: str = "", label: str = "", kind: Kind = DISK) -> Device:
    volume = Volume(name=name, uuid=uuid, label=label, fs="ext4")
    return Device(volume=volume, node=f"/dev/{name}", kind=kind, title=f"{name}: ext4")


def sources(*devices: Device, state: State = "ready") -> tuple[Source, ...]:
    return tuple(Source.of(device, state) for device in devices)


def entry(title: str, kernel: str = "/vmlinux", **more: object) -> Entry:
    fields = {"name": title, "config": CONFIG, "line": 1, "kernel": FileRef(path=kernel)} | more
    return Entry(title=title, **fields)  # type: ignore[arg-type]


def scan(*entries: Entry, timeout: float | None = None, missing: tuple[FileRef, ...] = ()) -> Scan:
    return Scan(
        entries=tuple(("grub", e) for e in entries),
        preferences=((CONFIG, Preferences(timeout=timeout)),),
        missing=missing,
    )


def choice(id: str, device: str = "vda2", **more: object) -> Choice:
    fields = {"entry": entry(id), "kernel": File(device=device, path="/vmlinux")} | more
    fields.setdefault("guarded", fields.get("superusers") is not None)
    return Choice(id=id, format="grub", device=device, **fields)  # type: ignore[arg-type]


def iso(label: str = "MEDIUM") -> bytes:
    """Return the descriptor of an ISO file, without contents."""
    descriptor = b"\x01CD001".ljust(40) + label.encode().ljust(32)
    return bytes(0x8000) + descriptor.ljust(813) + b"2024050112000000".ljust(1000, b"\0")


def guards(*choices: Choice) -> tuple[tuple[Reach, Guard], ...]:
    """Return the guards of disks whose configurations have these choices."""
    found: dict[str, Guard] = {}
    for c in choices:
        if c.superusers is not None:
            guard = Guard(
                device=c.device,
                config=c.entry.config,
                superusers=c.superusers,
                passwords=c.passwords,
            )
            found.setdefault(c.device, guard)
    return tuple(("machine", guard) for guard in found.values())
