"""File references and known volumes → choices, or what they wait for. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from posixpath import dirname

from parsers.api import Effect, Entry, FileRef, Preferences, Volume
from parsers.places.volumes import describe, find
from petipy.state.model import ORDINARY, Change, Choice, Device, Edit, File, FormatFacts, Scan


def choices(
    scans: Sequence[tuple[Device, Scan]],
    volumes: Sequence[Volume] | None = None,
    *,
    foreign: bool = False,
    boot_image: bool = True,
) -> tuple[Choice, ...]:
    """All entries of all scans in menu order; `volumes` are those present (default: the scanned).

    Other systems than Linux are among them when asked for. A kernel that was merely found is not
    when a configuration, of any device, offers it; nor is what stands in a file that another
    device's configuration has read in. Without `boot_image` no command line says which kernel it
    was made for.

    A choice's id is made of the volume's UUID (its name when it has none, or when another volume
    came first with the same), the configuration's path and the entry's own name.
    """
    if volumes is None:
        volumes = [device.volume for device, _ in scans]
    taken: set[str] = set()
    found: list[Choice] = []
    for device, scan in scans:
        identity = device.volume.uuid or device.name
        if identity in taken:
            identity = f"{identity}@{device.name}"
        taken.add(identity)
        found += _of_device(device, scan, identity, volumes)
    if not boot_image:
        found = [replace(choice, entry=_without_image(choice.entry)) for choice in found]
    stated = {choice.kernel for choice in found if not choice.entry.guess}
    # Those of other devices begin with the device: (sda2)/loader/entries/a.conf.
    read_in = {choice.entry.config for choice in found if choice.entry.config.startswith("(")}
    return tuple(
        choice
        for choice in found
        if (foreign or not choice.entry.foreign)
        and not (choice.entry.guess and choice.kernel in stated)
        and f"({choice.device}){choice.entry.config}" not in read_in
    )


def edited(choice: Choice, edit: Edit) -> tuple[File, tuple[File, ...]]:
    """The kernel and the initrds as a person typed them."""
    ours = [file for file in (choice.kernel, *choice.initrds) if file]
    # An image's name has whatever its path has, parentheses too: those that were there are known.
    known = [choice.device, *(file.device for file in ours if file.device)]
    # What is left as it was keeps what a name does not show.
    same = {str(file): file for file in ours}
    initrds = tuple(same.get(path) or _typed(path, known) for path in edit.initrds)
    return same.get(edit.kernel) or _typed(edit.kernel, known), initrds


_BOOT_IMAGE = re.compile(r'BOOT_IMAGE=(?:"(?:[^"\\]|\\.)*"|\S*)(?: |$)')


def _without_image(entry: Entry) -> Entry:
    match = _BOOT_IMAGE.match(entry.cmdline)
    if not match:
        return entry
    cut = match.end()
    origins = (
        replace(origin, spans=tuple((max(a - cut, 0), b - cut) for a, b in origin.spans if b > cut))
        for origin in entry.origins
    )
    return replace(entry, cmdline=entry.cmdline[cut:], origins=tuple(origins))


def _of_device(
    device: Device, scan: Scan, identity: str, volumes: Sequence[Volume]
) -> Iterator[Choice]:
    wishes = _Wishes(scan)
    absent = frozenset(scan.missing)
    ranks: dict[str, int] = {}
    facts = {form: FormatFacts(name=form) for form, _ in scan.entries}
    facts |= {known.name: known for known in scan.formats}
    for id, (form, entry) in zip(_ids(scan, identity), scan.entries, strict=True):
        wish, guard = wishes.of(form, entry)
        files = [_file(ref, device, volumes) for ref in references(entry)]
        resolved = {ref: file for ref, file in files if file}
        waits = [describe(ref.device) for ref, file in files if file is None]
        yield Choice(
            id=id,
            format=form,
            device=device.name,
            entry=entry,
            kernel=resolved.get(entry.kernel) if entry.kernel else None,
            initrds=tuple(resolved[ref] for ref in entry.initrds if ref in resolved),
            devicetree=resolved.get(entry.devicetree) if entry.devicetree else None,
            changes=tuple(_change(effect, device, volumes) for effect in entry.effects),
            missing=tuple(str(file) for ref, file in files if file and ref in absent),
            waits_for=entry.waits_for or ", ".join(dict.fromkeys(waits)),
            turn=_turn(entry, wish),
            timeout=wish.timeout,
            elsewhere=wish.elsewhere,
            style=wish.style,
            superusers=guard.superusers,
            passwords=guard.passwords,
            # Entries without preferences of their own take the first configuration's.
            dialect=wish.dialect if facts[form].has_dialects else "",
            hotkey_selects=facts[form].hotkeys_select,
            rank=ranks.setdefault(form, len(ranks)),
        )


def _ids(scan: Scan, identity: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    for _, entry in scan.entries:
        id = f"{identity}:{entry.config}#{'>'.join((*entry.trail, entry.name))}"
        seen[id] = seen.get(id, 0) + 1
        yield id if seen[id] == 1 else f"{id}~{seen[id]}"


class _Wishes:
    """What the configurations of a scan want with their entries."""

    def __init__(self, scan: Scan) -> None:
        self._preferences = dict(scan.preferences)
        self._general = {form: _general(scan, form) for form in dict(scan.entries)}
        # Of kernels that merely lie there, whoever guards the configurations beside them.
        guards = (wish for _, wish in scan.preferences if wish.superusers is not None)
        self._watch = next(guards, Preferences())

    def of(self, form: str, entry: Entry) -> tuple[Preferences, Preferences]:
        """Those that count for an entry, and those that say who may boot and change it."""
        # Of images and small files, their directory is the configuration.
        around = self._preferences.get(dirname(entry.config))
        wish = self._preferences.get(entry.config) or around or self._general[form]
        return wish, self._watch if entry.guess else wish


def _general(scan: Scan, form: str) -> Preferences:
    """For an entry that stands in a file which a configuration of the format reads in."""
    mine = {entry.config for name, entry in scan.entries if name == form}
    others = {entry.config for _, entry in scan.entries} - mine
    return next((wish for path, wish in scan.preferences if path not in others), Preferences())


def references(entry: Entry) -> Iterator[FileRef]:
    """Every file that booting the entry needs, the kernel first."""
    if entry.kernel:
        yield entry.kernel
    yield from entry.initrds
    if entry.devicetree:
        yield entry.devicetree


def _turn(entry: Entry, wish: Preferences) -> int:
    if entry.default:
        return 0
    if entry.name in wish.fallback:
        return 1 + wish.fallback.index(entry.name)
    return ORDINARY


def _file(ref: FileRef, device: Device, volumes: Sequence[Volume]) -> tuple[FileRef, File | None]:
    if ref.url:
        return ref, File(url=ref.url, packed=ref.packed, mode=ref.mode)
    if not ref.device:
        return ref, _part(device.name, ref)
    volume = find(ref.device, volumes)
    return ref, _part(volume.name, ref) if volume else None


def _change(effect: Effect, device: Device, volumes: Sequence[Volume]) -> Change:
    _, file = _file(effect.file, device, volumes)
    file = file or File(device=effect.file.device, path=effect.file.path)
    return Change(file=file, values=effect.values, rename=effect.rename)


def _part(device: str, ref: FileRef) -> File:
    part = File(device=device, path=ref.path, offset=ref.offset, size=ref.size)
    return replace(part, packed=ref.packed, mode=ref.mode)


def _typed(text: str, known: Sequence[str]) -> File:
    if match := re.fullmatch(r"newc:([^:]+):(.+)", text):
        return replace(_typed(match[2], known), packed=match[1])
    if re.match(r"[a-z][a-z0-9+.-]*://", text):
        return File(url=text)
    device = known[0]
    if named := next((name for name in known if text.startswith(f"({name})")), ""):
        device, text = named, text[len(named) + 2 :]
    elif match := re.fullmatch(r"\(([^()]+)\)(.*)", text):
        device, text = match[1], match[2]
    if match := re.fullmatch(r"(.+)@(\d{1,18})\+(\d{1,18})", text):
        return File(device=device, path=match[1], offset=int(match[2]), size=int(match[3]))
    return File(device=device, path=text)
