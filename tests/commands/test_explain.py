"""`petipy explain`: the file and the line of everything in an entry."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petipy.commands.explain import COMMAND as main
from tests.commands.test_list import ENTRY_KEYS
from tests.trees import lay

GRUB = """\
load_env
set default="${saved_entry}"
set common="quiet splash"
search --set=root --label SYSTEM
thn oops
function kernel {
  linux /vmlinuz-$1 root=LABEL=SYSTEM $common $extra
}
menuentry "First" --id first {
  kernel 6.1
  initrd /initrd-6.1 /micro
  set next_entry=
  save_env next_entry
  nonsense
}
submenu "More" {
  menuentry "Second one" --id second { linux /vmlinuz-6.1 single }
  menuentry "Gone" --id gone { search --set=root --label NONE; linux /v }
}
"""
BLOCK = "# GRUB Environment Block\nsaved_entry=first\nextra=debug\n".ljust(1024, "#")
FILES = {
    "boot/grub/grub.cfg": GRUB,
    "boot/grub/grubenv": BLOCK,
    "vmlinuz-6.1": "",
    "initrd-6.1": "",
    "micro": "",
}

Explain = Callable[..., tuple[int, str, str]]


@pytest.fixture
def explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Explain:
    """Status and output for an entry of a disk that holds the files."""
    lay(tmp_path, FILES)

    def run(*arguments: str) -> tuple[int, str, str]:
        device = f"--device=sda1={tmp_path},label=SYSTEM,uuid=1-2"
        status = main([*arguments, device, "--machine", "ppc64le"])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_everything_that_made_an_entry_is_told_with_its_place(explain: Explain) -> None:
    status, out, _ = explain("First")
    assert status == 0
    assert out.splitlines() == [
        "First",
        "  id          1-2:/boot/grub/grub.cfg#first",
        "  written in  /boot/grub/grub.cfg:9 (grub, debian's)",
        "  default     yes, it boots by itself: 'first' of $default, set in line 2;"
        " $saved_entry, kept in /boot/grub/grubenv, line 2",
        "  kernel      (sda1)/vmlinuz-6.1",
        "      by linux in line 7; kernel called in line 10; $root, set by search in line 4",
        "  initrd      (sda1)/initrd-6.1",
        "  initrd      (sda1)/micro",
        "      by initrd in line 11",
        "  command line, and where each part of it is written",
        "    BOOT_IMAGE=/vmlinuz-6.1",
        "      by linux in line 7; $1, given to kernel in line 10",
        "    root=LABEL=SYSTEM",
        "      by linux in line 7",
        "    quiet splash",
        "      by $common, set in line 3",
        "    debug",
        "      by $extra, kept in /boot/grub/grubenv, line 3",
        "  on booting  /boot/grub/grubenv: next_entry=",
        "  problems in its lines:",
        "    (sda1)/boot/grub/grub.cfg:14: can't find command `nonsense'",
        "      nonsense",
        "      ^",
    ]


def test_what_an_entry_waits_for_and_why_it_does_not_boot_is_told(explain: Explain) -> None:
    _, out, _ = explain("More > Gone")
    assert "  obstacle    waits for the file system labelled NONE\n" in out
    assert "  default     no\n" in out


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("first", ["First"]),
        ("1-2:/boot/grub/grub.cfg#More>second", ["Second one"]),
        ("second one", ["Second one"]),
        ("More>Second one", ["Second one"]),
        ("more", ["Second one", "Gone"]),
        ("default", ["First"]),
        ("ON", ["Second one", "Gone"]),
    ],
)
def test_an_entry_is_known_by_id_name_title_and_a_part_of_it(
    explain: Explain, text: str, titles: list[str]
) -> None:
    status, out, _ = explain(text, "--json")
    assert status == 0
    assert [entry["title"] for entry in json.loads(out)["entries"]] == titles


def test_the_json_of_an_entry_is_that_of_list_and_its_reasons(explain: Explain) -> None:
    (entry,) = json.loads(explain("first", "--json")[1])["entries"]
    assert set(entry) == {
        *ENTRY_KEYS,
        *("boots_by_itself", "default_from", "words", "statements", "problems"),
    }
    assert entry["boots_by_itself"] is True
    assert entry["words"][-1] == {
        "text": "debug",
        "from": [
            {
                "what": "$extra",
                "value": "debug",
                "config": "/boot/grub/grubenv",
                "line": 3,
                "how": "load_env",
            }
        ],
    }
    statements = [(s["origin"]["what"], s["origin"]["line"]) for s in entry["statements"]]
    assert statements == [("linux", 7), ("initrd", 11)]
    needed = [(o["what"], o["how"]) for o in entry["statements"][0]["variables"]]
    assert needed == [("kernel", "call"), ("$root", "search")]
    (problem,) = entry["problems"]
    assert (problem["line"], problem["column"], problem["excerpt"]) == (14, 3, "  nonsense")


def test_an_entry_that_is_not_there_is_status_1_and_the_others_are_named(explain: Explain) -> None:
    status, out, err = explain("nothing like it")
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "petipy explain: no entry is called 'nothing like it'; there are:",
        "  First",
        "  More > Second one",
        "  More > Gone",
    ]


@pytest.mark.parametrize("arguments", [[], ["x", "--device", "nonsense"], ["x", "/none"]])
def test_bad_usage_is_status_2(arguments: list[str], capsys: Any) -> None:
    assert main(arguments) == 2
    assert "petipy explain: " in capsys.readouterr().err


def test_each_of_several_initrds_is_told_with_the_setting_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "title Fedora\nlinux /k\ninitrd /micro\ninitrd /i\noptions quiet\n"
    (tmp_path / "loader/entries").mkdir(parents=True)
    (tmp_path / "loader/entries/a.conf").write_text(text)
    for name in ("k", "micro", "i"):
        (tmp_path / name).write_text("")
    assert main(["Fedora", f"--device=sda1={tmp_path}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("  initrd      (sda1)/micro")
    assert lines[at + 1 : at + 4] == [
        "      by initrd in line 3",
        "  initrd      (sda1)/i",
        "      by initrd in line 4",
    ]


def test_a_default_that_efi_keeps_is_explained_by_its_variables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def kept(text: str) -> str:
        return b64encode(f"{text}\0".encode("utf-16-le")).decode()

    guid = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    said = {"LoaderEntryDefault": kept("@saved"), "LoaderEntryLastBooted": kept("a.conf")}
    files = {f"/loader/entries/{n}.conf": f"linux /{n}\n" for n in "ab"}
    about = {
        "devices": [{"name": "sda1", "files": files}],
        "firmware": {"variables": {f"{name}-{guid}": text for name, text in said.items()}},
    }
    (tmp_path / "m.json").write_text(json.dumps(about))
    assert main(["default", "--machine", str(tmp_path / "m.json")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "'@saved' of EFI's LoaderEntryDefault (@saved);" in shown
    assert "EFI's LoaderEntryLastBooted (a.conf)" in shown


def test_overlays_of_a_device_tree_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "LABEL a\nLINUX /v\nFDT /t\nFDTOVERLAYS /b /a\n"
    files = dict.fromkeys(("/v", "/t", "/a", "/b"), "") | {"/boot/extlinux/extlinux.conf": text}
    lay(tmp_path, files)
    assert main(["a", f"--device=sda1={tmp_path}", "--machine", "aarch64"]) == 0
    assert capsys.readouterr().out.endswith(
        "  devicetree  (sda1)/t\n      by fdt in line 3\n"
        "  overlay     (sda1)/b\n  overlay     (sda1)/a\n      by fdtoverlays in line 4\n"
    )
