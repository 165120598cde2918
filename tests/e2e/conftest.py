from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest

from initramfs.host import REPOSITORY, default_cache, locked, run
from tests.e2e import second
from tests.e2e.debian import Installation
from tests.e2e.disks import Names, disk
from tests.e2e.second import System
from tests.e2e.vm import Machine
from tests.trees import Content, lay

SOURCES = ("petipy", "parsers", "initramfs")


@dataclass(frozen=True)
class Image:
    """Petipy as it is built for the machines of an architecture."""

    kernel: Path
    initrd: Path

    def machine(self, machine: Machine, told: str = "") -> Machine:
        """A machine that starts Petipy."""
        append = f"console=hvc0 quiet {told}".strip()
        return replace(machine, kernel=self.kernel, initrd=self.initrd, append=append)


@pytest.fixture(scope="session")
def image() -> Image:
    """The image of these sources, which tests/run has built; otherwise it is built here."""
    place = default_cache() / "image"
    found = Image(place / "vmlinux", place / "petipy.cpio.zst")
    with locked(default_cache() / "tests"):
        if not found.initrd.exists() or found.initrd.stat().st_mtime < changed():
            run([REPOSITORY / "initramfs/build", "--arch", "ppc64el", "--output", place])
    return found


def changed() -> float:
    """When a source of the image was last written."""
    files = (path for name in SOURCES for path in (REPOSITORY / name).rglob("*"))
    return max(path.stat().st_mtime for path in files if "__pycache__" not in path.parts)


@pytest.fixture(scope="session")
def chosen() -> System:
    """A system with the kernel that the image has, too."""
    return second.system("stable")


@pytest.fixture(scope="session")
def older() -> System:
    return second.system("oldstable")


class Installed(Protocol):
    @property
    def names(self) -> Names: ...
    def files(self) -> dict[str, Content]: ...


Install = Callable[[Installed], Path]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Puts an installation on a disk image of its own, which goes with the test."""
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
