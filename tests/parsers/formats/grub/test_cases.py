"""GRUB's own answers: the output of a script, and the menu of a configuration.

The cases lie outside the repository. Departures are in departures.txt, each with its reason. A
departure that is gone has to be taken off the list.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import zip_longest
from pathlib import Path
from posixpath import normpath
from typing import Any, NamedTuple

import pytest

from parsers import machines
from parsers.api import Entry, FileRef, Item, Preferences, Volume
from parsers.binary import envblock
from parsers.formats.grub.configuration import GrubConfiguration
from parsers.formats.grub.language.family import DEBIAN, FEDORA, UPSTREAM, Family
from parsers.formats.grub.run.devices import Devices
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.run.shell import Shell
from tests.cases import SHARED, find
from tests.fakes import Machine, MachineFiles
from tests.parsers.formats.grub.runs import machine, printed

DEPARTURES = Path(__file__).parent / "departures.txt"
LINUX = ("linux", "linux16", "linuxefi")
ACTIONS = ("reboot", "halt", "fwsetup", "exit")
KEYS = {0x80003A + number: f"f{number}" for number in range(1, 11)} | {0x800053: "delete"}
_DEVICE = re.compile(r"(?P<disk>.*),(?P<scheme>[a-z]*)(?P<number>[0-9]+)")

pytestmark = pytest.mark.shared("grub-script", "grub-menu", "corpus/grub.cfg")


@cache
def departures() -> dict[str, str]:
    lines = DEPARTURES.read_text().splitlines()
    named = (line.split("  ", 1) for line in lines if line and not line.startswith("#"))
    return {name: reason.strip() for name, reason in named}


def expect(name: str, family: Family, wrong: str | bool) -> None:
    """Check the answer. `wrong` is the difference, if there is one."""
    for known in {name, f"{name} ({family.name})"} & departures().keys():
        assert wrong, f"{known} is met now: take it off {DEPARTURES.name}"
        pytest.skip(departures()[known])
    assert not wrong


def test_departures_are_few() -> None:
    assert len(departures()) < 10


# Scripts. The wording of an error may differ, but not its place.


def _scripts() -> list[dict[str, Any]]:
    return [case for file in find("grub-script/*.json") for case in json.loads(file.read_text())]


def _plain(output: str) -> str:
    """Reduce a syntax error to one line. GRUB prints two to five."""
    output = re.sub(r"error: (out of memory|\$)\.\n(?=error: syntax)", "", output)
    output = re.sub(r"(error: syntax error)\b.*\n", r"\1\n", output)
    return re.sub(r"(error: syntax error\n)(error: Incorrect command\.\n\1)+", r"\1", output)


# The families that answers were measured of, by their names in the cases.
MEASURED = {"debian": DEBIAN, "fedora": FEDORA, "upstream": UPSTREAM}


@pytest.mark.parametrize("flavour", MEASURED)
@pytest.mark.parametrize("case", _scripts(), ids=lambda c: c["name"])
def test_a_script_prints_what_grub_prints(case: dict[str, Any], flavour: str) -> None:
    family = MEASURED[flavour]
    got = _plain(printed(machine(case["script"], cpu="i386"), family=family))
    wanted = case.get("expected_by_flavour", {}).get(flavour, case["expected"])
    expect(case["name"], family, got != _plain(wanted))


# Menus


def _menus() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], Path]]:
    """Yield the name, the machine, the answers by family, and the folder of the machine's files."""
    for authored in find("grub-menu/menus.json"):
        for case in json.loads(authored.read_text()):
            about = case["machine"] | {"strict": case["options"].get("strict", False)}
            yield case["name"], about, case, authored.parent
    corpus = SHARED / "corpus/grub.cfg"
    for path in find("corpus/grub.cfg/**/*.truth.json"):
        describe = path.with_name(path.name.replace(".truth.", ".machine."))
        name = str(path.relative_to(corpus)).removesuffix(".truth.json")
        yield name, json.loads(describe.read_text()), json.loads(path.read_text()), path.parent


