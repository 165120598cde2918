"""The image's systemd-networkd, for a namespace on a host whose own is another version."""

from functools import cache
from pathlib import Path

from initramfs.archive import Archive
from initramfs.build import host_architecture
from initramfs.host import default_cache, locked
from initramfs.tree import lay_out, read_packages
from petipy.network.networkd import PROGRAM
from tests.network.namespace import Namespace

_SUITE = "stable"  # as initramfs.build
_PLACE = "/run/image"  # in the namespace, where any user may read


def bring_networkd(space: Namespace) -> None:
    """Let PROGRAM be that of the image in this namespace."""
    root = _unpack(host_architecture())
    (loader,) = root.glob("usr/lib*/ld*.so.*")
    libraries = {str(Path(_PLACE, path.parent.relative_to(root))) for path in _libraries(root)}
    script = space.room / "networkd"
    script.write_text(
        f"#!/bin/sh\nexec {_PLACE}/{loader.relative_to(root)} "
        f'--library-path {":".join(sorted(libraries))} {_PLACE}{PROGRAM} "$@"\n'
    )
    script.chmod(0o755)
    space.run("mkdir", _PLACE)
    space.run("mount", "--bind", root, _PLACE)
    space.run("mount", "--bind", script, PROGRAM)


def _libraries(root: Path) -> list[Path]:
    return [path for path in root.glob("usr/lib/**/*.so*") if path.is_file()]


@cache  # a build of an image may hold the lock for long
def _unpack(architecture: str) -> Path:
    """Return a directory with the files of the package and of the libraries that it needs."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", _SUITE, architecture)
        archive.update()
        packages = archive.fetch(archive.with_libraries(["systemd"]))
    place = default_cache() / "tests" / packages["systemd"].path.stem
    with locked(place):
        if not (place / "root").exists():
            lay_out(read_packages(package.path for package in packages.values()), place / "new")
            (place / "new").rename(place / "root")
    return place / "root"
