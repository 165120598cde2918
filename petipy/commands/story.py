"""`petipy story`: on a booted system, what Petipy found, chose and tried before."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from petipy.commands.base import BadUsage, Command
from petipy.report.quote import format_line
from petipy.report.visible import escape
from petipy.state import story

_LARGEST = 1 << 20  # bytes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="petipy story", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")
    parser.add_argument("file", nargs="?", help="a story that was saved before")
    return parser


def _answer(arguments: argparse.Namespace) -> int:
    told = _read([arguments.file] if arguments.file else list(story.PLACES))
    if arguments.json:
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n")
    else:
        sys.stdout.writelines(f"{escape(line)}\n" for line in _lines(told))
    return 0


def _read(places: list[str]) -> dict[str, Any]:
    """Return the story in the first of the files that is there. Raise BadUsage."""
    for place in places:
        try:
            with Path(place).open("rb") as file:
                content = file.read(_LARGEST)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadUsage(f"{place}: {error.strerror}") from error
        try:
            told = json.loads(content.rstrip(b"\0"))
        except (ValueError, RecursionError) as error:
            raise BadUsage(f"{place}: not a story: {error}") from error
        if not isinstance(told, dict) or told.get("version") != story.VERSION:
            raise BadUsage(f"{place}: not a story of version {story.VERSION}")
        return told
    raise BadUsage(
        f"no story here: neither {' nor '.join(places)} exists. Petipy did not boot this system, "
        "petipy.story=0 was set, or the initrd did not keep it"
    )


def _lines(told: dict[str, Any]) -> list[str]:
    """Return the story for people. A part that is missing or of another type is left out."""
    chosen = _part(told, "chosen", dict)
    lines = [
        f"Petipy {told.get('petipy', '')} booted {chosen.get('title', '')}",
        f"  id             {chosen.get('id', '')}",
        f"  configuration  ({chosen.get('device', '')}){chosen.get('configuration', '')}",
        f"  kernel         {chosen.get('kernel', '')}",
        *(f"  initrd         {initrd}" for initrd in _part(chosen, "initrds", list)),
        f"  chosen by      {chosen.get('by', '')}{_qualify(chosen)}",
        "Seconds since Petipy's kernel started:",
        *(f"{seconds!s:>10}  {name}" for name, seconds in _part(told, "stages", dict).items()),
        "Places:",
    ]
    for source in _objects(told, "sources"):
        title = source.get("title") or source.get("name", "")
        reason = f" ({source['reason']})" if source.get("reason") else ""
        state = f"{source.get('state', '')}{reason}"
        lines.append(f"  {title}: {state}, {source.get('entries', 0)} entries")
    for name, heading in ("problems", "Problems:"), ("log", "Warnings and errors:"):
        found = _objects(told, name)
        lines += [heading] if found else []
        lines += [f"  {_place(item)}{item.get('says', '')}" for item in found]
    return lines


def _qualify(chosen: dict[str, Any]) -> str:
    words = [name for name in ("default", "edited") if chosen.get(name)]
    return f" ({', '.join(words)})" if words else ""


def _place(item: dict[str, Any]) -> str:
    if "at" in item:
        return f"{item['at']!s:>9}  "
    device, file = str(item.get("device", "")), str(item.get("file", ""))
    return f"{format_line(device, file, _part(item, 'line', int))}: "


def _part(told: dict[str, Any], name: str, kind: type) -> Any:
    value = told.get(name)
    return value if isinstance(value, kind) else kind()


def _objects(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [item for item in _part(told, name, list) if isinstance(item, dict)]


COMMAND = Command(
    name="story",
    usage="[--json] [FILE]",
    help="what Petipy did before it booted this system",
    parser=_parser,
    answer=_answer,
    parses=False,
)
