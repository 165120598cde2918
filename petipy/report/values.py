"""Entries and problems as JSON objects, for programs. Pure."""

from collections.abc import Callable
from typing import Any

from parsers.api import Effect, FileRef, Problem, SignatureRef
from petipy.state.model import Choice, File

ToJson = Callable[[FileRef], dict[str, Any]]


def entry_to_json(choice: Choice, find: Callable[[str], str | None]) -> dict[str, Any]:
    """Return an entry as a JSON object. The keys are a contract.

    `find` gives the name of the volume that the entry's words mean: places.volumes.make_index.
    """
    entry = choice.entry

    def file(ref: FileRef) -> dict[str, Any]:
        return _file_to_json(ref, find(ref.device) or ref.device or choice.device)

    refs = [ref for ref in (entry.kernel, *entry.initrds, entry.devicetree) if ref]
    refs += [*entry.overlays, *(ref.place for ref in entry.signatures)]
    files = {str(File(**f)): f for f in map(file, refs)}
    return {
        "id": choice.id,
        "title": entry.title,
        "trail": list(entry.trail),
        "format": choice.format,
        "device": choice.device,
        "config": entry.config,
        "line": entry.line,
        "kernel": file(entry.kernel) if entry.kernel else None,
        "initrds": [file(ref) for ref in entry.initrds],
        "devicetree": file(entry.devicetree) if entry.devicetree else None,
        "overlays": [file(ref) for ref in entry.overlays],
        "signatures": [_signature_to_json(ref, file) for ref in entry.signatures],
        "cmdline": entry.cmdline,
        "default": entry.default,
        "effects": [_effect_to_json(effect, file) for effect in entry.effects],
        "missing": [files[name] for name in choice.missing],
        "waits_for": choice.waits_for or None,
        "action": entry.action or None,
        "hotkey": entry.hotkey or None,
        "classes": list(entry.classes),
        "users": None if entry.users is None else list(entry.users),
        "hidden": entry.hidden,
        "unbootable": entry.unbootable or None,
        "unchecked": entry.unchecked or None,
        "elsewhere": choice.elsewhere,
        "also": list(entry.also),
        "dialect": choice.dialect or None,
    }


def _file_to_json(ref: FileRef, device: str) -> dict[str, Any]:
    """Return a file. A device that is absent keeps the configuration's own words."""
    packed = {"packed": ref.packed} if ref.packed else {}
    packed |= {"mode": f"{ref.mode:o}"} if ref.mode else {}
    part = {"offset": ref.offset, "size": ref.size} if ref.offset or ref.size else {}
    place = {"url": ref.url} if ref.url else {"device": device, "path": ref.path}
    return {**place, **part, **packed}


def _effect_to_json(effect: Effect, file: ToJson) -> dict[str, Any]:
    more: dict[str, Any] = {"rename": effect.rename} if effect.rename else {}
    more |= {"once": True} if effect.once else {}
    return {"file": file(effect.file), "values": dict(effect.values)} | more


def _signature_to_json(ref: SignatureRef, file: ToJson) -> dict[str, Any]:
    more = {"digest": ref.digest} if ref.digest else {}
    return {
        "file": file(ref.file),
        "place": file(ref.place),
        "kind": ref.kind,
        "signer": ref.signer or None,
    } | more


def problem_to_json(device: str, problem: Problem) -> dict[str, Any]:
    """Return a problem as a JSON object. A column or an excerpt that is unknown is null."""
    return {
        "device": device,
        "config": problem.config,
        "line": problem.line,
        "column": problem.column or None,
        "message": problem.message,
        "excerpt": problem.excerpt or None,
    }
