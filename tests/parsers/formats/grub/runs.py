"""Parts of tests that run GRUB scripts: what a script prints and offers."""

from collections.abc import Mapping, Sequence

from parsers.api import Entry, Files, Preferences, Problem, Volume
from parsers.formats.grub.configuration import PATHS, GrubConfiguration
from parsers.formats.grub.language.family import DEBIAN, Family
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.run.shell import GrubCommand, Shell
from tests.fakes import Machine

CONFIG = "/boot/grub/grub.cfg"
ROOT = Volume(
    name="sda1",
    uuid="11111111-2222-3333-4444-555555555555",
    label="ROOT",
    fs="ext4",
    disk="sda",
    partition=1,
    scheme="msdos",
)

DISKS = (
    Volume(
        name="sda2", uuid="AB-12", label="BOOT", disk="sda", partition=2, scheme="gpt", fs="ext4"
    ),
    Volume(name="sda3", uuid="u3", label="TWIN", disk="sda", partition=3, scheme="gpt"),
    Volume(name="vdb1", uuid="u4", label="TWIN", disk="vdb", partition=1, scheme="msdos"),
    Volume(name="sdc", uuid="u5", label="CD", disk="sdc", fs="iso9660"),
)


def machine(
    script: str,
    files: Mapping[str, str | bytes] | None = None,
    others: Mapping[str, Mapping[str, str | bytes]] | None = None,
    volumes: Sequence[Volume] = (ROOT,),
    cpu: str = "ppc64le",
) -> Files:
    """Return a machine whose first volume holds the script, and perhaps more files."""
    own = {CONFIG: script, **(files or {})}
    host = Machine({volumes[0].name: own, **(others or {})}, volumes=volumes, machine=cpu)
    return host.files(volumes[0].name)


def printed(files: Files, config: str = CONFIG, family: Family = DEBIAN) -> str:
    """Return all that GRUB would print, one word for every syntax error."""
    output: list[str] = []
    host = GrubMachine(files, output.append, family=family)
    list(GrubConfiguration(host, config, {"test_blockarg": _TEST_BLOCK}).items())
    return "".join(output)


def _print_and_run(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    shell.machine.say(f"{block.source if block else ''}\n")
    return shell.run(block.body) if block else 0


# GRUB's own tests add this command.
_TEST_BLOCK = GrubCommand(_print_and_run, takes_block=True)


def offered(files: Files, config: str = CONFIG, family: Family = DEBIAN) -> list[Entry]:
    host = GrubMachine(files, elsewhere=PATHS, family=family)
    items = GrubConfiguration(host, config).items()
    return [item for item in items if isinstance(item, Entry)]


def problems(files: Files, family: Family = DEBIAN) -> list[tuple[int, str]]:
    items = GrubConfiguration(GrubMachine(files, family=family), CONFIG).items()
    return [(item.line, item.message) for item in items if isinstance(item, Problem)]


def preferences(files: Files, family: Family = DEBIAN) -> Preferences:
    items = GrubConfiguration(GrubMachine(files, family=family), CONFIG).items()
    return next((i for i in items if isinstance(i, Preferences)), Preferences())


def echoed(script: str, **about: str) -> list[str]:
    """Return the lines that a script prints on a plain machine."""
    return printed(machine(script, about)).splitlines()
