"""Run the tests stage by stage. Standard library only: it makes the environment itself."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
import xml.etree.ElementTree as xml
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import (
    REPOSITORY,
    BuildError,
    default_cache,
    locked,
    may_use_sudo,
    megabytes,
    need,
    run,
    say,
)
from initramfs.kernel import tailored

# Command or path → package, besides those that initramfs/build installs.
SYSTEM = {
    "qemu-system-ppc64": "qemu-system-ppc",
    "/usr/share/qemu/slof.bin": "qemu-system-data",
    "qemu-ppc64le": "qemu-user",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
    "mkfs.f2fs": "f2fs-tools",
    "mkfs.vfat": "dosfstools",
    "mksquashfs": "squashfs-tools",
    "sfdisk": "fdisk",
    "losetup": "mount",
    "setpriv": "util-linux",
    "depmod": "kmod",
    "cpio": "cpio",
    "lz4": "lz4",
    "xorriso": "xorriso",
    "dtc": "device-tree-compiler",
    "grub-script-check": "grub-common",
    "grub-emu": "grub-emu",
    "powerpc64le-linux-gnu-as": "binutils-powerpc64le-linux-gnu",
    # The options of our own kernels, as the kernel's source sees them.
    **tailored.TOOLS,
    **{f"{target.prefix}gcc": target.compiler for target in tailored.TARGETS.values()},
    "/usr/lib/systemd/systemd-udevd": "udev",
    "/usr/include/asm-generic/unistd.h": "linux-libc-dev",
    # Terminals inside a terminal.
    "screen": "screen",
    "tmux": "tmux",
    # Servers for tests/network, and clients to compare with.
    "ip": "iproute2",
    "nsenter": "util-linux",
    "ping": "iputils-ping",
    "dnsmasq": "dnsmasq-base",
    "kea-dhcp4": "kea-dhcp4-server",
    "kea-dhcp6": "kea-dhcp6-server",
    "nginx": "nginx",
    "openssl": "openssl",
    # For OpenPGP signatures.
    "gpg": "gpg",
    "gpg-agent": "gpg-agent",
    "gpgconf": "gpgconf",
    "gpgv": "gpgv",
    "curl": "curl",
    "tinyproxy": "tinyproxy-bin",
    "busybox": "busybox",
    "ganesha.nfsd": "nfs-ganesha",
    "/usr/share/doc/nfs-ganesha-vfs/copyright": "nfs-ganesha-vfs",
    "rpcbind": "rpcbind",
}
# For slow tests alone.
SLOW_SYSTEM = {
    "qemu-system-x86_64": "qemu-system-x86",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
}
SOURCES = ("petipy", "parsers", "initramfs", "tests")
# Tests of tests/e2e that boot no image, or one of their own.
UNBOOTED = ("build", "demo", "kernel", "packages", "system_calls")
SLOW = 3 * 3600  # seconds; a stage that takes longer hangs. Kernels are compiled in one of them


@dataclass(frozen=True, slots=True)
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Result") -> "Result":
        return Result(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Stages:
    """Run each stage, even after one that failed."""

    def __init__(self) -> None:
        self.total = Result()
        self.missed: list[str] = []  # what did not run at all, and why
        self._lines: list[str] = []

    def run(self, name: str, stage: Callable[[], Result]) -> None:
        say(f"--- {name}")
        began = time.monotonic()
        try:
            result = stage()
        except (BuildError, OSError, subprocess.SubprocessError) as error:
            say(f"{name}: {error}")
            result = Result(failed=1)
        self.total += result
        self._lines.append(f"{name:14} {time.monotonic() - began:6.1f} s  {result}")

    def begin(self, make: Callable[[], "Tools"]) -> "Tools | None":
        """Make what every stage needs; count a failure if that is impossible."""
        try:
            return make()
        except (BuildError, OSError) as error:
            say(str(error))
            self.total += Result(failed=1)
            return None

    def miss(self, what: str, tests: int) -> None:
        """Count tests that cannot run here, and say so in the last lines of the summary."""
        self.total += Result(skipped=tests)
        self.missed.append(f"NOT RUN: {what}")

    def summary(self) -> str:
        return "\n".join(["", *self._lines, "", str(self.total), *self.missed, ""])


@dataclass(frozen=True, slots=True)
class Tools:
    """The virtual environment with the test tools that pyproject.toml locks."""

    home: Path

    def path(self, name: str) -> Path:
        return self.home / "bin" / name

    def check(self, *argv: str) -> Result:
        """Run a linter; it counts as one test."""
        command = [str(self.path(argv[0])), *argv[1:]]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SLOW, check=False)
        return Result(passed=1) if done.returncode == 0 else Result(failed=1)

    def count(self, marks: str) -> int:
        """Return the number of tests with these marks."""
        command = [str(self.path("python")), "-m", "pytest", "-q", "--collect-only", "-m", marks]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return sum(line.startswith(b"tests/") for line in done.stdout.splitlines())

    def pytest(
        self,
        *options: str,
        front: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> Result:
        with tempfile.TemporaryDirectory(prefix="petipy-tests-") as room:
            report = Path(room, "report.xml")
            command = [*front, str(self.path("python")), "-m", "pytest", f"--junitxml={report}"]
            command += ["-q", "-o", "tmp_path_retention_policy=failed", *options]
            subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SLOW, check=False, env=env)
            return read_report(report)


def read_report(report: Path) -> Result:
    """Return the counts of pytest's report; a run without tests or report has failed."""
    if not report.exists():
        return Result(failed=1)
    passed = failed = skipped = 0
    for suite in xml.parse(report).getroot().iter("testsuite"):
        tests, bad, without = (
            int(suite.get("tests", 0)),
            int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
            int(suite.get("skipped", 0)),
        )
        passed, failed, skipped = passed + tests - bad - without, failed + bad, skipped + without
    return Result(passed, failed, skipped) if passed + failed + skipped else Result(failed=1)


