"""Entries of a person's own: an entry of a configuration with another title and other parts. Pure.

The settings own1 to own8 keep them. In EBNF:

    own   = base, "|", title, { "|", part } ;
    base  = ? a title, a hyphen, and the CRC-32 of an id in eight hexadecimal digits ? ;
    part  = "kernel=", file | "initrd=", file | "cmdline=", text | "words=", text ;
    file  = ? as in an entry's editor, or (UUID=…)/path ? ;

%XX is a byte. A part that is absent is that of the base, as it is at each start. The initrds are
all there, or none is; one "initrd=" without a file means that there is no initrd. "words" is a
command line behind the base's BOOT_IMAGE=, which names its kernel and so changes with it.

The id is that of the base. If the base is the newest of its versions, it is that id without
versions, and the entry follows updates. Without its base there is no such entry.

Every installed system can write the settings of a machine. So such an entry opens nothing: it has
the locks of its base, and to boot it takes the right to change the base (petipy.state.access).
"""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from urllib.parse import quote, unquote

from parsers.api import Entry, FileRef
from parsers.places.volumes import describe, make_index
from petipy.state.model import ORDINARY, Choice, Device, Edit, File, Signature, Source
from petipy.state.names import compute_sum, join_name
from petipy.state.resolve import find_boot_image
from petipy.state.settings import OWN, Settings
from petipy.state.typed import apply_edit, as_edit
from petipy.state.wishes import make_version_key, make_wish, strip_versions

_PREFIX = "own#"  # of the ids
LONGEST_TITLE = 80  # characters
_LONGEST_BASE = 30  # characters of a title in the name of a base
_LITERAL = "".join(map(chr, range(0x20, 0x7F))).translate({ord(sign): None for sign in '%|"\\'})
_UNSIGNED = "the signatures are of the entry that it changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An entry as the settings keep it. A part that is None is that of the base."""

    base: str
    title: str
    kernel: str | None = None
    initrds: tuple[str, ...] | None = None
    cmdline: str | None = None
    has_image: bool = False  # the base's BOOT_IMAGE= stands before the command line


def read(text: str) -> Own | None:
    """Read the text of a setting; "" is no entry. Raise ValueError."""
    if not text:
        return None
    base, title, *rest = (unquote(part, errors="surrogateescape") for part in text.split("|"))
    parts: dict[str, list[str]] = {"kernel": [], "initrd": [], "cmdline": [], "words": []}
    for name, sign, value in (part.partition("=") for part in rest):
        if not sign or name not in parts:
            raise ValueError(text)
        parts[name].append(value)
    kernel, cmdline, words = (
        parts[name][-1] if parts[name] else None for name in ("kernel", "cmdline", "words")
    )
    if not (base and title.strip()) or len(title) > LONGEST_TITLE or kernel == "":
        raise ValueError(text)
    initrds = tuple(filter(None, parts["initrd"])) if parts["initrd"] else None
    return Own(
        base=base,
        title=title,
        kernel=kernel,
        initrds=initrds,
        cmdline=cmdline if words is None else words,
        has_image=words is not None,
    )


def write(own: Own | None) -> str:
    """Return the text of a setting; `read` understands it."""
    if own is None:
        return ""
    parts = [own.base, own.title]
    parts += [] if own.kernel is None else [f"kernel={own.kernel}"]
    parts += (
        [f"initrd={path}" for path in (own.initrds or ("",))] if own.initrds is not None else []
    )
    name = "words" if own.has_image else "cmdline"
    parts += [] if own.cmdline is None else [f"{name}={own.cmdline}"]
    return "|".join(map(_quote, parts))


# Make one


