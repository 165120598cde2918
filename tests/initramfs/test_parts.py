"""Select drivers, libraries, Python modules and packages for the image."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from initramfs import archive, bytecode, kernel, lists, userland, wheels
from initramfs.elf import Elf
from initramfs.fast import lz4
from initramfs.fast.libraries import unlink
from initramfs.fast.lz4 import Lz4
from initramfs.fast.turns import mount_debugfs
from initramfs.host import REPOSITORY, BuildError
from initramfs.kernel import Kernel
from initramfs.tree import Tree, file, link, read_build_time
from tests.initramfs.test_files import elf
from tests.trees import lay

LISTED = """
    virtio_blk virtio_scsi virtio_net ibmvscsi ibmveth nvme usb_storage usbhid ahci mpt3sas
    mlx5_core i40e ice bnxt_en tg3 e1000e igb ixgbe bochs virtio_gpu ast
    ext4 xfs btrfs vfat isofs squashfs f2fs dm_mod md_mod loop
"""
HOME = "usr/lib/modules/6.1-test"


def package(modules: dict[str, str], builtin: str = "") -> Tree:
    """Return a kernel package whose modules have these descriptions."""
    tree = Tree()
    tree.add("boot/vmlinux-6.1-test", file(b"kernel"))
    tree.add(f"{HOME}/modules.builtin", file(builtin.encode()))
    for name, info in modules.items():
        module = elf({".text": b"code", ".modinfo": info.replace(" ", "\0").encode() + b"\0"})
        tree.add(f"{HOME}/kernel/{name}.ko", file(module))
    return tree


@pytest.mark.parametrize(
    ("path", "config"),
    [
        ("boot/vmlinux-6.1-test", "boot/config-6.1-test"),
        ("boot/vmlinuz-6.1-test", "boot/config-6.1-test"),
        (f"{HOME}/vmlinuz", f"{HOME}/config"),
    ],
)
def test_a_kernel_lies_in_boot_or_with_its_modules(path: str, config: str) -> None:
    tree = Tree({p: n for p, n in package({}).items() if not p.startswith("boot")})
    with pytest.raises(BuildError, match="holds 0 kernels"):
        Kernel(tree)
    tree.add(path, file(b"the kernel"))
    tree.add(config, file(b"CONFIG_RD_LZ4=y"))

    kernel = Kernel(tree)

    assert (kernel.image, kernel.version) == (b"the kernel", "6.1-test")
    assert kernel.has("RD_LZ4")
    assert not kernel.has("RD_LZO")


def test_a_driver_brings_what_it_depends_on_and_soft_dependencies() -> None:
    tree = package(
        {
            "disk": "depends=core,bus-lib",
            "core": "depends=",
            "bus-lib": "depends=low",
            "low": "depends= softdep=pre:",
            "other": "depends=",
        }
    )

    modules = Kernel(tree).select(lists.parse("[a]\ndisk"), "ppc64el")

    assert sorted(modules.taken) == ["bus_lib", "core", "disk", "low"]
    assert modules.unknown == []


def test_soft_dependencies_that_do_not_exist_are_nobodys_fault() -> None:
    info = {"softdep": ["pre: crc32c-generic post: extra"], "depends": [""]}

    assert kernel.needs(info) == ["crc32c_generic", "extra"]


def test_a_driver_that_the_kernel_does_not_have_is_told_but_not_one_that_is_built_in() -> None:
    tree = package({"disk": "depends="}, builtin="kernel/drivers/virtio/virtio-pci.ko\n")

    modules = Kernel(tree).select(lists.parse("[a]\ndisk virtio_pci nosuch"), "ppc64el")

    assert modules.unknown == ["nosuch"]


@pytest.mark.skipif(not shutil.which("kmod"), reason="no kmod here")
def test_what_most_machines_load_is_not_packed_one_by_one() -> None:
    tree = package({"disk": "depends=core", "core": "depends=", "tape": "depends=core"})
    for name in ("modules.order", "modules.builtin.modinfo"):
        tree.add(f"{HOME}/{name}", file(b""))
    kernel = Kernel(tree)
    modules = kernel.select(lists.parse("[common]\ndisk\n[rare]\ntape"), "ppc64el")

    made = kernel.tree_of(modules, lambda data: b"packed" + data)

    assert made[f"{HOME}/kernel/disk.ko"].data == modules.taken["disk"][1]
    assert made[f"{HOME}/kernel/core.ko"].data == modules.taken["core"][1]
    assert made[f"{HOME}/kernel/tape.ko.zst"].data == b"packed" + modules.taken["tape"][1]


def test_a_driver_for_another_architecture_is_left_alone() -> None:
    tree = package({"disk": "depends="})

    modules = Kernel(tree).select(lists.parse("[a: amd64]\ndisk nosuch"), "ppc64el")

    assert modules.taken == {}
    assert modules.unknown == []


def test_the_driver_list_names_every_kind_that_a_guest_has() -> None:
    found = lists.sections(REPOSITORY / "initramfs/drivers.txt")
    names = {name.name for section in found.values() for name in section}

    assert names.issuperset(LISTED.split())


def test_a_library_that_no_package_has_stops_the_build() -> None:
    program = next(Path(p) for p in (sys.executable, "/bin/sh")).resolve().read_bytes()

    with pytest.raises(BuildError, match="no fetched package has the library"):
        userland.closure([file(program, executable=True)], Tree())


def test_libraries_come_with_the_links_that_lead_to_them() -> None:
    tree = Tree()
    tree.add("usr/lib/liba.so.1", link("liba.so.1.2"))
    tree.add("usr/lib/liba.so.1.2", file(b"library"))

    assert userland.chain(tree, "usr/lib/liba.so.1") == ["usr/lib/liba.so.1", "usr/lib/liba.so.1.2"]


def test_dependencies_are_read_without_versions_and_alternatives() -> None:
    stanza = archive.fields(
        "Package: udev\nDepends: libblkid1 (>= 2.37.2), systemd | other, libc6:any\n"
        "Pre-Depends: base\nDescription: devices\n more\n"
    )

    assert archive.depends(stanza) == ["base", "libblkid1", "systemd", "libc6"]


def test_without_a_mirror_old_package_lists_have_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = tmp_path / "bin/apt-get"
    lay(tmp_path, {"bin/apt-get": f"#!/bin/sh\ntest -e {tmp_path}/mirror || exit 100\n"})
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{apt.parent}:{os.environ['PATH']}")
    debian = archive.Archive(tmp_path, "stable", "ppc64el")
    with pytest.raises(BuildError):
        debian.update()
    (tmp_path / "mirror").touch()
    debian.update()
    (tmp_path / "mirror").unlink()
    os.utime(tmp_path / "stable-ppc64el/updated", (0, 0))
    debian.update()
    sources = (tmp_path / "stable-ppc64el/sources/debian.sources").read_text()
    assert "stable-security" in sources  # an attempt may have left it out


def test_every_locked_wheel_has_a_version_and_a_hash() -> None:
    pins = {pin.name: pin for pin in wheels.pins()}

    assert {"urwid", "pyudev", "pyparsing"} <= pins.keys()
    assert all(len(pin.sha256) == 64 for pin in pins.values())


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a small standard library with a program on top of it."""
    texts = {
        "app/__init__.py": "",
        "app/__main__.py": "import first\nfrom app import plain\n",
        "app/plain.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import typed\n",
        "first.py": "'''What it is.'''\ndef f():\n    from pack import inner\n",
        "app/old.py": "import sys\nif sys.version_info >= (3, 5):\n    import first\n"
        "elif sys.platform == 'linux':\n    import unused\nelse:\n    import unused\n",
        "app/other.py": "import sys\nif sys.platform == 'win32':\n    import unused\n",
        "pack/__init__.py": "try:\n    import heavy\nexcept ImportError:\n    pass\n",
        "pack/inner.py": "from . import outer\nimport _fast\n",
        "pack/outer.py": "",
        "typing.py": "TYPE_CHECKING = False\n",
        "typed.py": "",
        "heavy.py": "",
        "unused.py": "",
        "lib-dynload/_fast.cpython-313-powerpc64le-linux-gnu.so": "",
    }
    return lay(tmp_path / "sources", texts)


