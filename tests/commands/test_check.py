"""`petipy check`: what is wrong with a configuration, and where."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petipy.commands.check import COMMAND as main
from tests.trees import lay

FILES = {"vmlinuz": "", "initrd": ""}
CLEAN = """\
set default=0
menuentry One { linux /vmlinuz root=UUID=1-2 ro; initrd /initrd }
submenu More { menuentry Two { linux /vmlinuz root=UUID=1-2 single } }
"""

Check = Callable[..., tuple[int, list[tuple[str, int, str]]]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Status and findings of a disk with this grub.cfg: kind, line, message."""

    def run(script: str, *arguments: str, files: dict[str, str] = FILES) -> Any:
        lay(tmp_path, {**files, "boot/grub/grub.cfg": script})
        device = f"--device=sda1={tmp_path},label=SYSTEM,uuid=1-2"
        status = main(["--json", "--machine", "ppc64le", device, *arguments])
        found = json.loads(capsys.readouterr().out)["findings"]
        assert all(f["config"] == "/boot/grub/grub.cfg" or not f["line"] for f in found)
        return status, [(f["kind"], f["line"], f["message"]) for f in found]

    return run


def test_nothing_is_wrong_with_a_good_one(check: Check) -> None:
    assert check(CLEAN) == (0, [])


@pytest.mark.parametrize(
    ("script", "kind", "line", "message"),
    [
        ("thn x\n" + CLEAN, "problem", 1, "can't find command `thn'"),
        (
            CLEAN.replace("/initrd", "/gone"),
            "missing",
            2,
            "the initrd (sda1)/gone does not exist",
        ),
        (
            "menuentry A {\n\n linux /gone\n}\n",
            "missing",
            3,
            "the kernel (sda1)/gone does not exist",
        ),
        (CLEAN.replace("=0", "=9"), "problem", 1, "the default '9' is no entry: the first is"),
        (
            f"{CLEAN}set fallback=7\n",
            "problem",
            4,
            "the fallback '7' is no entry of its menu",
        ),
        (
            "menuentry A {\n search --set=root --label NONE\n linux /v\n}\n",
            "device",
            3,
            "'A' waits for the file system labelled NONE, which is not there",
        ),
        (
            "menuentry A {\n search --set=root --fs-uuid 3-4\n linux /vmlinuz\n}\n",
            "problem",
            2,
            "the file system with UUID 3-4 is not there: the kernel comes from (hd0)",
        ),
        (
            "set args='ro root=UUID=3-4'\nmenuentry A { linux /vmlinuz $args }\n",
            "device",
            1,
            "no device is the file system with UUID 3-4, of root=UUID=3-4",
        ),
        (
            f"{CLEAN}menuentry Other {{ linux /vmlinuz  ro root=UUID=1-2 }}\n"
            "menuentry Same { linux /vmlinuz ro root=UUID=1-2 }\n",
            "repeated",
            5,
            "it boots the same as 'Other' (line 4)",
        ),
        (
            f"{CLEAN}menuentry One {{ linux /vmlinuz ro }}\n",
            "repeated",
            4,
            "'One' is also what 'One' (line 2) is called: by this name only that one can be the"
            " default",
        ),
        (
            "menuentry A --hotkey=a { linux /vmlinuz }\n"
            "menuentry B --hotkey=a { linux /vmlinuz ro }\n",
            "repeated",
            2,
            "the key a is that of 'A' (line 1), too",
        ),
        (
            f"{CLEAN}set x=quiet\nsubmenu S {{\n menuentry A {{ linux /vmlinuz $x }}\n}}\n",
            "dialect",
            6,
            "'A': only Red Hat's GRUB has the kernel told quiet",
        ),
        (
            CLEAN.replace("=0", "='1>0'"),
            "dialect",
            1,
            "Debian's GRUB has the default 'More > Two', Red Hat's GRUB 'One'",
        ),
        (
            "menuentry A {\n linux /vmlinuz\n false\n}\n",
            "dialect",
            1,
            "'A': Red Hat's GRUB boots nothing whose last command fails",
        ),
        (
            "set n=1\nincrement n\nif [ $n = 2 ]; then menuentry A { linux /vmlinuz }; fi\n",
            "dialect",
            3,
            "only Red Hat's GRUB offers 'A'",
        ),
        (
            f"insmod increment\nfallback=More\n{CLEAN}",
            "dialect",
            2,
            "in Debian's GRUB: the fallback 'More' is no entry of its menu",
        ),
        (
            "set superusers=root\nexport superusers\npassword bob x\n"
            "menuentry A --users bob { linux /vmlinuz }\nmenuentry B { linux /vmlinuz ro }\n",
            "unreachable",
            5,
            "'B' is for root, and no such user has a password",
        ),
        ("", "problem", 0, "there is nothing to boot"),
    ],
)
def test_each_thing_that_is_wrong_is_found_where_it_is(
    check: Check, script: str, kind: str, line: int, message: str
) -> None:
    assert check(script) == (1, [(kind, line, message)])