def make(
    choice: Choice, edit: Edit, title: str, choices: Sequence[Choice], devices: Iterable[Device]
) -> Own:
    """Return the entry that a person's edit of a choice makes.

    The choice may be such an entry itself. Raise ValueError, with a sentence.
    """
    title, base = title.strip(), choice
    if not title or len(title) > LONGEST_TITLE:
        raise ValueError(f"a title has 1 to {LONGEST_TITLE} characters")
    if choice.base:
        base = next(other for other in choices if other.id == choice.base)
    if not edit.kernel:
        raise ValueError("it names no kernel")
    kernel, initrds = apply_edit(choice, edit)
    uuids = {d.name: d.volume.uuid for d in devices if d.volume.uuid and not d.kind.inner}

    def write_file(file: File) -> str:
        """Return the text of a file, with a name of its device that the next start knows, too."""
        ref, uuid = _make_ref(file, base), uuids.get(file.device)
        return str(replace(ref, device=f"UUID={uuid}") if ref.device and uuid else ref)

    old, cmdline = as_edit(base), edit.cmdline
    image = find_boot_image(old.cmdline)
    has_image = bool(image) and cmdline.startswith(image) and cmdline != old.cmdline
    same_kernel = kernel == base.kernel or edit.kernel == old.kernel
    same_initrds = initrds == base.initrds or edit.initrds == old.initrds
    return Own(
        base=_name_base(base, [other for other in choices if not other.base]),
        title=title,
        kernel=None if same_kernel else write_file(kernel),
        initrds=None if same_initrds else tuple(map(write_file, initrds)),
        cmdline=None if cmdline == old.cmdline else cmdline.removeprefix(image * has_image),
        has_image=has_image,
    )


def choose_setting(settings: Settings, choice: Choice, title: str) -> str:
    """Return the name of the setting that keeps an edit of a choice under a title.

    An entry that keeps its title keeps its setting. Raise ValueError, with a sentence.
    """
    kept = {own.title: name for name, own in settings.own}
    if name := kept.get(title.strip()):
        if name == choice.setting:
            return name
        raise ValueError("another entry of your own has this title")
    free = [name for name in OWN if name not in kept.values()]
    if not free:
        raise ValueError(f"there are {len(OWN)} entries of your own: remove one first")
    return free[0]


def describe_size(own: Own) -> str:
    """Say how much of a setting each part takes, in bytes."""
    parts = {
        "name of the base": own.base,
        "title": own.title,
        "kernel": own.kernel,
        "initrds": " ".join(own.initrds or ()),
        "command line": own.cmdline,
    }
    sizes = [f"{name} {len(_quote(text))}" for name, text in parts.items() if text]
    return f"bytes: {', '.join(sizes)}"


def _name_base(base: Choice, choices: Iterable[Choice]) -> str:
    """Return the name of a base; it follows updates if the base is the newest version."""
    wish, title = make_wish(base, choices), base.entry.title
    title = title if wish == base.id else strip_versions(title)
    return join_name(title, compute_sum(wish), _LONGEST_BASE)


def _make_ref(file: File, base: Choice) -> FileRef:
    return FileRef(
        path=file.path,
        device="" if file.device == base.device else file.device,
        url=file.url,
        offset=file.offset,
        size=file.size,
        packed=file.packed,
        mode=file.mode,
    )


# Make choices of them


def add(
    choices: tuple[Choice, ...], settings: Settings, sources: Iterable[Source]
) -> tuple[Choice, ...]:
    """Return the choices in menu order, with the entries of the settings.

    Each is the last one of its base's device.
    """
    made: dict[str, Choice] = {}  # by id
    places = _Places(sources)
    for name, own in settings.own:
        if base := find_base(own, choices):
            choice = replace(_derive(base, own, places), setting=name)
            made.setdefault(choice.id, choice)
    added: dict[str, list[Choice]] = {}  # by device
    for choice in made.values():
        added.setdefault(choice.device, []).append(choice)
    if not added:
        return choices
    groups = groupby(choices, key=lambda choice: choice.device)
    return tuple(c for device, group in groups for c in (*group, *added.pop(device, ())))


def find_base(own: Own, choices: Sequence[Choice]) -> Choice | None:
    """Return the entry that an own one changes; None if it is not there."""
    sum = own.base.rpartition("-")[2]
    exact = (choice for choice in choices if compute_sum(choice.id) == sum and not choice.base)
    if found := next(exact, None):
        return found
    versions = (choice for choice in choices if compute_sum(strip_versions(choice.id)) == sum)
    return max(versions, key=make_version_key, default=None)


