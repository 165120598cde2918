"""The commands that ask the machine: its processor, SMBIOS, EFI variables, the clock.

A GRUB for another kind of machine has no such command, and takes an unknown command for a success.
So do these.
"""

import re
import time
from collections.abc import Sequence

from parsers.binary.smbios import Structure, string, structures, uuid
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import (
    BAD_ARGUMENT,
    FALSE,
    FIRMWARE,
    NOT_FOUND,
    OUT_OF_RANGE,
    UNKNOWN_COMMAND,
    GrubError,
)
from parsers.formats.grub.language.numbers import number
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell
from parsers.reading.text import decode_utf16


@command("cpuid")
def cpuid(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Test if a PC's processor has 64 bits (--long-mode, the default) or PAE."""
    if shell.machine.cpu not in ("x86_64", "i386"):
        return _unknown(shell, "cpuid")
    pae = "-p" in arguments or "--pae" in arguments
    return 0 if pae or shell.machine.cpu == "x86_64" else FALSE


# The kinds of a field, with their sizes in bytes.
_SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "string": 1, "uuid": 16}
_SMBIOS = Options(
    *("--type|-t=", "--handle|-h=", "--match|-m=", "--set=", "--linux"),
    *(f"--get-{kind}|-{kind[0]}=" for kind in _SIZES),
    usage="smbios [-t type] [-h handle] [-m match] (-b|-w|-d|-q|-s|-u) offset [--set variable]",
)


@command("smbios")
def smbios(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if shell.machine.platform == "ieee1275":
        return _unknown(shell, "smbios")
    options, _ = _SMBIOS.read(arguments)
    asked = [(kind, options[f"get-{kind}"][-1]) for kind in _SIZES if f"get-{kind}" in options]
    if len(asked) != 1:
        few = "only one --get option is usable at a time"
        raise GrubError(BAD_ARGUMENT, few if asked else "one of the --get options is required")
    ((kind, place),) = asked
    wanted = {name: number(options[name][-1]) for name in ("type", "handle") if name in options}
    if (which := number(options.get("match", ["1"])[-1])) < 1:
        raise GrubError(BAD_ARGUMENT, "the match must be a positive integer")
    value = _value(_structure(shell, wanted, which), kind, number(place))
    if "linux" in options:  # as Linux shows it in a modalias
        value = re.sub("[^!-9;-~]", "", value)
    if "set" in options:
        shell.set(options["set"][-1], value, computed=True)
    else:
        shell.machine.say(f"{value}\n")
    return 0


def _structure(shell: Shell, wanted: dict[str, int], which: int) -> Structure:
    """Find the `which`th structure of the type and the handle: its fields, and its strings."""
    data = shell.machine.firmware.smbios
    if not data:
        raise GrubError(FIRMWARE, "the SMBIOS entry point structure was not found")
    found = 0
    for fields, strings in structures(data):
        shell.machine.budget.spend()
        about = {"type": fields[0], "handle": int.from_bytes(fields[2:4], "little")}
        found += wanted.items() <= about.items()
        if found == which:
            return fields, strings
    raise GrubError(FIRMWARE, "no structure matched the given options")


def _value(structure: Structure, kind: str, place: int) -> str:
    fields, _ = structure
    if not 0 <= place < len(fields):
        raise GrubError(OUT_OF_RANGE, "the given offset is outside the structure")
    field = fields[place : place + _SIZES[kind]]
    if len(field) < _SIZES[kind]:
        raise GrubError(OUT_OF_RANGE, "the field ends outside the structure")
    if kind == "uuid":
        return uuid(field)
    if kind != "string":
        return str(int.from_bytes(field, "little"))
    if not (found := string(structure, place)):
        raise GrubError(FIRMWARE, "failed to retrieve the structure field")
    return found


_FDTDUMP = Options("--prop|-p=", "--set=", usage="fdtdump [-p] [--set variable]")


@command("fdtdump")
def fdtdump(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Read a property of the firmware's device tree (since 2.14). Only `compatible` is known."""
    if shell.machine.platform != "efi":
        return _unknown(shell, "fdtdump")
    options, _ = _FDTDUMP.read(arguments)
    if not (known := shell.machine.compatible):
        raise GrubError(FIRMWARE, "No device tree found")
    if options.get("prop", [""])[-1] != "compatible":
        raise GrubError(OUT_OF_RANGE, "failed to retrieve the prop field")
    if "set" in options:
        shell.set(options["set"][-1], known[0], computed=True)
    else:
        shell.machine.say(f"{known[0]}\n")
    return 0


_GETENV = Options("--guid|-g=", "--type|-t=", usage="getenv [-g GUID] [-t TYPE] ENVVAR SETVAR")
_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
_GUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@command("getenv")
def getenv(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Read an EFI variable. Only those that decide what boots are known."""
    if shell.machine.platform != "efi":
        return _unknown(shell, "getenv")
    options, words = _GETENV.read(arguments)
    kind, guid = options.get("type", ["hex"])[-1], options.get("guid", [_GLOBAL])[-1]
    if kind not in ("string", "wstring", "uint8", "hex"):
        raise GrubError(BAD_ARGUMENT, "invalid EFI variable type")
    if len(words) != 2:
        raise GrubError(BAD_ARGUMENT, "unexpected arguments")
    if not _GUID.fullmatch(guid):
        raise GrubError(BAD_ARGUMENT, "invalid GUID")
    data = (shell.machine.firmware.variables or {}).get(f"{words[0]}-{guid.lower()}")
    if not data:
        raise GrubError(NOT_FOUND, "No such variable")
    shell.set(str(words[1]), _text(data, kind), computed=True)
    return 0


def _text(data: bytes, kind: str) -> str:
    if kind == "hex":
        return data.hex()
    if kind == "uint8":
        return str(data[0])
    return (
        decode_utf16(data)
        if kind == "wstring"
        else data.decode("utf-8", "replace").partition("\0")[0]
    )


def _unknown(shell: Shell, name: str) -> int:
    shell.error(UNKNOWN_COMMAND, f"can't find command `{name}'", harmless=True)
    return 0


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOOKED = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "WEEKDAY")
_NO_CLOCK = "what time it is is not known here"


_SETTING = re.compile(
    r"(?:(?:19[89]\d|20[0-7]\d)-)?(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:[01]?\d|2[0-3])(?::[0-5]?\d){1,2}"
)


@command("date")
def date(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Print the clock. It is never set."""
    if not all(map(_SETTING.fullmatch, arguments)):
        raise GrubError(BAD_ARGUMENT, "invalid datetime")
    if not arguments:
        if not shell.machine.firmware.clock:
            raise GrubError(FIRMWARE, _NO_CLOCK)
        shell.machine.say(f"{format_time(shell.machine.firmware.clock)}\n")
    return 0


def format_time(seconds: int) -> str:
    """Format a time as GRUB prints it."""
    when = time.gmtime(seconds)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', when)} {_DAYS[when.tm_wday]}"


def keep_time(shell: Shell) -> None:
    """Set the variables of the module `datehook`, once: no scan takes long."""
    values = [""] * len(_HOOKED)
    if seconds := shell.machine.firmware.clock:
        when = time.gmtime(seconds)
        values = [*map(str, when[:6]), _DAYS[when.tm_wday]]
    else:
        shell.machine.complain(shell.config, shell.line, _NO_CLOCK)
    for name, value in zip(_HOOKED, values, strict=True):
        shell.set(name, value)
        shell.env.export(name)
