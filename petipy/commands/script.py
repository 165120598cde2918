"""`petipy script`: run a GRUB script and print what GRUB would print.

The exit status is that of the script's last command; 0 if it boots or exits, 1 if it does not end
and was stopped, 2 for bad usage.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from parsers.api import Entry, Files, Host, Problem, Volume
from parsers.formats.grub.configuration import PATHS, GrubConfiguration
from parsers.formats.grub.language.family import FAMILIES
from parsers.formats.grub.recognition import find_family
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.run.shell import Boot, Exit, Payload
from parsers.reading.budget import OutOfBudget
from petipy.commands.base import BadUsage, Command
from petipy.commands.survey import add_dialect, is_file, load_machine
from petipy.machinefile.machine import Machine
from petipy.platforms import read_firmware
from petipy.report.printing import terminal_width, wrap, write
from petipy.report.visible import escape
from petipy.report.words import describe_problem
from petipy.scan.excerpts import with_excerpts
from petipy.scan.files import TreeFiles

_LARGEST = 16 << 20  # bytes of a script
_MOST = 3  # titles of entries on standard error


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A script, and the machine that it runs on."""

    text: str
    path: str  # in the tree, where GRUB would find it
    files: Files
    variables: Mapping[str, str]
    dialect: str

    def listing(self, output: list[str] | None = None) -> tuple[GrubMachine, GrubConfiguration]:
        say = (lambda text: None) if output is None else output.append
        family = FAMILIES[self.dialect]
        machine = GrubMachine(self.files, say, elsewhere=PATHS, family=family)
        configuration = GrubConfiguration(
            machine, self.path, variables=self.variables, text=self.text
        )
        return machine, configuration


def _answer(options: argparse.Namespace) -> int:
    with ExitStack() as held:
        return _run(_script(options, held), options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "petipy script",
        description="Run a GRUB script and print what GRUB would print. Nothing is written.",
        epilog="Exit status: that of the script's last command; 0 when it boots or leaves;"
        " 1 when it does not come to an end; 2 for bad usage. What it gets wrong is told on"
        " standard error, with file and line.",
    )
    parser.add_argument("file", metavar="FILE", help="the script; - is standard input")
    parser.add_argument("--root", metavar="DIR", help="the files that it may look at")
    parser.add_argument(
        "--machine",
        metavar="FILE|NAME",
        help="a machine file, whose devices it sees; or what uname says: ppc64le, x86_64 …",
    )
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="a variable; may be many"
    )
    parser.add_argument("--menu", action="store_true", help="print the entries that it makes, too")
    add_dialect(parser)
    return parser


def _script(options: argparse.Namespace, held: ExitStack) -> ScriptRun:
    text = _text(options.file)
    variables = dict(_assignment(word) for word in options.set)
    path = f"/boot/grub/{basename(options.file)}"
    if options.machine and is_file(options.machine):
        if options.root:
            raise BadUsage("a machine file has its own files: no --root")
        host = load_machine(options.machine)
        path = host.config or path
        prefix = {"prefix": host.prefix} if host.prefix else {}
        variables = prefix | dict(host.env) | variables
        files: Files = host.files(host.root or host.volumes[0].name)
    else:
        name = options.machine or os.uname().machine
        path = _inside(options.file, options.root) or path
        files = _files(options.root, name, held)
    place = path if options.file == "-" else str(Path(options.file).resolve())
    dialect = options.dialect or find_family(place, text).name
    return ScriptRun(text, path, files, variables, dialect)


def _text(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_LARGEST)
        else:
            with open(file, "rb") as stream:
                data = stream.read(_LARGEST)
    except OSError as error:
        raise BadUsage(f"{file}: {error.strerror}") from None
    return data.decode("utf-8", "surrogateescape")


