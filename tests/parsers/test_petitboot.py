"""What Petitboot's own parser tests assert, for the formats that both read.

Departures, each for a reason, are in DEPARTURES; the cases lie outside the repository.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from parsers import formats
from parsers.api import Volume
from petipy.model import Choice, Device, File
from petipy.resolve import choices
from petipy.scan import scan_tree
from tests.fakes import Machine

ROOT = Path(__file__).parents[3] / "shared/cases/petitboot"
FORMATS = {"yaboot": "yaboot"}
CASES = [p for name in FORMATS for p in sorted(ROOT.glob(f"{name}-*.json"))]
DEPARTURES: dict[str, str] = {}

pytestmark = pytest.mark.skipif(not CASES, reason="the cases are not here")


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_petitboot_case(path: Path) -> None:
    case = json.loads(path.read_text())
    if case["case"] in DEPARTURES:
        pytest.skip(DEPARTURES[case["case"]])
    trees: dict[str, dict[str, str | bytes]] = {}
    for file in case["files"]:
        trees.setdefault(file["device"], {})[file["path"]] = file["text"]
    known = [_volume(v) for v in (case["boot_device"], *case["other_devices"])]
    for step in case["steps"]:
        if step["do"] == "hotplug":
            known.append(_volume(step["device"]))
        _check(step["expect"], _choices(case["format"], trees, known))


def _choices(form: str, trees: dict[str, Any], known: list[Volume]) -> tuple[Choice, ...]:
    files = Machine(trees, volumes=known).files(known[0].name)
    scan = scan_tree(files, [f for f in formats() if f.name == FORMATS[form]])
    device = Device(volume=known[0], node=known[0].name)
    return choices([(device, scan)], known)


def _volume(device: dict[str, str | None]) -> Volume:
    return Volume(name=device["id"] or "", uuid=device["uuid"] or "", label=device["label"] or "")


def _check(expect: dict[str, Any], got: tuple[Choice, ...]) -> None:
    assert len(got) == expect.get("option_count", len(got))
    assert sum(choice.entry.default for choice in got) <= 1
    for index, wanted in expect.get("options", {}).items():
        choice = got[int(index)]
        facts = {
            "name": choice.entry.title,
            "args": choice.entry.cmdline,
            "default": choice.entry.default,
            "kernel": _file(choice.kernel, waits=bool(choice.waits_for)),
            "initrd": _file(next(iter(choice.initrds), None), waits=bool(choice.waits_for)),
        }
        assert {key: facts[key] for key in wanted} == wanted


def _file(file: File | None, *, waits: bool) -> dict[str, object] | None:
    if file is None:
        return {"unresolved": True} if waits else None
    return {"url": file.url} if file.url else {"device": file.device, "path": file.path}
