"""Small inputs after public reports: the entry that boots by itself, by the readers' own rules."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from petipy.commands.list import COMMAND as main
from tests.cases import SHARED

REPORTS = SHARED / "reports"
pytestmark = pytest.mark.shared("reports")


def answers(folder: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> list[dict[str, Any]]:
    """Run the commands of a case in its folder. Return their answers."""
    monkeypatch.chdir(REPORTS / folder)
    found = []
    for line in Path("command.txt").read_text().splitlines():
        _, _, _, command, *arguments = shlex.split(line)
        assert command == "list"
        main(["--json", *arguments])
        found.append(json.loads(capsys.readouterr().out))
    return found


@pytest.mark.parametrize(
    ("folder", "titles", "kernels", "timeouts"),
    [
        (
            "chainloader-of-a-uki",
            ["Arch Linux (linux)", "Run"],
            ["/EFI/Linux/arch-linux.efi", "/EFI/ubuntu/kernel.efi"],
            [5, 0],
        ),
        ("default-opens-another-menu", ["Arch"] * 2, ["/boot/vmlinuz"] * 2, [5, None]),
        ("lanzaboote-stub", [None], ["/EFI/nixos/kernel-6.6.efi"], [None]),
        ("u-boot-containers", ["one"], ["/Image"], [0]),
        ("whichsys", ["one"], ["/k"], [15]),
    ],
)
def test_the_entry_that_boots_by_itself_is_the_readers_own(
    folder: str,
    titles: list[str | None],
    kernels: list[str],
    timeouts: list[float | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answers(folder, monkeypatch, capsys)
    chosen = [
        next(e for e in answer["entries"] if e["id"] == answer["default"]) for answer in found
    ]
    assert [e["kernel"]["path"] for e in chosen] == kernels
    assert all(title in (None, e["title"]) for title, e in zip(titles, chosen, strict=True))
    assert [answer["timeout"] for answer in found] == timeouts


def test_containers_of_u_boot_are_no_part_of_what_boots(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (answer,) = answers("u-boot-containers", monkeypatch, capsys)
    one, two = answer["entries"]
    assert [(i["path"], i["offset"]) for i in one["initrds"]] == [("/uInitrd", 64)]
    assert "FIT" in two["unbootable"]


def test_blanks_within_quotes_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (answer,) = answers("bls-options-blanks", monkeypatch, capsys)
    assert "a.c +p;  file" in answer["entries"][0]["cmdline"]


def test_a_misspelt_word_of_a_device_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPORTS / "device-option-typo")
    _, _, _, _, *arguments = shlex.split(Path("command.txt").read_text())
    assert main(arguments) == 2
    assert "unknown word: partition" in capsys.readouterr().err