def compile_all(sources: Path, target: Path) -> list[str]:
    job: dict[str, object] = {"own": ["app"], "extra": [], "optional": ["typing", "nosuch"]}
    job |= {"left_out": ["heavy"], "optimize": 2, "bare": [], "trimmed": False}
    script = REPOSITORY / "initramfs/bytecode.py"
    done = subprocess.run(
        [sys.executable, "-I", script, sources, target],
        input=json.dumps(job).encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().split()


def test_what_import_statements_reach_is_compiled_and_nothing_else(sources: Path) -> None:
    target = sources.parent / "compiled"

    extensions = compile_all(sources, target)

    found = {path.relative_to(target).as_posix() for path in target.rglob("*.pyc")}
    assert found == {
        *("app/__init__.pyc", "app/__main__.pyc", "app/plain.pyc", "first.pyc", "typing.pyc"),
        *("app/old.pyc", "app/other.pyc"),
        *("pack/__init__.pyc", "pack/inner.pyc", "pack/outer.pyc"),
    }
    assert extensions == ["_fast"]


def test_compiled_modules_run_without_their_sources_and_are_the_same_every_time(
    sources: Path,
) -> None:
    one, two = sources.parent / "one", sources.parent / "two"
    compile_all(sources, one)
    compile_all(sources, two)

    for path in one.rglob("*.pyc"):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()
    program = f"import sys; sys.path.insert(0, {str(one)!r}); import first; print(first.__doc__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout == "None\n"


@pytest.mark.parametrize(
    ("package", "level", "module", "base"),
    [
        ("a.b", 0, "json", "json"),
        ("a.b", 1, None, "a.b"),
        ("a.b", 1, "c", "a.b.c"),
        ("a.b", 2, "c", "a.c"),
    ],
)
def test_relative_imports_are_made_absolute(
    package: str, level: int, module: str | None, base: str
) -> None:
    assert bytecode.absolute(package, level, module) == base


def test_a_program_runs_without_libraries_that_it_never_calls(tmp_path: Path) -> None:
    kmod = Path(shutil.which("kmod", path=f"{os.environ['PATH']}:/sbin:/usr/sbin") or "")
    needed = Elf.parse(kmod.read_bytes()).list_needed() if kmod.is_file() else []
    crypto = next((name for name in needed if name.startswith("libcrypto.")), "")
    found = [path for path in Path("/usr/lib").rglob(crypto or "none") if path.is_file()]
    if not found:
        pytest.skip("this machine's kmod knows no signatures")

    program = tmp_path / "kmod"
    program.write_bytes(unlink(kmod.read_bytes(), {crypto: found[0].read_bytes()}))
    program.chmod(0o755)

    assert Elf.parse(program.read_bytes()).list_needed() == [n for n in needed if n != crypto]
    done = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True)
    assert done.stdout.startswith(b"kmod version")


