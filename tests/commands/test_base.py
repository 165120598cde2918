"""Parts that all commands share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("version", "found"),
    [("", "there is none"), ("3.0.9", "this is 3.0.9"), ("2.4", "this is 2.4")],
)
@pytest.mark.parametrize("command", ["list", "check"])
def test_without_the_pyparsing_that_is_needed_a_command_says_so(
    command: str, version: str, found: str, tmp_path: Path
) -> None:
    if version:
        (tmp_path / "pyparsing.py").write_text(f"__version__ = {version!r}\n")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "petipy", command, str(tmp_path)],  # -S: nothing installed
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{REPOSITORY}"},
        capture_output=True,
        check=False,
        text=True,
    )
    needed = f"pyparsing 3.3 is needed, and {found}: `pip install .` fetches it"
    assert (done.returncode, done.stderr) == (2, f"petipy {command}: {needed}\n")
