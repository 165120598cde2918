"""The description of an entry, for its own screen and for the pane beside the menu."""

from collections.abc import Iterator

from parsers.api import Effect, Entry
from petipy.report.provenance import describe_origins, group_statements, join_runs
from petipy.report.words import describe_signature
from petipy.state import itself, unchecked
from petipy.state.model import Choice, Snapshot
from petipy.ui.kit.screen import Paragraph
from petipy.ui.line.plain import device_title, entry_title


def describe(choice: Choice, snapshot: Snapshot, allowed: str) -> Iterator[Paragraph]:
    """Describe an entry. `allowed` are the users who may boot it, in words."""
    entry = choice.entry
    yield "heading", entry_title(choice)
    yield from _describe_state(choice, snapshot)
    yield None, ""
    if entry.help:
        yield from ((None, line) for line in entry.help.split("\n"))
        yield None, ""
    yield from _describe_boot(choice)
    yield None, ""
    yield _fact("Device", device_title(snapshot, choice.device))
    yield _fact("Written in", f"{entry.config}, line {entry.line} ({choice.written})")
    for place in entry.also:
        yield _fact("and in", place)
    if entry.trail:
        yield _fact("Submenu", " / ".join(entry.trail))
    if entry.hotkey:
        yield _fact("Key", entry.hotkey)
    if allowed:
        yield _fact("Booted by", allowed)
    for effect in entry.effects:
        yield _fact("When booted", _describe_effect(effect))
    yield from _origins(entry)


def _describe_state(choice: Choice, snapshot: Snapshot) -> Iterator[Paragraph]:
    """Say what becomes of an entry now: what boots it, and what keeps it from booting."""
    if choice.base:
        base, place = snapshot.choice(choice.base), snapshot.settings.place(choice.setting)
        yield None, f"An entry of your own, in {place}: it changes {base and entry_title(base)}."
    if choice.id == snapshot.default:
        alone = snapshot.countdown or not snapshot.locked
        yield None, f"This is the default: it {'boots by itself' if alone else 'waits for you'}."
    if own := itself.explain(snapshot, choice):
        yield None, f"It is {own}: it does not boot by itself."
    if reason := unchecked.explain(snapshot, choice):
        yield "error", f"It does not boot by itself: {reason}."
    if choice.obstacle:
        yield "error", f"It cannot be booted now: {choice.obstacle}."
    for tried in snapshot.attempts:
        if tried.id == choice.id:
            yield "error", f"{tried.at:.0f} s after the start: {tried.reason}"


def _describe_boot(choice: Choice) -> Iterator[Paragraph]:
    """Describe what a boot loads, and the command line."""
    entry = choice.entry
    if entry.action:
        yield None, f"It starts nothing: {entry.unbootable}."
    else:
        yield _fact("Kernel", choice.kernel or entry.kernel or "none")
    for initrd in choice.initrds or entry.initrds:
        yield _fact("Initrd", initrd)
    if entry.devicetree:
        yield _fact("Device tree", choice.devicetree or entry.devicetree)
    for overlay in choice.overlays or entry.overlays:
        yield _fact("Overlay", overlay)
    for signature in entry.signatures:
        yield _fact("Signature", describe_signature(signature))
    if not entry.action:
        yield _fact("Command line", entry.cmdline or "(empty)")


def _origins(entry: Entry) -> Iterator[Paragraph]:
    """Yield, for each part of the entry, the line that wrote it."""
    if not entry.origins:
        return
    yield None, ""
    yield "heading", "Where its parts are written"
    if entry.default_from:
        yield _fact("Default", describe_origins(entry.default_from, entry.config))
    for statement in group_statements(entry):
        if name := _PARTS.get(statement.names):
            source = describe_origins((statement.origin, *statement.variables), entry.config)
            yield _fact(name, source)
    parts = [
        (text, describe_origins(origins, entry.config) or "not known")
        for text, origins in join_runs(entry)
    ]
    if len(parts) == 1:
        yield _fact("Command line", parts[0][1])
        return
    for text, source in parts:
        yield None, text
        yield None, f"    {source}"


_PARTS = {"kernel": "Kernel", "initrd": "Initrd", "devicetree": "Device tree", "overlay": "Overlay"}


def _fact(name: str, value: object) -> Paragraph:
    return None, f"{name + ':':<14}{value}"


def _describe_effect(effect: Effect) -> str:
    if effect.rename:
        return f"{effect.file} is renamed to {effect.rename}"
    changes = (f"{n} removed" if v is None else f"{n}={v}" for n, v in effect.values)
    later = ", if the default has failed before" if effect.once else ""
    return f"{effect.file} is changed: {', '.join(changes)}{later}"
