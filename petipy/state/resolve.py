"""File references and known volumes → choices, or what they wait for. Pure.

`choices` works from all scans at once. catalog.Catalog gives the same result, and does it over
again only for the sources that a change concerns.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from posixpath import dirname

from parsers.api import Effect, Entry, FileRef, Password, Preferences, Volume
from parsers.places.references import list_references
from parsers.places.volumes import describe, make_index
from petipy.state.model import (
    ORDINARY,
    Change,
    Choice,
    Device,
    File,
    FormatFacts,
    Scan,
    Signature,
)

# The name of the volume that a configuration's words mean; None when it is not there.
FindVolume = Callable[[str], str | None]
IsOwn = Callable[[str], bool]  # given a volume's name: it is on a disk of the machine's own
Keys = tuple[tuple[str, ...] | None, tuple[Password, ...]]  # superusers, and passwords
# The kernel, or the configuration and its keys; and Choice.own of the choices that are left out.
# A unified image as it boots: kernel, initrds, device tree, command line.
Image = tuple[File, tuple[File, ...], File | None, str]
Claim = tuple[File | tuple[str | Image, Keys] | None, bool]
_UNGUARDED: Keys = None, ()


def choices(
    scans: Sequence[tuple[Device, Scan]],
    volumes: Sequence[Volume] | None = None,
    *,
    media: Container[str] = (),
    foreign: bool = False,
    boot_image: bool = True,
) -> tuple[Choice, ...]:
    """Return the entries of all scans in menu order.

    `volumes` are those present (default: the scanned). `media` are those among them that were not
    scanned and are not the machine's own. Systems other than Linux are among the entries if
    `foreign`. Without `boot_image` no command line says which kernel it was made for.
    Two sorts of entries are left out: a kernel that was merely found and that a configuration of
    any device offers, and an entry of a file that another device's configuration has read in.
    """
    if volumes is None:
        volumes = [device.volume for device, _ in scans]
    find = make_index(volumes)
    found: list[Choice] = []
    named = make_identities((device.name, choose_basis(device)) for device, _ in scans)
    kinds = {device.name: device.kind for device, _ in scans}

    def is_own(name: str) -> bool:
        return kinds[name].reach == "machine" if name in kinds else name not in media

    for (device, scan), identity in zip(scans, named, strict=True):
        found += resolve_source(device.name, scan, identity, find, is_own, boot_image=boot_image)
    claimed = {claim for choice in found for claim in list_claims(choice)}
    return tuple(
        c for c in found if (foreign or not c.entry.foreign) and not is_covered(c, claimed)
    )


def choose_basis(device: Device) -> str:
    """Return the start of a device's ids that stays the same from start to start."""
    return device.volume.uuid or device.name


