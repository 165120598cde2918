"""The description of an entry, for its own screen and for the pane beside the menu."""

from collections.abc import Iterator

from parsers.api import Effect, Entry
from petipy.report.provenance import describe_origins, group_statements, join_runs
from petipy.report.words import describe_signature
from petipy.state import itself, unchecked
from petipy.state.model import Choice, Snapshot
from petipy.ui.kit.screen import VALUE, Paragraph
from petipy.ui.line.plain import device_title, entry_title
from petipy.ui.translator import Phrase, Translator, mark


def describe(
    choice: Choice, snapshot: Snapshot, allowed: str, translator: Translator
) -> Iterator[Paragraph]:
    """Describe an entry. `allowed` are the users who may boot it, in words."""
    entry, phrase = choice.entry, translator.phrase
    yield "heading", entry_title(choice, phrase)
    yield from _describe_state(choice, snapshot, translator)
    yield None, ""
    if entry.help:
        yield from ((None, line) for line in entry.help.split("\n"))
        yield None, ""
    yield from _describe_boot(choice, translator)
    yield None, ""
    yield _fact(phrase("Device"), device_title(snapshot, choice.device))
    written = phrase("{file}, line {line}", file=entry.config, line=entry.line)
    yield _fact(phrase("Written in"), f"{written} ({choice.written})")
    for place in entry.also:
        yield _fact(phrase("and in"), place)
    if entry.trail:
        yield _fact(phrase("Submenu"), " / ".join(entry.trail))
    if entry.hotkey:
        yield _fact(phrase("Key"), entry.hotkey)
    if allowed:
        yield _fact(phrase("Booted by"), translator.translate(allowed))
    for effect in entry.effects:
        yield _fact(phrase("When booted"), _describe_effect(effect, phrase))
    yield from _origins(entry, phrase)


def _describe_state(
    choice: Choice, snapshot: Snapshot, translator: Translator
) -> Iterator[Paragraph]:
    """Say what becomes of an entry now: what boots it, and what keeps it from booting."""
    phrase, translate = translator.phrase, translator.translate
    if base := snapshot.choice(choice.base) if choice.base else None:
        place = translate(snapshot.settings.place(choice.setting))
        text = mark("An entry of your own, in {place}: it changes {title}.")
        yield None, phrase(text, place=place, title=entry_title(base, phrase))
    if choice.id == snapshot.default:
        alone = snapshot.countdown or not snapshot.locked
        boots = mark("This is the default: it boots by itself.")
        yield None, phrase(boots if alone else mark("This is the default: it waits for you."))
    if own := itself.explain(snapshot, choice):
        yield None, phrase("It is {what}: it does not boot by itself.", what=translate(own))
    if reason := unchecked.explain(snapshot, choice):
        yield "error", phrase("It does not boot by itself: {reason}.", reason=translate(reason))
    if choice.obstacle:
        yield (
            "error",
            phrase("It cannot be booted now: {reason}.", reason=translate(choice.obstacle)),
        )
    for tried in snapshot.attempts:
        if tried.id == choice.id:
            text = mark("{seconds:.0f} s after the start: {reason}")
            yield "error", phrase(text, seconds=tried.at, reason=translate(tried.reason))


def _describe_boot(choice: Choice, translator: Translator) -> Iterator[Paragraph]:
    """Describe what a boot loads, and the command line."""
    entry, phrase = choice.entry, translator.phrase
    if entry.action:
        yield (
            None,
            phrase("It starts nothing: {reason}.", reason=translator.translate(entry.unbootable)),
        )
    else:
        yield _fact(phrase("Kernel"), choice.kernel or entry.kernel or phrase("(none)"))
    for initrd in choice.initrds or entry.initrds:
        yield _fact(phrase("Initrd"), initrd)
    if entry.devicetree:
        yield _fact(phrase("Device tree"), choice.devicetree or entry.devicetree)
    for overlay in choice.overlays or entry.overlays:
        yield _fact(phrase("Overlay"), overlay)
    for signature in entry.signatures:
        yield _fact(phrase("Signature"), describe_signature(signature))
    if not entry.action:
        yield _fact(phrase("Command line"), entry.cmdline or phrase("(empty)"))


def _origins(entry: Entry, phrase: Phrase) -> Iterator[Paragraph]:
    """Yield, for each part of the entry, the line that wrote it."""
    if not entry.origins:
        return
    yield None, ""
    yield "heading", phrase("Where its parts are written")
    if entry.default_from:
        yield _fact(phrase("Default"), describe_origins(entry.default_from, entry.config))
    for statement in group_statements(entry):
        if name := _PARTS.get(statement.names):
            source = describe_origins((statement.origin, *statement.variables), entry.config)
            yield _fact(phrase(name), source)
    parts = [
        (text, describe_origins(origins, entry.config) or phrase("not known"))
        for text, origins in join_runs(entry)
    ]
    if len(parts) == 1:
        yield _fact(phrase("Command line"), parts[0][1])
        return
    for text, source in parts:
        yield None, text
        yield None, f"    {source}"


_PARTS = {
    "kernel": mark("Kernel"),
    "initrd": mark("Initrd"),
    "devicetree": mark("Device tree"),
    "overlay": mark("Overlay"),
}


def _fact(name: str, value: object) -> Paragraph:
    return "fact", f"{name + ':':<{VALUE - 1}} {value}"


def _describe_effect(effect: Effect, phrase: Phrase) -> str:
    if effect.rename:
        return phrase("{file} is renamed to {name}", file=effect.file, name=effect.rename)
    changes = (
        phrase("{name} removed", name=name) if value is None else f"{name}={value}"
        for name, value in effect.values
    )
    later = phrase(", if the default has failed before") if effect.once else ""
    text = mark("{file} is changed: {changes}{later}")
    return phrase(text, file=effect.file, changes=", ".join(changes), later=later)
