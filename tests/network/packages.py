"""Find servers: installed by tests/run, or unpacked from a package that others exclude."""

import subprocess
from pathlib import Path

import pytest

from initramfs.host import default_cache, locked, run, tool


def find(command: str, package: str) -> Path:
    """Return the path of a server that tests/run installs.

    Skip the test where Debian has no such package for this machine; fail it where the package is
    merely absent.
    """
    if found := tool(command):
        return Path(found)
    if not has_candidate(package):
        pytest.skip(f"{command}: this distribution has no package {package}")
    pytest.fail(f"{command} is absent: tests/run installs {package}")


def unpack(package: str, path: str) -> Path:
    """Return a file of a package that is unpacked, not installed.

    TFTP servers exclude each other as packages. Skip the test where there is no such package.
    """
    place = default_cache() / "tests" / package
    with locked(place):
        if not (place / path).exists():
            if not has_candidate(package):
                pytest.skip(f"this distribution has no package {package}")
            run(["apt-get", "download", "-q", package], cwd=place)
            (archive,) = place.glob("*.deb")
            run(["dpkg-deb", "--extract", archive, place])
            archive.unlink()
    return place / path


def has_candidate(package: str) -> bool:
    """Return True if apt could install the package."""
    words = ["apt-cache", "policy", package]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return "Candidate: " in said and "Candidate: (none)" not in said
