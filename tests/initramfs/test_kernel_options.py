"""The options of a kernel of our own."""

import os
from pathlib import Path

import pytest

from initramfs.archive import Package
from initramfs.host import BuildError
from initramfs.kernel import options, tailored
from initramfs.kernel.options import Option

ARCHITECTURES = sorted(tailored.TARGETS)


def fragment(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.config"
    path.write_text(text)
    return path


def test_a_fragment_has_options_with_reasons_and_comments(tmp_path: Path) -> None:
    text = (
        '# Disks\nCONFIG_SCSI=y  # disks\n\nCONFIG_LSM="a,b"\nCONFIG_NR_CPUS=64 # many\n'
        "CONFIG_PHYSICAL_START=0x1000000 # where\n"
    )
    assert options.read(fragment(tmp_path, text)) == [
        Option("SCSI", "y", "some.config:2", "disks"),
        Option("LSM", '"a,b"', "some.config:4", ""),
        Option("NR_CPUS", "64", "some.config:5", "many"),
        Option("PHYSICAL_START", "0x1000000", "some.config:6", "where"),
    ]


@pytest.mark.parametrize("line", ["SCSI=y", "CONFIG_SCSI", "CONFIG_SCSI=yes", "CONFIG_A=y b"])
def test_a_line_that_is_no_option_is_named(line: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"some\.config:1: no option of a kernel"):
        options.read(fragment(tmp_path, line))


def test_an_option_that_lost_its_value_is_named_with_its_place() -> None:
    wanted = {"A": Option("A", "y", "x.config:1", ""), "B": Option("B", "n", "x.config:2", "")}
    config = options.parse_config("CONFIG_A=m\n# CONFIG_B is not set\n")
    assert options.find_lost(wanted, config) == ["x.config:1: A=y became m"]
    assert options.write(wanted) == "CONFIG_A=y\n# CONFIG_B is not set\n"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_option_says_what_it_is_for_and_stands_once(architecture: str) -> None:
    found = [option for path in options.fragments(architecture) for option in options.read(path)]
    assert not [option.place for option in found if not option.reason]
    names = [option.name for option in found]
    assert sorted(set(names)) == sorted(names)


def test_every_fragment_belongs_to_an_architecture() -> None:
    used = {path for name in ARCHITECTURES for path in options.fragments(name)}
    assert used == set(options.HOME.glob("*.config"))


def write_program(place: Path, words: str) -> None:
    place.write_text(f"#!/bin/sh\n{words}\n")
    place.chmod(0o755)


@pytest.mark.parametrize(("words", "works"), [("exit 0", True), ("echo full >&2; exit 1", False)])
def test_ccache_without_a_place_to_write_is_not_used(
    words: str, works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path / "ccache", words)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tailored.has_ccache.cache_clear()
    assert tailored.has_ccache() == works
    tailored.has_ccache.cache_clear()


def test_another_time_stamp_makes_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailored, "run", lambda argv: b"compiler 1.0\n")
    source = Package("linux-source-1", "1.0-1", Path("/pool/linux-source-1_0123.deb"))
    names = set()
    for epoch in ("1", "1700000000", "1800000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        names.add(tailored.make_name(source, "amd64"))
    assert len(names) == 3
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(BuildError, match="SOURCE_DATE_EPOCH is no number of seconds: 'today'"):
        tailored.make_name(source, "amd64")


@pytest.mark.parametrize("there", [True, False])
def test_ccache_compiles_where_it_is_installed(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailored, "has_ccache", lambda: there)
    words = tailored.make(tmp_path, tmp_path, tailored.TARGETS["ppc64el"])
    assert ("CC=ccache powerpc64le-linux-gnu-gcc" in words) == there