def _assignment(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise BadUsage(f"--set: not NAME=VALUE: {word!r}")
    return name, value


def _inside(file: str, root: str | None) -> str:
    """Return the script's path within the tree; "" if it lies elsewhere."""
    if root is None or file == "-":
        return ""
    real, top = Path(file).resolve(), Path(root).resolve()
    return f"/{real.relative_to(top).as_posix()}" if real.is_relative_to(top) else ""


def _files(root: str | None, machine: str, held: ExitStack) -> Files:
    volume = Volume(name="root", disk="root")
    if root is None:
        return Machine(volumes=(volume,), firmware=read_firmware(machine)).files("root", machine)
    try:
        host = Host(machine=machine, volumes=(volume,), firmware=read_firmware(machine))
        tree = TreeFiles(root, volume, host)
        return held.enter_context(closing(tree))
    except OSError as error:
        raise BadUsage(f"{root}: {error.strerror}") from None


def _run(script: ScriptRun, options: argparse.Namespace) -> int:
    output: list[str] = []
    machine, listing = script.listing(output)
    shell, ending = listing.shell(), ""
    try:
        status = min(shell.run_text(script.text), 255)
    except Boot:
        status, ending = 0, _describe_boot(shell.payload)
    except Exit:
        status, ending = 0, shell.payload.unbootable
    except (OutOfBudget, RecursionError) as error:
        status = 1
        ending = (
            str(error) if isinstance(error, OutOfBudget) else "it is nested without end: given up"
        )
    entries = [item for item in script.listing()[1].items() if isinstance(item, Entry)]
    text = "".join(output)
    menu = "".join(f"{escape(line)}\n" for line in _menu(entries)) if options.menu else ""
    tty = sys.stdout.isatty()
    gone = write(_to_printable(text) + menu if tty else text + menu, raw=not tty)
    name = options.file if options.file != "-" else "standard input"
    problems = with_excerpts(script.files, machine.problems.values(), {script.path: script.text})
    titled = [] if ending or options.menu else entries
    for line in _remarks(script, name, list(problems), ending, titled):
        sys.stderr.write(f"{escape(line)}\n")
    return status or gone


def _to_printable(text: str) -> str:
    return "\n".join(escape(line.replace("\t", " ")) for line in text.split("\n"))


def _describe_boot(loaded: Payload) -> str:
    if loaded.kernel is None:
        return loaded.unbootable
    return f"it boots {loaded.kernel} with: {loaded.cmdline}"


def _menu(entries: list[Entry]) -> Iterator[str]:
    room = terminal_width()
    for entry in entries:
        yield f"{'*' if entry.default else ' '} {' > '.join((*entry.trail, entry.title))}"
        for name, value in (("kernel", entry.kernel), *(("initrd", i) for i in entry.initrds)):
            if value:
                yield f"    {name:<10}{value}"
        if entry.cmdline:
            yield from wrap(f"    cmdline   {entry.cmdline}", room)
        if entry.unbootable:
            yield f"    ! {entry.unbootable}"


def _remarks(
    script: ScriptRun,
    name: str,
    problems: list[Problem],
    ending: str,
    entries: list[Entry],
) -> Iterator[str]:
    for problem in sorted(problems, key=lambda p: (p.config, p.line)):
        first, *rest = describe_problem(problem, "root")
        if problem.config == script.path:
            first = f"{name}:{problem.line}: {problem.message}"
        yield from (first, *rest)
    if ending:
        yield f"{name}: {ending}"
    if entries:
        titles = [" > ".join((*entry.trail, entry.title)) for entry in entries]
        more = f" and {len(titles) - _MOST} more" if len(titles) > _MOST else ""
        count = "an entry" if len(titles) == 1 else f"{len(titles)} entries"
        yield f"{name}: it makes {count}: {', '.join(titles[:_MOST])}{more} (--menu shows all)"


COMMAND = Command(
    "script",
    "FILE [OPTION]…",
    "run a GRUB script, print what GRUB would print",
    _parser,
    _answer,
)
