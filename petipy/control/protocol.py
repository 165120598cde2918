"""The protocol of `petipy ctl`: requests and answers as lines of JSON. Pure.

petipy/control/README.md describes it for other programs.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Literal, get_args

from petipy.codec import Codec

VERSION = 1
LONGEST = 1 << 16  # bytes of a request, without its end of line
_LONGEST_ID = 64  # characters
_MOST_PASSWORDS = 4  # of a request
_ECHOED = 40  # characters of a request that an error repeats

# Code of an error → exit status of `petipy ctl`.
EXITS: Mapping[str, int] = {
    "failed": 1,
    "malformed": 2,
    "version": 2,
    "unknown": 2,
    "denied": 3,
    "absent": 4,
    "ambiguous": 4,
    "busy": 5,
}
NO_ANSWER = 6  # exit status: nobody is there, or no answer comes


class Refused(Exception):
    """An error as the answer to a request; `code` is one of EXITS."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.more = code, message, more


# (user, password): tried in turn on each lock in the way. They count for their request alone.
Passwords = Annotated[tuple[tuple[str, str], ...], range(_MOST_PASSWORDS + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Tell in one object how the machine is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """Describe the hardware, the firmware and the kernel: an item for each part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """List the menu's entries: an item for each. With `full`, all that is known of them."""

    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """Boot an entry, by its id, its title, or its titles from the menu down with ">" between.

    The result comes at once, or with `wait` when the machine leaves or the boot has failed.
    """

    entry: str
    wait: bool = False
    passwords: Passwords = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Have an entry, as in Boot, boot by itself once, at this start or the next one."""

    entry: str
    passwords: Passwords = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefer:
    """Have an entry, as in Boot, boot by itself from now on."""

    entry: str
    passwords: Passwords = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop the countdown and the boot under way, as a key on a console does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Restart the machine (`reboot`), also into its firmware's settings (`fwsetup`), or `halt`.

    The result comes before that.
    """

    action: Literal["reboot", "halt", "fwsetup"]
    passwords: Passwords = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescan:
    """Look again at every source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """List the settings, or the one of this name; with `value` or `reset` change it.

    `keep`: on the machine, for good; else until the next start.
    """

    name: str = ""
    value: str | None = None
    reset: bool = False
    keep: bool = False
    passwords: Passwords = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Tell the setting `order`, or change it: what boots by itself comes from these first."""

    order: str | None = None
    keep: bool = False
    passwords: Passwords = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """List the lines of the log: an item for each. With `follow`, go on with those to come."""

    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Send the status as an item, now and after each change, until the next request."""


def is_term(text: str) -> bool:
    """Return True for the name of a kind of terminal."""
    return bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Show the menu on the terminal whose descriptor comes with the request (SCM_RIGHTS).

    The result comes when the person leaves it. Only Unix sockets have this.
    """

    term: Annotated[str, is_term] = "vt220"


_Acting = Boot | Next | Prefer | Cancel | Leave | Rescan | Attach
_Asking = Status | Describe | Entries | Config | Order | Log | Watch
Request = _Acting | _Asking
COMMANDS: Mapping[str, type] = {kind.__name__.lower(): kind for kind in get_args(Request)}


def decode(line: bytes) -> tuple[str, Request]:
    """Return a request and its id. Raise Refused, whose `more["id"]` is the id as far as known."""
    id = ""
    try:
        value = json.loads(line.decode())
        if not isinstance(value, dict):
            raise Refused("malformed", "a request is an object")
        id = _take_id(value)
        version, name = value.pop("version", None), value.pop("command", None)
        if version != VERSION or isinstance(version, bool):
            words = f"this is version {VERSION} of the protocol, not {_echo(version)}"
            raise Refused("version", words, versions=[VERSION])
        kind = COMMANDS.get(name) if isinstance(name, str) else None
        if kind is None:
            raise Refused("unknown", f"there is no command {_echo(name)}")
        request: Request = Codec(kind).read(_defaults(kind) | value)
    except Refused as refused:
        refused.more["id"] = id
        raise
    except (ValueError, RecursionError) as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refused("malformed", words[:200], id=id) from None
    return id, request


def encode(id: str, **content: Any) -> bytes:
    """Return one line of an answer."""
    # A surrogate, which stands for a byte that is no UTF-8, becomes an escape, as all but ASCII.
    return json.dumps({"version": VERSION, "id": id, **content}).encode() + b"\n"


def encode_error(id: str, refused: Refused) -> bytes:
    more = {name: value for name, value in refused.more.items() if name != "id"}
    return encode(id, error={"code": refused.code, "message": refused.message, **more})


def _take_id(value: dict[str, Any]) -> str:
    id = value.pop("id", "")
    if not isinstance(id, str) or len(id) > _LONGEST_ID:
        raise Refused("malformed", f"id: expected a text of at most {_LONGEST_ID} characters")
    return id


def _defaults(kind: type) -> dict[str, Any]:
    return {
        field.name: list(field.default) if isinstance(field.default, tuple) else field.default
        for field in fields(kind)
        if field.default is not MISSING
    }


def _echo(value: object) -> str:
    return repr(value)[:_ECHOED] if isinstance(value, str | int | float | None) else "that"
