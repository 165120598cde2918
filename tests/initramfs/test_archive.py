"""Packages are chosen by the suite's lists, which apt-cache shows."""

import os
from pathlib import Path

import pytest

from initramfs.archive import Archive
from initramfs.host import BuildError
from tests.initramfs import package_lists as lists
from tests.trees import lay

# apt-cache -c FILE show --no-all-versions NAME…
SHOW = """#!/bin/sh
shift 4
for name; do
	awk -v RS= -v name="$name" '$2 == name { print; print "" }' {place}
done
"""


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    program = SHOW.replace("{place}", str(tmp_path / "Packages"))
    lay(tmp_path, {"bin/apt-cache": program})
    (tmp_path / "bin/apt-cache").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return Archive(tmp_path, "some", "ppc64el")


@pytest.mark.parametrize(
    ("packages", "meta", "expected"),
    [
        (lists.BOOKWORM, "linux-image-amd64", ["linux-image-6.1.0-1-amd64"]),
        (lists.TRIXIE, "linux-image-powerpc64le", ["linux-image-6.12.1+deb13-powerpc64le"]),
        (
            lists.FORKY,
            "linux-image-powerpc64le",
            [
                f"linux-{part}-7.1.1+deb14-powerpc64le"
                for part in ("image", "base", "binary", "modules")
            ],
        ),
    ],
)
def test_a_kernel_is_in_one_package_or_in_several(
    packages: str, meta: str, expected: list[str], archive: Archive, tmp_path: Path
) -> None:
    (tmp_path / "Packages").write_text(packages)
    assert archive.list_kernel(meta) == expected


@pytest.mark.parametrize("packages", ["", lists.EMPTY])
def test_a_suite_without_a_kernel_is_told(packages: str, archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "Packages").write_text(packages)
    with pytest.raises(BuildError, match="some has no linux-image-powerpc64le for ppc64el"):
        archive.list_kernel("linux-image-powerpc64le")
