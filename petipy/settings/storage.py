"""The places that settings come from, from weak to strong: layers.

1. built in: the defaults of `petipy.state.model.Settings`
2. image: a file in the initramfs, /etc/petipy.toml
3. machine: what the machine keeps, such as NVRAM, read by its platform; then what its service
   processor wants at this start
4. command line: the kernel's
5. now: what a person has changed since the start; petipy.settings.configuration

The file of the image is TOML with one `name = value` a line and no tables. Each line is read by
itself, so that a bad line costs only itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from petipy.settings.table import BY_NAME, Layer
from petipy.state.settings import Origin, Settings

IMAGE = "/etc/petipy.toml"
LARGEST = 1 << 16  # characters of the image's file
_MOST = 200  # statements of a machine: anybody may have written them
_SHOWN = 200  # characters of a wrong value in a complaint
_CMDLINE = "kernel command line"
_INTERFACES = "interfaces"
# dracut's words, dracut.cmdline(7), which are the setting `interfaces` of the command line.
NETWORK_WORDS = frozenset(
    {
        *("ip", "ifname", "nameserver", "vlan", "bond", "bridge", "team", "bootdev", "BOOTIF"),
        *("rd.route", "rd.peerdns", "rd.bootif"),
    }
)
# The kernel splits it so: a double quote, at the start of a word or within, protects blanks.
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


# A plain class: every start imports this module.
class Statement:
    """A setting that a machine keeps.

    With the name "" there is none: `text` says why, in words. `wrong` makes that a complaint.
    """

    def __init__(
        self,
        name: str,
        text: str,
        place: str = "settings of this machine",  # for people
        written: str = "",  # the name as it is written there; "": `name`
        *,
        wrong: bool = False,
    ) -> None:
        self.name, self.text, self.place = name, text, place
        self.written, self.wrong = written, wrong


class Storage:
    """The settings that a machine keeps; a platform may have one."""

    place = "settings of this machine"  # that `write` writes to, for people
    remark = ""  # a sentence for people about what is written there
    private = False  # on an installed system, nobody but root reads it

    def read(self) -> Iterable[Statement]:
        """Return the settings, the strongest last. Raise OSError."""
        raise NotImplementedError

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when what is kept has become known, or has changed by itself."""

    async def write(self, name: str, text: str | None) -> None:
        """Keep a setting; without a text, keep it no more.

        Nothing is written if nothing changes. Raise OSError, with a reason in words. An error
        leaves the old value or the new one.
        """
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the place that tools of the booted system write to but cannot make.

        Nothing is written if it is there. Raise OSError.
        """


def load(
    cmdline: str,
    image: str = IMAGE,
    machine: Storage | None = None,
    now: Mapping[str, str] | None = None,
    overrides: Iterable[Statement] = (),
) -> Settings:
    """Read all layers. The last layer counts, and in it the last statement of a setting."""
    found = _Found()
    found.take_file(image)
    if machine is not None:
        found.take_machine(machine)
    found.take_statements(overrides)
    for name, given in _read_command_line(cmdline):
        text = given
        if name == _INTERFACES in found.values and _names_card_only(given):
            text = f"{found.values[name].text} {given}"
        found.take("command line", _CMDLINE, name, text, f"petipy.{name}")
    for name, text in (now or {}).items():
        found.take("now", "changed now", name, text)
    return Settings(
        **found.values,
        origins=tuple(found.origins.values()),
        complaints=tuple(found.complaints),
        notes=tuple(found.notes),
    )


def list_warnings(settings: Settings, *, keeps: bool) -> Iterator[str]:
    """Yield sentences about settings that a person should know. `keeps`: the machine keeps some."""
    yield from settings.complaints
    if settings.insecure:
        yield "petipy.insecure: the certificates of servers are not checked"
    if settings.started:
        words = "this Petipy was started by Petipy, which does not go on for ever"
        yield f"{words}: {settings.started} does not boot by itself"
    if settings.flap and not keeps:
        yield "petipy.flap: this machine keeps nothing, so no boot is counted"
    if settings.watchdog:
        from petipy.sys import watchdog  # few machines have one

        if not watchdog.exists():
            yield f"petipy.watchdog: there is no {watchdog.DEVICE}"


class _Found:
    """The values that have been read so far."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}
        self.complaints: list[str] = []
        self.notes: list[str] = []

    def take(
        self, layer: Layer | Literal["now"], place: str, name: str, text: str, written: str = ""
    ) -> None:
        setting, written = BY_NAME.get(name), written or name
        if setting is None:
            self.complaints.append(f"{place}: unknown setting {written[:_SHOWN]}")
        elif layer != "now" and layer not in setting.layers:
            self.complaints.append(f"{place}: {written} cannot be set there")
        else:
            try:
                value = self.values[name] = setting.type.read(text)
                self.origins[name] = Origin(name, layer, f"{place}: {written}")
                self.complaints += (f"{place}: {words}" for words in setting.type.complain(value))
            except ValueError:
                given = "this" if setting.type.secret else repr(text[:_SHOWN])
                wrong = f"{written} takes {setting.type.form}, not {given}"
                self.complaints.append(f"{place}: {wrong}")
                if setting.type.wrong is not None:
                    self.values.setdefault(name, setting.type.wrong)

    def take_file(self, path: str) -> None:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(LARGEST)
        except FileNotFoundError:
            return
        except OSError as error:
            self.complaints.append(f"{path}: {error.strerror}")
            return
        for number, item in read_lines(text):
            place = f"{path}:{number}"
            if isinstance(item, tuple):
                self.take("image", place, *item)
                continue
            self.complaints.append(f'{place}: not a line like timeout = 5 or timeout = "never"')
            setting = BY_NAME.get(item)
            if setting and setting.type.wrong is not None:
                self.values.setdefault(item, setting.type.wrong)

    def take_machine(self, machine: Storage) -> None:
        try:
            self.take_statements(machine.read())
        except OSError as error:
            self.complaints.append(f"{machine.place}: {error.strerror or error}")

    def take_statements(self, statements: Iterable[Statement]) -> None:
        for number, found in enumerate(statements):
            place, written = found.place, found.written
            if number >= _MOST:
                self.complaints.append(f"{place}: there are more than {_MOST} settings")
                break
            if found.name:
                self.take("machine", place, found.name, found.text, written)
            else:
                lines = self.complaints if found.wrong else self.notes
                lines.append(f"{place}: {written}: {found.text}")


