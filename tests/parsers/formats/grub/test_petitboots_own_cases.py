"""Petitboot's own tests of its GRUB parser. Where GRUB differs from Petitboot, GRUB is right.

The cases lie outside the repository.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from parsers.api import Volume
from parsers.formats import formats
from petipy.scan.tree import scan_tree
from petipy.state.model import Choice, Device, File
from petipy.state.resolve import choices
from tests.cases import find
from tests.fakes import Machine

CASES = find("petitboot/grub2-*.json")
UUID_AS_NAME = "GRUB knows no device by its UUID alone"
NO_TYPE = "GRUB's search fails without --fs-uuid, --label or --file"
GRUBS_NAMES = "search sets GRUB's name of the device, not Linux's"
DEPARTURES = {
    "blscfg-multiple-bls": "GRUB's blscfg puts no variables into titles",
    "blscfg-opts-config": "GRUB's set takes one word",
    "blscfg-opts-grubenv": "to GRUB the first initrd is ($root) itself, its name being empty",
    "devpath": UUID_AS_NAME,
    "devpath-scripting": UUID_AS_NAME,
    "f20-ppc64": "an entry that restarts the machine is offered, with the reason not to boot it",
    "if-formats": "to GRUB `; ;` is a syntax error",
    "multiple-resolve": NO_TYPE,
    "search-args": NO_TYPE,
    "search-label": GRUBS_NAMES,
    "search-uuid": NO_TYPE,
    "source-functions": "to GRUB `{ x }` is no function's body, and $2 is the entry's own",
    "source-recursion-infinite": "GRUB's limit on files within files is another",
    "test-file-ops": "to GRUB a directory has no size",
}

pytestmark = pytest.mark.shared("petitboot")


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem.removeprefix("grub2-"))
def test_petitboots_cases(path: Path) -> None:
    case = json.loads(path.read_text())
    trees: dict[str, dict[str, str | bytes]] = {}
    for file in case["files"]:
        trees.setdefault(file["device"], {})[file["path"]] = file["text"]
    known = [_volume(v) for v in (case["boot_device"], *case["other_devices"])]
    met = True
    for step in case["steps"]:
        if step["do"] == "hotplug":
            known.append(_volume(step["device"]))
        met = met and _is_met(step["expect"], _choices(trees, known))
    name = path.stem.removeprefix("grub2-")
    assert met is (name not in DEPARTURES)
    if not met:
        pytest.skip(DEPARTURES[name])


def _choices(trees: dict[str, Any], known: list[Volume]) -> tuple[Choice, ...]:
    files = Machine(trees, volumes=known).files(known[0].name)
    scan = scan_tree(files, [form for form in formats() if form.name == "grub"])
    return choices([(Device(volume=known[0], node=known[0].name), scan)], known)


def _volume(device: dict[str, str | None]) -> Volume:
    return Volume(name=device["id"] or "", uuid=device["uuid"] or "", label=device["label"] or "")


def _is_met(expect: dict[str, Any], got: tuple[Choice, ...]) -> bool:
    if len(got) != expect.get("option_count", len(got)):
        return False
    facts = [_facts(choice) for choice in got]
    options = expect.get("options", {}).items()
    return all(
        int(at) < len(facts) and facts[int(at)].get(key) == value
        for at, wanted in options
        for key, value in wanted.items()
    )


def _facts(choice: Choice) -> dict[str, object]:
    entry, waits = choice.entry, bool(choice.waits_for)
    return {
        "name": entry.title,
        # Petitboot omits what GRUB puts first.
        "args": re.sub(r"^BOOT_IMAGE=\S+ ?", "", entry.cmdline) or None,
        "default": entry.default,
        "kernel": _file(choice.kernel, waits=waits),
        "initrd": _file(next(iter(choice.initrds), None), waits=waits and bool(entry.initrds)),
    }


def _file(file: File | None, *, waits: bool) -> dict[str, object] | None:
    if file is None:
        return {"unresolved": True} if waits else None
    return {"url": file.url} if file.url else {"device": file.device, "path": file.path}
