"""Turn the tricks for a fast start off by PETIPY_PLAIN_START."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PROGRAM = """
import gc, sys
from petipy.startup import PLAIN, cache, collector
collector.pause()
paused = not gc.isenabled()
collector.resume()
cache.install(sys.argv[1])
lazy = type(sys.modules.get("inspect")).__name__ == "LazyModule"
print(PLAIN, paused, lazy, gc.get_freeze_count() > 0)
"""
RECORD = """
import sys
from initramfs.fast.record import record
from petipy.startup import cache
sys.stdout.buffer.write(cache.pack(record()))
"""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", "True False False False"),
        ("0", "False True True True"),
        ("", "False True True True"),
    ],
)
def test_a_plain_start_uses_no_trick(value: str, expected: str, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_bytes(subprocess.check_output([sys.executable, "-c", RECORD], cwd=TOP))
    command = [sys.executable, "-c", PROGRAM, str(table)]
    environment = {**os.environ, "PETIPY_PLAIN_START": value}

    done = subprocess.run(command, cwd=TOP, env=environment, check=True, stdout=subprocess.PIPE)

    assert done.stdout.decode().strip() == expected