def requirements(project: Path) -> str:
    """Return the locked wheels of image and tests as pip's requirements, with their hashes."""
    tables = tomllib.loads(project.read_text())["tool"]["petipy"]
    hashes: dict[str, list[str]] = {}
    for table in (tables["wheels"], tables["test-tools"]):
        for name, pin in table.items():
            known = hashes.setdefault(f"{name.replace('_', '-')}=={pin['version']}", [])
            known += [pin["sha256"]] if isinstance(pin["sha256"], str) else pin["sha256"]
    return "".join(
        f"{pin} {' '.join(f'--hash=sha256:{digest}' for digest in digests)}\n"
        for pin, digests in sorted(hashes.items())
    )


def environment(cache: Path) -> Tools:
    """Make the virtual environment, or take the one for these very versions."""
    wanted = requirements(REPOSITORY / "pyproject.toml")
    key = hashlib.sha256(f"{sys.version}\n{sys.executable}\n{wanted}".encode()).hexdigest()[:16]
    home = cache / "venv" / key
    with locked(cache / "venv"):
        if not (home / "complete").exists():
            say(f"making the tests' environment in {home}")
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home, with_pip=True)
            (home / "requirements.txt").write_text(wanted)
            pip = [str(home / "bin/python"), "-m", "pip", "install", "--quiet"]
            pip += ["--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
            run([*pip, "--requirement", str(home / "requirements.txt")])
            (home / "complete").touch()
    return Tools(home)


def fast(stages: Stages, tools: Tools, every: bool) -> None:
    """Run linters and the tests that need neither root nor QEMU."""
    stages.run("ruff check", lambda: tools.check("ruff", "check", "--quiet", "."))
    stages.run("ruff format", lambda: tools.check("ruff", "format", "--check", "--quiet", "."))
    stages.run("mypy", lambda: tools.check("mypy", "--strict", "--no-error-summary", *SOURCES))
    # Three at a time on two processors: those of the consoles mostly wait.
    stages.run(
        "tests", lambda: tools.pytest("-m", select("not root and not e2e", every), "-n", "3")
    )


def select(marks: str, every: bool) -> str:
    """Return the marks of the tests to run: without the slow ones unless `every` is set."""
    return marks if every else f"{marks} and not slow"


def deep(stages: Stages, tools: Tools, cache: Path, every: bool) -> None:
    """Run the tests that need root or QEMU."""
    root = select("root", every)
    if os.geteuid() == 0 or may_use_sudo():
        stages.run("root tests", lambda: root_tests(tools, root, "--ignore=tests/network"))
        # They mostly wait, each in networks of its own.
        stages.run("network tests", lambda: root_tests(tools, root, "tests/network", "-n", "3"))
    else:
        count = tools.count(root)
        stages.miss(f"{count} tests of mounts and of servers need root rights or sudo", count)
    if os.geteuid() != 0:  # QEMU runs as the user
        stages.missed.append("NOT RUN: the guest that boots over NFS needs root rights")
    stages.run("image", lambda: image(cache / "image"))
    # Two guests at a time: an emulated machine of one CPU starves with more.
    guests = ("-m", select("e2e", every), "-n", "2", "--dist", "worksteal")
    stages.run("guest tests", lambda: tools.pytest(*guests))
    if every:
        stages.run("plain image", lambda: image(cache / "plain-image", "--plain"))
        plain = {**os.environ, "PETIPY_TEST_IMAGE": "plain"}
        booting = ("tests/e2e/test_boot.py", "tests/e2e/test_menu.py")
        stages.run("plain guests", lambda: tools.pytest(*booting, *guests, env=plain))
        own = ("--kernel", "tailored")
        stages.run("tailored image", lambda: image(cache / "tailored-image", *own))
        kernel = {**os.environ, "PETIPY_TEST_IMAGE": "tailored"}
        left_out = [f"--ignore=tests/e2e/test_{name}.py" for name in UNBOOTED]
        usual = ("-m", select("e2e", every=False), *guests[2:], *left_out)
        stages.run("tailored guests", lambda: tools.pytest("tests/e2e", *usual, env=kernel))


def install(packages: dict[str, str]) -> Result:
    need(packages)
    return Result()


def root_tests(tools: Tools, marks: str, *options: str) -> Result:
    if os.geteuid() == 0:
        return tools.pytest("-m", marks, *options)
    return tools.pytest("-m", marks, "-p", "no:cacheprovider", *options, front=["sudo"])


def image(place: Path, *options: str) -> Result:
    """Build an image for the guest tests; it counts as one test."""
    build = REPOSITORY / "initramfs" / "build"
    command = [str(build), "--arch", "ppc64el", "--output", str(place), *options]
    subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SLOW, check=True)
    say(f"the image takes {megabytes((place / 'petipy.cpio.zst').stat().st_size)}")
    return Result(passed=1)


