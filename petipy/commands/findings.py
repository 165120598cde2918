"""Faults of configurations, those that parsers report and those of their entries. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from parsers.api import Entry, Format, Problem, Volume
from parsers.places.volumes import describe, find
from petipy.report.provenance import group_statements, split_words
from petipy.state.model import ORDINARY, Choice, File
from petipy.state.survey import Survey

Kind = Literal["problem", "missing", "device", "unreachable", "repeated", "dialect"]

# Contents that hide other volumes until someone unlocks or assembles them.
_CLOSED = {"crypto_LUKS", "LVM2_member", "linux_raid_member", "zfs_member", "bcache"}
_ROOT = re.compile(
    r'"?(?:root|resume)=((?:(?:PART)?(?:UUID|LABEL)=|/dev/disk/by-)[^"/]+(?:/[^"/]+)?)"?'
)
_NAMES = re.compile(r"(?:^|/by-)((?:part)?(?:uuid|label))[=/]", re.I)
_COUNTED = re.compile(r"(.*)[#~](\d+)", re.S)
# Problems that only the absence of other files causes, in GRUB's words and ours.
_FILELESS = re.compile(
    r"(?:(?:file|disk) `.*' not found|no such partition|unknown filesystem"
    r"|the submenu '.*' has no entries|there is no /.*)",
    re.S,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault and its place. `config` and `line` are as in Problem, on the device `device`."""

    device: str
    config: str
    line: int
    message: str
    kind: Kind
    column: int = 0
    excerpt: str = ""


def find_faults(survey: Survey, *, files: bool, devices: bool) -> list[Finding]:
    """Find all faults, sorted by place.

    `files`: the trees are complete, so an absent file is missing. `devices`: all devices are known,
    so an absent device is missing.
    """
    choices = [choice for choice in survey.choices if not choice.entry.guess]
    found = [
        _problem(device, problem)
        for device, problem in survey.problems
        if files or not _FILELESS.fullmatch(problem.message)
    ]
    if files and not found and not survey.choices and not survey.foreign:
        names = [device.name for device in survey.devices]
        nothing = "there is nothing to boot"
        found += [
            Finding(device=name, config="", line=0, message=nothing, kind="problem")
            for name in names[:1]
        ]
    if files:
        found += [finding for choice in choices for finding in _find_missing(choice)]
    volumes = [device.volume for device in survey.known]
    if devices and not any(volume.fs in _CLOSED for volume in volumes):
        found += [finding for choice in choices for finding in _absent(choice, volumes)]
    found += [*_find_repeated(choices), *_unreachable(choices)]
    return sort(found, survey)


def _problem(device: str, problem: Problem) -> Finding:
    return Finding(
        device=device,
        config=problem.config,
        line=problem.line,
        message=problem.message,
        kind="problem",
        column=problem.column,
        excerpt=problem.excerpt,
    )


def sort(found: Sequence[Finding], survey: Survey) -> list[Finding]:
    """Sort findings by device, file and line, and drop repetitions."""
    place = {device.name: number for number, device in enumerate(survey.devices)}
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda f: (place.get(f.device, len(place)), f.config, f.line))


def _at(choice: Choice, message: str, kind: Kind, names: str = "") -> Finding:
    """Make a finding at the statement that names a file of the kind `names`, else at the entry."""
    config, line = choice.entry.config, choice.entry.line
    for statement in group_statements(choice.entry):
        if names and statement.names == names:
            config, line = statement.origin.config, statement.origin.line
    return Finding(device=choice.device, config=config, line=line, message=message, kind=kind)


def _find_missing(choice: Choice) -> Iterator[Finding]:
    if choice.waits_for:
        return  # its device is absent, so are its files
    files: list[tuple[str, File | None]] = [("kernel", choice.kernel)]
    files += [("initrd", initrd) for initrd in choice.initrds]
    files.append(("devicetree", choice.devicetree))
    files += [("overlay", overlay) for overlay in choice.overlays]
    for what, file in files:
        if file and str(file) in choice.missing:
            yield _at(choice, f"the {what} {file} does not exist", "missing", what)