def make_identities(sources: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the start of the ids of each source, given its name and its basis, in menu order.

    The basis is enough, unless a source before it has taken it.
    """
    taken: set[str] = set()
    for name, base in sources:
        identity = base
        while identity in taken:
            identity += f"@{name}"
        taken.add(identity)
        yield identity


def list_claims(choice: Choice) -> Iterator[Claim]:
    """Yield the kernel and the configuration that only this choice shows.

    Other choices that have one of them among their rival claims are left out. A configuration is
    claimed with the keys of this choice: what superusers guard is left out only for a choice that
    they guard as well. Else a stick that reads in a disk's configuration could take its lock away.
    Nor does a stick claim anything of the machine's own disks: their entries keep their rights.
    A configuration that names a unified image claims the entry that the image offers by itself.
    """
    image = None if _is_image(choice) else _describe_image(choice)
    for own in (False, True) if choice.own else (False,):
        if not choice.entry.guess:
            yield choice.kernel, own
        if image:
            yield (image, _UNGUARDED), own
            yield (image, _find_keys(choice)), own
        # Files of other devices begin with the device: (sda2)/loader/entries/a.conf.
        if choice.entry.config.startswith("("):
            yield (choice.entry.config, _UNGUARDED), own
            yield (choice.entry.config, _find_keys(choice)), own


def list_rival_claims(choice: Choice) -> Iterator[Claim]:
    """Yield the kernel and the configuration that leave this choice out if another claims them."""
    if choice.entry.guess:
        yield choice.kernel, choice.own
    yield (f"({choice.device}){choice.entry.config}", _find_keys(choice)), choice.own
    if _is_image(choice) and (image := _describe_image(choice)):
        yield (image, _find_keys(choice)), choice.own


def _is_image(choice: Choice) -> bool:
    """Return True if the entry is a unified image's own: the file that it is made of offers it."""
    kernel = choice.kernel
    place = kernel and (kernel.device, kernel.path)
    return place == (choice.device, choice.entry.config)


def _describe_image(choice: Choice) -> Image | None:
    """Return what boots of a unified image; None if the kernel is no part of a file."""
    if not choice.kernel or not choice.kernel.offset:
        return None
    return choice.kernel, choice.initrds, choice.devicetree, choice.entry.cmdline


def _find_keys(choice: Choice) -> Keys:
    return _UNGUARDED if choice.superusers is None else (choice.superusers, choice.passwords)


def is_covered(choice: Choice, claimed: Container[Claim]) -> bool:
    """Return True if another choice claims the kernel or the configuration of this one."""
    return any(claim in claimed for claim in list_rival_claims(choice))


_BOOT_IMAGE = re.compile(r'BOOT_IMAGE=(?:"(?:[^"\\]|\\.)*"|\S*)(?: |$)')


def find_boot_image(cmdline: str) -> str:
    """Return the word BOOT_IMAGE= that begins a command line, with the blank; "" without it."""
    match = _BOOT_IMAGE.match(cmdline)
    return match[0] if match else ""


def _without_image(entry: Entry) -> Entry:
    cut = len(find_boot_image(entry.cmdline))
    if not cut:
        return entry
    origins = (
        replace(origin, spans=tuple((max(a - cut, 0), b - cut) for a, b in origin.spans if b > cut))
        for origin in entry.origins
    )
    return replace(entry, cmdline=entry.cmdline[cut:], origins=tuple(origins))


def resolve_source(
    name: str, scan: Scan, identity: str, find: FindVolume, is_own: IsOwn, *, boot_image: bool
) -> Iterator[Choice]:
    """Yield the choices of one source, none left out.

    An id is made of the identity, the path of the configuration and the entry's own name.
    """
    source = _SourceResolver(name, scan, find, is_own)
    for id, (form, entry) in zip(_ids(scan, identity), scan.entries, strict=True):
        yield source.resolve(id, form, entry if boot_image else _without_image(entry))


class _SourceResolver:
    """The facts of a source that its choices share."""

    def __init__(self, name: str, scan: Scan, find: FindVolume, is_own: IsOwn) -> None:
        self._name, self._find, self._is_own = name, find, is_own
        self._wishes, self._stamps = _Wishes(scan), _Stamps(scan, name, find)
        self._guarding = ""  # the first format that has superusers
        self._absent = frozenset(scan.missing)
        self._ranks: dict[str, int] = {}
        self._facts = {form: FormatFacts(name=form) for form, _ in scan.entries}
        self._facts |= {known.name: known for known in scan.formats}
        # A stick may pass for one of the machine's volumes: what it offers there is the stick's.
        texts = self._stamps.texts
        self._own = is_own(name) and all(is_own(_host(text.device)) for text in texts)

    def resolve(self, id: str, form: str, entry: Entry) -> Choice:
        wish, guard = self._wishes.of(form, entry)
        name, find, facts = self._name, self._find, self._facts[form]
        stamp = self._stamps.add
        files = [(ref, stamp(ref, _file(ref, name, find))) for ref in list_references(entry)]
        resolved = {ref: file for ref, file in files if file}
        waits = [describe(ref.device) for ref, file in files if file is None]
        if wish.superusers is not None:
            self._guarding = self._guarding or form
        return Choice(
            id=id,
            format=form,
            device=name,
            entry=entry,
            kernel=resolved.get(entry.kernel) if entry.kernel else None,
            initrds=tuple(resolved[ref] for ref in entry.initrds if ref in resolved),
            devicetree=resolved.get(entry.devicetree) if entry.devicetree else None,
            overlays=tuple(resolved[ref] for ref in entry.overlays if ref in resolved),
            signatures=_resolve_signatures(entry, resolved),
            changes=tuple(_change(effect, name, find) for effect in entry.effects),
            configs=self._stamps.list_configs(entry, locked=guard.superusers is not None),
            missing=tuple(str(file) for ref, file in files if file and ref in self._absent),
            waits_for=entry.waits_for or ", ".join(dict.fromkeys(waits)),
            turn=self._wishes.find_turn(entry, wish),
            timeout=wish.timeout,
            total=wish.total,
            elsewhere=wish.elsewhere,
            style=wish.style,
            superusers=guard.superusers,
            passwords=guard.passwords,
            # Entries without preferences of their own have those of the first configuration.
            dialect=wish.dialect if facts.has_dialects else "",
            hotkey_selects=facts.hotkeys_select,
            rank=self._ranks.setdefault(form, len(self._ranks)),
            own=self._own and all(self._is_own(_host(file.device)) for file in resolved.values()),
            guarded=self._is_guarded(form, entry, wish),
        )

    def _is_guarded(self, form: str, entry: Entry, wish: Preferences) -> bool:
        return wish.superusers is not None and form == self._guarding and not entry.guess


def _resolve_signatures(entry: Entry, resolved: Mapping[FileRef, File]) -> tuple[Signature, ...]:
    return tuple(
        Signature(resolved[s.file], resolved[s.place], s.signer, s.digest, s.kind)
        for s in entry.signatures
        if s.file in resolved and s.place in resolved
    )


class _Stamps:
    """The stamps of a scan's files."""

    def __init__(self, scan: Scan, own: str, find: FindVolume) -> None:
        self._stamps = {(seen.device, seen.path): seen.stamp for seen in scan.seen}
        texts = (
            (seen, find(seen.device) if seen.device else own) for seen in scan.seen if seen.text
        )
        self._texts = {
            seen.place: File(device=device, path=seen.path, stamp=seen.stamp)
            for seen, device in texts
            if device
        }

    @property
    def texts(self) -> Iterable[File]:
        """The texts that were read on volumes that are there."""
        return self._texts.values()

    def add(self, ref: FileRef, file: File | None) -> File | None:
        """Return the file with its stamp, if that is known."""
        stamp = self._stamps.get((ref.device, ref.path))
        return replace(file, stamp=stamp) if file and stamp and not file.url else file

    def list_configs(self, entry: Entry, *, locked: bool) -> tuple[File, ...]:
        """Return the configuration of an entry; with a lock, every text that it may read."""
        if locked:
            return tuple(self._texts.values())
        config = self._texts.get(entry.config)
        return (config,) if config else ()


def _ids(scan: Scan, identity: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    for _, entry in scan.entries:
        id = f"{identity}:{entry.config}#{'>'.join((*entry.trail, entry.name))}"
        seen[id] = seen.get(id, 0) + 1
        yield id if seen[id] == 1 else f"{id}~{seen[id]}"


class _Wishes:
    """The wishes of a scan's configurations, by entry."""

    def __init__(self, scan: Scan) -> None:
        self._preferences = dict(scan.preferences)
        self._general = {form: _general(scan, form) for form in dict(scan.entries)}
        # A kernel that was merely found is guarded as the configurations beside it are.
        guards = (wish for _, wish in scan.preferences if wish.superusers is not None)
        self._guard = next(guards, Preferences())
        self._turns: dict[int, dict[str, int]] = {}  # of fallbacks, by the id() of Preferences

    def of(self, form: str, entry: Entry) -> tuple[Preferences, Preferences]:
        """Return the preferences that hold for an entry, and those with its users' rights."""
        # For images and small files their directory is the configuration.
        around = self._preferences.get(dirname(entry.config))
        wish = self._preferences.get(entry.config) or around or self._general[form]
        return wish, self._guard if entry.guess else wish

    def find_turn(self, entry: Entry, wish: Preferences) -> int:
        """Return Choice.turn of an entry that has these preferences."""
        if entry.default:
            return 0
        turns = self._turns.get(id(wish))
        if turns is None:
            turns = self._turns[id(wish)] = {}
            for turn, name in enumerate(wish.fallback, 1):
                turns.setdefault(name, turn)
        return turns.get(entry.name, ORDINARY)


def _general(scan: Scan, form: str) -> Preferences:
    """Return the preferences for entries of files that a configuration of the format reads in."""
    mine = {entry.config for name, entry in scan.entries if name == form}
    others = {entry.config for _, entry in scan.entries} - mine
    return next((wish for path, wish in scan.preferences if path not in others), Preferences())


def _host(name: str) -> str:
    """Return the name of the volume that an image file lies on; of another volume its own."""
    return name.partition(":/")[0]


def _file(ref: FileRef, own: str, find: FindVolume) -> File | None:
    if ref.url:
        return File(url=ref.url, offset=ref.offset, size=ref.size, packed=ref.packed, mode=ref.mode)
    device = find(ref.device) if ref.device else own
    if device is None:
        return None
    return File(
        device=device,
        path=ref.path,
        offset=ref.offset,
        size=ref.size,
        packed=ref.packed,
        mode=ref.mode,
    )


def _change(effect: Effect, own: str, find: FindVolume) -> Change:
    file = _file(effect.file, own, find)
    file = file or File(device=effect.file.device, path=effect.file.path)
    return Change(file=file, values=effect.values, rename=effect.rename, once=effect.once)
