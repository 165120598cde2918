"""A scan runs where nothing more can be imported: every golden case, as in the sandbox."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parsers import test_golden as golden

TOP = Path(__file__).parents[2]

# In a process of its own, in which only the scanner has imported modules and used codecs.
PROGRAM = """
import json, sys
import petipy.scan.tree, petipy.sandbox.server, petipy.startup.warm
from parsers.formats import formats

for form in formats():
    petipy.startup.warm.warm(form)
if NETWORK:
    import petipy.scan.lease
    petipy.scan.lease.prepare(formats())
ready = set(sys.modules)  # what the scanner has when it forks

import pickle
found = pickle.load(sys.stdin.buffer)
by_name = {form.name: form for form in formats()}
asked = {}


class Nothing:
    def find_spec(self, name, path=None, target=None):
        asked.setdefault(name, case)
        raise ModuleNotFoundError(name, name=name)


for name in set(sys.modules) - ready:  # the harness's own, which a sandbox lacks
    del sys.modules[name]
sys.meta_path.insert(0, Nothing())
for case, files, network in found:
    try:
        scan = petipy.scan.lease.scan_lease if network else petipy.scan.tree.scan_tree
        scan(files, [by_name[case.partition("/")[0]]])
    except (ImportError, LookupError):  # of a codec
        continue
sys.stdout.write(json.dumps([len(found), asked]))
"""


@pytest.mark.parametrize("network", [False, True])
def test_no_golden_case_imports_anything_that_the_scanner_has_not_imported(network: bool) -> None:
    every = [(str(case), *golden.machine_of(golden.GOLDEN / case)) for case in golden.CASES]
    found = [case for case in every if case[2] == network]
    done = subprocess.run(
        [sys.executable, "-c", f"NETWORK = {network}\n{PROGRAM}"],
        cwd=TOP,
        input=pickle.dumps(found),
        capture_output=True,
        check=True,
    )

    cases, asked = json.loads(done.stdout)
    assert cases > 40
    assert asked == {}