def _absent(choice: Choice, volumes: Sequence[Volume]) -> Iterator[Finding]:
    entry = choice.entry
    if choice.waits_for:
        message = f"{entry.title!r} waits for {choice.waits_for}, which is not there"
        yield _at(choice, message, "device", "kernel")
    for word, origins in split_words(entry):
        match = _ROOT.fullmatch(word)
        if match and _knows(match[1], volumes) and find(match[1], volumes) is None:
            absent = f"no device is {describe(match[1])}, of {word.strip(chr(34))}"
            finding = _at(choice, absent, "device", "kernel")
            written = next((o for o in origins if o.config), None)
            yield replace(finding, config=written.config, line=written.line) if written else finding


def _knows(spec: str, volumes: Sequence[Volume]) -> bool:
    """Return True if any volume has a name of this kind: some images have no partition UUIDs."""
    kind = _NAMES.search(spec)
    return kind is not None and any(getattr(volume, kind[1].lower()) for volume in volumes)


def _find_repeated(choices: Sequence[Choice]) -> Iterator[Finding]:
    stated: dict[object, Choice] = {}
    named: dict[object, Choice] = {}
    keys: dict[object, Choice] = {}
    for choice in choices:
        entry = choice.entry
        place = choice.device, choice.format, entry.trail
        if entry.kernel:
            first = stated.setdefault((place, _meaning(entry)), choice)
            if first is not choice:
                yield _at(choice, f"it boots the same as {_where(first, choice)}", "repeated")
        name = entry.name
        if (match := _COUNTED.fullmatch(name)) and (*place, match[1]) in named:
            first = named[(*place, match[1])]
            message = f"{match[1]!r} is also what {_where(first, choice)} is called: by this name"
            yield _at(choice, f"{message} only that one can be the default", "repeated")
        named.setdefault((*place, name), choice)
        if entry.hotkey:
            first = keys.setdefault((place, entry.hotkey), choice)
            if first is not choice:
                message = f"the key {entry.hotkey} is that of {_where(first, choice)}, too"
                yield _at(choice, message, "repeated")


def _where(other: Choice, here: Choice) -> str:
    same = (other.device, other.entry.config) == (here.device, here.entry.config)
    place = f"line {other.entry.line}" if same else f"{other.entry.config}:{other.entry.line}"
    return f"{other.entry.title!r} ({place})"


def _meaning(entry: Entry) -> object:
    options = tuple(w for w in entry.cmdline.split() if not w.startswith("BOOT_IMAGE="))
    # The default makes a write that its equal may make later.
    writes = frozenset(
        (e.file, e.rename, value) for e in entry.effects for value in e.values or ("",)
    )
    files = entry.kernel, entry.initrds, entry.devicetree, entry.overlays
    return *files, entry.signatures, options, writes


def _unreachable(choices: Sequence[Choice]) -> Iterator[Finding]:
    for choice in choices:
        entry = choice.entry
        if entry.hidden and not entry.hotkey and choice.turn >= ORDINARY:
            message = f"{entry.title!r} is hidden, has no key and is no default: nothing reaches it"
            yield _at(choice, message, "unreachable")
        if entry.users is not None and not {p.user for p in choice.passwords} & {*entry.users}:
            who = " or ".join(entry.users) or "nobody"
            message = f"{entry.title!r} is for {who}, and no such user has a password"
            yield _at(choice, message, "unreachable")


# Two dialects of one configuration.

_MOST = 5  # titles of entries that only one of them has


def find_differences(one: Survey, other: Survey) -> Iterator[Finding]:
    """Find what grub.cfg offers in one dialect and not in the other. Each survey is of one."""
    for device in one.devices:
        mine = _collect_keyed(one, device.name)
        theirs = _collect_keyed(other, device.name)
        yield from _alone(mine, theirs)
        yield from _alone(theirs, mine)
        for key in mine:
            if key in theirs:
                yield from _differ(mine[key], theirs[key])
        yield from _other_default(list(mine.values()), list(theirs.values()))


# Problems that another finding already explains: entries or defaults that differ.
_EXPLAINED = ("can't find command ", "the default ")


def find_dialect_problems(dialect: str, survey: Survey, *, besides: Survey) -> Iterator[Finding]:
    """Find problems that a configuration has in this dialect and not in the one it is taken for."""
    for device, problem in survey.problems:
        known = (device, problem) in besides.problems or problem.message.startswith(_EXPLAINED)
        if not known and not _one_dialect_reads(problem.config):
            message = f"in {_loader(dialect)}: {problem.message}"
            yield replace(_problem(device, problem), message=message, kind="dialect")


Keyed = dict[tuple[str, ...], Choice]