@cache
def _menu_cases() -> list[Any]:
    return [pytest.param(*case, id=case[0]) for case in _menus()]


@pytest.mark.parametrize("flavour", MEASURED)
@pytest.mark.parametrize(("name", "about", "truths", "folder"), _menu_cases())
def test_a_configuration_offers_what_grub_offers(
    name: str, about: dict[str, Any], truths: dict[str, Any], folder: Path, flavour: str
) -> None:
    family, truth = MEASURED[flavour], truths.get(flavour, "same")
    truth = truths["debian"] if truth == "same" else truth
    files = _files(about, folder)
    host = GrubMachine(files, family=family)
    listing = Recorder(host, about["config"])
    items = list(listing.items())
    if about.get("strict"):
        items = [_without_missing(item, files) for item in items]
    entries = [item for item in items if isinstance(item, Entry)]
    got = [_brief(entry, about, files) for entry in entries]
    wanted = list(_wanted(truth, about, files))
    wrong = [f"{g} is not {w}" for g, w in zip_longest(got, wanted) if g != w]
    wrong = [*wrong[:1], *_wrong_default(entries, items, truth.get("menu", {}))]
    wrong += _wrong_variables(listing.shells[0], truth["env"], host.devices)
    wrong += _wrong_changes(listing.changes, truth, host.devices)
    expect(name, family, "; ".join(wrong))


class Recorder(GrubConfiguration):
    """A configuration that keeps its shell, and the variables that its entries change."""

    def shell(self) -> Shell:
        self.shells = [super().shell()]
        self.changes: list[tuple[str, Variables]] = []
        return self.shells[0]

    def _line(self, menu: Shell, *about: Any, **more: Any) -> Iterator[Entry]:
        self._before = dict(menu.env.items())
        yield from super()._line(menu, *about, **more)

    def _entry(self, shell: Shell, title: str, *about: Any, **more: Any) -> Entry:
        if shell is not self.shells[0]:
            before, after = self._before, dict(shell.env.items())
            settings = {
                name: _plain_name(after.get(name), self._machine.devices) for name in before | after
            }
            same = {
                n
                for n in settings
                if settings[n] == _plain_name(before.get(n), self._machine.devices)
            }
            self.changes.append(
                (title, {n: value for n, value in settings.items() if n not in same})
            )
        return super()._entry(shell, title, *about, **more)


def _wrong_changes(
    ours: list[tuple[str, "Variables"]], truth: dict[str, Any], devices: Devices
) -> Iterator[str]:
    """Compare what each entry does to the variables of its menu.

    If an entry boots nothing, GRUB's answer is from afterwards, when the menu's own `chosen` and
    `default` are back.
    """
    menus = [truth["menu"]] if "menu" in truth else []
    entries = [e for m in menus + truth.get("more_menus", []) for _, e, _ in _flat(m, (), [])]
    for (title, changed), entry in zip(ours, entries, strict=False):
        theirs = entry.get("env_changes", {})
        back = {"chosen", "default"} - theirs.keys() if entry["status"] != "boot" else set()
        for name in changed.keys() - back | theirs.keys():
            got, wanted = changed.get(name), theirs.get(name)
            if not GRUBS_OWN.fullmatch(name) and got != _plain_name(wanted, devices):
                yield f"{title} makes {name} {got}, not {wanted}"


Variables = dict[str, str | None]

# GRUB's modules set these. It removes `timeout` after the menu was shown.
GRUBS_OWN = re.compile(
    r"[?]|lang|pager|timeout|cmdpath|(secondary_)?locale_dir|color_\w+|net_default_\w+"
    r"|pxe_default_server|btrfs_\w+|check_(appended_)?signatures|appendedsig_\w+"
)