def test_a_dialect_that_is_forced_is_not_compared_with_the_other(check: Check) -> None:
    script = CLEAN.replace("=0", "='1>0'")
    assert check(script, "--dialect", "debian") == (0, [])


def test_a_configuration_for_a_third_dialect_is_not_compared(check: Check) -> None:
    script = "hiddenentry T { true }\nsubmenu S { menuentry A { linux /vmlinuz $x } }"
    assert check(f"set x=quiet\n{script}") == (
        1,
        [("unreachable", 2, "'T' is hidden, has no key and is no default: nothing reaches it")],
    )


def test_a_tree_alone_says_nothing_of_devices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = CLEAN.replace("1-2", "9-9") + "search --set=x --label NONE\n"
    lay(tmp_path, {**FILES, "boot/grub/grub.cfg": script})
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "no findings, 2 entries\n"


def test_what_is_wrong_with_a_file_as_a_whole_has_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn.iso").write_bytes(b"")
    assert main([str(tmp_path)]) == 1
    fault = "no file system that is known is in it; is it whole?"
    assert f"{tmp_path}/torn.iso: {fault}" in capsys.readouterr().out.splitlines()


def test_findings_are_lines_with_the_place_and_a_caret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path, {"etc/yaboot.conf": "image=/v\n  oops=1\n"})
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/etc/yaboot.conf:1: the kernel ({tmp_path.name})/v does not exist",
        f"{tmp_path}/etc/yaboot.conf:2: unknown setting: 'oops'",
        "  oops=1",
        "  ^",
        "2 findings, 1 entry",
    ]


@pytest.mark.parametrize(
    ("name", "text", "status", "expected"),
    [
        ("grub.cfg", f"load_env\nthn\n{CLEAN}", 1, ["2: can't find command `thn'", "  thn"]),
        ("any.txt", CLEAN, 0, []),
        (
            "yaboot.conf",
            "image=/v\nlabel=a\nappend=b\nnonsense\n",
            1,
            ["4: unknown setting: 'nonsense'"],
        ),
        ("part.cfg", "set x=1\n", 0, []),
        ("grub.cfg", f"load_env\nset x=1\nsave_env x\n{CLEAN}", 0, []),
        (
            "grub.cfg",
            "load_env -f /a\nprobe --set=u -u (hd9)\nls (hd9,1)/\nsubmenu S { source /b.cfg }\n",
            0,
            [],
        ),
        ("syslinux.cfg", "INCLUDE more.cfg\nLABEL a\nKERNEL /a\n", 0, []),
        ("x.efi", "text", 1, ["1: not an EFI program: it does not begin with MZ"]),
    ],
)
def test_a_file_alone_is_checked_for_what_it_says(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    status: int,
    expected: list[str],
) -> None:
    (tmp_path / name).write_text(text)
    assert main([str(tmp_path / name)]) == status
    lines = capsys.readouterr().out.splitlines()
    found = [line.removeprefix(f"{tmp_path}/{name}:") for line in lines[:-1]]
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)


def test_the_format_of_a_file_can_be_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_text("default=a\nimage=/v\nlabel=b\n")
    assert main([str(tmp_path / "x"), "--format", "yaboot"]) == 1
    assert ":1: no image is called 'a', so the first is the default" in capsys.readouterr().out


def test_a_machine_in_a_file_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"/boot/grub/grub.cfg": "menuentry A { linux /v root=UUID=9-9 }\n"}
    machine = {"machine": "ppc64le", "devices": [{"name": "sda1", "uuid": "1-2", "files": files}]}
    (tmp_path / "m.json").write_text(json.dumps(machine))
    assert main(["--machine", str(tmp_path / "m.json")]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "(sda1)/boot/grub/grub.cfg:1: the kernel (sda1)/v does not exist",
        "(sda1)/boot/grub/grub.cfg:1: no device is the file system with UUID 9-9, of root=UUID=9-9",
        "2 findings, 1 entry",
    ]


@pytest.mark.parametrize(
    "arguments", [["/none"], ["--format", "grub", "/"], ["--format", "x", "/"], ["a", "b"]]
)
def test_bad_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "petipy check: " in capsys.readouterr().err


def test_a_file_that_is_no_configuration_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes").write_text("this is\nno configuration\n")
    assert main([str(tmp_path / "notes")]) == 2
    assert "say it with --format" in capsys.readouterr().err
    (tmp_path / "m").write_text('{"devices": []}\n')
    assert main([str(tmp_path / "m")]) == 2
    assert "is checked with --machine" in capsys.readouterr().err
