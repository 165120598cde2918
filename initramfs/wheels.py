"""Fetch the wheels that pyproject.toml locks in [tool.petipy.wheels]."""

import hashlib
import importlib.util
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import REPOSITORY, BuildError, need, run, say, tool


@dataclass(frozen=True, slots=True)
class Pin:
    name: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n"


def pins(project: Path = REPOSITORY / "pyproject.toml") -> list[Pin]:
    table = tomllib.loads(project.read_text())["tool"]["petipy"]["wheels"]
    return [Pin(name, pin["version"], pin["sha256"]) for name, pin in sorted(table.items())]


def fetch(wanted: Sequence[Pin], room: Path) -> list[Path]:
    """Return the files of the wheels in the order of the pins; pip fetches those not in `room`.

    They are wheels for any platform: the same bytes go into the image of each architecture.
    """
    places = [room / f"{pin.name}-{pin.version}-{pin.sha256[:16]}.whl" for pin in wanted]
    absent = [pin for pin, place in zip(wanted, places, strict=True) if not place.exists()]
    if absent:
        say(f"fetching {', '.join(pin.name for pin in absent)}")
        room.mkdir(parents=True, exist_ok=True)
        _download(absent, room)
    return places


def _download(absent: Sequence[Pin], room: Path) -> None:
    with tempfile.TemporaryDirectory(dir=room) as temporary:
        requirements = Path(temporary, "requirements.txt")
        requirements.write_text("".join(pin.requirement for pin in absent))
        run(
            [
                *(*pip(), "download", "--quiet", "--no-deps", "--require-hashes"),
                *("--only-binary", ":all:", "--implementation", "py", "--abi", "none"),
                *("--platform", "any", "--python-version", "3.13"),
                *("--dest", temporary, "--requirement", requirements),
            ]
        )
        for wheel in Path(temporary).glob("*.whl"):
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            pin = next((pin for pin in absent if pin.sha256 == digest), None)
            if pin is None:
                raise BuildError(f"{wheel.name} has another hash than in pyproject.toml")
            shutil.move(wheel, room / f"{pin.name}-{pin.version}-{digest[:16]}.whl")


def pip() -> list[str]:
    """Return the command of this Python's pip or the system's; install that if necessary."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    need({"pip3": "python3-pip"})
    return [tool("pip3") or "pip3"]
