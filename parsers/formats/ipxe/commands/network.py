"""Commands for the network. It is set up already, or missing."""

from collections.abc import Sequence

from parsers.formats.ipxe.commands import command
from parsers.formats.ipxe.outcome import CommandError
from parsers.formats.ipxe.run import Run


@command("dhcp", "ifconf", "pxebs")
def dhcp(run: Run, words: Sequence[str]) -> bool:
    if not run.context.files.host.lease:
        run.complain("nothing is known of the network here: what DHCP would say is left empty")
    return True


@command("cpuid")
def cpuid(run: Run, words: Sequence[str]) -> bool:
    """Test a bit of the processor's features. Scripts ask for 29 of the extended: 64 bits."""
    bits = [word for word in words if not word.startswith("-")]
    if not bits:
        raise CommandError("not enough words")
    if run.context.files.host.machine != "x86_64":
        return False
    return "--ecx" not in words and "-c" not in words


@command("nslookup")
def nslookup(run: Run, words: Sequence[str]) -> bool:
    raise CommandError("names are not looked up here")


@command("vcreate", "vdestroy")
def vlan(run: Run, words: Sequence[str]) -> bool:
    raise CommandError("no other network interface can be made here")


@command("sanhook", "fcels")
def sanhook(run: Run, words: Sequence[str]) -> bool:
    run.complain(f"no disk of the network is attached: {' '.join(words)}")
    return True


@command("login")
def login(run: Run, words: Sequence[str]) -> bool:
    run.complain("no name and password are asked for: they stay as they are")
    run.fail("it asks for a name and a password, which cannot be typed in here")
    return True


@command("params", "param")
def params(run: Run, words: Sequence[str]) -> bool:
    run.complain("what is fetched is asked for without these parameters")
    return True


def _quiet(run: Run, words: Sequence[str]) -> bool:
    return True


# Commands that only show something, or need no action here.
command(
    *("echo", "console", "colour", "cpair", "help", "imgstat", "ifstat", "ifopen"),
    *("ifclose", "iflinkwait", "route", "nstat", "ipstat", "lotest", "ping", "ntp"),
    *("sync", "sanunhook", "fcstat", "ibstat", "iwstat", "usbscan", "pciscan", "profstat"),
    *("certstat", "certfree", "certstore", "digest", "md5sum", "sha1sum", "neighbour"),
    *("shim", "gdbstub", "startpxe", "stoppxe", "pnplist"),
)(_quiet)


@command("time")
def time(run: Run, words: Sequence[str]) -> bool:
    """Run another command. iPXE would also show its time."""
    if not words or (found := run.commands.get(words[0])) is None:
        raise CommandError(f"unknown command: {words[0] if words else ''!r}")
    return found(run, words[1:])
