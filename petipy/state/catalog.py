"""Sources, the results of their scans and the choices that follow, kept up to date step by step.

The choices of a source are kept until something that they are made of changes: its scan, its
identity, or the volume that a word of its configuration means. So a change costs what it changes,
and a machine may have thousands of devices. No I/O.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from parsers.api import ANY, Problem
from parsers.places.volumes import Name, list_names, list_searches
from petipy.state import resolve
from petipy.state.model import Choice, Device, Order, Scan, Source
from petipy.state.ordered import Chained, Ordered
from petipy.state.register import Register
from petipy.state.resolve import Claim

_K = TypeVar("_K")
_ANY: Name = ("any", "")


class _Index(Generic[_K]):
    """The names of the sources that each key has. Most keys have one: tuples save memory."""

    def __init__(self) -> None:
        self._names: dict[_K, tuple[str, ...]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __getitem__(self, key: _K) -> tuple[str, ...]:
        return self._names.get(key, ())

    def move(self, name: str, old: Sequence[_K], new: Sequence[_K]) -> list[_K]:
        """Move the source from the old keys to the new. Return the keys that are added or gone."""
        changed, kept = [], {*old}.intersection(new)
        for key in old:
            if key in kept:
                continue
            if left := tuple(other for other in self._names[key] if other != name):
                self._names[key] = left
            else:
                del self._names[key]
                changed.append(key)
        for key in new:
            if key in kept:
                continue
            if key not in self._names:
                changed.append(key)
            self._names[key] = (*self._names.get(key, ()), name)
        return changed


class _Part:
    """One source and all that follows from it. Its tuples of names and claims repeat nothing."""

    __slots__ = (
        *("source", "order", "volume", "scan", "wanted", "basis", "identity"),
        *("choices", "asked", "claims", "rival_claims"),
    )

    def __init__(self, source: Source) -> None:
        self.source = source
        self.order = source.order
        self.volume: tuple[Name, ...] = ()  # the names of its volume
        self.scan: Scan | None = None
        self.wanted: tuple[Name, ...] = ()  # names of volumes that the scan wants
        self.basis = ""  # the start of its ids: choose_basis; "" without a scan
        self.identity = ""
        self.choices: tuple[Choice, ...] = ()  # of the scan, covered or not
        self.asked: tuple[Name, ...] = ()  # names of volumes that the choices depend on
        self.claims: tuple[Claim, ...] = ()  # of its choices: list_claims
        self.rival_claims: tuple[Claim, ...] = ()  # of its choices: list_rival_claims


class Catalog:
    """The sources. `choices` returns the same as resolve.choices, which works from scratch."""

    def __init__(self) -> None:
        self.register = Register()  # of the same sources
        self._parts: dict[str, _Part] = {}  # in order of arrival
        self._sources: Ordered[Source] = Ordered()
        self._problems: Chained[tuple[str, Problem]] = Chained()
        self._shown: Chained[Choice] = Chained()
        self._devices: Ordered[Device] = Ordered()
        # Names of volumes → the sources that have them (in menu order), ask for them, want them.
        self._volumes: dict[Name, list[tuple[Order, str]]] = {}
        self._asking: _Index[Name] = _Index()
        self._wanting: _Index[Name] = _Index()
        self._based: _Index[str] = _Index()
        self._composed = 0  # bases with an @: another source's identity may be equal
        self._claimed: _Index[Claim] = _Index()
        self._covered: _Index[Claim] = _Index()
        # Work that the next call of `choices` does.
        self._unidentified = False
        self._stale: set[str] = set()  # sources to be resolved again
        self._uncovered: set[str] = set()  # sources whose choices may be covered by others now
        self._settings = False, True
        self.failures: list[tuple[str, Exception]] = []  # sources that could not be resolved

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources in menu order."""
        return self._sources.values

    @property
    def problems(self) -> tuple[tuple[str, Problem], ...]:
        """The problems of all scans, each after the name of its source, in menu order."""
        return self._problems.chained

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices that configurations may refer to, in menu order: no image files.

        A name of several means the first. So no stick takes the place of a disk.
        """
        return self._devices.values

    def source(self, name: str) -> Source | None:
        part = self._parts.get(name)
        return part.source if part else None

    def scan(self, name: str) -> Scan | None:
        """Return the result of the source's scan; None as long as there is none."""
        part = self._parts.get(name)
        return part.scan if part else None

    def put(self, source: Source) -> None:
        """Add the source, or replace the one of its name, which keeps the result of its scan."""
        self.register.put(source)
        part = self._parts.get(source.name)
        if part and part.source.kind != source.kind:
            scan = part.scan
            self._remove(source.name)
            self.put(source)
            if scan is not None:
                self._take(source.name, scan)
            return
        if part is None:
            part = self._parts[source.name] = _Part(source)
            self._change_volume(part)
        elif part.source.device is not source.device:
            part.source = source
            self._change_volume(part)
            self._rebase(part)
        part.source = source
        self._sources.put(part.order, source)

    def take(self, name: str, scan: Scan) -> None:
        """Replace the result of the source's scan."""
        self.register.take(name, scan)
        self._take(name, scan)

    def _take(self, name: str, scan: Scan) -> None:
        part = self._parts[name]
        part.scan = scan
        self._stale.add(name)
        self._rebase(part)
        self._want(part, _unique(name for want in scan.wants for name in _names(want)))
        if scan.problems:
            self._problems.put(part.order, tuple((name, problem) for problem in scan.problems))
        else:
            self._problems.remove(part.order)

    def remove(self, name: str) -> None:
        """Remove the source, if it is there, with its scan and its choices."""
        self.register.remove(name)
        self._remove(name)

    def _remove(self, name: str) -> None:
        if (part := self._parts.pop(name, None)) is None:
            return
        part.source, part.scan = Source(name=name), None
        self._change_volume(part)
        self._rebase(part)
        self._want(part, ())
        self._set_choices(part, (), ())
        self._sources.remove(part.order)
        self._problems.remove(part.order)
        self._shown.remove(part.order)
        self._stale.discard(name)
        self._uncovered.discard(name)

    def find_wanting(self, name: str) -> list[str]:
        """Return the names of the other sources whose scan wants the volume of this one."""
        keys = (_ANY, *self._parts[name].volume)
        found = set[str]().union(*(self._wanting[key] for key in keys)) - {name}
        return sorted(found, key=lambda name: self._parts[name].order)

    def list_wanted(self, name: str) -> Iterator[str]:
        """Yield the names of the sources with a volume that the scan of this one wants."""
        part = self._parts[name]
        if _ANY in part.wanted:
            yield from self._parts
            return
        for key in part.wanted:
            yield from (name for _, name in self._volumes.get(key, ()))

    def choices(self, *, foreign: bool = False, boot_image: bool = True) -> tuple[Choice, ...]:
        """Return the choices in menu order, after resolving those that a change concerns.

        A source that cannot be resolved has none, and is added to `failures`.
        """
        if self._settings != (foreign, boot_image):
            self._settings = foreign, boot_image
            self._stale.update(name for name, part in self._parts.items() if part.scan is not None)
        self._identify()
        for name in self._stale:
            self._resolve(self._parts[name])
        self._uncovered |= self._stale
        self._stale.clear()
        for name in self._uncovered:
            part = self._parts[name]
            kept = (c for c in part.choices if foreign or not c.entry.foreign)
            self._shown.put(
                part.order, tuple(c for c in kept if not resolve.is_covered(c, self._claimed))
            )
        self._uncovered.clear()
        return self._shown.chained

    def _change_volume(self, part: _Part) -> None:
        """Enter the names of the source's volume, as it is now, instead of those that it had."""
        name, device = part.source.name, part.source.device
        if device and not part.source.kind.inner:
            self._devices.put(part.order, device)
        else:
            self._devices.remove(part.order)
        entry = part.order, name
        new = _unique(list_names(device.volume)) if device else ()
        for key in {*part.volume}.symmetric_difference(new):
            having = self._volumes.setdefault(key, [])
            first = having[0] if having else None
            if key in new:
                insort(having, entry)
            else:
                having.remove(entry)
            if (having[0] if having else None) != first:
                self._stale.update(self._asking[key])
            if not having:
                del self._volumes[key]
        part.volume = new

    def _want(self, part: _Part, wanted: tuple[Name, ...]) -> None:
        self._wanting.move(part.source.name, part.wanted, wanted)
        part.wanted = wanted

    def _rebase(self, part: _Part) -> None:
        """Enter the basis of the source's ids. It is the identity unless another has the same."""
        name, device, old = part.source.name, part.source.device, part.basis
        part.basis = ""
        if part.scan is not None:
            part.basis = resolve.choose_basis(device) if device else name
        if part.basis == old:
            return
        # make_identities joins a basis and a name with an @.
        self._composed += ("@" in part.basis) - ("@" in old)
        shared = old and len(self._based[old]) > 1
        self._based.move(name, [old] if old else [], [part.basis] if part.basis else [])
        shared = shared or (part.basis and len(self._based[part.basis]) > 1)
        self._unidentified |= bool(shared or self._composed)
        part.identity = part.basis
        if part.scan is not None:
            self._stale.add(name)

    def _identify(self) -> None:
        """Give all sources their identities again, if any two may have the same."""
        if not self._unidentified:
            return
        self._unidentified = False
        scanned = [p for p in self._parts.values() if p.scan is not None]
        scanned.sort(key=lambda part: part.order)
        identities = resolve.make_identities((part.source.name, part.basis) for part in scanned)
        for part, identity in zip(scanned, identities, strict=True):
            if part.identity != identity:
                part.identity = identity
                self._stale.add(part.source.name)

    def _resolve(self, part: _Part) -> None:
        asked: dict[Name, None] = {}
        answers: dict[str, str | None] = {}

        def find(spec: str) -> str | None:
            if spec not in answers:
                answers[spec] = search(spec)
            return answers[spec]

        def search(spec: str) -> str | None:
            for keys, image in list_searches(spec):
                asked.update(dict.fromkeys(keys))
                if first := min(
                    (self._volumes[k][0] for k in keys if k in self._volumes), default=None
                ):
                    return image or first[1]
            return None

        name, scan = part.source.name, part.scan or Scan()
        try:
            choices = tuple(
                resolve.resolve_source(
                    name, scan, part.identity, find, self._is_own, boot_image=self._settings[1]
                )
            )
        except Exception as error:  # noqa: BLE001  what is on one disk is not to end the program
            self.failures.append((name, error))
            choices = ()
        self._set_choices(part, choices, tuple(asked))

    def _is_own(self, name: str) -> bool:
        part = self._parts.get(name)
        return part is None or part.source.kind.reach == "machine"

    def _set_choices(
        self, part: _Part, choices: tuple[Choice, ...], asked: tuple[Name, ...]
    ) -> None:
        name, part.choices = part.source.name, choices
        claims = _unique(claim for choice in choices for claim in resolve.list_claims(choice))
        against = _unique(c for choice in choices for c in resolve.list_rival_claims(choice))
        self._asking.move(name, part.asked, asked)
        self._covered.move(name, part.rival_claims, against)
        for claim in self._claimed.move(name, part.claims, claims):
            self._uncovered.update(self._covered[claim])
        part.asked, part.claims, part.rival_claims = asked, claims, against


def _unique(items: Iterable[_K]) -> tuple[_K, ...]:
    return tuple(dict.fromkeys(items))


def _names(want: str) -> Iterator[Name]:
    if want == ANY:
        yield _ANY
    for keys, _ in list_searches(want):
        yield from keys
