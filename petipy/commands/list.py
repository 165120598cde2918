"""`petipy list`: what Petipy would show for directories, disk images and block devices."""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from parsers.api import Effect, FileRef, Problem
from parsers.places.volumes import find
from petipy.commands.base import run
from petipy.commands.survey import EPILOG, Listing, add_arguments, add_dialect, survey
from petipy.report.printing import safe, width, write
from petipy.report.quote import place, quoted
from petipy.state.model import Choice, File


def main(argv: list[str]) -> int:
    return run("list", argv, _options, _answer)


def _answer(options: argparse.Namespace) -> int:
    listing = survey(options, [options.path] if options.path is not None else [])
    if options.show_foreign:
        listing = replace(listing, choices=(*listing.choices, *listing.foreign), foreign=())
    return write(_json(listing) if options.json else _text(listing)) or not listing.choices


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "petipy list",
        description="Show what a directory, a disk image or a block device offers to boot.",
        epilog=f"exit status: 0 with entries, 1 with none, 2 for bad usage.\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", help="directory, image or device")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--show-foreign", action="store_true", help="systems that kexec cannot boot, too"
    )
    add_arguments(parser)
    add_dialect(parser)
    return parser.parse_args(argv)


def _json(listing: Listing) -> str:
    default = listing.default
    timeout = default.timeout if default else None
    answer = {
        "entries": [entry_value(choice, listing) for choice in listing.choices],
        "problems": [
            {"device": device, "config": p.config, "line": p.line, "message": p.message}
            for device, p in listing.problems
        ],
        "default": default.id if default else None,
        "timeout": None if timeout == math.inf else timeout,
    }
    return json.dumps(answer, indent=1) + "\n"


def entry_value(choice: Choice, listing: Listing) -> dict[str, Any]:
    """The entry in JSON: these keys are a contract."""
    entry = choice.entry

    def file(ref: FileRef) -> dict[str, Any]:
        """Where it is; the configuration's own words for a device that is not there."""
        packed = {"packed": ref.packed} if ref.packed else {}
        packed |= {"mode": f"{ref.mode:o}"} if ref.mode else {}
        if ref.url:
            return {"url": ref.url, **packed}
        volume = find(ref.device, [device.volume for device in listing.known])
        name = volume.name if volume else ref.device or choice.device
        part = {"offset": ref.offset, "size": ref.size} if ref.offset or ref.size else {}
        return {"device": name, "path": ref.path, **part, **packed}

    def effect(effect: Effect) -> dict[str, Any]:
        renamed = {"rename": effect.rename} if effect.rename else {}
        return {"file": file(effect.file), "values": dict(effect.values)} | renamed

    refs = [ref for ref in (entry.kernel, *entry.initrds, entry.devicetree) if ref]
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
        "cmdline": entry.cmdline,
        "default": entry.default,
        "effects": [effect(e) for e in entry.effects],
        "missing": [files[name] for name in choice.missing],
        "waits_for": choice.waits_for or None,
        "action": entry.action or None,
        "hotkey": entry.hotkey or None,
        "classes": list(entry.classes),
        "users": None if entry.users is None else list(entry.users),
        "hidden": entry.hidden,
        "unbootable": entry.unbootable or None,
        "also": list(entry.also),
        "dialect": choice.dialect or None,
    }


def problem_value(device: str, problem: Problem) -> dict[str, Any]:
    """A problem with all that is known of its place."""
    return {
        "device": device,
        "config": problem.config,
        "line": problem.line,
        "column": problem.column or None,
        "message": problem.message,
        "excerpt": problem.excerpt or None,
    }


def _text(listing: Listing) -> str:
    return "".join(f"{safe(line)}\n" for line in _lines(listing))


def _lines(listing: Listing) -> Iterator[str]:
    default = listing.default
    for device in listing.devices:
        yield device.title
        mine = [choice for choice in listing.choices if choice.device == device.name]
        if not mine:
            yield "  nothing to boot"
        for choice in mine:
            yield from _choice(choice, choice is default)
        yield ""
    if default and default.users is not None:
        yield "waits for a password before * boots"
    elif default and default.elsewhere:
        yield "nothing here boots by itself"
    elif default and default.timeout is not None:
        wait = default.timeout
        after = "1 second" if wait == 1 else f"{wait:g} seconds"
        yield "waits for a person" if wait == math.inf else f"boots * after {after}"
    for other in listing.foreign:
        words = f"{other.entry.title} is {other.obstacle}; --show-foreign lists it"
        yield f"({other.device}){other.entry.config}: {words}"
    for name, problem in listing.problems:
        yield from complaint(problem, name)


def complaint(problem: Problem, device: str) -> Iterator[str]:
    """A problem in a line, and the line that it is about with a caret where that is known."""
    yield f"{place(problem, device)}: {problem.message}"
    room = (width() or 1000) - 2
    if lines := quoted(problem.excerpt, problem.column, room, safe):
        yield from (f"  {line}" for line in lines)


def _choice(choice: Choice, default: bool) -> Iterator[str]:
    entry = choice.entry
    yield f"{'*' if default else ' '} {' > '.join((*entry.trail, entry.title))}"
    for line in entry.help.split("\n") if entry.help else ():
        yield f"    | {line}"
    yield f"    from      {entry.config}:{entry.line} ({choice.written})"
    for other in entry.also:
        yield f"    also      {other}"
    if entry.action:
        yield f"    does      {entry.unbootable}"
    if entry.hidden:
        yield "    hidden    the menu does not show it"
    if entry.hotkey:
        yield f"    key       {entry.hotkey}"
    if choice.allowed:
        yield f"    users     {choice.allowed}"
    refs = [("kernel", entry.kernel), *(("initrd", ref) for ref in entry.initrds)]
    for name, ref in (*refs, ("devicetree", entry.devicetree)):
        if ref:
            yield f"    {name:<9} {ref}"
    if entry.cmdline:
        yield f"    cmdline   {entry.cmdline}"
    for effect in entry.effects:
        yield f"    writes    {effect_in_words(effect)}"
    if choice.obstacle:
        yield f"    ! {choice.obstacle}"


def effect_in_words(effect: Effect) -> str:
    """What booting writes, in one line: FILE: NAME=VALUE, no NAME, renamed to NAME."""
    words = [f"{key}={value}" if value is not None else f"no {key}" for key, value in effect.values]
    words += [f"renamed to {effect.rename}"] if effect.rename else []
    return f"{effect.file}: {', '.join(words)}"
