"""Find the images to measure: with Debian's kernel, and with our own if the cache has one."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initramfs.archive import Archive
from initramfs.host import default_cache, locked, warn
from initramfs.kernel import tailored
from initramfs.tree import Tree
from tests.e2e.conftest import build

DEBIAN, OWN = "Debian's kernel", "tailored kernel"


@dataclass(frozen=True)
class Image:
    """An image that initramfs/build has written to a directory."""

    name: str
    place: Path
    own: bool = False  # its kernel is ours

    @property
    def kernel(self) -> Path:
        return self.place / "vmlinux"

    @property
    def initrd(self) -> Path:
        return self.place / "petipy.cpio.zst"

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.place / "manifest.json").read_text())
        return found


def list_images() -> list[Image]:
    """Return the images that the bench knows. Build nothing."""
    cache = default_cache()
    return [Image(DEBIAN, cache / "image"), Image(OWN, cache / "tailored-image", own=True)]


@functools.cache
def find_images() -> list[Image]:
    """Return the images of these sources; build them after a change. No kernel is compiled."""
    debian, own = list_images()
    build(debian.place.name)
    if is_kernel_cached():
        build(own.place.name, "--kernel", "tailored")
        return [debian, own]
    warn("no tailored kernel is cached; initramfs/build --kernel tailored makes one")
    return [debian]


def is_kernel_cached() -> bool:
    with locked(default_cache()):
        return tailored.is_cached(_archive(), default_cache())


def read_kernel() -> Tree:
    """Return the files of our own kernel, its modules with it."""
    return tailored.fetch(_archive(), default_cache())


def _archive() -> Archive:
    archive = Archive(default_cache() / "apt", "stable", "ppc64el")
    archive.update()
    return archive
