"""`petipy check`: report what is wrong with boot configurations, as FILE:LINE: message.

--json prints {"entries": their number, "findings": [{"kind", "device", "config", "line", "column",
"message", "excerpt"}]}. The kinds are problem (of a parser), missing (a file), device (an absent
one), unreachable and repeated (entries), and dialect (Debian's GRUB and Red Hat's disagree). A
column or an excerpt that is unknown is null.
"""

import argparse
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import basename, dirname

from parsers.api import COMPARED, Format, Volume
from petipy.commands.base import BadUsage, Command
from petipy.commands.findings import (
    Finding,
    find_dialect_problems,
    find_differences,
    find_faults,
    sort,
)
from petipy.commands.survey import (
    EPILOG,
    add_arguments,
    add_dialect,
    choose_formats,
    is_file,
    survey_dialects,
)
from petipy.machinefile.machine import Machine, Tree
from petipy.platforms import read_firmware
from petipy.report.printing import terminal_width, wrap, write
from petipy.report.quote import format_line, quote_line
from petipy.report.visible import escape
from petipy.state.model import DIRECTORY, Device
from petipy.state.resolve import choices
from petipy.state.survey import Survey, list_guards

_LARGEST = 64 << 20  # bytes of a file that is checked alone


def _answer(options: argparse.Namespace) -> int:
    survey, found = _check(options)
    text = _json(survey, found) if options.json else _text(survey, found)
    return write(text) or bool(found)


