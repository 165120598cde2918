"""Packages are installed when nobody else does that: wait, and say for what."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from initramfs import host
from initramfs.host import APT, BuildError
from tests.trees import lay

# Has a lock until its standard input ends.
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""
# Writes its arguments; an attempt fails as long as the file `errors` has a line for it.
FAKE = """#!/bin/sh
echo "$@" >>{room}/calls
read -r error <{room}/errors || exit 0
sed -i 1d {room}/errors
echo "$error" >&2
exit 100
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    lay(tmp_path, {"bin/apt-get": FAKE.replace("{room}", str(tmp_path)), "lock": "", "errors": ""})
    (tmp_path / "bin/apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("PETIPY_APT_LOCKS", f"{tmp_path}/none {tmp_path}/lock")

    def run(*arguments: str) -> "subprocess.Popen[str]":
        command = ["sh", str(APT), *arguments]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    return run


@contextmanager
def holder(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLD, str(lock)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        yield process


def test_it_waits_for_the_program_that_has_a_lock_and_names_it(
    start: Start, tmp_path: Path
) -> None:
    with holder(tmp_path / "lock") as other, start("update") as apt:
        assert apt.stderr
        assert other.stdin
        name = Path(f"/proc/{other.pid}/comm").read_text().strip()
        line = apt.stderr.readline()
        assert line == f"waiting for {name} (process {other.pid}), which has {tmp_path}/lock\n"
        assert not (tmp_path / "calls").exists()
        other.stdin.close()
        assert (apt.wait(), apt.stderr.read()) == (0, "")
    assert (tmp_path / "calls").read_text().endswith(" update\n")


def test_it_tries_again_when_somebody_was_faster(start: Start, tmp_path: Path) -> None:
    error = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 5 (apt-get)"
    (tmp_path / "errors").write_text(f"{error}\n{error}\n")
    apt = start("update")
    assert apt.communicate()[1] == f"waiting for {error}\n"
    assert apt.returncode == 0
    assert (tmp_path / "calls").read_text().count("update") == 3


def test_any_other_error_is_told_at_once(start: Start, tmp_path: Path) -> None:
    (tmp_path / "errors").write_text("E: Unable to locate package nosuch\n")
    apt = start("install", "nosuch")
    assert apt.communicate()[1] == "E: Unable to locate package nosuch\n"
    assert apt.returncode == 100
    assert (tmp_path / "calls").read_text().count("install") == 1


def test_a_build_installs_its_tools_when_the_lock_is_free(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "errors").write_text("E: Could not get lock\nE: it has no list\n")
    host.need({"nosuch-tool": "its-package"})
    calls = [line.split()[2] for line in (tmp_path / "calls").read_text().splitlines()]
    assert calls == ["install", "install", "update", "install"]
    assert "waiting for E: Could not get lock\nE: it has no list\n" in capfd.readouterr().err
    (tmp_path / "errors").write_text("E: no\n" * 9)
    with pytest.raises(BuildError, match="apt-get update ended with 100"):
        host.need({"nosuch-tool": "its-package"})
