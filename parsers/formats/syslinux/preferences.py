"""Time-outs and passwords of a SYSLINUX configuration."""

import math
import re
from collections.abc import Iterable

from parsers.api import Password, Preferences, Style
from parsers.formats.syslinux.configuration import Configuration
from parsers.formats.syslinux.labels import find_label

_LONGEST = 10 * 365 * 86400  # seconds; a longer time-out is none


def make_password(user: str, secret: str) -> Password | None:
    """Return the password, or None for a hash that SYSLINUX does not know."""
    hashed = secret.startswith(("$1$", "$4$", "$5$", "$6$"))
    if secret.startswith("$") and not hashed:
        return None
    return Password(user=user, secret=secret, hashed=hashed, nameless=True)


def has_menu(conf: Configuration) -> bool:
    """Return True if SYSLINUX shows a menu or a prompt, and so uses time-outs."""
    prompt = conf.settings.get("prompt")
    return conf.has_ui or bool(prompt and parse_number(prompt.value))


def timeout(conf: Configuration) -> float | None:
    """Return the time-out in seconds, or None if nothing boots by itself.

    Without a menu or a prompt SYSLINUX boots at once. With one and without a time-out, it waits for
    ever. A time-out without a menu or a prompt is kept: its author wanted it.
    """
    if "shiftkey" in conf.settings:
        return 0
    statements = (conf.settings.get(key) for key in ("timeout", "totaltimeout"))
    tenths = [number for one in statements if one and (number := parse_number(one.value)) > 0]
    if tenths:
        return min(tenths) / 10 if min(tenths) / 10 < _LONGEST else math.inf
    if has_menu(conf):
        return math.inf
    return 0 if "default" in conf.settings else None


def total_timeout(conf: Configuration) -> float | None:
    """Return the seconds after which SYSLINUX boots even if keys were pressed; None without any."""
    statement = conf.settings.get("totaltimeout")
    seconds = parse_number(statement.value) / 10 if statement else 0
    return seconds if 0 < seconds < _LONGEST else None


def parse_number(text: str) -> int:
    """Return a number as atoi reads it. Python refuses to read thousands of digits."""
    m = re.match(r"([+-]?)([0-9]{1,18})", text)
    return int(m[1] + m[2]) if m else 0


def make_preferences(
    root: Configuration,
    deciding: Configuration,
    passwords: Iterable[Password],
    *,
    elsewhere: bool,
) -> Preferences:
    """Return the wishes of a configuration. `deciding` is the one whose time-out counts."""
    master = deciding.settings.get("master") or root.settings.get("master")
    known = list(passwords)
    if master and (password := make_password("master", master.value)):
        known.append(password)
    onerror = deciding.settings.get("onerror")
    fallback = find_label(deciding.labels, onerror.word) if onerror else None
    hidden: Style = "hidden" if {"hidden", "shiftkey"} & set(deciding.settings) else ""
    return Preferences(
        timeout=timeout(deciding),
        total=total_timeout(deciding),
        fallback=(fallback.name,) if fallback else (),
        style=hidden,
        superusers=("master",) if master else None,
        passwords=tuple(known),
        elsewhere=elsewhere,
    )