def _wrong_variables(shell: Shell, truth: dict[str, str], devices: Devices) -> Iterator[str]:
    """Compare the variables that the file has set, at its end."""
    for name, value in truth.items():
        got = shell.env.get(name)
        if not GRUBS_OWN.fullmatch(name) and _plain_name(got, devices) != _plain_name(
            value, devices
        ):
            yield f"{name} is {got}, not {value}"


def _plain_name(value: str | None, devices: Devices) -> str | None:
    """Replace GRUB's device name by the machine's. GRUB counts from the configuration's disk."""
    match = re.fullmatch(r"(\(?)([^()]+)(\)?.*)", value or "", re.S)
    volume = devices.find(match[2]) if match else None
    return f"{match[1]}{volume.name}{match[3]}" if match and volume else value


def _without_missing(item: Item, files: MachineFiles) -> Item:
    """Drop entries that miss files. They are offered here; GRUB finds out when it boots."""
    if isinstance(item, Entry) and item.kernel and not files.kind(item.kernel.path):
        return replace(item, kernel=None, cmdline="", initrds=())
    return item


def _files(about: dict[str, Any], folder: Path) -> MachineFiles:
    trees: dict[str, dict[str, str | bytes]] = {}
    for device in about["devices"]:
        trees[device["name"]] = {
            path: (folder / text[1:]).read_bytes() if text[:1] == "@" else text
            for path, text in device["files"].items()
        }
    volumes = [_volume(device) for device in about["devices"]]
    machine = machines.of_grub(about["platform"])
    return Machine(trees, volumes=volumes, machine=machine).files(about["root"])


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


class Summary(NamedTuple):
    """The parts of an entry that are compared."""

    trail: tuple[str, ...]
    title: str
    id: str
    kernel: tuple[str, str] | None = None
    cmdline: str = ""
    initrds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    hotkey: str = ""
    users: tuple[str, ...] | None = None
    action: str = ""
    written: tuple[tuple[str, str], ...] = ()


def _brief(entry: Entry, about: dict[str, Any], files: MachineFiles) -> Summary:
    kernel = None if entry.unbootable else entry.kernel
    return Summary(
        entry.trail,
        entry.title,
        re.sub("(#[0-9]+)+$", "", entry.name),
        (kernel.url or kernel.device or about["root"], kernel.path) if kernel else None,
        entry.cmdline if kernel else "",
        tuple(map(_initrd, entry.initrds)) if kernel else (),
        entry.classes,
        entry.hotkey,
        entry.users if not entry.trail else None,
        entry.action,
        tuple(sorted(_written(entry, about, files))),
    )


def _initrd(file: FileRef) -> str:
    return f"newc:{file.packed}:{file.path}" if file.packed else file.path


def _wanted_initrd(argument: str, root: str) -> str:
    if not argument.startswith("newc:"):
        return _place(argument, root)[1]
    _, name, path = argument.split(":", 2)
    return f"newc:{name}:{_place(path, root)[1]}"


def _written(entry: Entry, about: dict[str, Any], files: MachineFiles) -> Iterator[tuple[str, str]]:
    values: dict[FileRef, dict[str, str | None]] = {}
    for effect in entry.effects:  # with those that another entry than the default does not make
        values.setdefault(effect.file, {}).update(effect.values)
    for file, changes in values.items():
        device = file.device or about["root"]
        tree = files.host.on(device)
        text = (tree.read(file.path) if tree else None) or ""
        yield f"({device}){file.path}", envblock.write(text, changes).rstrip("#")


