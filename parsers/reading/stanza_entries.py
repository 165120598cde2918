"""Make entries and preferences of the stanzas of lilo, silo and yaboot."""

import math
import re
from collections.abc import Callable, Iterable, Iterator

from parsers.api import Entry, FileRef, Origin, Password, Preferences, Problem
from parsers.reading.cmdline import Argument, join_arguments
from parsers.reading.names import make_unique
from parsers.reading.stanzas import Stanza, Values

NamedImage = tuple[Stanza, str, bool]  # an image, its unique name, True for the default


def parse_tenths(value: str) -> float | None:
    """Return the seconds of a number of tenths, or None if it is no number.

    The number is decimal, octal (010) or hexadecimal (0x10), as in C. A negative number makes
    yaboot wait for ever. More than a year is taken for that, too.
    """
    m = re.fullmatch(r"(-?)(?:(0x[0-9a-f]+)|(0[0-7]*)|([1-9][0-9]*))", value, re.I)
    if not m:
        return None
    # Python refuses to read numbers of thousands of digits.
    digits = (m[2] or m[3] or m[4])[:20]
    count = int(digits, 16 if m[2] else 8 if m[3] else 10)
    endless = (m[1] and count) or count > 10 * 365 * 86400
    return math.inf if endless else count / 10


# The kernel's arguments that silo and yaboot make of their settings, in this order.
OPTIONS = (
    ("root", "root={}"),
    ("read-only", "ro"),
    ("read-write", "rw"),
    ("ramdisk", "ramdisk={}"),
    ("initrd-size", "ramdisk_size={}"),
    ("novideo", "video=ofonly"),
    ("append", "{}"),
)


def build_arguments(values: Values, options: Iterable[tuple[str, str]] = OPTIONS) -> list[Argument]:
    """Return the parts of the command line. `literal` replaces all others."""
    if "literal" in values:
        options = (("literal", "{}"),)
    used = ((key, *values[key], form) for key, form in options if key in values)
    return [
        (key, value, line, form.replace("{}", value.strip())) for key, line, value, form in used
    ]


def build_entry(
    path: str,
    common: Stanza,
    image: NamedImage,
    values: Values,
    *,
    kernel: FileRef | None,
    initrds: tuple[FileRef, ...],
    arguments: Iterable[Argument],
    unbootable: str,
) -> Entry:
    """Return the entry of an image. Without a kernel it has no files and no command line."""
    stanza, name, is_default = image
    cmdline, origins = join_arguments(path, arguments) if kernel else ("", ())
    return Entry(
        title=stanza.label(),
        name=name,
        config=path,
        line=stanza.line,
        kernel=kernel,
        initrds=initrds if kernel else (),
        cmdline=cmdline,
        default=is_default,
        default_from=_default_origins(path, common, stanza) if is_default else (),
        origins=_file_origins(path, values) + origins if kernel else (),
        unbootable=unbootable,
        hotkey=_hotkey(values),
        users=_users(common, stanza, name),
    )


def _file_origins(path: str, values: Values) -> tuple[Origin, ...]:
    keys = (key for key in ("image", "initrd") if key in values)
    return tuple(Origin(key, values[key][1], path, values[key][0]) for key in keys)


def _default_origins(path: str, common: Stanza, image: Stanza) -> tuple[Origin, ...]:
    """Return the `default` line if it names this image. Else the image is the default as first."""
    line, value = common.settings.get("default", (0, ""))
    is_named = line and value in (image.label(), image.get("alias"))
    return (Origin("default", value, path, line),) if is_named else ()


def _hotkey(values: Values) -> str:
    """Return the name that is one character: with `single-key` that key boots at once."""
    if "single-key" not in values:
        return ""
    names = (values[key][1] for key in ("label", "alias") if key in values)
    return next((name for name in names if len(name) == 1), "")


def passwords(common: Stanza, images: Iterable[Stanza] = ()) -> tuple[Password, ...]:
    """Return the common password, of the user "", and each image's, of the user with its label."""
    secrets = [("", common.get("password"))]
    secrets += [(image.label(), image.get("password")) for image in images]
    return tuple(
        Password(user=user, secret=secret, hashed=secret.startswith("$1$"), nameless=True)
        for user, secret in secrets
        if secret
    )


def _users(common: Stanza, image: Stanza, name: str) -> tuple[str, ...] | None:
    """Return the users who may boot the image unchanged, or None for anybody.

    With `bypass` or `restricted` anybody may boot it, and the password only guards changes.
    """
    own = "password" in image.settings
    if not own and "password" not in common.settings:
        return None
    modes = ("bypass", "restricted", "mandatory")
    found = [mode for stanza in (image, common) for mode in modes if mode in stanza.settings]
    if found and found[0] != "mandatory":
        return None
    return ("", name) if own else ("",)


def preferences(path: str, common: Stanza) -> Iterator[Preferences | Problem]:
    """Yield the preferences of silo and yaboot: `timeout`, and one password for all."""
    line, value = common.settings.get("timeout", (1, ""))
    timeout = parse_tenths(value)
    if value and timeout is None:
        yield Problem(path, line, f"the time-out is not a number: {value!r}")
    secrets = passwords(common)
    if timeout is not None or secrets:
        superusers = ("",) if secrets else None
        yield Preferences(timeout=timeout, superusers=superusers, passwords=secrets)


def name_images(
    path: str,
    common: Stanza,
    images: Iterable[Stanza],
    is_ours: Callable[[Stanza], bool] = lambda image: True,
) -> tuple[list[NamedImage], list[Problem]]:
    """Give each image a unique name, and find the default.

    An image for another machine (`is_ours` is False) takes no name and no default from ours.
    """
    every = list(images)
    ours = [image for image in every if is_ours(image)]
    others = [image for image in every if not is_ours(image)]
    line, default = common.settings.get("default", (1, ""))
    known = [(image.label(), image.get("alias")) for image in ours]
    chosen = next((i for i, names in enumerate(known) if default and default in names), None)
    unique = make_unique([*(label for label, _ in known), *(image.label() for image in others)])
    problems = [
        Problem(path, image.line, f"another image is called {label!r} already")
        for image, (label, _), name in zip(ours, known, unique, strict=False)
        if label != name
    ]
    if default and ours and chosen is None:
        message = f"no image is called {default!r}, so the first is the default"
        problems.insert(0, Problem(path, line, message))
    result = [(image, unique[i], i == (chosen or 0)) for i, image in enumerate(ours)]
    rest = zip(others, unique[len(ours) :], strict=True)
    result += ((image, name, False) for image, name in rest)
    return sorted(result, key=lambda named: named[0].line), problems
