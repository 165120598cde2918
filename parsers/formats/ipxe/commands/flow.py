"""Commands that continue a script elsewhere or end it."""

from collections.abc import Sequence

from parsers.formats.ipxe.commands import command
from parsers.formats.ipxe.options import parse_options
from parsers.formats.ipxe.outcome import CommandError
from parsers.formats.ipxe.run import Run
from parsers.formats.ipxe.values import parse_integer


@command("goto")
def goto(run: Run, words: Sequence[str]) -> bool:
    return run.goto(parse_options(words, least=1, most=1)[1][0])


@command("exit")
def exit_(run: Run, words: Sequence[str]) -> bool:
    rest = parse_options(words, most=1)[1]
    code = parse_integer(rest[0]) if rest else 0
    if code is None:
        raise CommandError(f"not a number: {rest[0]!r}")
    return run.leave(code == 0)


@command("prompt")
def prompt(run: Run, words: Sequence[str]) -> bool:
    """Fail after the time limit: no user presses a key. Without a limit, assume the key."""
    options, _ = parse_options(words, values="key timeout set")
    limit = parse_integer(options.get("timeout", ""))
    if limit is None:
        raise CommandError(f"not a number of milliseconds: {options['timeout']!r}")
    run.wait(limit / 1000)
    return limit == 0


@command("shell")
def shell(run: Run, words: Sequence[str]) -> bool:
    raise run.end("it opens iPXE's command line, which there is not here")


@command("config")
def config(run: Run, words: Sequence[str]) -> bool:
    raise run.end("it opens iPXE's settings, which there are not here")


@command("reboot")
def reboot(run: Run, words: Sequence[str]) -> bool:
    raise run.end("it restarts the machine", "reboot")


@command("poweroff")
def poweroff(run: Run, words: Sequence[str]) -> bool:
    raise run.end("it switches the machine off", "halt")


@command("sanboot")
def sanboot(run: Run, words: Sequence[str]) -> bool:
    """Boot a URL as a disk, or a BIOS drive: 0x80 is the first hard disk."""
    values = "drive filename extra label uuid"
    options, names = parse_options(words, "no-describe keep", values)
    if names:
        raise run.end(f"it boots {names[0]} as a disk, which kexec cannot do")
    drive = options.get("drive", "0x80")
    raise run.end(f"it boots the machine's own disk ({drive})", "exit")


@command("autoboot")
def autoboot(run: Run, words: Sequence[str]) -> bool:
    raise run.end("it boots what DHCP names, as the firmware would")


@command("sleep")
def sleep(run: Run, words: Sequence[str]) -> bool:
    word = parse_options(words, least=1, most=1)[1][0]
    if (seconds := parse_integer(word)) is None:
        raise CommandError(f"not a number of seconds: {word!r}")
    run.wait(seconds)
    return True
