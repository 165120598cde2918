"""Output of the commands on any terminal, in any locale, to a reader that may go away."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from petipy.commands.list import COMMAND as main
from petipy.report.visible import escape

TOP = Path(__file__).parents[2]

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A tree with this yaboot.conf."""

    def make(text: str) -> Path:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/yaboot.conf").write_text(text, errors="surrogateescape")
        return tmp_path

    return make


def test_safe_leaves_what_can_be_printed() -> None:
    assert escape("Größe 日本 é") == "Größe 日本 é"
    assert escape("\x07\x9b\u2028") == "\\x07\\x9b\\u2028"


def test_what_a_disk_says_cannot_command_the_terminal(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'image=/v\nlabel="\x1b[2Jx\\ny\u202e\udcff"\n'
    assert main([str(written(text))]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "* \\x1b[2Jx\\ny\\u202e\\udcff"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_fits_any_locale(written: Written, encoding: str) -> None:
    root = written('image=/v\nlabel="日本\x1b \udce9"\n')
    argv = [sys.executable, "-m", "petipy", "list", str(root)]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(argv, cwd=TOP, env=environment, capture_output=True, check=True)
    assert b"\\x1b" in done.stdout
    assert b"\x1b" not in done.stdout
    assert done.stdout.decode(encoding)


def test_a_reader_that_goes_away_is_no_traceback(written: Written) -> None:
    root = written("image=/v\n" * 1000)
    argv = [sys.executable, "-m", "petipy", "list", str(root)]
    with subprocess.Popen(argv, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stderr
        child.stdout.close()
        assert not child.stderr.read()
