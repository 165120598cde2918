import json
import math
from typing import Any

import pytest

from parsers.api import Effect, Entry, FileRef, Origin, Password, Preferences, Problem
from petipy.sandbox.wire import from_json, to_json
from petipy.state.model import FormatFacts, Image, Scan

SCAN = Scan(
    entries=(
        ("grub", Entry(title="plain", name="a", config="/c", line=1)),
        (
            "bls",
            Entry(
                title="\udcff all",
                name="b",
                config="/d",
                line=7,
                end=9,
                trail=("More", "Even more"),
                kernel=FileRef(path="/v", device="UUID=1"),
                initrds=(FileRef(path="/i"), FileRef(url="http://x/i")),
                devicetree=FileRef(path="/dtb", offset=512, size=1 << 36),
                cmdline="root=/r",
                default=True,
                effects=(
                    Effect(file=FileRef(path="/e"), values=(("a", "1"), ("b", None))),
                    Effect(file=FileRef(path="/loader/entries/a+3.conf"), rename="a+2-1.conf"),
                ),
                waits_for="the disk",
                unbootable="because",
                action="reboot",
                hotkey="f2",
                classes=("os", "fedora"),
                users=("root",),
                hidden=True,
                help="first\nsecond",
                foreign=True,
                guess=True,
                origins=(
                    Origin("$x", "v", "/boot/grub/grub.cfg", 7, how="set", spans=((0, 4), (5, 6))),
                ),
                default_from=(Origin("default", "0", "/boot/grub/grub.cfg", 1),),
                also=("/x:3 (native)",),
            ),
        ),
    ),
    images=(Image(path="/a\udcff.iso", size=1 << 36, fs="iso9660", uuid="1", label="L"),),
    problems=(Problem("/c", 3, "odd"), Problem("/c", 4, "here", column=2, excerpt="xy")),
    preferences=(
        ("/c", Preferences(timeout=math.inf)),
        ("/d", Preferences(timeout=2.5, fallback=("a", "b"))),
        ("/e", Preferences()),
        (
            "/f",
            Preferences(
                style="hidden",
                superusers=("root",),
                passwords=(Password(user="root", secret="grub.pbkdf2.…", hashed=True),),
                dialect="fedora",
            ),
        ),
        ("/g", Preferences(elsewhere=True)),
    ),
    missing=(FileRef(path="/v"),),
    formats=(FormatFacts(name="native", hotkeys_select=True),),
)


def test_a_scan_comes_back_as_it_was_sent() -> None:
    assert from_json(json.loads(json.dumps(to_json(SCAN), allow_nan=False))) == SCAN


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every value inside, containers included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [at]
    for key, item in inner if isinstance(value, dict | list) else ():
        found += places(item, (*at, key)) if isinstance(item, dict | list) else [(*at, key)]
    return found


PLACES = places(json.loads(json.dumps(to_json(SCAN))))


@pytest.mark.parametrize("wrong", [["x", 1, True], {"x": 1}, -1, math.nan, 1 << 40])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_value_of_the_wrong_type_is_refused_wherever_it_is(
    place: tuple[str | int, ...], wrong: object
) -> None:
    box: Any = {"top": json.loads(json.dumps(to_json(SCAN)))}
    *way, last = ("top", *place)
    inner = box
    for key in way:
        inner = inner[key]
    inner[last] = wrong
    with pytest.raises(ValueError, match="expected"):
        from_json(box["top"])


@pytest.mark.parametrize("field", ["entries", "missing"])
def test_a_field_too_few_or_too_many_is_refused(field: str) -> None:
    less, more = to_json(SCAN), to_json(SCAN) | {"extra": []}
    del less[field]
    for value in (less, more):
        with pytest.raises(ValueError, match="the fields of Scan"):
            from_json(value)