def _read_command_line(cmdline: str) -> Iterator[tuple[str, str]]:
    setting: list[str] = []
    network: list[str] = []
    for word in _WORD.findall(cmdline):
        plain = word.replace('"', "")
        name, _, text = plain.partition("=")
        if name == f"petipy.{_INTERFACES}":
            setting = [text]  # the last one counts
        elif name.startswith("petipy."):
            yield name.removeprefix("petipy."), text
        elif name in NETWORK_WORDS:
            network.append(plain)
    if setting or network:
        yield _INTERFACES, " ".join(filter(None, [*setting, *network]))


def _names_card_only(text: str) -> bool:
    """Return True for BOOTIF= alone, which PXELINUX appends: it configures nothing by itself."""
    words = text.split()
    return bool(words) and all(word.startswith(("BOOTIF=", "rd.bootif=")) for word in words)


_STRING = r"""(?:"[^"\\]*"|'[^']*')"""
_LINE = rf"""(?x) \s*
    (?: (?P<name> [A-Za-z0-9_-]+ ) \s*=\s*
        (?: (?P<string> {_STRING} )
          | \[ \s* (?P<strings> (?: {_STRING} \s* (?: ,\s* | (?=\]) ) )* ) \]
          | (?P<word> true | false | [+-]?[0-9][0-9.]* )
        ) \s*
    )?
    (?: \# .* )?"""


_BEGINNING = re.compile(r"\W*(?:petipy\.)?(\w*)")  # of a bad line: its first word


def read_lines(text: str) -> Iterator[tuple[int, tuple[str, str] | str]]:
    """Give number, name and value of each line that is not empty; of a bad line its first word."""
    for number, line in enumerate(text.splitlines(), 1):
        m = re.fullmatch(_LINE, line)
        if m is None:
            beginning = _BEGINNING.match(line)
            yield number, beginning[1] if beginning else ""
        elif m["name"]:
            yield number, (m["name"], _value(m))


def _value(m: re.Match[str]) -> str:
    """Return a value as it would stand on a command line."""
    if m["string"]:
        return m["string"][1:-1]
    if m["word"]:
        return {"true": "1", "false": "0"}.get(m["word"], m["word"])
    return ",".join(item[1:-1] for item in re.findall(_STRING, m["strings"]))
