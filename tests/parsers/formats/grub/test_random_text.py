"""Compare which random scripts GRUB's checker and this parser accept."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.language.syntax import Mistake
from tests.parsers.formats.grub.random_text import SEED, random_script, seed

CHECKER = "grub-script-check"  # Debian's grub-common
# One shell starts all the checkers. Python would take twice as long.
EACH = f'cd "$1" && for file in *; do {CHECKER} "$file" >&2 || echo "$file"; done'


def _as_read(script: str) -> str:
    """Return what GRUB reads of a file.

    The checker reads in its own way: it keeps lines that begin with `#`, and makes a blank of a
    carriage return.
    """
    return re.sub(r"(?m)^#.*\n?", "", script.replace("\r", ""))


def refused(scripts: list[str], room: Path) -> set[int]:
    """Return the numbers of the scripts that GRUB refuses."""
    for number, script in enumerate(scripts):
        (room / str(number)).write_bytes(_as_read(script).encode())
    done = subprocess.run(
        ["sh", "-c", EACH, "sh", str(room)], capture_output=True, timeout=300, check=True
    )
    return {int(number) for number in done.stdout.split()}


@pytest.mark.skipif(not shutil.which(CHECKER), reason=f"{CHECKER} is not here")
@pytest.mark.parametrize("count", [300, pytest.param(5000, marks=pytest.mark.slow)])
def test_what_grub_takes_is_taken_and_nothing_else(tmp_path: Path, count: int) -> None:
    number = seed()
    rng = random.Random(number)
    # A file without a command is refused, so the first line is a command.
    scripts = ["true\n" + random_script(rng) + "\n" * rng.randrange(2) for _ in range(count)]
    theirs = refused(scripts, tmp_path)
    assert count / 10 < len(theirs) < count * 9 / 10
    different = [
        script
        for place, script in enumerate(scripts)
        if any(isinstance(unit, Mistake) for unit in units(ScriptText(script))) != (place in theirs)
    ]
    assert not different, f"{SEED}={number}: {min(different, key=len)!r} of {len(different)}"