def _collect_keyed(survey: Survey, device: str) -> Keyed:
    found: Keyed = {}
    formats = {form.name for form in _with_dialects()}
    for choice in survey.choices:
        if choice.device == device and choice.format in formats:
            entry = choice.entry
            key = (*entry.trail, entry.title)
            while key in found:
                key = (*key, "")
            found[key] = choice
    return found


def _grub(choice: Choice) -> str:
    return _loader(choice.dialect)


def _with_dialects() -> list[Format]:
    from parsers.formats import formats

    return [form for form in formats() if form.dialects]


def _loader(name: str) -> str:
    """Return the boot loader that speaks a dialect, in words."""
    dialects = (dialect for form in _with_dialects() for dialect in form.dialects)
    return next((dialect.loader for dialect in dialects if dialect.name == name), name)


def _one_dialect_reads(path: str) -> bool:
    return any(path.endswith(form.one_dialect_reads) for form in _with_dialects())


def _alone(mine: Keyed, theirs: Keyed) -> Iterator[Finding]:
    only = [
        choice
        for key, choice in mine.items()
        if key not in theirs and not _one_dialect_reads(choice.entry.config)
    ]
    if not only:
        return
    titles = ", ".join(repr(choice.entry.title) for choice in only[:_MOST])
    more = f" and {len(only) - _MOST} more" if len(only) > _MOST else ""
    what = f"only {_grub(only[0])} offers {titles}{more}"
    yield _at(only[0], what, "dialect")


def _differ(one: Choice, other: Choice) -> Iterator[Finding]:
    def differ(what: str, mine: object, theirs: object) -> Finding:
        shown = f"{_grub(one)} {what} {mine or 'nothing'}, {_grub(other)} {theirs or 'nothing'}"
        return _at(one, f"{one.entry.title!r}: {shown}", "dialect", "kernel")

    a, b = one.entry, other.entry
    if a.kernel != b.kernel:
        yield differ("starts", a.kernel or a.unbootable, b.kernel or b.unbootable)
    elif a.initrds != b.initrds:
        yield differ("loads the initrd", _join(a.initrds), _join(b.initrds))
    if a.cmdline != b.cmdline and a.kernel and b.kernel:
        mine, theirs = _compare_words(a.cmdline, b.cmdline)
        if mine and theirs:
            yield differ("has the kernel told", mine, theirs)
        else:
            alone, words = (one, mine) if mine else (other, theirs)
            message = f"{a.title!r}: only {_grub(alone)} has the kernel told {words}"
            yield _at(one, message, "dialect", "kernel")
    if a.unbootable != b.unbootable and a.kernel and b.kernel:
        never, why = (one, a.unbootable) if a.unbootable else (other, b.unbootable)
        words = why if why.startswith(_grub(never)) else f"{_grub(never)} does not boot it: {why}"
        yield _at(one, f"{a.title!r}: {words}", "dialect")


def _join(files: Sequence[object]) -> str:
    return ", ".join(map(str, files))


def _compare_words(one: str, other: str) -> tuple[str, str]:
    """Return the words that only one of them has; all words if only the order differs."""
    mine, theirs = one.split(), other.split()
    apart = [w for w in mine if w not in theirs], [w for w in theirs if w not in mine]
    first, second = apart if any(apart) else (mine, theirs)
    return " ".join(first), " ".join(second)


def _other_default(mine: Sequence[Choice], theirs: Sequence[Choice]) -> Iterator[Finding]:
    one = next((choice for choice in mine if choice.entry.default), None)
    other = next((choice for choice in theirs if choice.entry.default), None)
    if not one or not other:
        return
    a, b = one.entry, other.entry
    if (a.trail, a.title) != (b.trail, b.title):
        paths = [" > ".join((*entry.trail, entry.title)) for entry in (a, b)]
        words = f"{_grub(one)} has the default {paths[0]!r}, {_grub(other)} {paths[1]!r}"
        finding = _at(one, words, "dialect")
        set_in = next((o for o in (*a.default_from, *b.default_from) if o.config), None)
        yield replace(finding, config=set_in.config, line=set_in.line) if set_in else finding
    elif one.timeout != other.timeout:
        words = f"{_grub(one)} waits {_wait(one)}, {_grub(other)} {_wait(other)}"
        yield _at(one, words, "dialect")


def _wait(choice: Choice) -> str:
    if choice.timeout is None:
        return "as long as it likes"
    return f"{choice.timeout:g} seconds"
