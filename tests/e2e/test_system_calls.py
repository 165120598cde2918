"""The numbers of system calls are those of Debian's kernel headers, for every machine."""

import re

import pytest

from initramfs.archive import Archive
from initramfs.host import BuildError, default_cache, locked
from initramfs.tree import Tree, read_package
from petipy.sys import seccomp
from petipy.sys.seccomp import Work

pytestmark = pytest.mark.e2e
WORKS: tuple[Work, ...] = ("compute", "probe", "scan", "load", "hear", "fetch", "verify")
# 64-bit ARM has the numbers of <asm-generic/unistd.h>, where some names say "also 32 bits".
NUMBER = re.compile(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", re.MULTILINE)


def headers(architecture: str) -> Tree:
    """Return the headers of the suite whose kernel package has a part for each architecture."""
    try:
        with locked(default_cache()):
            archive = Archive(default_cache() / "apt", "oldstable", architecture)
            archive.update()
            found = archive.fetch(["linux-libc-dev"])["linux-libc-dev"].path
        return read_package(found, only="usr/include/*")
    except BuildError as error:
        pytest.skip(f"the archive cannot be reached: {error}")


@pytest.mark.parametrize(
    ("machine", "architecture", "header"),
    [
        ("x86_64", "amd64", "usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("ppc64le", "ppc64el", "usr/include/powerpc64le-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "arm64", "usr/include/asm-generic/unistd.h"),
        ("s390x", "s390x", "usr/include/s390x-linux-gnu/asm/unistd_64.h"),
    ],
)
def test_the_filters_numbers_are_those_of_the_headers(
    machine: str, architecture: str, header: str
) -> None:
    numbers = dict(NUMBER.findall(headers(architecture)[header].data.decode()))
    numbers.setdefault("newfstatat", numbers.get("fstatat", ""))
    for work in WORKS:
        for name, number in seccomp.list_allowed(machine, work).items():
            assert numbers.get(name) == str(number), name
