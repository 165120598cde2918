import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from petipy.sandbox.client import Scanner
from tests.root import disks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.root)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="needs root: mounts and loop devices"))


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    started = Scanner.start()
    yield started
    started.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root file system with something to boot."""
    return disks.tree(tmp_path / "tree")


@pytest.fixture
def good(tmp_path: Path, tree: Path) -> Path:
    """A disk that must still be scanned while the one under test misbehaves."""
    return disks.ext4(tmp_path / "good.img", tree)
