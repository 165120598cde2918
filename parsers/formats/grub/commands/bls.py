"""`blscfg`: put Boot Loader Specification entries into the menu, as Red Hat's GRUB does.

Each entry gets a body of GRUB commands. The body is made at once. Only the files of `initrd` may
have variables that are looked up when the entry is booted.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parsers.formats.grub import snippets
from parsers.formats.grub.commands import command
from parsers.formats.grub.commands.menu import hotkey, users
from parsers.formats.grub.language.errors import BAD_ARGUMENT, NOT_FOUND, GrubError
from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.language.pieces import Assignment, Piece, expand_to, join
from parsers.formats.grub.language.syntax import Block, Command, Mistake, Statement
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import MenuLine, Shell
from parsers.formats.grub.snippets import BlsField, BlsFile

_DIRECTORIES = ("/loader/entries", "/boot/loader/entries")
_FILE = 20  # steps, to read a file and to find its place in the order


class Request(NamedTuple):
    """The entries that a blscfg is to read and to show."""

    path: str = ""
    id: str = ""
    default: bool = False
    others: bool = False


# The options are upstream's, since 2.14.
_OPTIONS = Options(
    "--path|-p=",
    "--enable-fallback|-f",
    "--show-default|-d",
    "--show-non-default|-n",
    "--entry|-e=",
)


@command("blscfg", "bls_import")
def blscfg(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    asked = _request(arguments)
    shell.snippets.add(_read(shell, asked.path))
    for number, snippet in enumerate(shell.snippets.known):
        is_default = snippet.is_default(shell.env["default"], number)
        wanted = snippet.id == asked.id or (asked.default if is_default else asked.others)
        if wanted and snippet.id not in shell.snippets.shown:
            shell.snippets.shown.add(snippet.id)
            if linux := snippet.first("linux"):
                shell.menu.append(_line(shell, snippet, linux))
    return 0


def _request(arguments: Sequence[str]) -> Request:
    match list(arguments):
        case ["default"]:
            return Request(default=True)
        case ["non-default"]:
            return Request(others=True)
        case [word] if word.startswith("("):
            return Request(path=word, default=True, others=True)
        case [word] if not word.startswith("-"):
            return Request(id=word)
    options, _ = _OPTIONS.read(arguments)
    some = {"show-default", "show-non-default", "entry"} & options.keys()
    return Request(
        path=options.get("path", [""])[-1],
        id=options.get("entry", [""])[-1].removesuffix(".conf"),
        default=not some or "show-default" in options,
        others=not some or "show-non-default" in options,
    )


def _read(shell: Shell, path: str) -> Iterator[BlsFile]:
    device = shell.env["root"]
    if shell.machine.platform != "efi":
        device = shell.env["boot"] or device
    directories: Sequence[str] = [shell.env["blsdir"] or _DIRECTORIES[0], _DIRECTORIES[1]]
    if path.startswith("("):
        device, parenthesis, directory = path[1:].partition(")")
        if not parenthesis:
            raise GrubError(BAD_ARGUMENT, "Filepath isn't correct")
        directories = [directory] if directory else directories
    elif path:
        directories = [path]
    if not device:
        raise GrubError(NOT_FOUND, "variable `boot' isn't set")
    if "root" in shell.missing_devices and (name := _mere_directory(shell)):
        device = name
        shell.set("root", name)
    there = (d for d in directories if shell.place(f"({device}){d}").kind() == "directory")
    if directory := next(there, ""):
        for name in shell.place(f"({device}){directory}").names():
            if name.endswith(".conf") and len(name) > len(".conf") and name[0] != ".":
                yield from _file(shell, f"({device}){directory}/{name}", name[: -len(".conf")])


def _mere_directory(shell: Shell) -> str:
    """Return the name of the configuration's own device if that is a directory.

    A directory has no UUID, so no search finds it. The files in it were meant.
    """
    own = shell.machine.devices.own
    name = shell.machine.devices.name(own)
    mere = not (own.uuid or own.disk)
    return name if mere and any(shell.place(f"({name}){d}").kind() for d in _DIRECTORIES) else ""


def _file(shell: Shell, path: str, id: str) -> Iterator[BlsFile]:
    if (text := shell.text(path)) is not None:
        shell.machine.budget.spend(_FILE + len(text) // 64)
        yield snippets.read(id, shell.machine.label(shell.place(path)), text)


def _line(shell: Shell, snippet: BlsFile, linux: BlsField) -> MenuLine:
    title = snippet.first("title") or linux
    arguments = [title.value, *(field.value for field in snippet.all("grub_arg"))]
    # A name of a user means that not everybody may boot the entry.
    allowed = users(_expand(shell, snippet, "grub_users") or "")
    key = snippet.first("grub_hotkey")
    return MenuLine(
        title=title.value,
        id=snippet.id,
        arguments=tuple(arguments),
        body=tuple(_body(shell, snippet, linux)),
        submenu=False,
        config=snippet.config,
        line=1,
        end=snippet.fields[-1].line,
        hotkey=hotkey(key.value) if key else "",
        classes=tuple(field.value for field in snippet.all("grub_class")),
        users=allowed or None,
        parameters=Assignment("$@", " ".join(arguments), snippet.config, title.line),
    )


def _body(shell: Shell, snippet: BlsFile, linux: BlsField) -> Iterator[Statement]:
    for text, line in _commands(shell, snippet, linux):
        for unit in units(ScriptText(text, family=shell.machine.family)):
            if isinstance(unit, Mistake):
                shell.machine.complain(snippet.config, line, unit.message)
                continue
            for statement in unit:
                # A column would count in the text made here, not in the file.
                if isinstance(statement, Command):
                    yield statement._replace(line=line, column=0)
                else:
                    yield statement


def _commands(shell: Shell, snippet: BlsFile, linux: BlsField) -> Iterator[tuple[str, int]]:
    """Yield the lines of the body, each with the line of the file that it comes from."""
    if shell.env["save_default"][:1] not in ("", "0", "f", "F", "n", "N"):
        yield "savedefault", 1
    if "load_video" in shell.functions:
        yield "load_video", 1
    yield "set gfxpayload=keep", 1
    yield _linux(shell, snippet, linux), linux.line
    initrds = snippet.all("initrd")
    parts = (initrds[0] if initrds else linux).value.rpartition("/")
    directory = f"($root){parts[0]}{parts[1]}"
    early = shell.env.get("early_initrd")
    names = [f"{directory}{name}" for name in early.split(" ")] if early else []
    names += [f"($root){field.value}" for field in initrds]
    if names:
        yield f"initrd {' '.join(names)}", (initrds[0] if initrds else linux).line
    if tree := snippet.first("devicetree"):
        yield f"devicetree ($root){_expand(shell, snippet, 'devicetree') or ''}", tree.line
    elif general := shell.env["devicetree"]:
        yield f"devicetree {directory}{general}", linux.line


def _linux(shell: Shell, snippet: BlsFile, linux: BlsField) -> str:
    """Return the statement that loads the kernel; its options know where they come from."""
    field = snippet.first("options")
    if field:
        setting = Assignment("options", field.value, snippet.config, field.line)
        written = expand_to(field.value, [Piece(field.value, setting)])
        keyword = expand_to("linux", [Piece("", setting), Piece("linux")])
    else:
        written, keyword = _value(shell, "default_kernelopts") or "", "linux"
    options = snippets.expand(written, lambda name: _value(shell, name))
    command = [keyword, f"($root){linux.value}"]
    return join(" ", command if options is None else [*command, options])


def _value(shell: Shell, name: str) -> str | None:
    """Return the value of a variable, in one piece."""
    value, setting = shell.env.get(name), shell.env.assignments.get(name)
    return value if value is None else expand_to(value, [Piece(value, setting)])


def _expand(shell: Shell, snippet: BlsFile, key: str) -> str | None:
    field = snippet.first(key)
    return snippets.expand(field.value if field else "", shell.env.get)
