"""The types of settings' values: their readers and writers."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from parsers.api import DIALECTS
from petipy.state import order
from petipy.state.network import Setups
from petipy.state.settings import OrderItem

if TYPE_CHECKING:
    from petipy.state.own import Own


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


_LONGEST_CLASS = 128  # characters
_LONGEST_WORD = 64  # characters
_LONGEST_NUMBER = 6  # digits of whole seconds
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


def _read_log_server(text: str) -> str:
    if text and text != "dhcp":
        from petipy.network.syslog import split_host  # few starts need it

        split_host(text)
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


def _read_host_key(text: str) -> str:
    from petipy.settings import host_key  # few machines have one

    return host_key.check(text)


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


def _read_rule(text: str) -> tuple[int, float] | None:
    from petipy.state import flapping  # few machines count boots

    return flapping.read_rule(text)


def _write_rule(rule: tuple[int, float] | None) -> str:
    from petipy.state import flapping

    return flapping.write_rule(rule)


def _read_boots(text: str) -> tuple[tuple[int, int], ...]:
    from petipy.state import flapping

    return flapping.read_boots(text)


def _write_boots(boots: tuple[tuple[int, int], ...]) -> str:
    from petipy.state import flapping

    return flapping.write_boots(boots)


def _read_own(text: str) -> "Own | None":
    from petipy.state import own  # few machines have one

    return own.read(text)


def _write_own(value: "Own | None") -> str:
    if value is None:
        return ""
    from petipy.state import own

    return own.write(value)


def _read_whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER) and text:
        raise ValueError(text)
    return int(text or 0)


def _read_store(text: str) -> str:
    if text:
        from petipy.settings.file import split  # few machines have one

        split(text)
    return text


def _read_line(text: str) -> str:
    if text and not text.isprintable():
        raise ValueError(text)
    return text


def _read_language(text: str) -> str:
    """Read a locale as POSIX writes it: de, de_DE.UTF-8, sr_RS@latin, C."""
    name = text.partition("@")[0].partition(".")[0]
    if name in ("C", "POSIX") or not text:
        return "en"
    language, *territory = name.split("_")
    parts = (language, *territory)
    if len(parts) > 2 or not all(p.isascii() and p.isalnum() and 1 < len(p) < 9 for p in parts):
        raise ValueError(text)
    return "_".join([language.lower(), *map(str.upper, territory)])


def _read_word(text: str) -> str:
    if not text.isprintable() or " " in text or len(text) > _LONGEST_WORD:
        raise ValueError(text)
    return text


def one_of(*words: str) -> ValueType:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return ValueType(form="|".join(words), read=read, write=str)


def _write_order(items: tuple[OrderItem, ...]) -> str:
    return ",".join(map(str, items))


ORDER = ValueType(form="KIND|DEVICE|any[:SECONDSs][,…]", read=order.parse, write=_write_order)
SECONDS = ValueType(form="SECONDS|never", read=_read_seconds, write=_write_seconds)
NAMES = ValueType(form="NAME[,NAME…]", read=_read_names, write=",".join)
LIST = ValueType(form="ITEM[,ITEM…]", read=_read_list, write=",".join)
# A sum with a typing error stands for a key that no server has.
PINS = ValueType(
    form="SHA256[,SHA256…]", read=_read_pins, write=",".join, wrong=("not understood",)
)
STORE = ValueType(form="DEVICE:/FILE", read=_read_store, write=str)
ENTRY = ValueType(form="ID|TITLE", read=_read_line, write=str)
FLAP = ValueType(form="COUNT:SECONDSs", read=_read_rule, write=_write_rule)
BOOTS = ValueType(form="SUM@TIME[,…]", read=_read_boots, write=_write_boots)
WHOLE_SECONDS = ValueType(form="SECONDS", read=_read_whole, write=lambda n: str(n) if n else "")
PATH = ValueType(form="FILE", read=str, write=str)
PROXY = ValueType(form="http://HOST:PORT", read=_read_proxy, write=str)
SYSLOG = ValueType(form="HOST[:PORT]|dhcp", read=_read_log_server, write=str)
QUOTED = ValueType(form="TEXT", read=_read_quoted, write=_quote)
DIALECT = one_of(*DIALECTS)
HASH = ValueType(form="HASH", read=_read_hash, write=str, secret=True, wrong="!")
HOST_KEY = ValueType(form="new", read=_read_host_key, write=str, secret=True)
FLAG = ValueType(form="0|1", read=_read_flag, write=lambda on: "1" if on else "0", optional=True)
SETUPS = ValueType(
    form='"WORDS"',
    read=_read_setups,
    write=lambda setups: setups.text,
    complain=lambda setups: setups.complaints,
)
OWN = ValueType(form="BASE|TITLE[|PART=TEXT…]", read=_read_own, write=_write_own)
LANGUAGE = ValueType(form="LANGUAGE", read=_read_language, write=str)
LAYOUT = ValueType(form="LAYOUT", read=_read_word, write=str)
CLASS = ValueType(form="TEXT", read=_read_class, write=str)
DHCP_ARCHITECTURE = ValueType(
    form="HEX", read=_read_dhcp_architecture, write=_write_dhcp_architecture
)