def _parser() -> argparse.ArgumentParser:
    from parsers.formats import formats

    parser = argparse.ArgumentParser(
        "petipy check",
        description="Check the boot configuration of a machine, a tree or an image, or one file"
        " of it. Of a file alone, kernels and devices are not known, and so not missed.",
        epilog=f"Exit status: 0 when all is well, 1 with findings, 2 for bad usage. {EPILOG}",
    )
    parser.add_argument("path", metavar="FILE|DIR", nargs="?", help="or a disk image, a device")
    parser.add_argument(
        "--format",
        choices=[form.name for form in formats()],
        help="what the file is (default: by its name, else by what it says)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_arguments(parser)
    add_dialect(parser)
    return parser


def _check(options: argparse.Namespace) -> tuple[Survey, list[Finding]]:
    dialects = (options.dialect, *(COMPARED if not options.dialect else ()))
    alone = _is_configuration(options.path) if options.path is not None else False
    if options.format and not alone:
        raise BadUsage("--format is for a file")
    if alone:
        one, *others = _survey_one_file(options, dialects)
        known = False
    else:
        paths = [options.path] if options.path is not None else []
        one, *others = survey_dialects(options, paths, dialects)
        known = _knows_devices(options, one)
    found = find_faults(one, files=not alone, devices=known)
    # Neither of the two ever reads a configuration of a third GRUB: it is not compared.
    if others and all(choice.dialect in ("", *COMPARED) for choice in one.choices):
        # Both dialects drop an entry whose device is absent: that is no difference.
        wrong = [
            finding
            for dialect, other in zip(COMPARED, others, strict=True)
            for finding in find_dialect_problems(dialect, other, besides=one)
        ]
        found = sort([*found, *find_differences(*others), *wrong], one)
    if alone:
        path = str(Path(options.path).absolute())
        found = [replace(f, config=options.path) if f.config == path else f for f in found]
    return one, found


def _is_configuration(path: str) -> bool:
    """Return True for a file that can be checked alone, False for a disk image."""
    file = Path(path)
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(1 << 16)
    return b"\0" not in start or start.startswith(b"MZ")


def _knows_devices(options: argparse.Namespace, survey: Survey) -> bool:
    """Return True if all devices are known: a directory alone does not tell, nor do mounts."""
    if any(map(is_file, options.machine)):
        return any(d.volume.uuid or d.volume.label for d in survey.known)
    if options.device:
        return True
    if options.path is not None:
        return any(not device.kind.directory for device in survey.devices)
    return os.geteuid() == 0


def _survey_one_file(options: argparse.Namespace, dialects: Sequence[str | None]) -> list[Survey]:
    if options.device or any(map(is_file, options.machine)):
        raise BadUsage("a file is checked alone: no --device and no machine file")
    try:
        data = Path(options.path).read_bytes()[:_LARGEST]
    except OSError as error:
        raise BadUsage(f"{options.path}: {error.strerror}") from None
    path = str(Path(options.path).absolute())
    host = _host(path, data)
    name = next(iter(options.machine), os.uname().machine)
    form = options.format or _guess(host, path, name)
    return [_survey_file(host, path, form, name, options.path, dialect) for dialect in dialects]


def _host(path: str, data: bytes) -> Machine:
    """Make a machine that has only the file, and what formats may expect beside it."""
    companions = {
        f"{dirname(path)}/{n}": text for form in choose_formats() for n, text in form.companions
    }
    tree = Tree(
        texts={**companions, path: data.decode("utf-8", "surrogateescape")},
        sizes={path: len(data)},
        pieces={path: {0: data}},
    )
    return Machine(volumes=(Volume(name="file"),), trees={"file": tree}, firmware=read_firmware(""))


def _format(name: str, path: str, dialect: str | None = None) -> Format:
    form = next(form for form in choose_formats(dialect=dialect) if form.name == name)
    # A format that parses whole directories gets the one that the file lies in.
    directory = form.binary and not any(fnmatchcase(path, f"*{p}") for p in form.paths)
    return replace(form, paths=(dirname(path) if directory else path,))


def _guess(host: Machine, path: str, machine: str) -> str:
    """Guess the format of a file: by its name if one format has that name, else by its text."""
    name = basename(path)
    forms = choose_formats()
    for form in forms:
        if _is_called(name.lower(), form.file_names):
            return form.name
    named = [f.name for f in forms if _is_called(name, map(basename, f.paths))]
    if len(named) == 1:
        return named[0]
    scores = {f: _score(host, path, f, machine) for f in named or [form.name for form in forms]}
    best = max(scores, key=lambda f: scores[f])
    for form in forms if scores[best] <= 0 else ():
        if _is_called(name, form.part_names):
            return form.name
    if host.trees["file"].texts[path].lstrip()[:1] == "{":
        raise BadUsage(f"{path}: a machine in a file is checked with --machine {path}")
    if scores[best] <= 0:
        raise BadUsage(f"{path}: cannot tell what it is; say it with --format")
    return best


def _is_called(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _score(host: Machine, path: str, form: str, machine: str) -> float:
    """Rate how much of the file a format understands."""
    from petipy.scan.tree import scan_tree

    scan = scan_tree(host.files("file", machine), [_format(form, path)])
    good = sum(bool(entry.kernel or entry.unbootable) for _, entry in scan.entries)
    return good - len(scan.problems) / 2


def _survey_file(
    host: Machine, path: str, form: str, machine: str, shown: str, dialect: str | None
) -> Survey:
    from petipy.scan.tree import scan_tree

    scan = scan_tree(host.files("file", machine), [_format(form, path, dialect)])
    device = Device(volume=host.volumes[0], node="", kind=DIRECTORY, title=shown)
    return Survey(
        devices=(device,),
        known=(device,),
        choices=choices([(device, scan)], host.volumes),
        guards=list_guards([(device, scan)]),
        problems=tuple(("file", problem) for problem in scan.problems),
    )


def _json(survey: Survey, found: Sequence[Finding]) -> str:
    values = [
        {
            "kind": f.kind,
            "device": f.device,
            "config": f.config,
            "line": f.line,
            "column": f.column or None,
            "message": f.message,
            "excerpt": f.excerpt or None,
        }
        for f in found
    ]
    return json.dumps({"entries": len(survey.choices), "findings": values}, indent=1) + "\n"


def _text(survey: Survey, found: Sequence[Finding]) -> str:
    room = terminal_width()
    lines = (line for finding in found for line in _lines(finding, survey, room))
    return "".join(f"{escape(line)}\n" for line in (*lines, _sum(survey, found)))


def _sum(survey: Survey, found: Sequence[Finding]) -> str:
    entries = _count(len(survey.choices), "entry", "entries")
    return f"{_count(len(found), 'finding', 'findings')}, {entries}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"


def _lines(finding: Finding, survey: Survey, room: int | None) -> Iterator[str]:
    yield from wrap(f"{_place(finding, survey)}: {finding.message}", room)
    if lines := quote_line(finding.excerpt, finding.column, (room or 1000) - 2, escape):
        yield from (f"  {line}" for line in lines)


def _place(finding: Finding, survey: Survey) -> str:
    """Format where a finding is, as a path that a person can open if there is one."""
    name, config = finding.device, finding.config
    if match := re.fullmatch(r"\(([^()]*)\)(/.*)", config, re.S):
        name, config = match[1], match[2]
    device = next((d for d in survey.known if d.name == name), None)
    if config and device and device.kind.directory:
        numbered = f":{finding.line}" if finding.line else ""
        return f"{device.node.rstrip('/')}{config}{numbered}"
    return format_line(name, config, finding.line)


COMMAND = Command(
    "check",
    "[OPTION]… [FILE|DIR]",
    "say what is wrong with a boot configuration",
    _parser,
    _answer,
)