def test_the_large_files_of_every_start_are_split_from_the_others() -> None:
    tree = Tree()
    for path in ("usr/bin/python3.13", "usr/bin/kexec", "usr/lib/x/libsystemd-shared-257.so"):
        tree.add(path, file(b"program"))

    core = tree.split(lz4.CORE)

    assert sorted(path for path in core if core[path].is_file) == [
        "usr/bin/python3.13",
        "usr/lib/x/libsystemd-shared-257.so",
    ]
    assert [path for path in tree if tree[path].is_file] == ["usr/bin/kexec"]


def test_an_lz4_archive_ends_where_the_kernel_expects_it(tmp_path: Path) -> None:
    packed = Lz4(tmp_path).pack(b"data" * 1000)

    assert packed[:4] == bytes.fromhex("02214c18")  # its magic number, little-endian
    assert packed[-4:] == bytes(4)
    assert len(packed) % 4 == 0


def test_init_is_silent_about_settings_that_a_kernel_does_not_have(tmp_path: Path) -> None:
    """A kernel that is locked down refuses them."""
    script = REPOSITORY / "initramfs/fast/files/usr/lib/petipy/fast-start"
    lines = script.read_text().replace("/sys/", f"{tmp_path}/").splitlines()
    settings = [line.strip() for line in lines if line.strip().startswith("echo ")][:-1]
    assert settings
    done = subprocess.run(["sh", "-c", "\n".join(settings)], capture_output=True, check=False)
    assert done.stdout + done.stderr == b""


@pytest.mark.parametrize("config", ["CONFIG_DEBUG_FS=y", "# CONFIG_DEBUG_FS is not set"])
def test_debugfs_is_mounted_where_the_kernel_has_it(config: str) -> None:
    packages = package({})
    packages.add("boot/config-6.1-test", file(config.encode()))
    tree = userland.skeleton(plain=True)
    assert b"debugfs" not in tree["etc/fstab"].data
    mount_debugfs(tree, Kernel(packages))
    mounted = [line.split()[1] for line in tree["etc/fstab"].data.splitlines()]
    assert (b"/sys/kernel/debug" in mounted) == config.endswith("=y")


def test_a_package_tells_when_it_was_built(tmp_path: Path) -> None:
    (tmp_path / "tree/DEBIAN").mkdir(parents=True)
    control = "Package: a\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: a\n"
    (tmp_path / "tree/DEBIAN/control").write_text(control)
    package = tmp_path / "a.deb"
    command = ["dpkg-deb", "--build", "--root-owner-group", str(tmp_path / "tree"), str(package)]
    built = {**os.environ, "SOURCE_DATE_EPOCH": "1770000000"}
    subprocess.run(command, env=built, check=True, capture_output=True)
    assert read_build_time(package) == 1_770_000_000
    package.write_bytes(b"something else")
    with pytest.raises(BuildError, match=r"a\.deb is no Debian package"):
        read_build_time(package)
