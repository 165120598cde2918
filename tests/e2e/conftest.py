import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest

from initramfs.disks import Names, disk
from initramfs.host import REPOSITORY, default_cache, locked, run
from tests.e2e import target
from tests.e2e.debian import Installation
from tests.e2e.target import System
from tests.e2e.vm import Machine
from tests.trees import Content, lay

SOURCES = ("petipy", "parsers", "initramfs")
WITHIN = 3 * 3600  # seconds; a kernel may have to be compiled
# PETIPY_TEST_IMAGE → options of initramfs/build
KINDS = {"": (), "plain": ("--plain",), "tailored": ("--kernel", "tailored")}


@dataclass(frozen=True)
class Image:
    """Kernel and image that initramfs/build has written."""

    kernel: Path
    initrd: Path
    plain: bool = False  # built with --plain

    def machine(self, machine: Machine, append: str = "") -> Machine:
        """Return the machine with Petipy on it; `append` goes to the kernel's command line."""
        start = "PETIPY_PLAIN_START=1" if self.plain else ""
        append = " ".join(filter(None, ["console=hvc0 quiet", start, append]))
        return replace(machine, kernel=self.kernel, initrd=self.initrd, append=append)


@pytest.fixture(scope="session")
def image() -> Image:
    """Return the image of these sources, built by tests/run or here.

    With PETIPY_TEST_IMAGE=plain it is the one without tricks for speed, and Petipy starts plainly;
    with PETIPY_TEST_IMAGE=tailored it has a kernel of our own.
    """
    kind = os.environ.get("PETIPY_TEST_IMAGE", "")
    place = build(f"{kind}-image".lstrip("-"), *KINDS[kind])
    return Image(place / "vmlinux", place / "petipy.cpio.zst", kind == "plain")


def build(name: str, *options: str) -> Path:
    """Return the directory of an image of these sources; build it after each change to them."""
    place = default_cache() / name
    with locked(default_cache() / "tests"):
        made = place / "petipy.cpio.zst"
        if not made.exists() or made.stat().st_mtime < find_last_change():
            program = REPOSITORY / "initramfs/build"
            run([program, "--output", place, *options], timeout=WITHIN)
    return place


def find_last_change() -> float:
    """Return the time of the last change to a source of the image."""
    files = (path for name in SOURCES for path in (REPOSITORY / name).rglob("*"))
    return max(path.stat().st_mtime for path in files if "__pycache__" not in path.parts)


@pytest.fixture(scope="session")
def chosen() -> System:
    """Return a system with the kernel of the image."""
    return target.system("stable")


@pytest.fixture(scope="session")
def older() -> System:
    return target.system("oldstable")


class Installed(Protocol):
    @property
    def names(self) -> Names: ...
    def files(self) -> dict[str, Content]: ...


Install = Callable[[Installed], Path]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Put an installation on a disk image that the test removes at its end."""
    images: list[Path] = []

    def to_disk(installation: Installed) -> Path:
        number = len(images)
        tree = lay(tmp_path / f"tree{number}", installation.files())
        images.append(disk(tmp_path / f"disk{number}.img", tree, installation.names))
        return images[-1]

    yield to_disk
    for image in images:
        image.unlink()


@pytest.fixture
def debian(chosen: System) -> Installation:
    return Installation([chosen], Names.new("root"))
