"""The story of a boot for the system that is booted: found, chosen, tried, and how long it took.

Pure: a snapshot and a plan become one JSON object. Everybody on the booted system may read it, so
it has no command line and no credentials. Its keys are a contract; `version` grows if one changes
its meaning.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from parsers.places.urls import hide_credentials
from petipy.state.model import Choice, Snapshot, Status
from petipy.state.names import make_name

VERSION = 1
# Where the kernel shows the property of /chosen that has the story.
PROPERTY = "petipy"
IN_DEVICE_TREE = f"/proc/device-tree/chosen/{PROPERTY}"
# The names of the entries, each in a line; initramfs/installed/petipy-next reads them.
NAMES = "petipy-entries"
# The file in an archive for systemd's initrds, and its place in the booted system.
IN_ARCHIVE, IN_RUN = ".extra/petipy/story.json", "/run/petipy/story.json"
# dracut's own init takes what an archive has in /run into the booted system.
IN_DRACUT = "/run/initramfs/petipy/story.json"
PLACES = (IN_DEVICE_TREE, IN_RUN, IN_DRACUT)

_MOST = 100  # of each list
_LONGEST = 300  # characters of a text


def tell(
    snapshot: Snapshot,
    choice: Choice,
    *,
    petipy: str,
    by: str,
    edited: bool,
    stages: Mapping[str, float],
    lines: Iterable[Status],
) -> bytes:
    """Return the story as JSON.

    `petipy` is its version, `by` the client that chose. `stages` are seconds since the kernel
    started, `lines` those of the log.
    """
    story = {
        "version": VERSION,
        "petipy": petipy,
        "chosen": _describe_choice(snapshot, choice) | {"by": by, "edited": edited},
        "stages": {name: round(seconds, 3) for name, seconds in stages.items()},
        "failed": [
            {"id": tried.id, "title": tried.title, "at": round(tried.at, 3), "says": tried.reason}
            for tried in snapshot.attempts[-_MOST:]
        ],
        "sources": _describe_sources(snapshot),
        "problems": [
            {"device": device, "file": found.config, "line": found.line, "says": found.message}
            for device, found in snapshot.problems[:_MOST]
        ],
        "log": [
            {"at": round(line.at, 3), "level": line.level, "says": line.text}
            for line in lines
            if line.level in ("warning", "error")
        ][-_MOST:],
    }
    return json.dumps(_make_safe(story), separators=(",", ":")).encode()


def list_names(snapshot: Snapshot) -> bytes:
    """Return the names of the entries that a wish for the next start may mean, a line each."""
    names = (make_name(choice) for choice in snapshot.choices if choice.bootable)
    return "".join(f"{name}\n" for name in islice(names, _MOST)).encode()


def _describe_choice(snapshot: Snapshot, choice: Choice) -> dict[str, Any]:
    return {
        "id": choice.id,
        "title": choice.entry.title,
        "device": choice.device,
        "configuration": choice.entry.config,
        "format": choice.written,
        "kernel": str(choice.kernel or ""),
        "initrds": [str(initrd) for initrd in choice.initrds],
        "default": choice.id == snapshot.default,
    }


def _describe_sources(snapshot: Snapshot) -> list[dict[str, Any]]:
    entries = Counter(choice.device for choice in snapshot.choices)
    return [
        {
            "name": source.name,
            "title": source.title,
            "state": source.state,
            "reason": source.reason,
            "entries": entries[source.name],
        }
        for source in snapshot.sources[:_MOST]
    ]


def _make_safe(value: Any) -> Any:
    """Return a copy with shorter texts of valid Unicode, without credentials in URLs."""
    match value:
        case str():
            return hide_credentials(value)[:_LONGEST].encode(errors="replace").decode()
        case list():
            return [_make_safe(item) for item in value[:_MOST]]
        case dict():
            return {name: _make_safe(item) for name, item in value.items()}
    return value
