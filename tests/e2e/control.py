"""Command a guest from its host, by `petipy ctl`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from initramfs.host import REPOSITORY


def ctl(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `petipy ctl` on the host."""
    argv = [sys.executable, "-m", "petipy", "ctl", "--timeout", "120", "--socket", str(place)]
    return subprocess.run(
        [*argv, *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False
    )


def ask(place: Path, *words: str) -> list[dict[str, Any]]:
    done = ctl(place, "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
