"""The build of a kernel, with a source of a few lines: nothing is compiled."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from initramfs.archive import Archive, Package
from initramfs.host import BuildError, locked, run
from initramfs.kernel import options, tailored
from initramfs.kernel.options import Option
from initramfs.kernel.signing import FILE, Key
from initramfs.tree import Tree

IMAGE = "usr/lib/modules/9.1/vmlinuz"
SLEEP = "sleep 543210"
# A kernel's makefile, as far as a build calls it. The kernel says what the build could see.
MAKEFILE = f"""\
allnoconfig: ; cp $(KCONFIG_ALLCONFIG) $(O)/.config
bzImage: ; mkdir -p $(O)/arch/x86/boot
\techo "version 9.1$(LOCALVERSION)" >$(O)/arch/x86/boot/bzImage
\t[ ! -e $(O)/{FILE} ] || stat -c %a $(O)/{FILE} $(O)/.. >>$(O)/arch/x86/boot/bzImage
modules: ; @[ -z "$$FAULT" ] || {{ echo "$$FAULT"; $$FAULT; }}
modules_install: ; mkdir -p $(INSTALL_MOD_PATH)/lib/modules/9.1
\ttouch $(INSTALL_MOD_PATH)/lib/modules/9.1/modules.builtin
"""


class Pool(Archive):
    """An archive with one source package, which the build has in its cache."""

    def __init__(self, room: Path) -> None:
        super().__init__(room / "apt", "stable", "amd64")
        self.package = Package("linux-source-9", "9.1-1", room / "linux-source-9.deb")
        self.fetched = 0

    def update(self) -> None:
        pass

    def dependencies(self, name: str) -> list[str]:
        return [self.package.name]

    def look_up(self, names: Iterable[str]) -> dict[str, Package]:
        return {self.package.name: self.package}

    def fetch(self, names: Iterable[str]) -> dict[str, Package]:
        self.fetched += 1
        return self.look_up(names)


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    room = tmp_path / "package"
    top = room / "linux-source-9"
    top.mkdir(parents=True)
    (top / "Makefile").write_text(MAKEFILE)
    place = room / "tree/usr/src"
    place.mkdir(parents=True)
    run(["tar", "cJf", place / "linux-source-9.tar.xz", "-C", room, top.name])
    control = room / "tree/DEBIAN/control"
    control.parent.mkdir()
    words = "Package: linux-source-9\nVersion: 9.1-1\nArchitecture: all\nMaintainer: x <x@x>\n"
    control.write_text(f"{words}Description: x\n")
    run(["dpkg-deb", "--root-owner-group", "-b", room / "tree", tmp_path / "linux-source-9.deb"])
    monkeypatch.setattr(tailored, "need", lambda tools: None)
    monkeypatch.setattr(tailored, "make_name", lambda *given: "amd64-9.1")
    monkeypatch.setattr(options, "merge", lambda architecture: {})
    monkeypatch.chdir(tmp_path)
    return Pool(tmp_path)


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def make(pool: Pool, cache: str = "cache", key: Key | None = None) -> Tree:
    return tailored.fetch(pool, Path(cache), key)


def test_a_cache_may_be_named_from_the_current_directory(pool: Pool) -> None:
    assert make(pool)[IMAGE].data == b"version 9.1\n"
    assert names(Path("cache/kernel")) == ["amd64-9.1", "lock"]


def test_a_kernel_in_the_cache_needs_neither_source_nor_lock(pool: Pool) -> None:
    first = make(pool)
    with locked(Path("cache/kernel").absolute()):  # as another build has it for half an hour
        assert make(pool) == first
    assert pool.fetched == 1


@pytest.mark.parametrize("cache", ["my cache", "it's", "a:b", "a$b", "a=b"])
def test_a_path_that_makefiles_take_apart_is_refused_at_once(pool: Pool, cache: str) -> None:
    with pytest.raises(BuildError, match=r"no kernel can be built below .*--cache"):
        make(pool, cache)
    assert pool.fetched == 0


def test_what_a_killed_build_has_left_is_removed(pool: Pool) -> None:
    left = Path("cache/kernel/build-x86/output/arch/x86/boot/bzImage")
    left.parent.mkdir(parents=True)
    left.write_text("half")
    assert make(pool)[IMAGE].data == b"version 9.1\n"
    assert names(Path("cache/kernel")) == ["amd64-9.1", "lock"]


def test_what_cannot_be_removed_is_named(pool: Pool, tmp_path: Path) -> None:
    Path("cache/kernel").mkdir(parents=True)
    Path("cache/kernel/build-x86").symlink_to(tmp_path)
    with pytest.raises(BuildError, match=r"build-x86: .*; remove it"):
        make(pool)


def test_a_small_disk_is_told_before_the_work(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailored, "_SPACE", 1 << 60)
    with pytest.raises(BuildError, match=r"build-x86: [\d.]+ MB are free, and"):
        make(pool)
    assert names(Path("cache/kernel")) == ["lock"]


def test_a_build_that_fails_leaves_nothing(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", "false")
    with pytest.raises(BuildError, match=r"did not compile:\n(.*\n)*false\n"):
        make(pool)
    assert names(Path("cache/kernel")) == ["lock"]


def test_a_kernel_that_does_not_fit_leaves_nothing(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(tree: Tree, room: Path) -> None:
        room.mkdir()
        (room / "half").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tailored, "lay_out", fill)
    with pytest.raises(OSError, match="No space"):
        make(pool)
    assert names(Path("cache/kernel")) == ["lock"]


@pytest.mark.parametrize("name", ["LOCALVERSION", "MAKEFLAGS", "KBUILD_OUTPUT", "LLVM", "KCFLAGS"])
def test_the_environment_changes_no_kernel(
    pool: Pool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "-n")
    assert make(pool)[IMAGE].data == b"version 9.1\n"


def test_nobody_else_reads_the_key_of_a_build(pool: Pool) -> None:
    said = make(pool, key=Key(b"private", b"certificate"))[IMAGE].data
    assert said == b"version 9.1\n600\n700\n"


def test_an_option_that_the_source_does_not_have_is_named(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, output = tmp_path / "package/linux-source-9", tmp_path / "output"
    (top / "Makefile").write_text("allnoconfig: ; touch $(O)/.config\n")
    wanted = {"SCSY": Option("SCSY", "y", "common.config:3", "disks")}
    with pytest.raises(BuildError, match=r"does not have.*\ncommon.config:3: SCSY=y became n"):
        tailored.configure(top, output, tailored.TARGETS["amd64"], wanted)


def test_compilers_keep_the_lock_when_the_build_is_killed(tmp_path: Path) -> None:
    with locked(tmp_path) as lock:
        lines = tailored.run_by_line(["sh", "-c", f"echo one; exec {SLEEP}"], lock)
        assert next(lines) == "one"
    with open(tmp_path / "lock") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lines.close()  # which ends the command
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


PROGRAM = """
import signal, sys
from pathlib import Path
from initramfs.archive import Package
from initramfs.host import run_to_end
from initramfs.kernel import options, tailored
source = Package("linux-source-9", "9.1-1", Path("linux-source-9.deb").resolve())
place = Path("kernel/amd64-9.1").absolute()
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever has started the tests
signal.signal(signal.SIGINT, signal.default_int_handler)
work = lambda: tailored.build(source, tailored.TARGETS["amd64"], {}, place, None, lock=0)
sys.exit(run_to_end(work))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_build_that_is_told_to_end_leaves_nothing(
    pool: Pool, number: signal.Signals, tmp_path: Path
) -> None:
    environment = {**os.environ, "FAULT": SLEEP, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while not find_sleepers(tmp_path):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate()
    assert said.splitlines()[-1].endswith("ended before it was done")
    assert "Traceback" not in said
    assert process.returncode == 130
    assert names(tmp_path / "kernel") == []
    assert find_sleepers(tmp_path) == []


def find_sleepers(room: Path) -> list[str]:
    """Return the processes of a build below that directory that wait."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            if words == SLEEP and (path / "cwd").readlink().is_relative_to(room):
                found.append(path.name)
        except OSError:
            continue
    return found
