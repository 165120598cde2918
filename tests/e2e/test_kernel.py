"""The options of our own kernels are possible, and leave out nothing that Debian's kernel offers.

No kernel is compiled. The kernel's own Kconfig resolves the options, which takes some seconds. Of
the source package, 150 MB once, the Kconfig files, makefiles and scripts are kept.
"""

import lzma
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from initramfs.archive import Archive
from initramfs.host import REPOSITORY, default_cache, locked, need
from initramfs.kernel import canonical, options, tailored
from initramfs.lists import sections
from initramfs.tree import read_package
from tests.e2e.kernel_options import ABSENT, list_hardening, list_required

pytestmark = pytest.mark.e2e
ARCHITECTURES = sorted(tailored.TARGETS)
PARTS = ("*/Kconfig*", "*/Makefile*", "*/Kbuild*", "linux-source-*/scripts/*")
OBJECTS = re.compile(r"^\s*obj-\$\(CONFIG_(\w+)\)\s*[+:]?=\s*(.*)$", re.MULTILINE)


@pytest.fixture(scope="session")
def source() -> Path:
    """Return the directory with the parts of the source that Kconfig reads."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", "ppc64el")
        archive.update()
        package = tailored.find_source(archive)
    home = default_cache() / "tests"
    place = home / f"kconfig-{package.path.stem}"
    with locked(home):
        if not place.exists():
            with TemporaryDirectory(dir=home) as room:
                tailored.unpack(package, Path(room), PARTS).rename(place)
    return place


@cache
def resolve(source: Path, architecture: str) -> dict[str, str]:
    """Return our kernel's options."""
    target = tailored.TARGETS[architecture]
    need({**tailored.TOOLS, f"{target.prefix}gcc": target.compiler})
    with TemporaryDirectory() as room:
        text = tailored.configure(source, Path(room), target, options.merge(architecture))
    return options.parse_config(text)


@cache
def read_debian(architecture: str) -> dict[str, str]:
    """Return the options of Debian's kernel, which a small package has."""
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", "stable", architecture)
        archive.update()
        (source,) = [n for n in archive.dependencies("linux-source") if n.startswith("linux-s")]
        name = source.replace("-source-", "-config-")
        tree = read_package(archive.fetch([name])[name].path)
    flavour = {"ppc64el": "powerpc64le", "amd64": "amd64"}[architecture]
    path = f"usr/src/{name}/config.{architecture}_none_{flavour}.xz"
    return options.parse_config(lzma.decompress(tree[path].data).decode())


def find_switches(top: Path) -> dict[str, set[str]]:
    """Return, for each module of the source, the options that build it."""
    found: dict[str, set[str]] = {}
    rooms = "drivers", "fs", "net", "crypto", "arch/powerpc", "arch/x86"
    for path in (path for room in rooms for path in (top / room).rglob("Makefile")):
        text = path.read_text(errors="replace").replace("\\\n", " ")
        for option, objects in OBJECTS.findall(text):
            for name in re.findall(r"(\S+)\.o\b", objects):
                found.setdefault(canonical(name), set()).add(option)
    return found


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_source_takes_every_option_and_has_every_driver_of_the_image(
    architecture: str, source: Path
) -> None:
    config, switches = resolve(source, architecture), find_switches(source)
    drivers = [
        canonical(driver.name)
        for names in sections(REPOSITORY / "initramfs/drivers.txt").values()
        for driver in names
        if not driver.machines or architecture in driver.machines
    ]
    assert [d for d in drivers if not switches.get(d, set()) & config.keys()] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_our_kernel_offers_what_debians_offers(architecture: str, source: Path) -> None:
    for config in (read_debian(architecture), resolve(source, architecture)):
        offered = {name for name, value in config.items() if value in ("y", "m")}
        assert [name for name in list_required(architecture) if name not in offered] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_our_kernel_is_as_hardened_as_debians(architecture: str, source: Path) -> None:
    for config in (read_debian(architecture), resolve(source, architecture)):
        assert [n for n in list_hardening(architecture) if config.get(n) != "y"] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_our_kernel_has_nothing_that_nobody_needs(architecture: str, source: Path) -> None:
    config = resolve(source, architecture)
    assert [name for name in ABSENT.split() if name in config] == []
