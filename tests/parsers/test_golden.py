"""Golden cases. Each golden/<format>/<case>/ has root/, a volume's files, and expected.json.

expected.json is the result. If the machine matters there is machine.json: {"machine": "ppc64le",
"own": the name of the volume that root/ is, "volumes": [{"name", "uuid", …}], "default": the path
of the default subvolume}. Any other directory
of the case is the tree of the volume of its name. made.json describes EFI programs, as tests/efi.py
takes them; they are added to root/. A case from the network has network.json instead, a machine
file as `petipy list --machine` takes it, with one lease. `pytest --update-golden` rewrites
expected.json: read the diff.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from parsers.api import Files, Format, Volume
from parsers.formats import formats
from petipy.machinefile.read import load
from petipy.sandbox.messages import SCANS
from petipy.scan.lease import scan_lease
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan
from tests import efi
from tests.fakes import Machine, MachineFiles, tree

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("root", "made.json", "network.json")
FOUND = {path.parent for name in NAMES for path in GOLDEN.glob(f"*/*/{name}")}
CASES = sorted(path.relative_to(GOLDEN) for path in FOUND)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case: Path, request: pytest.FixtureRequest) -> None:
    form = next(form for form in formats() if form.name == case.parts[0])
    scan = scanned(form, *machine_of(GOLDEN / case))
    got = {
        name: [_brief(item) for item in items]
        for name, items in json.loads(SCANS.encode(scan)).items()
    }
    for name in ("images", "requests", "stopped"):
        if not got[name]:
            del got[name]
    del got["formats"], got["wants"], got["seen"]  # for the program, not for a person
    expected = GOLDEN / case / "expected.json"
    if request.config.getoption("--update-golden"):
        expected.write_text(json.dumps(got, indent=1) + "\n")
    # A round trip turns tuples into lists, as the file has them.
    assert json.loads(json.dumps(got)) == json.loads(expected.read_text())
    assert SCANS.decode(SCANS.encode(scan)) == scan


def scanned(form: Format, files: Files, network: bool) -> Scan:
    return (scan_lease if network else scan_tree)(files, [form])


def machine_of(case: Path) -> tuple[Files, bool]:
    """Return a case's files; True if it boots from the network."""
    if (described := case / "network.json").exists():
        machine = load(str(described))
        (interface,) = machine.leases
        return machine.files(interface), True
    return _files(case), False


def _files(case: Path) -> MachineFiles:
    described = case / "machine.json"
    about = json.loads(described.read_text()) if described.exists() else {}
    own = about.get("own", "sda2")
    trees = {own if path.name == "root" else path.name: tree(path) for path in _directories(case)}
    if (described := case / "made.json").exists():
        programs = json.loads(described.read_text()).items()
        trees[own] = trees.get(own, {}) | {path: efi.made(about) for path, about in programs}
    volumes = [Volume(**fields) for fields in about.get("volumes", [])]
    host = Machine(
        trees,
        volumes=volumes,
        machine=about.get("machine", "ppc64le"),
        default=about.get("default", ""),
    )
    return host.files(own)


def _directories(case: Path) -> list[Path]:
    return sorted(path for path in case.iterdir() if path.is_dir())


def _brief(value: Any) -> Any:
    """Leave out empty values and origins: a person reads these files."""
    if isinstance(value, dict):
        said = {k: v for k, v in value.items() if v not in ("", None, [], False)}
        return {
            k: _brief(v) for k, v in said.items() if k not in ("origins", "default_from", "end")
        }
    return [_brief(v) for v in value] if isinstance(value, list | tuple) else value