def _wanted(truth: dict[str, Any], about: dict[str, Any], files: MachineFiles) -> Iterator[Summary]:
    menus = [truth["menu"]] if "menu" in truth else []
    before = [a for a in truth.get("actions", ()) if a["type"] == "save_env"]
    for menu in menus + truth.get("more_menus", []):
        for trail, entry, saves in _flat(menu, (), before):
            brief = Summary(
                trail,
                entry["title"],
                re.sub("(#[0-9]+)+$", "", entry["id"]),
                classes=tuple(entry.get("classes", ())),
                hotkey=_key(entry.get("hotkey", 0)),
                users=_users(entry, truth["env"]) if not trail else None,
                action=entry["status"] if entry["status"] in ACTIONS else "",
                written=tuple(sorted(_contents(saves).items())),
            )
            boot = entry.get("boot") or {}
            if boot.get("cmd") in LINUX and entry["status"] == "boot":
                brief = brief._replace(
                    kernel=_place(boot["argv"][0], boot["root"]),
                    cmdline=boot["cmdline"],
                    initrds=tuple(_wanted_initrd(i, boot["root"]) for i in boot.get("initrd", ())),
                )
            yield brief


Action = dict[str, Any]


def _flat(
    menu: dict[str, Any], trail: tuple[str, ...], saves: list[Action]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any], list[Action]]]:
    for entry in menu["entries"]:
        also = [a for a in entry.get("actions", ()) if a["type"] == "save_env"]
        if entry.get("menu", {}).get("entries"):
            yield from _flat(entry["menu"], (*trail, entry["title"]), saves + also)
        elif not entry.get("submenu"):
            yield trail, entry, saves + also


def _contents(saves: list[Action]) -> dict[str, str]:
    return {f"({a['device']}){a['path']}": a["content"].rstrip("#") for a in saves}


def _key(code: int) -> str:
    return KEYS.get(code) or (chr(code) if code else "")


def _users(entry: dict[str, Any], env: dict[str, str]) -> tuple[str, ...] | None:
    if "superusers" not in env or entry.get("unrestricted"):
        return None
    names = f"{env['superusers']},{entry.get('users', '')}"
    return tuple(sorted({name for name in names.split(",") if name}))


def _place(path: str, root: str) -> tuple[str, str]:
    if path.startswith("("):
        root, _, path = path[1:].partition(")")
    return root, normpath(f"/{path}").replace("//", "/")


def _wrong_default(entries: list[Entry], items: list[Item], menu: dict[str, Any]) -> Iterator[str]:
    """Compare what boots by itself, and when."""
    said = next((i for i in items if isinstance(i, Preferences)), Preferences())
    timeout = -1 if said.timeout in (None, math.inf) else said.timeout
    if menu.get("timeout_effective", -1) != timeout:
        yield f"timeout {timeout} is not {menu['timeout_effective']}"
    if not menu.get("entries"):
        return
    defaults = [entry for entry in entries if entry.default]
    first = defaults[0] if defaults else None
    path = [*first.trail, first.title] if first else []
    expected = menu["entries"][menu["default_index"]]
    if path[:1] != [expected["title"]] and _holds_entries(expected):
        yield f"default {path} is not {expected['title']}"
    yield from _wrong_end(defaults, said.fallback, entries, menu.get("autoboot", {}))


def _holds_entries(line: dict[str, Any]) -> bool:
    return not line.get("submenu") or any(
        True for _ in _flat(line.get("menu", {"entries": []}), (), [])
    )


def _wrong_end(
    defaults: list[Entry], fallback: tuple[str, ...], entries: list[Entry], end: dict[str, Any]
) -> Iterator[str]:
    names = {entry.name: entry for entry in reversed(entries)}
    tried = [*defaults, *(names[name] for name in fallback)]
    steps = [a for a in end.get("actions", ()) if a["type"] in ("boot_entry", "fallback_entry")]
    boots = next((e for e in tried if e.kernel and not e.unbootable), None)
    if end.get("status") == "boot" and end["boot"]["cmd"] in LINUX:
        wanted = steps[-1]["title"], end["boot"]["cmdline"]
        got = (boots.title, boots.cmdline) if boots else None
        if len(defaults) != 1 or got != wanted:
            yield f"{got} boots instead of {wanted}"
    elif end.get("status") == "returned_to_menu" and boots:
        yield f"{boots.title} boots instead of nothing"
    elif end.get("status") in ACTIONS and [e.action for e in defaults] != [end["status"]]:
        yield f"by itself it does not {end['status']}"
