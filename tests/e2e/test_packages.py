"""Read boot configurations out of Debian's packages: every entry comes out."""

import re
from collections.abc import Mapping

import pytest

from initramfs.archive import Archive
from initramfs.host import BuildError, default_cache, locked
from initramfs.tree import Tree, read_package
from parsers.formats import formats
from parsers.places.urls import join
from petipy.scan.lease import scan_lease
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan
from tests.fakes import Machine

pytestmark = pytest.mark.e2e

SERVER = "tftp://10.0.0.1/"
LEASE = {"siaddr": "10.0.0.1", "ip": "10.0.0.2", "mac": "52:54:00:12:34:56"}
NETBOOT = "usr/lib/debian-installer/images/13/amd64/gtk"
BOOTLOADERS = "usr/share/live/build/bootloaders"


def package(name: str, only: str) -> Tree:
    """Return files of the newest version of a package in Debian stable."""
    try:
        with locked(default_cache()):
            archive = Archive(default_cache() / "apt", "stable", "amd64")
            archive.update()
            return read_package(archive.fetch([name])[name].path, only=only)
    except BuildError as error:
        pytest.skip(f"the archive cannot be reached: {error}")


def texts(tree: Tree, root: str) -> dict[str, str]:
    """Return all text files by their paths below `root`, also through links."""
    found = {
        name: node.data.decode()
        for name, node in tree.items()
        if node.is_file and name.startswith(f"{root}/") and b"\0" not in node.data[:4096]
    }
    for name in [name for name, node in tree.items() if node.is_link]:
        target = tree.resolve(name)
        behind = [path for path in found if path == target or path.startswith(f"{target}/")]
        found |= {name + path[len(target) :]: found[path] for path in behind}
    # A link may lead to a directory with links in it.
    for name in [name for name, node in tree.items() if node.is_link]:
        target = tree.resolve(name)
        behind = [path for path in found if path.startswith(f"{target}/")]
        found |= {name + path[len(target) :]: found[path] for path in behind}
    return {name[len(root) + 1 :]: text for name, text in found.items()}


def labels(files: Mapping[str, str], name: str, directory: str) -> set[tuple[str, int]]:
    """Return file and line of each label with a kernel, in all files of a configuration."""
    found, todo, read = set(), [name], set()
    while todo:
        name = todo.pop()
        if name in read or name not in files:
            continue
        read.add(name)
        label = 0
        for number, line in enumerate(files[name].splitlines(), 1):
            key, _, value = line.strip().partition(" ")
            if key == "label":
                label = number
            elif key in ("kernel", "linux") and label and not value.endswith("menu.c32"):
                found.add((name, label))
            elif key in ("include", "config"):
                todo.append(join(directory, value) if directory else value)
    return found


def scanned(served: Mapping[str, str], bootfile: str) -> Scan:
    urls = {SERVER + name: text for name, text in served.items()}
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": LEASE | {"bootfile": bootfile}})
    return scan_lease(host.files("eth0"), formats())


@pytest.fixture(scope="module")
def netboot() -> dict[str, str]:
    """Return the files of the installer's netboot package for a TFTP server."""
    tree = package("debian-installer-13-netboot-amd64", f"{NETBOOT}/*")
    return texts(tree, NETBOOT)


def test_the_installers_pxelinux_menu_comes_out_whole(netboot: dict[str, str]) -> None:
    scan = scanned(netboot, "pxelinux.0")
    wanted = labels(netboot, "pxelinux.cfg/default", "")
    assert len(wanted) > 5
    found = {(entry.config.removeprefix(SERVER), entry.line) for _, entry in scan.entries}
    assert found == wanted
    assert {form for form, _ in scan.entries} == {"pxe"}
    kernels = {entry.kernel.url for _, entry in scan.entries if entry.kernel}
    assert kernels == {f"{SERVER}debian-installer/amd64/linux"}
    assert all(entry.initrds for _, entry in scan.entries)
    (default,) = [entry for _, entry in scan.entries if entry.default]
    assert default.title == "Install with speech synthesis"
    # It includes files of other flavours, and a label that leads back has two kernels.
    messages = {p.message.partition(" tftp")[0] for p in scan.problems}
    assert messages == {"there is no", "'kernel' is set a second time; this value counts"}


def test_the_installers_grub_menu_comes_out_whole(netboot: dict[str, str]) -> None:
    scan = scanned(netboot, "debian-installer/amd64/grubx64.efi")
    text = netboot["debian-installer/amd64/grub/grub.cfg"]
    titles = re.findall(r"^\s*menuentry [^\n']*'([^']+)'", text, re.M)
    assert len(titles) > 5
    assert [entry.title for _, entry in scan.entries] == titles
    kernels = {entry.kernel.url for _, entry in scan.entries if entry.kernel}
    assert kernels == {f"{SERVER}debian-installer/amd64/linux"}


@pytest.mark.parametrize("kind", ["isolinux", "extlinux", "syslinux"])
def test_the_menu_of_a_live_system_comes_out_whole(kind: str) -> None:
    tree = package("live-build", f"{BOOTLOADERS}/*")
    parts = texts(tree, BOOTLOADERS)
    names = {"isolinux": "isolinux.cfg", "extlinux": "extlinux.conf", "syslinux": "syslinux.cfg"}
    directory = f"/{kind}/"
    files = {
        directory + path.partition("/")[2].removesuffix(".in"): text
        for path, text in parts.items()
        if path.partition("/")[0] in (kind, "syslinux_common")
    }
    # live-build fills this in when it knows of an installer.
    menu = files[f"{directory}menu.cfg"]
    installer = "include install_gui.cfg"
    files[f"{directory}menu.cfg"] = menu.replace("@OPTIONAL_INSTALLER_INCLUDE@", installer)
    host = Machine({"sr0": files}, machine="x86_64")
    scan = scan_tree(host.files("sr0"), [f for f in formats() if f.name == "syslinux"])
    below = {path.removeprefix(directory): text for path, text in files.items()}
    wanted = {(directory + name, line) for name, line in labels(below, names[kind], "")}
    assert len(wanted) > 20
    assert {(entry.config, entry.line) for _, entry in scan.entries if entry.kernel} == wanted
    (default,) = [entry for _, entry in scan.entries if entry.default]
    assert default.title == "Live system (@FLAVOUR@)"
