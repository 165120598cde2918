"""The files for an installed system: systemd's word for the next start reaches NVRAM."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from initramfs.host import REPOSITORY
from tests.trees import lay

INSTALLED = REPOSITORY / "initramfs/installed"
WISH = "run/systemd/reboot-to-boot-loader-entry"
WRITTEN = "run/systemd/reboot-boot-to-loader-entry"  # by systemd 257's logind
MENU = "run/systemd/reboot-to-boot-loader-menu"


@dataclass
class System:
    """An installed system, with a program nvram that keeps its arguments."""

    root: Path

    def run(self, word: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.root}/bin:{os.environ['PATH']}"
        return subprocess.run(
            [str(INSTALLED / "petipy-next"), word],
            env={"ROOT": str(self.root), "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def kept(self) -> list[str]:
        place = self.root / "kept"
        return place.read_text().splitlines() if place.exists() else []


@pytest.fixture
def system(tmp_path: Path) -> System:
    names = "Debian-1a2b\nFedora-6.11-3c4d\n../evil\n\0"
    lay(tmp_path, {"proc/device-tree/chosen/petipy-entries": names})
    (tmp_path / "run/systemd").mkdir(parents=True)
    nvram = tmp_path / "bin/nvram"
    nvram.parent.mkdir()
    nvram.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/kept\n')
    nvram.chmod(0o755)
    return System(tmp_path)


def test_the_entries_are_published_where_logind_looks(system: System) -> None:
    done = system.run("publish")
    place = system.root / "run/boot-loader-entries/loader/entries"
    assert sorted(path.name for path in place.iterdir()) == [
        *("Debian-1a2b.conf", "Fedora-6.11-3c4d.conf")
    ]
    # systemd leaves a file without a kernel out.
    text = (place / "Debian-1a2b.conf").read_text()
    assert text == "title Debian-1a2b\nlinux /vmlinux\n"
    assert "not a name: ../evil" in done.stderr
    assert not (system.root / "run/evil").exists()


@pytest.mark.parametrize("place", [WISH, WRITTEN])
def test_the_wish_is_kept_in_nvram(system: System, place: str) -> None:
    system.run("publish")
    (system.root / place).write_text("Fedora-6.11-3c4d.conf")
    system.run("keep")
    assert system.kept == ["-p common --update-config petipy,next=Fedora-6.11-3c4d"]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("60000000", "60"), ("1", "1"), ("2000001\n", "3"), ("0", "never"), ("0060000000", "60")],
)
def test_the_wish_for_a_menu_is_kept_in_seconds(system: System, time: str, seconds: str) -> None:
    (system.root / MENU).write_text(time)
    assert system.run("keep").returncode == 0
    assert system.kept == [f"-p common --update-config petipy,menu={seconds}"]


@pytest.mark.parametrize("time", ["", "1s", "-1", "18446744073709551615", "$(reboot)"])
def test_a_time_that_is_none_is_not_kept(system: System, time: str) -> None:
    (system.root / MENU).write_text(time)
    done = system.run("keep")
    assert (done.returncode, system.kept) == (1, [])
    assert done.stderr.endswith(f"not a time: {time}\n")


def test_a_wish_in_vain_does_not_cost_the_other(system: System) -> None:
    (system.root / WISH).write_text("gone")
    (system.root / MENU).write_text("60000000")
    assert system.run("keep").returncode == 1
    assert system.kept == ["-p common --update-config petipy,menu=60"]


def test_without_a_wish_and_with_one_that_petipy_does_not_know_nothing_is_written(
    system: System,
) -> None:
    system.run("publish")
    assert system.run("keep").returncode == 0
    for name in ("gone", "", ".."):
        (system.root / WISH).write_text(name)
        done = system.run("keep")
        words = f"petipy-next: Petipy knows no entry {name}\n"
        assert (done.returncode, done.stderr) == (1, words)
    assert not system.kept


def test_one_command_installs_what_systemd_takes_as_it_is(tmp_path: Path) -> None:
    environment = {**os.environ, "DESTDIR": str(tmp_path)}
    subprocess.run([str(INSTALLED / "install")], env=environment, check=True, capture_output=True)
    units = tmp_path / "etc/systemd/system"
    wanted = units / "multi-user.target.wants/petipy-next.service"
    assert wanted.resolve() == units / "petipy-next.service"
    assert os.access(tmp_path / "usr/local/lib/petipy/petipy-next", os.X_OK)
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", f"--root={tmp_path}", "--man=no", "petipy-next.service"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "petipy-next" not in done.stderr
