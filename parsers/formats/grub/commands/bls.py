"""`blscfg`: put Boot Loader Specification entries into the menu.

Red Hat's GRUB had it first. SUSE's is made of that; upstream's, since 2.14, is another program.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parsers.formats.grub import snippets
from parsers.formats.grub.bls_lines import make_line
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, NOT_FOUND, GrubError
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell
from parsers.formats.grub.snippets import BlsFile

_DIRECTORIES = ("/loader/entries", "/boot/loader/entries")
_FILE = 20  # steps, to read a file and to find its place in the order


@command("blscfg", "bls_import")
def blscfg(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if shell.machine.family.bls == "upstream":
        return _upstreams(shell, arguments)
    if shell.machine.family.bls_by_version:
        _add(shell, snippets.sort_by_field(_read(shell, "")))
        return 0
    asked = _request(arguments)
    shell.snippets.add(_read(shell, asked.path))
    for number, snippet in enumerate(shell.snippets.known):
        is_default = snippet.is_default(shell.env["default"], number)
        wanted = snippet.id == asked.id or (asked.default if is_default else asked.others)
        if wanted and snippet.id not in shell.snippets.shown:
            shell.snippets.shown.add(snippet.id)
            _add(shell, [snippet])
    return 0


def _add(shell: Shell, found: Sequence[BlsFile]) -> None:
    shell.menu += filter(None, (make_line(shell, snippet) for snippet in found))


class Request(NamedTuple):
    """The entries that a command is to read and to show."""

    path: str = ""
    id: str = ""
    default: bool = False
    others: bool = False
    fallback: bool = True  # to the usual directory, if there is nothing at `path`


def _request(arguments: Sequence[str]) -> Request:
    match list(arguments):
        case ["default"]:
            return Request(default=True)
        case ["non-default"]:
            return Request(others=True)
        case [word] if not word.startswith("("):
            return Request(id=word)
        case [word]:
            return Request(path=word, default=True, others=True)
    return Request(default=True, others=True)


def _read(shell: Shell, path: str) -> Iterator[BlsFile]:
    """Read the files at `path`, else those in the usual directories of $root, and of SUSE's $boot.

    If $blsdir or /loader/entries is not there, it is /boot/loader/entries.
    """
    if path:
        yield from _read_path(shell, path)
        return
    boot = shell.env["boot"] if shell.machine.family.bls == "suse" else ""
    if boot and shell.machine.devices.find(boot):
        yield from _read_directory(shell, boot, _DIRECTORIES[0])
    device = _find_root(shell)
    directories = shell.env["blsdir"] or _DIRECTORIES[0], _DIRECTORIES[1]
    there = (d for d in directories if _has_entries(shell, device, d))
    if directory := next(there, ""):
        yield from _read_directory(shell, device, directory)


def _has_entries(shell: Shell, device: str, directory: str) -> bool:
    place = shell.place(f"({device}){directory}")
    if shell.machine.family.bls_by_version:  # an empty directory is as good as none
        return any(name.endswith(".conf") for name in place.names())
    return place.kind() == "directory"


def _read_path(shell: Shell, path: str) -> Iterator[BlsFile]:
    """Read the files of (DEVICE)/DIRECTORY, or one file."""
    device, parenthesis, within = path[1:].partition(")")
    if not parenthesis:
        raise GrubError(BAD_ARGUMENT, "Filepath isn't correct")
    if within.endswith(".conf"):
        shell.find_file(path)
        yield from _read_file(shell, path, device)
    elif shell.machine.devices.find(device) is None:
        return
    else:
        yield from _read_directory(shell, device, within or _DIRECTORIES[0])


def _find_root(shell: Shell) -> str:
    """Return $root; of a directory, of which no device is known, its own name."""
    device = shell.env["root"]
    if not device:
        raise GrubError(NOT_FOUND, "variable `root' isn't set")
    if "root" in shell.missing_devices and (name := _find_mere_directory(shell)):
        shell.set("root", name)
        return name
    return device


def _find_mere_directory(shell: Shell) -> str:
    """Return the name of the configuration's own device if that is a directory.

    A directory has no UUID, so no search finds it. The files in it were meant.
    """
    own = shell.machine.devices.own
    name = shell.machine.devices.name(own)
    mere = not (own.uuid or own.disk)
    return name if mere and any(shell.place(f"({name}){d}").kind() for d in _DIRECTORIES) else ""


def _read_directory(shell: Shell, device: str, directory: str) -> Iterator[BlsFile]:
    upstream = shell.machine.family.bls == "upstream"
    for name in shell.place(f"({device}){directory}").names():
        # Upstream's reads hidden files, too.
        if name.endswith(".conf") and (upstream or (len(name) > len(".conf") and name[0] != ".")):
            yield from _read_file(shell, f"({device}){directory.rstrip('/')}/{name}", device)


def _read_file(shell: Shell, path: str, device: str) -> Iterator[BlsFile]:
    if (text := shell.text(path)) is not None:
        shell.machine.budget.spend(_FILE + len(text) // 64)
        id = path.rpartition("/")[2].removesuffix(".conf")
        upstream = shell.machine.family.bls == "upstream"
        config = shell.machine.label(shell.place(path))
        yield snippets.read(id, config, text, device, upstream=upstream)


# Upstream's, since 2.14 (grub-core/commands/blsuki.c).

OPTIONS = Options(
    "--path|-p=",
    "--enable-fallback|-f",
    "--show-default|-d",
    "--show-non-default|-n",
    "--entry|-e=",
)


def read_request(arguments: Sequence[str]) -> Request:
    """Read the options of upstream's `blscfg` and `uki`."""
    options, words = OPTIONS.read(arguments)
    if words:
        raise GrubError(BAD_ARGUMENT, "unexpected argument(s) found, see --help")
    some = {"show-default", "show-non-default", "entry"} & options.keys()
    return Request(
        path=options.get("path", [""])[-1],
        id=options.get("entry", [""])[-1],
        default=not some or "show-default" in options,
        others=not some or "show-non-default" in options,
        fallback="enable-fallback" in options,
    )


def list_directories(asked: Request, device: str, usual: str) -> list[tuple[str, str]]:
    """Return the device and the path of the directory to read, and of the next if it is empty.

    `device` and `usual` are those of a request that names none.
    """
    path = asked.path
    if path.startswith("("):
        device, parenthesis, path = path[1:].partition(")")
        if not parenthesis:
            raise GrubError(BAD_ARGUMENT, f"invalid file name `{asked.path}'")
    elif not path.startswith("/"):
        path = ""
    fallback = [(device, usual)] if asked.fallback and path else []
    return [(device, path or usual), *fallback]


def _upstreams(shell: Shell, arguments: Sequence[str]) -> int:
    """Add the wanted entries. Each call starts anew: what is shown already is shown again."""
    asked = read_request(arguments)
    found = snippets.sort_as_upstream(_read_as_upstream(shell, asked))
    for number, snippet in enumerate(found):
        is_default = snippet.is_upstreams_default(shell.env["default"], number)
        if f"{snippet.id}.conf" == asked.id or (asked.default if is_default else asked.others):
            _add(shell, [snippet])
    return 0


def _read_as_upstream(shell: Shell, asked: Request) -> Iterator[BlsFile]:
    path = asked.path
    if path.endswith(".conf"):
        place = shell.find_file(path)
        yield from _read_file(shell, path, place.device)
        return
    for device, directory in list_directories(asked, _find_root(shell), _DIRECTORIES[0]):
        if found := list(_read_directory(shell, device, directory)):
            yield from found
            return
