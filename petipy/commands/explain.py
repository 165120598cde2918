"""`petipy explain`: say where each part of an entry is written, and why the entry boots.

--json prints {"entries": […]}. An entry has the keys of `petipy list --json` and these:

    boots_by_itself  true for the entry that boots if nobody is there
    default_from     [origin]: the settings that make it the default of its configuration
    words            [{"text", "from": [origin]}]: its command line, the nearest origin first
    statements       [{"origin", "variables": [origin]}]: the settings that name its files
    problems         [{"device", "config", "line", "column", "message", "excerpt"}] in its lines

An origin is {"what", "value", "config", "line", "how"}. It is a setting, or a variable ("$name")
with its value and the command that set it. A variable that the boot loader sets has the config ""
and the line 0.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from parsers.api import Origin
from parsers.places.volumes import make_index
from petipy.commands.base import Command
from petipy.commands.survey import EPILOG, add_arguments, add_dialect, survey
from petipy.report.printing import terminal_width, wrap, write
from petipy.report.provenance import (
    EntrySetting,
    describe_origins,
    group_statements,
    join_runs,
    split_words,
    touches,
)
from petipy.report.values import entry_to_json, problem_to_json
from petipy.report.visible import escape
from petipy.report.words import describe_effect, describe_problem, describe_signature
from petipy.state.access import describe_users
from petipy.state.model import ORDINARY, Choice
from petipy.state.survey import Survey

_MOST = 20  # titles listed when no entry has the name that was asked for


def _answer(options: argparse.Namespace) -> int:
    found = survey(options, [options.path] if options.path is not None else [])
    choices = find(options.entry, found)
    if not choices:
        lines = _list_titles(options.entry, found)
        sys.stderr.write("".join(f"{escape(line)}\n" for line in lines))
        return 1
    return write(_json(choices, found) if options.json else _text(choices, found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "petipy explain",
        description="Say why an entry is as it is: the file and the line of everything in it.",
        epilog=f"exit status: 0, 1 when no entry is called so, 2 for bad usage.\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "entry",
        metavar="TITLE|ID",
        help="its title, a part of it, SUBMENU > TITLE, its id as in `petipy list --json`,"
        " the configuration's own name for it, or the word default",
    )
    parser.add_argument("path", metavar="PATH", nargs="?", help="directory, image or device")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_arguments(parser)
    add_dialect(parser)
    return parser


def find(text: str, found: Survey) -> list[Choice]:
    """Find the entries with this id, name or title, else those with it in their title."""
    choices = (*found.choices, *found.foreign)
    wanted = text.strip()
    for names in (
        lambda c: (c.id,),
        lambda c: (c.entry.name, c.entry.title, _trail(c), _trail(c).replace(" > ", ">")),
    ):
        if exact := [choice for choice in choices if text in names(choice)]:
            return exact
    if wanted.lower() == "default":
        return [found.default] if found.default else []
    return [c for c in choices if wanted and wanted.lower() in _trail(c).lower()]


def _trail(choice: Choice) -> str:
    return " > ".join((*choice.entry.trail, choice.entry.title))


def _list_titles(text: str, found: Survey) -> Iterator[str]:
    titles = [_trail(choice) for choice in (*found.choices, *found.foreign)]
    if not titles:
        yield "petipy explain: there is nothing to boot"
        yield from (line for name, p in found.problems for line in describe_problem(p, name))
        return
    yield f"petipy explain: no entry is called {text!r}; there are:"
    yield from (f"  {title}" for title in titles[:_MOST])
    if len(titles) > _MOST:
        yield f"  and {len(titles) - _MOST} more"


def _json(choices: Sequence[Choice], found: Survey) -> str:
    find = make_index(found.volumes)
    entries = [entry_to_json(choice, find) | _reasons(choice, found) for choice in choices]
    return json.dumps({"entries": entries}, indent=1) + "\n"


def _reasons(choice: Choice, found: Survey) -> dict[str, Any]:
    entry = choice.entry
    return {
        "boots_by_itself": choice is found.default,
        "default_from": [_origin(o) for o in entry.default_from],
        "words": [
            {"text": word, "from": [_origin(o) for o in origins]}
            for word, origins in split_words(entry)
        ],
        "statements": [
            {"origin": _origin(s.origin), "variables": [_origin(o) for o in s.variables]}
            for s in group_statements(entry)
        ],
        "problems": [
            problem_to_json(device, problem)
            for device, problem in found.problems
            if device == choice.device and touches(entry, problem)
        ],
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "what": origin.what,
        "value": origin.value,
        "config": origin.config,
        "line": origin.line,
        "how": origin.how,
    }


def _text(choices: Sequence[Choice], found: Survey) -> str:
    blocks = ([escape(line) for line in _lines(choice, found)] for choice in choices)
    room = terminal_width()
    return "\n".join("".join(f"{w}\n" for line in b for w in wrap(line, room)) for b in blocks)


def _lines(choice: Choice, found: Survey) -> Iterator[str]:
    entry = choice.entry
    here = entry.config
    yield _trail(choice)
    yield from (f"  | {line}" for line in (entry.help.split("\n") if entry.help else ()))
    yield _fact("id", choice.id)
    yield _fact("written in", f"{here}:{entry.line} ({choice.written})")
    for other in entry.also:
        yield _fact("and in", other)
    yield _fact("default", _turn(choice, found))
    if choice.obstacle:
        yield _fact("obstacle", choice.obstacle)
    if users := describe_users(choice, found.snapshot):
        yield _fact("only for", users)
    yield from _files(choice)
    yield from _command_line(choice)
    for effect in entry.effects:
        yield _fact("on booting", describe_effect(effect))
    touching = [p for d, p in found.problems if d == choice.device and touches(entry, p)]
    if touching:
        yield "  problems in its lines:"
    for problem in touching:
        yield from (f"    {line}" for line in describe_problem(problem, choice.device))


def _fact(name: str, value: object) -> str:
    return f"  {name:<12}{value}"


def _files(choice: Choice) -> Iterator[str]:
    entry = choice.entry
    kinds = (
        ("kernel", [choice.kernel or entry.kernel]),
        ("initrd", choice.initrds or entry.initrds),
        ("devicetree", [choice.devicetree or entry.devicetree]),
        ("overlay", choice.overlays or entry.overlays),
    )
    for what, files in kinds:
        named = [s for s in group_statements(entry) if s.names == what]
        # One setting that names several initrds is shown after the last.
        last = [*[None] * (len(files) - 1), named[-1] if named else None]
        by: list[EntrySetting | None] = [*named] if len(named) == len(files) else last
        for file, statement in zip(files, by, strict=False):
            if file:
                yield _fact(what, file)
            if file and statement:
                origins = (statement.origin, *statement.variables)
                yield f"      by {describe_origins(origins, entry.config)}"
    for signature in entry.signatures:
        yield _fact("signature", describe_signature(signature))


def _command_line(choice: Choice) -> Iterator[str]:
    entry = choice.entry
    if not entry.cmdline:
        return
    yield "  command line, and where each part of it is written"
    for text, origins in join_runs(entry):
        yield f"    {text}"
        if origins:
            yield f"      by {describe_origins(origins, entry.config)}"


def _turn(choice: Choice, found: Survey) -> str:
    """Say if it boots by itself, and why."""
    entry, first = choice.entry, found.default
    because = ""
    if reasons := entry.default_from:
        because = f": {reasons[0].value!r} of {describe_origins(reasons, entry.config)}"
    if choice is first and choice.obstacle:
        return f"its configuration's{because}; but nothing can be booted by itself"
    if choice is first:
        if entry.default:
            return f"yes, it boots by itself{because}"
        if entry.guess:
            return "yes, it boots by itself, for no configuration offers anything that can"
        return "yes, it boots by itself, for what its configuration wants cannot be booted"
    if entry.default:
        other = f"; {_trail(first)!r} boots before it" if first else ""
        return f"its configuration's{because}{other}"
    if choice.turn < ORDINARY:
        return f"no; it is fallback number {choice.turn} when the default fails"
    return "no"


COMMAND = Command(
    "explain",
    "TITLE|ID [OPTION]… [PATH]",
    "say where each part of an entry is written, and why it boots",
    _parser,
    _answer,
)
