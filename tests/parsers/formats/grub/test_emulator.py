"""Compare what a real GRUB and this one print for random scripts."""

import random
import re

import pytest

from parsers.api import Files
from tests.parsers.formats.grub.emulator import Emulator, files, is_here
from tests.parsers.formats.grub.programs import Program
from tests.parsers.formats.grub.random_text import SEED, seed
from tests.parsers.formats.grub.runs import CONFIG, offered, printed

COUNTS = pytest.mark.parametrize("count", [15, pytest.param(200, marks=pytest.mark.slow)])

pytestmark = pytest.mark.skipif(not is_here(), reason="grub-emu or what makes its disks is missing")


@pytest.fixture(scope="module")
def grub(tmp_path_factory: pytest.TempPathFactory) -> Emulator:
    return Emulator(tmp_path_factory.mktemp("grub"))


def _plain(output: str) -> str:
    """Remove what depends on the emulator or the moment.

    Its network looks for every disk that it does not know. A syntax error is one line; GRUB prints
    two to five.
    """
    output = re.sub(r"(?<=Elapsed time: )[0-9.]+", "0.000", output)
    output = re.sub(
        r"error: (no server is specified|no such partition|disk .* not found)\.",
        "error: disk.",
        output,
    )
    output = re.sub(r"(?m)^32,", "12,", output)
    output = re.sub(r"(invalid file name|file) `(\S*)'( not found)?", r"file `\2'", output)
    output = re.sub(r"error: (out of memory|\$)\.\n(?=error: syntax)", "", output)
    output = re.sub(r"(error: syntax error)\b.*\n", r"\1\n", output)
    return re.sub(r"(error: syntax error\n)(error: Incorrect command\.\n\1)+", r"\1", output)


@COUNTS
def test_any_script_prints_what_grub_prints(grub: Emulator, count: int) -> None:
    number = seed()
    rng = random.Random(number)
    compared, different = 0, []
    for _ in range(count):
        script = Program(random.Random(rng.random())).text()
        theirs, ours = grub.printed(script), printed(files(script))
        if theirs is None:  # some script in a thousand has no end; this GRUB gives up
            continue
        compared += 1
        if _plain(theirs).rstrip() != _plain(ours).rstrip():
            different.append(f"{script}\n--- GRUB\n{theirs}\n--- ours\n{ours}")
    assert compared > count * 0.9
    assert not different, f"{SEED}={number}, {len(different)}:\n{min(different, key=len)}"


# A syntax error can put a body outside its entry. It has no arguments then and halts at once.
_BROKEN = re.compile(r"enter \d+\n.*,\n")
_ENTERED = re.compile(r"(?ms)^(enter \d+)$(?:(?!^enter ).)*?^leave$")


def _booted(files: Files) -> str:
    """Return what the body of the default entry prints."""
    lines = (files.read(CONFIG) or "").splitlines()
    begins = [lines[entry.line] for entry in offered(files) if entry.default]
    bodies = {f"echo {m[1]}": m[0] for m in _ENTERED.finditer(printed(files))}
    return bodies.get(begins[0], "") if begins else ""


@COUNTS
def test_the_entry_that_boots_is_grubs(grub: Emulator, count: int) -> None:
    number = seed()
    rng = random.Random(number)
    compared, different = 0, []
    for _ in range(count):
        script = Program(random.Random(rng.random())).menu()
        theirs = _ENTERED.search(grub.printed(script, 1, end="") or "")
        if theirs is None:  # an entry that leaves before its end, or a default that opens nothing
            continue
        if _BROKEN.match(theirs[0]):
            continue
        compared += 1
        ours = _booted(files(script))
        if _plain(theirs[0]) != _plain(ours):
            different.append(f"{script}\n--- GRUB\n{theirs[0]}\n--- ours\n{ours}")
    assert compared > count / 2
    assert not different, f"{SEED}={number}, {len(different)}:\n{min(different, key=len)}"