def bench(tools: Tools, options: Sequence[str]) -> int:
    need({**SYSTEM, "grub-mkimage": "grub-common", "tftp": "tftp-hpa"})
    command = [str(tools.path("python")), "-m", "tests.bench", *options]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SLOW, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests/run", description="Run Petipy's tests.")
    stages_to_run = parser.add_mutually_exclusive_group()
    stages_to_run.add_argument(
        "--fast", action="store_true", help="only tests that need neither root nor QEMU"
    )
    stages_to_run.add_argument(
        "--all",
        action="store_true",
        help="slow tests too; each guest with a plain image, and with a kernel of our own, too",
    )
    parser.add_argument("--bench", nargs=argparse.REMAINDER, help="measure instead of testing")
    options = parser.parse_args(arguments)
    began, cache, stages = time.monotonic(), default_cache(), Stages()
    if (tools := stages.begin(lambda: environment(cache))) is None:
        sys.stdout.write(stages.summary())
        return 1
    if options.bench is not None:
        return bench(tools, options.bench)
    if not options.fast:  # the fast tests skip less with them
        stages.run("packages", lambda: install(SYSTEM | SLOW_SYSTEM if options.all else SYSTEM))
    fast(stages, tools, options.all)
    if not options.fast:
        deep(stages, tools, cache, options.all)
    say(f"took {time.monotonic() - began:.0f} s")
    sys.stderr.flush()
    sys.stdout.write(stages.summary())
    return 1 if stages.total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
