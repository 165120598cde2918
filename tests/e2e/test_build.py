"""Build the image twice: the bytes are the same. Three to six minutes with the packages cached."""

import shutil
import subprocess
from pathlib import Path

import pytest

from initramfs.host import REPOSITORY, default_cache
from tests.trees import link_or_copy

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("architecture", ["ppc64el", pytest.param("amd64", marks=pytest.mark.slow)])
def test_two_builds_give_the_same_bytes(architecture: str, tmp_path: Path) -> None:
    """The second build has another directory and umask, and only packages in its cache."""
    fresh = tmp_path / "cache"
    for part in ("apt", "wheels"):
        if (default_cache() / part).is_dir():
            shutil.copytree(default_cache() / part, fresh / part, copy_function=link_or_copy)
    build(architecture, tmp_path / "one", default_cache(), 0o022, Path("/"))
    build(architecture, tmp_path / "two", fresh, 0o077, tmp_path)

    for one in sorted((tmp_path / "one").iterdir()):
        assert one.read_bytes() == (tmp_path / "two" / one.name).read_bytes(), one.name


def build(architecture: str, output: Path, cache: Path, umask: int, cwd: Path) -> None:
    program = REPOSITORY / "initramfs/build"
    subprocess.run(
        [program, "--arch", architecture, "--output", output, "--cache", cache],
        check=True,
        cwd=cwd,
        umask=umask,
        stdout=subprocess.DEVNULL,
    )
