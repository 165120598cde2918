"""The answers to requests, as JSON objects. The keys are a contract: control/README.md. Pure."""

from collections.abc import Iterator
from typing import Any

from parsers.places.urls import hide_credentials
from parsers.places.volumes import make_index
from petipy import __version__
from petipy.control.protocol import Refused
from petipy.report.values import entry_to_json
from petipy.settings.configuration import Outcome
from petipy.settings.table import BY_NAME, SETTINGS, Setting
from petipy.state import itself, unchecked
from petipy.state.access import describe_users
from petipy.state.boots import Progress
from petipy.state.inventory import Part
from petipy.state.model import Choice, Snapshot, Source, Status
from petipy.state.settings import Settings
from petipy.state.wishes import find_named

_MOST_NAMED = 10  # entries that an ambiguous title may mean


def describe_status(snapshot: Snapshot, now: float) -> dict[str, Any]:
    """Return the state of the machine. `now` is the clock of the countdown."""
    countdown = snapshot.countdown
    return {
        "petipy": __version__,
        "state": _name_state(snapshot),
        "default": snapshot.default or None,
        "countdown": countdown
        and {
            "entry": countdown.choice or None,
            "seconds": round(max(0.0, countdown.until - now), 1),
            "waiting": countdown.waiting,
            "awaits": countdown.awaits or None,
            "leave": countdown.leave or None,
        },
        "booting": snapshot.booting or None,
        "progress": _describe_progress(snapshot.progress),
        "failed": [
            {"entry": tried.id, "title": tried.title, "at": tried.at, "text": tried.reason}
            for tried in snapshot.attempts
        ],
        "settled": snapshot.settled,
        "sources": [_describe_source(source) for source in snapshot.sources],
        "entries": len(snapshot.choices),
        "problems": len(snapshot.problems),
        "message": snapshot.status and describe_line(snapshot.status),
    }


def _name_state(snapshot: Snapshot) -> str:
    if snapshot.booting:
        return "loading"
    if snapshot.countdown:
        return "countdown"
    if snapshot.default:
        return "locked" if snapshot.locked else "stopped"
    return "looking" if snapshot.scanning or not snapshot.settled else "idle"


def _describe_progress(progress: Progress | None) -> dict[str, Any] | None:
    if progress is None:
        return None
    what = hide_credentials(progress.what)
    amounts = {"done": progress.done, "total": progress.total, "rate": progress.rate}
    return {"what": what, **amounts, "trouble": progress.trouble or None}


def _describe_source(source: Source) -> dict[str, Any]:
    addresses = list(source.link.addresses) if source.link else []
    return {
        "name": source.name,
        "kind": source.kind.name,
        "title": source.title or None,
        "state": source.state,
        "reason": source.reason or None,
        **({"addresses": addresses} if addresses else {}),
    }


def describe_line(status: Status) -> dict[str, Any]:
    return {"at": round(status.at, 3), "level": status.level, "text": status.text}


def describe_part(part: Part) -> dict[str, Any]:
    return {"title": part.title, "facts": [list(fact) for fact in part.facts]}


def list_entries(snapshot: Snapshot, *, full: bool) -> Iterator[dict[str, Any]]:
    """Yield the entries of the menu in its order."""
    find = make_index(tuple(device.volume for device in snapshot.devices))
    for choice in snapshot.choices:
        yield _describe_entry(snapshot, choice) | (entry_to_json(choice, find) if full else {})


def _describe_entry(snapshot: Snapshot, choice: Choice) -> dict[str, Any]:
    own = itself.explain(snapshot, choice) or unchecked.explain(snapshot, choice)
    return {
        "id": choice.id,
        "title": choice.entry.title,
        "trail": list(choice.entry.trail),
        "device": choice.device,
        "format": choice.format,
        "marked": choice.id == snapshot.default,
        "own": bool(choice.base),
        "obstacle": choice.obstacle or own or None,
        "password": describe_users(choice, snapshot) or None,
    }


def find_entry(snapshot: Snapshot, name: str) -> Choice:
    """Return the only entry of this id, title or name: petipy.state.wishes. Raise Refused."""
    found = find_named(name, snapshot.choices)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused("absent", "there is no such entry")
    ids = [choice.id for choice in found[:_MOST_NAMED]]
    raise Refused("ambiguous", f"{len(found)} entries have this title", entries=ids)


def list_settings(settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield each setting with the text of its value, and where that comes from."""
    for setting in SETTINGS:
        if setting.is_listed(settings):
            yield describe_setting(settings, setting)


def find_setting(settings: Settings, name: str) -> dict[str, Any]:
    """Return the setting of this name. Raise Refused."""
    setting = BY_NAME.get(name)
    if setting is None or setting.internal:
        raise Refused("absent", "there is no such setting")
    return describe_setting(settings, setting)


def describe_setting(settings: Settings, setting: Setting) -> dict[str, Any]:
    value = setting.type.write(getattr(settings, setting.name))
    secret = setting.type.secret and bool(value)
    return {
        "name": setting.name,
        "value": None if secret else hide_credentials(value),
        "secret": secret,
        "from": settings.layer(setting.name),
        "live": setting.live,
        "form": setting.type.form,
        "help": setting.help,
    }


def describe_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return what has come of the change of a setting."""
    return {
        "place": outcome.place or None,
        "counts": outcome.counts,
        "remark": outcome.remark or None,
        "text": str(outcome),
    }