def list_absent(settings: Settings, choices: Sequence[Choice]) -> list[str]:
    """Return in words the entries of the settings that are no choices."""
    shown = {choice.setting for choice in choices if choice.base}
    return [
        f"petipy.{name}: {own.title} is not in the menu: {_explain_absence(own, choices)}"
        for name, own in settings.own
        if name not in shown
    ]


def _explain_absence(own: Own, choices: Sequence[Choice]) -> str:
    if find_base(own, choices):
        return "another entry of your own has this title"
    return f"the entry that it changes is not here ({own.base})"


class _Places:
    """The devices that files may lie on."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._devices = {s.device.name: s.device for s in sources if s.device}

    @cached_property
    def _find(self) -> Callable[[str], str | None]:
        return make_index(d.volume for d in self._devices.values() if not d.kind.inner)

    def locate(self, file: File) -> File | None:
        """Return the file on a device that is there; None if its device is not."""
        if file.url or file.device in self._devices:
            return file
        device = self._find(file.device)
        return replace(file, device=device) if device else None

    def is_own(self, file: File) -> bool:
        """Return True if the file is on a disk of the machine's own."""
        device = self._devices.get(file.device.partition(":/")[0])
        return device is None or device.kind.reach == "machine"


def _derive(base: Choice, own: Own, places: _Places) -> Choice:
    """Return the choice that an own entry makes of its base."""
    edit = Edit(kernel=own.kernel or "", initrds=own.initrds or (), cmdline="")
    typed, others = apply_edit(base, edit)
    wanted = [*([typed] if own.kernel else []), *others]
    absent = [describe(file.device) for file in wanted if not places.locate(file)]
    kernel = places.locate(typed) if own.kernel else base.kernel
    initrds = base.initrds if own.initrds is None else (*filter(None, map(places.locate, others)),)
    if own.kernel is None or own.initrds is None:
        absent = [*([base.waits_for] if base.waits_for else []), *absent]
    files = (*([kernel] if kernel else []), *initrds, base.devicetree, *base.overlays)
    entry, signatures = _choose_signatures(base, files)
    refs = tuple(_make_ref(file, base) for file in others)
    if own.initrds is not None:
        entry = replace(entry, initrds=refs)
    if own.kernel:
        entry = replace(entry, kernel=_make_ref(typed, base), unbootable="", action="")
    return replace(
        base,
        id=f"{_PREFIX}{own.title}",
        base=base.id,
        entry=_change_words(entry, own, signed=bool(base.entry.signatures)),
        kernel=kernel,
        initrds=initrds,
        signatures=signatures,
        missing=tuple(name for name in base.missing if name in {*map(str, files)}),
        waits_for=", ".join(dict.fromkeys(absent)),
        turn=ORDINARY,
        own=base.own and all(places.is_own(file) for file in (kernel, *initrds) if file),
    )


def _change_words(entry: Entry, own: Own, *, signed: bool) -> Entry:
    """Return the entry with title and command line of an own one, in the main menu."""
    changed = (own.kernel, own.initrds, own.cmdline) != (None, None, None)
    image = find_boot_image(entry.cmdline) if own.has_image else ""
    return replace(
        entry,
        title=own.title,
        name=own.title,
        trail=(),
        trail_keys=(),
        cmdline=entry.cmdline if own.cmdline is None else image + own.cmdline,
        default=False,
        waits_for="",
        hotkey="",
        hidden=False,
        unchecked=entry.unchecked or (_UNSIGNED if signed and changed else ""),
        origins=() if changed else entry.origins,
        default_from=(),
        also=(),
    )


def _choose_signatures(
    base: Choice, files: Container[File | None]
) -> tuple[Entry, tuple[Signature, ...]]:
    """Return the entry and the choice's signatures without those of files that it has no more.

    If a signature is on an absent device, all stay: nothing boots without it.
    """
    entry, signatures = base.entry, base.signatures
    if len(signatures) != len(entry.signatures):
        return entry, signatures
    pairs = zip(entry.signatures, signatures, strict=True)
    kept = [(ref, s) for ref, s in pairs if s.digest or s.file in files]
    return replace(entry, signatures=tuple(ref for ref, _ in kept)), tuple(s for _, s in kept)


def _quote(text: str) -> str:
    return quote(text, safe=_LITERAL, errors="surrogateescape")
