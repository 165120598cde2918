"""Petitboot's own parser tests, for the formats that both programs read.

DEPARTURES has the exceptions with their reasons. The cases lie outside the repository.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from parsers.api import Volume
from parsers.formats import formats
from parsers.places.urls import normalize
from petipy.scan.lease import scan_lease
from petipy.scan.tree import scan_tree
from petipy.state.model import Choice, Device, File
from petipy.state.resolve import choices
from tests.cases import find
from tests.fakes import Machine

# Petitboot's name of a format → our formats.
FORMATS = {
    **{"kboot": ("kboot",), "native": ("native",), "pxe": ("pxe", "ipxe")},
    **{"syslinux": ("syslinux",), "yaboot": ("yaboot",)},
}
CASES = [p for name in FORMATS for p in find(f"petitboot/{name}-*.json")]
DEPARTURES: dict[str, str] = {}
# Other command lines than Petitboot's, by case and title. In SYSLINUX's documentation and code, a
# label's APPEND replaces the global one. Petitboot joins both.
OTHERWISE = {
    "syslinux-global-append": {"linux": "console=tty0", "backup": "root=/dev/sdb"},
    "syslinux-nested-config": {
        "boot": "root=/dev/sda",
        "backup": "root=/dev/sdb",
        "linux": "root=/dev/sdc",
    },
}

pytestmark = pytest.mark.shared("petitboot")


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
        _check(case, step["expect"], _choices(case, trees, known))


def _choices(
    case: dict[str, Any], trees: dict[str, Any], known: list[Volume]
) -> tuple[Choice, ...]:
    leases = {known[0].name: _lease(case)} if case["network"] else {}
    host = Machine(trees, volumes=known, urls=_urls(case), leases=leases)
    files = host.files(known[0].name)
    forms = [form for form in formats() if form.name in FORMATS[case["format"]]]
    scan = (scan_lease if leases else scan_tree)(files, forms)
    device = Device(volume=known[0], node=known[0].name)
    return choices([(device, scan)], known)


def _lease(case: dict[str, Any]) -> dict[str, str]:
    network = case["network"]
    return {"mac": case.get("interfaces", {}).get(network["device"], ""), **network["params"]}


def _urls(case: dict[str, Any]) -> dict[str, str]:
    """Return the texts by URL. A file of a case may be a download of the URL that DHCP names."""
    urls = {item["url"]: item["text"] for item in case["urls"]}
    params = case["network"]["params"] if case["network"] else {}
    if "pxeconffile-local" in params:
        urls[params["pxeconffile"]] = urls[params["pxeconffile-local"]]
    return urls


def _volume(device: dict[str, str | None]) -> Volume:
    return Volume(name=device["id"] or "", uuid=device["uuid"] or "", label=device["label"] or "")


def _check(case: dict[str, Any], expect: dict[str, Any], got: tuple[Choice, ...]) -> None:
    # Petitboot leaves out unbootable entries, and lists syslinux entries in reverse.
    got = tuple(choice for choice in got if not choice.entry.unbootable)
    got = got[::-1] if case["format"] == "syslinux" else got
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
            "dtb": _file(choice.devicetree, waits=bool(choice.waits_for)),
        }
        expected = {key: _with_normal_url(value) for key, value in wanted.items()}
        if "args" in wanted:
            args = OTHERWISE.get(case["case"], {}).get(choice.entry.title, wanted["args"])
            expected["args"] = args or ""
        assert {key: facts[key] for key in expected} == expected


def _with_normal_url(value: Any) -> Any:
    return {"url": normalize(value["url"])} if isinstance(value, dict) and "url" in value else value


def _file(file: File | None, *, waits: bool) -> dict[str, object] | None:
    if file is None:
        return {"unresolved": True} if waits else None
    return {"url": file.url} if file.url else {"device": file.device, "path": file.path}
