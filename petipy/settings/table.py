"""The settings: one table. Every reader, writer, help text and list of settings comes from it.

A new setting is one row here, and one field of the same name, with its default, in
`petipy.state.settings.Settings`.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

from parsers.api import DIALECTS
from petipy.state import order
from petipy.state.network import Setups
from petipy.state.settings import OrderItem, Settings

Layer = Literal["image", "machine", "command line"]  # from weak to strong; the words are shown
LAYERS: tuple[Layer, ...] = ("image", "machine", "command line")


# Plain classes: every start imports this module, and dataclasses take longer to make.
class ValueType:
    """A type of values. `read` raises ValueError; `write` gives a text that `read` understands."""

    def __init__(
        self,
        *,
        form: str,  # for people: SECONDS|never
        read: Callable[[str], Any],
        write: Callable[[Any], str],
        optional: bool = False,  # the name may stand without a value
        secret: bool = False,  # nobody may read the value
        wrong: Any = None,  # the value of a text that `read` refuses; None: none
        complain: Callable[[Any], Iterable[str]] = lambda _: (),  # of parts that `read` left out
    ) -> None:
        self.complain = complain
        self.form, self.read, self.write, self.optional = form, read, write, optional
        self.secret, self.wrong = secret, wrong


class Setting:
    """One row: `petipy.NAME[=VALUE]` on the kernel command line, `NAME = VALUE` in a file."""

    def __init__(
        self,
        *,
        name: str,
        type: ValueType,
        help: str,  # goes on after a colon; no full stop
        layers: tuple[Layer, ...] = LAYERS,  # where it may be set
        live: bool = True,  # a change takes effect at once; else only at the start
        internal: bool = False,  # no person sets it: README leaves it out
    ) -> None:
        self.name, self.type, self.help, self.layers, self.live = name, type, help, layers, live
        self.internal = internal

    @property
    def default(self) -> Any:
        return getattr(Settings(), self.name)

    @property
    def usage(self) -> str:
        """The setting as it is typed on the kernel command line."""
        form = f"[={self.type.form}]" if self.type.optional else f"={self.type.form}"
        return f"petipy.{self.name}{form}"


_LONGEST_CLASS = 128  # characters
_LONGEST = 1e9  # seconds: later than that, a clock's float does not tell one second from the next


def _read_seconds(text: str) -> float:
    if text == "never":
        return math.inf
    seconds = float(text)
    if not 0 <= seconds <= _LONGEST:
        raise ValueError(text)
    return seconds


def _write_seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return "never" if seconds == math.inf else f"{seconds:g}"


def _read_names(text: str) -> tuple[str, ...]:
    return tuple(name.removeprefix("/dev/") for name in text.split(",") if name)


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(item for item in text.split(",") if item)


def _read_pins(text: str) -> tuple[str, ...]:
    """Read SHA-256 sums in hexadecimal, with or without colons."""
    pins = tuple(item.replace(":", "").lower() for item in _read_list(text))
    if any(len(pin) != 64 or len(bytes.fromhex(pin)) != 32 for pin in pins):
        raise ValueError(text)
    return pins


def _read_proxy(text: str) -> str:
    if not text.isprintable() or " " in text or "://" in text.removeprefix("http://"):
        raise ValueError(text)
    return text


def _read_quoted(text: str) -> str:
    """Read a text in which %XX is a byte."""
    from urllib.parse import unquote  # no other start needs it

    return unquote(text, errors="surrogateescape")


def _quote(text: str) -> str:
    from urllib.parse import quote

    return quote(text, errors="surrogateescape")


def _read_flag(text: str) -> bool:
    if text not in {"", "0", "1"}:
        raise ValueError(text)
    return text != "0"


def _read_hash(text: str) -> str:
    if text and not text.startswith(("$", "grub.pbkdf2.")):
        raise ValueError
    return text


def _read_setups(text: str) -> Setups:
    from petipy.network import dracut  # few starts need it

    return dracut.read(text)


def _read_class(text: str) -> str:
    """Read a text for servers: DHCP knows no other characters, and a unit has one a line."""
    if not (text.isascii() and (text.isprintable() or not text)) or len(text) > _LONGEST_CLASS:
        raise ValueError(text)
    return text


def _read_dhcp_architecture(text: str) -> int | None:
    if not text:
        return None
    number = int(text, 16)
    if not 0 <= number < 1 << 16:
        raise ValueError(text)
    return number


def _write_dhcp_architecture(number: int | None) -> str:
    return "" if number is None else f"{number:02X}"


def _one_of(*words: str) -> ValueType:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return ValueType(form="|".join(words), read=read, write=str)


def _write_order(items: tuple[OrderItem, ...]) -> str:
    return ",".join(map(str, items))


_ORDER = ValueType(form="KIND|DEVICE|any[:SECONDSs][,…]", read=order.parse, write=_write_order)
_SECONDS = ValueType(form="SECONDS|never", read=_read_seconds, write=_write_seconds)
_NAMES = ValueType(form="NAME[,NAME…]", read=_read_names, write=",".join)
_LIST = ValueType(form="ITEM[,ITEM…]", read=_read_list, write=",".join)
# A sum with a typing error stands for a key that no server has.
_PINS = ValueType(
    form="SHA256[,SHA256…]", read=_read_pins, write=",".join, wrong=("not understood",)
)
_PATH = ValueType(form="FILE", read=str, write=str)
_PROXY = ValueType(form="http://HOST:PORT", read=_read_proxy, write=str)
_QUOTED = ValueType(form="TEXT", read=_read_quoted, write=_quote)
_DIALECT = _one_of(*DIALECTS)
_HASH = ValueType(form="HASH", read=_read_hash, write=str, secret=True, wrong="!")
_FLAG = ValueType(form="0|1", read=_read_flag, write=lambda on: "1" if on else "0", optional=True)
_SETUPS = ValueType(
    form='"WORDS"',
    read=_read_setups,
    write=lambda setups: setups.text,
    complain=lambda setups: setups.complaints,
)
_CLASS = ValueType(form="TEXT", read=_read_class, write=str)
_DHCP_ARCHITECTURE = ValueType(
    form="HEX", read=_read_dhcp_architecture, write=_write_dhcp_architecture
)

SETTINGS = (
    Setting(
        name="timeout",
        type=_SECONDS,
        help="boot the default after so long; else as its configuration says, else after 10 s",
    ),
    Setting(
        name="order",
        type=_ORDER,
        help="try these first, such as network,any; each may have its own patience, as network:90s",
    ),
    Setting(
        name="consoles",
        type=_NAMES,
        help="use these consoles besides the kernel's, such as hvc1,ttyS1",
        live=False,
    ),
    Setting(
        name="dialect",
        type=_DIALECT,
        help="read every grub.cfg as this distribution's GRUB; else each file shows whose it is",
    ),
    Setting(
        name="boot_image",
        type=_FLAG,
        help="put BOOT_IMAGE= before a command line, as GRUB and SYSLINUX do",
    ),
    Setting(
        name="show_foreign",
        type=_FLAG,
        help="list systems that kexec cannot boot, too, with the reason",
    ),
    Setting(
        name="boot_restricted",
        type=_FLAG,
        help="boot the default by itself even if its configuration wants a password",
    ),
    Setting(
        name="lock",
        type=_one_of("machine", "own"),
        help="superusers of a configuration guard everything, or only its own entries",
    ),
    Setting(
        name="password",
        type=_HASH,
        help="the image's own password, as crypt's or GRUB's hash; opens every lock",
    ),
    Setting(
        name="shell",
        type=_one_of("scanned", "unscanned"),
        help="with `unscanned`, an unreadable disk does not keep shell and editor shut",
        layers=("image", "command line"),
    ),
    Setting(
        name="rescue",
        type=_FLAG,
        help="a shell, without a password, after five failures of Petipy itself",
        layers=("image", "command line"),  # /init reads it, without Python
    ),
    Setting(
        name="ca",
        type=_LIST,
        help="trust these authorities, too: a file of the image, a fingerprint, or a URL with its "
        "#sha256=",
    ),
    Setting(
        name="pin",
        type=_PINS,
        help="take only servers with one of these keys: the SHA-256 sums of their public keys",
    ),
    Setting(
        name="certificate",
        type=_PATH,
        help="show this certificate to servers: a file of the image with its key",
    ),
    Setting(
        name="insecure",
        type=_FLAG,
        help="do not check the certificates of servers",
    ),
    Setting(name="proxy", type=_PROXY, help="fetch through this HTTP proxy"),
    Setting(
        name="no_proxy",
        type=_LIST,
        help="hosts, domains and networks that are reached without the proxy",
    ),
    Setting(
        name="ntp",
        type=_LIST,
        help="ask these time servers before those of the leases",
        live=False,
    ),
    Setting(
        name="network",
        type=_FLAG,
        help="configure network cards and ask what to boot; with 0 they stay down",
        live=False,
    ),
    Setting(
        name="interfaces",
        type=_SETUPS,
        help="addresses, VLANs, bonds, bridges, routes and names of interfaces in dracut's words, "
        "such as `ip=eth0:dhcp vlan=eth0.5:eth0`; a command line may have these words alone",
        live=False,
    ),
    Setting(
        name="dhcp_arch",
        type=_DHCP_ARCHITECTURE,
        help="the architecture to send to DHCP servers (option 93): 0C for Open Firmware, "
        "0E for OPAL, 0B for EFI on arm64, 07 for EFI on x86, 00 for a BIOS; else this machine's",
        live=False,
    ),
    Setting(
        name="dhcp_class",
        type=_CLASS,
        help="the vendor class to send to DHCP servers (option 60); the architecture is added to "
        "PXEClient and HTTPClient; servers answer HTTPClient with URLs",
        live=False,
    ),
    Setting(
        name="dhcp_user_class",
        type=_CLASS,
        help="the user class to send to DHCP servers (option 77, as iPXE does); iPXE adds its "
        "option 175, and many servers then name an iPXE script, which Petipy reads",
        live=False,
    ),
    Setting(
        name="dhcp_release",
        type=_FLAG,
        help="give the addresses back to the DHCP servers before a boot",
    ),
    Setting(name="debug", type=_FLAG, help="log more"),
    Setting(
        name="trace",
        type=_FLAG,
        help="print when each stage of the boot is reached",
        layers=("image", "command line"),  # for measurements: nobody keeps it on a machine
        live=False,
    ),
    Setting(
        name="started",
        type=_QUOTED,
        help="a Petipy that starts another one says here by which entry",
        layers=("command line",),
        live=False,
        internal=True,
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
