"""`petipy script`: what a GRUB script prints, and its status."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from petipy.commands.script import COMMAND as main

TOP = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def run(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """A script's status, what it prints, and the lines that are said about it."""

    def run(script: str, *arguments: str) -> tuple[int, str, list[str]]:
        file = tmp_path / "x.cfg"
        file.write_text(script, errors="surrogateescape")
        status = main([str(file), *arguments])
        out, err = capfdbinary.readouterr()
        return (
            status,
            out.decode(errors="surrogateescape"),
            err.decode().replace(str(file), "x.cfg").splitlines(),
        )

    return run


def test_it_prints_what_grub_prints_and_ends_with_the_last_status(run: Run) -> None:
    assert run('set x="a b"\necho $x "$x"\necho -n c\n') == (0, "a b a b\nc", [])
    assert run("echo a\nfalse\n") == (1, "a\n", [])
    assert run("test a = b\ntrue\n")[0] == 0
    assert run("load_env\n") == (
        5,
        "error: file `/boot/grub/grubenv' not found.\n",
        ["x.cfg:1: file `/boot/grub/grubenv' not found", "  load_env", "  ^"],
    )


def test_what_goes_wrong_is_told_with_its_place(run: Run) -> None:
    status, out, err = run("if false; then\n  echo x | y\n  echo shown\nfi\n")
    assert (status, out) == (17, "error: syntax error.\nshown\nerror: syntax error.\n")
    assert err == [
        "x.cfg:2: syntax error at '|'; it began in line 1, and GRUB runs the lines after this one"
        " as if they stood alone",
        "  echo x | y",
        "         ^",
        "x.cfg:4: syntax error at 'fi', a command expected",
        "  fi",
        "  ^",
    ]


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ("linux /v a=$b\nboot\nfalse\n", 0, "x.cfg: it boots /v with: BOOT_IMAGE=/v a="),
        ("reboot\nfalse\n", 0, "x.cfg: it restarts the machine"),
        ("while true; do true; done\n", 1, "x.cfg: it does not come to an end: given up"),
    ],
)
def test_a_script_that_ends_elsewhere_says_where(
    run: Run, script: str, status: int, said: str
) -> None:
    assert run(script) == (status, "", [said])


MENU = (
    "menuentry A { linux /a x; initrd /i }\nsubmenu S {\nmenuentry B { halt }\n}\nset default=S\n"
)


def test_the_entries_that_it_makes_are_told_shortly(run: Run) -> None:
    _, out, err = run(MENU)
    assert (out, err) == ("", ["x.cfg: it makes 2 entries: A, S > B (--menu shows all)"])


def test_the_menu_is_printed_when_asked_for(run: Run) -> None:
    status, out, err = run(f"echo hello\n{MENU}", "--menu")
    assert (status, err) == (0, [])
    assert out.splitlines() == [
        "hello",
        "  A",
        "    kernel    /a",
        "    initrd    /i",
        "    cmdline   BOOT_IMAGE=/a x",
        "* S > B",
        "    ! it switches the machine off",
    ]


def test_variables_can_be_set_and_the_tree_be_seen(run: Run, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/more.cfg").write_text("echo more $x\n")
    script = 'source /more.cfg\n[ -e /more.cfg ] && true\nif [ -e /more.cfg ]; then echo "is"; fi\n'
    _, out, _ = run(
        script.replace(" && true", ""), "--root", str(tmp_path / "root"), "--set", "x=y"
    )
    assert out == "more y\nis\n"
    assert run("source /more.cfg\n")[1] == ""


def test_a_script_in_the_tree_knows_where_it_lies(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("echo $prefix\n", "--root", str(tmp_path.parent))
    assert out == f"(hd0)/{tmp_path.name}\n"


def test_it_runs_on_the_machine_of_a_file(run: Run, tmp_path: Path) -> None:
    machine = {
        "machine": "ppc64le",
        "env": {"x": "from the file"},
        "prefix": "(hd0,gpt2)/grub",
        "devices": [
            {"name": "hd0,gpt1"},
            {"name": "hd0,gpt2", "uuid": "1-2", "files": {"/grub/a": "echo a\n"}},
        ],
    }
    (tmp_path / "m.json").write_text(json.dumps(machine))
    script = "echo $x, $grub_platform, $prefix\nsearch --fs-uuid --set=r 1-2\nsource ($r)/grub/a\n"
    _, out, _ = run(script, "--machine", str(tmp_path / "m.json"))
    assert out == "from the file, ieee1275, (hd0,gpt2)/grub\na\n"


def test_the_dialect_is_seen_or_forced(run: Run) -> None:
    script = "x=1\nincrement x\necho a\\x20 $x\n"
    assert run(script)[1] == "a\\x20 2\n"
    assert run(script, "--dialect", "debian")[1].endswith("ax20 1\n")


def test_bytes_come_out_as_they_went_in_where_no_terminal_reads(run: Run) -> None:
    assert run("echo \udcff\x1b\n")[1] == "\udcff\x1b\n"


def test_standard_input_is_a_file(capfd: pytest.CaptureFixture[str]) -> None:
    argv = [sys.executable, "-m", "petipy", "script", "-"]
    done = subprocess.run(argv, cwd=TOP, input=b"echo a\nfalse\n", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"a\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["/none"],
        ["-", "--set", "x"],
        ["-", "--root", "/none"],
        ["-", "--machine", "/none.json"],
        [],
    ],
)
def test_bad_usage_is_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"echo a\n")))
    assert main(arguments) == 2
    assert "petipy script: " in capsys.readouterr().err


def test_a_script_may_ask_what_time_it_is(run: Run, tmp_path: Path) -> None:
    script = "insmod datehook\nif [ $YEAR -ge 2024 ]; then echo now; fi\n"
    assert run(script) == (0, "now\n", [])
    assert run(script, "--root", str(tmp_path)) == (0, "now\n", [])
