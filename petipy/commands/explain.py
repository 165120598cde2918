"""`petipy explain`: why an entry is as it is, with the file and the line of everything in it.

The value of --json: {"entries": […]}, each an entry as `petipy list --json` has it, and besides

    boots_by_itself  whether it would boot with nobody there
    default_from     [origin], what makes it the default of its configuration
    words            [{"text", "from": [origin]}], its command line, the nearest origin first
    statements       [{"origin", "variables": [origin]}], the settings that name its files
    problems         [{"device", "config", "line", "column", "message", "excerpt"}] that touch it

An origin is {"what", "value", "config", "line", "how"}: a setting, or a variable ("$name") with
the value that it had and the command that gave it. A variable that the boot loader itself sets
has the config "" and the line 0.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from parsers.api import Origin
from petipy.commands.base import run
from petipy.commands.list import complaint, effect_in_words, entry_value, problem_value
from petipy.commands.survey import EPILOG, Listing, add_arguments, add_dialect, survey
from petipy.report.printing import safe, width, wrapped, write
from petipy.report.provenance import Statement, chain, runs, statements, touches, words
from petipy.state.model import ORDINARY, Choice

_TOLD = 20  # entries, when none is called as it was asked for


def main(argv: list[str]) -> int:
    return run("explain", argv, _options, _answer)


def _answer(options: argparse.Namespace) -> int:
    listing = survey(options, [options.path] if options.path is not None else [])
    found = called(options.entry, listing)
    if not found:
        sys.stderr.write("".join(f"{safe(line)}\n" for line in _none(options.entry, listing)))
        return 1
    return write(_json(found, listing) if options.json else _text(found, listing))


def _options(argv: list[str]) -> argparse.Namespace:
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
    return parser.parse_args(argv)


def called(text: str, listing: Listing) -> list[Choice]:
    """The entries that are called so: by id, name or title, else by a part of the title."""
    choices = (*listing.choices, *listing.foreign)
    wanted = text.strip()
    for names in (
        lambda c: (c.id,),
        lambda c: (c.entry.name, c.entry.title, _trail(c), _trail(c).replace(" > ", ">")),
    ):
        if found := [choice for choice in choices if text in names(choice)]:
            return found
    if wanted.lower() == "default":
        return [listing.default] if listing.default else []
    return [c for c in choices if wanted and wanted.lower() in _trail(c).lower()]


def _trail(choice: Choice) -> str:
    return " > ".join((*choice.entry.trail, choice.entry.title))


def _none(text: str, listing: Listing) -> Iterator[str]:
    titles = [_trail(choice) for choice in (*listing.choices, *listing.foreign)]
    if not titles:
        yield "petipy explain: there is nothing to boot"
        yield from (line for name, p in listing.problems for line in complaint(p, name))
        return
    yield f"petipy explain: no entry is called {text!r}; there are:"
    yield from (f"  {title}" for title in titles[:_TOLD])
    if len(titles) > _TOLD:
        yield f"  and {len(titles) - _TOLD} more"


def _json(found: Sequence[Choice], listing: Listing) -> str:
    entries = [entry_value(choice, listing) | _reasons(choice, listing) for choice in found]
    return json.dumps({"entries": entries}, indent=1) + "\n"


def _reasons(choice: Choice, listing: Listing) -> dict[str, Any]:
    entry = choice.entry
    return {
        "boots_by_itself": choice is listing.default,
        "default_from": [_origin(o) for o in entry.default_from],
        "words": [{"text": w, "from": [_origin(o) for o in given]} for w, given in words(entry)],
        "statements": [
            {"origin": _origin(s.origin), "variables": [_origin(o) for o in s.variables]}
            for s in statements(entry)
        ],
        "problems": [
            problem_value(device, problem)
            for device, problem in listing.problems
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


def _text(found: Sequence[Choice], listing: Listing) -> str:
    blocks = ([safe(line) for line in _lines(choice, listing)] for choice in found)
    room = width()
    return "\n".join("".join(f"{w}\n" for line in b for w in wrapped(line, room)) for b in blocks)


def _lines(choice: Choice, listing: Listing) -> Iterator[str]:
    entry = choice.entry
    here = entry.config
    yield _trail(choice)
    yield from (f"  | {line}" for line in (entry.help.split("\n") if entry.help else ()))
    yield _fact("id", choice.id)
    yield _fact("written in", f"{here}:{entry.line} ({choice.written})")
    for other in entry.also:
        yield _fact("and in", other)
    yield _fact("default", _turn(choice, listing))
    if choice.obstacle:
        yield _fact("obstacle", choice.obstacle)
    if choice.allowed:
        yield _fact("only for", choice.allowed)
    yield from _files(choice)
    yield from _command_line(choice)
    for effect in entry.effects:
        yield _fact("on booting", effect_in_words(effect))
    touching = [p for d, p in listing.problems if d == choice.device and touches(entry, p)]
    if touching:
        yield "  problems in its lines:"
    for problem in touching:
        yield from (f"    {line}" for line in complaint(problem, choice.device))


def _fact(name: str, value: object) -> str:
    return f"  {name:<12}{value}"


def _files(choice: Choice) -> Iterator[str]:
    entry = choice.entry
    kinds = (
        ("kernel", [choice.kernel or entry.kernel]),
        ("initrd", choice.initrds or entry.initrds),
        ("devicetree", [choice.devicetree or entry.devicetree]),
    )
    for what, files in kinds:
        said = [s for s in statements(entry) if s.names == what]
        # Where one setting speaks for several initrds, it is told after the last.
        last = [*[None] * (len(files) - 1), said[-1] if said else None]
        by: list[Statement | None] = [*said] if len(said) == len(files) else last
        for file, statement in zip(files, by, strict=False):
            if file:
                yield _fact(what, file)
            if file and statement:
                yield f"      by {chain((statement.origin, *statement.variables), entry.config)}"


def _command_line(choice: Choice) -> Iterator[str]:
    entry = choice.entry
    if not entry.cmdline:
        return
    yield "  command line, and where each part of it is written"
    for text, given in runs(entry):
        yield f"    {text}"
        if given:
            yield f"      by {chain(given, entry.config)}"


def _turn(choice: Choice, listing: Listing) -> str:
    """Whether and why it boots by itself."""
    entry, first = choice.entry, listing.default
    reasons = entry.default_from
    because = f": {reasons[0].value!r} of {chain(reasons, entry.config)}" if reasons else ""
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
