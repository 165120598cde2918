"""GRUB's own answers: what it prints for a script, and the menu that it makes of a configuration.

The cases lie outside the repository. Those that are not met are listed in grub_not_yet.txt with
the reason; one that is met after all has to be taken off the list.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from posixpath import normpath
from typing import Any

import pytest

from parsers.api import Entry, Item, Preferences, Volume
from parsers.grub.dialect import DIALECTS, Dialect
from parsers.grub.listing import Listing
from parsers.grub.machine import Machine as GrubMachine
from tests.fakes import Machine, MachineFiles
from tests.parsers.grub_runs import machine, printed

ROOT = Path(__file__).parents[3] / "shared/cases"
NOT_YET = Path(__file__).parent / "grub_not_yet.txt"
LINUX = ("linux", "linux16", "linuxefi")
PROCESSORS = {"i386-pc": "i386", "x86_64-efi": "x86_64", "powerpc-ieee1275": "ppc64le"}
_DEVICE = re.compile(r"(?P<disk>.*),(?P<scheme>[a-z]*)(?P<number>[0-9]+)")

pytestmark = pytest.mark.skipif(not ROOT.exists(), reason="the cases are not here")


def not_yet() -> set[str]:
    lines = NOT_YET.read_text().splitlines()
    return {line.split("  ")[0] for line in lines if line and not line.startswith("#")}


def expect(name: str, met: bool) -> None:
    if name in not_yet():
        assert not met, f"{name} is met now: take it off {NOT_YET.name}"
        pytest.skip("not yet")
    assert met


# Scripts: an error's wording may differ, that there is one and where may not.


def _scripts() -> list[dict[str, Any]]:
    files = (ROOT / "grub-script/probes.json", ROOT / "grub-script/upstream.json")
    return [case for file in files if file.exists() for case in json.loads(file.read_text())]


def _plain(output: str) -> str:
    """One line for every syntax error, of which GRUB prints two to five."""
    output = re.sub(r"error: (out of memory|\$)\.\n(?=error: syntax)", "", output)
    output = re.sub(r"(error: syntax error)\b.*\n", r"\1\n", output)
    return re.sub(r"(error: syntax error\n)(error: Incorrect command\.\n\1)+", r"\1", output)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.name)
@pytest.mark.parametrize("case", _scripts(), ids=lambda c: c["name"])
def test_a_script_prints_what_grub_prints(case: dict[str, Any], dialect: Dialect) -> None:
    got = _plain(printed(machine(case["script"], cpu="i386"), dialect=dialect))
    wanted = case.get("expected_by_flavour", {}).get(dialect.name, case["expected"])
    expect(case["name"], got == _plain(wanted))


# Menus


def _menus() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], Path]]:
    authored = ROOT / "grub-menu/menus.json"
    if authored.exists():
        for case in json.loads(authored.read_text()):
            about = case["machine"] | {"strict": case["options"].get("strict", False)}
            yield case["name"], about, case["debian"], authored.parent
    corpus = ROOT / "corpus/grub.cfg"
    for path in sorted(corpus.rglob("*.truth.json")):
        described = path.with_name(path.name.replace(".truth.", ".machine."))
        name = str(path.relative_to(corpus)).removesuffix(".truth.json")
        about, truth = json.loads(described.read_text()), json.loads(path.read_text())
        yield name, about, truth["debian"], path.parent


@cache
def _menu_cases() -> list[Any]:
    return [pytest.param(*case, id=case[0]) for case in _menus()]


@pytest.mark.parametrize(("name", "about", "truth", "beside"), _menu_cases())
def test_a_configuration_offers_what_grub_offers(
    name: str, about: dict[str, Any], truth: dict[str, Any], beside: Path
) -> None:
    files = _files(about, beside)
    items = list(Listing(GrubMachine(files), about["config"]).items())
    if about.get("strict"):
        items = [_without_missing(item, files) for item in items]
    entries = [item for item in items if isinstance(item, Entry)]
    met = [_brief(entry, about["root"]) for entry in entries] == list(_wanted(truth))
    expect(name, met and _default_is_right(entries, items, truth.get("menu", {})))


def _without_missing(item: Item, files: MachineFiles) -> Item:
    """Here an entry is offered with what it misses; GRUB finds that out when it boots."""
    if isinstance(item, Entry) and item.kernel and not files.kind(item.kernel.path):
        return replace(item, kernel=None, cmdline="", initrds=())
    return item


def _files(about: dict[str, Any], beside: Path) -> MachineFiles:
    trees: dict[str, dict[str, str | bytes]] = {}
    for device in about["devices"]:
        trees[device["name"]] = {
            path: (beside / text[1:]).read_bytes() if text[:1] == "@" else text
            for path, text in device["files"].items()
        }
    volumes = [_volume(device) for device in about["devices"]]
    cpu = PROCESSORS[about["platform"]]
    return Machine(trees, volumes=volumes, machine=cpu).files(about["root"])


def _volume(device: dict[str, Any]) -> Volume:
    m = _DEVICE.fullmatch(device["name"])
    return Volume(
        name=device["name"],
        uuid=device.get("uuid") or "",
        label=device.get("label") or "",
        fs=device.get("fs") or "",
        disk=m["disk"] if m else device["name"],
        partition=int(m["number"]) if m else 0,
        scheme=m["scheme"] if m and m["scheme"] else "",  # type: ignore[arg-type]
        firmware_path=m["disk"].removeprefix("ieee1275/") if m and "ieee" in m["disk"] else "",
    )


Brief = tuple[tuple[str, ...], str, tuple[str, str] | None, str, tuple[str, ...]]


def _brief(entry: Entry, root: str) -> Brief:
    kernel = entry.kernel
    file = (kernel.url or kernel.device or root, kernel.path) if kernel else None
    initrds = tuple(f.path for f in entry.initrds)
    return entry.trail, entry.title, file, entry.cmdline, initrds


def _wanted(truth: dict[str, Any]) -> Iterator[Brief]:
    menus = [truth["menu"]] if "menu" in truth else []
    for menu in menus + truth.get("more_menus", []):
        for trail, entry in _flat(menu, ()):
            boot = entry.get("boot") or {}
            if boot.get("cmd") not in LINUX:
                yield trail, entry["title"], None, "", ()
                continue
            initrds = [i for i in boot.get("initrd", ()) if not i.startswith("newc:")]
            kernel = _place(boot["argv"][0], boot["root"])
            paths = tuple(_place(i, boot["root"])[1] for i in initrds)
            yield trail, entry["title"], kernel, boot["cmdline"], paths


def _flat(menu: dict[str, Any], trail: tuple[str, ...]) -> Iterator[tuple[Any, dict[str, Any]]]:
    for entry in menu["entries"]:
        if entry.get("menu", {}).get("entries"):
            yield from _flat(entry["menu"], (*trail, entry["title"]))
        elif not entry.get("submenu"):
            yield trail, entry


def _place(path: str, root: str) -> tuple[str, str]:
    if path.startswith("("):
        root, _, path = path[1:].partition(")")
    return root, normpath(f"/{path}").replace("//", "/")


def _default_is_right(entries: list[Entry], items: list[Item], menu: dict[str, Any]) -> bool:
    said = next((i for i in items if isinstance(i, Preferences)), Preferences())
    boots = menu.get("autoboot", {})
    if boots.get("status") == "boot" and boots["boot"]["cmd"] in LINUX:
        defaults = [entry for entry in entries if entry.default]
        names = {entry.name: entry for entry in reversed(entries)}
        tried = [*defaults, *(names[name] for name in said.fallback)]
        booted = next((entry.cmdline for entry in tried if entry.kernel), None)
        if len(defaults) != 1 or booted != boots["boot"]["cmdline"]:
            return False
    timeout = -1 if said.timeout in (None, math.inf) else said.timeout
    return bool(menu.get("timeout_effective", -1) == timeout)
