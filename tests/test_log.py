from pathlib import Path

from petipy.log import Log
from petipy.state.model import Status


def test_lines_are_kept_and_written_and_those_that_matter_are_shown(tmp_path: Path) -> None:
    shown: list[Status] = []
    log = Log(shown.append, files=(f"{tmp_path}/run/log", f"{tmp_path}/run/log/kmsg"))
    log.debug("too fine")
    log.info("found vda2")
    log.warning("sdb1: \udcff unreadable")
    log.announce("loading")
    assert [s.text for s in log.lines] == ["found vda2", "sdb1: \\udcff unreadable", "loading"]
    assert [s.level for s in shown] == ["warning", "info"]
    lines = (tmp_path / "run/log").read_text().splitlines()
    assert lines[0].endswith(" info: found vda2")
    assert lines[1].endswith(" warning: sdb1: \\udcff unreadable")


def test_debug_keeps_the_fine_ones_too(tmp_path: Path) -> None:
    log = Log(debug=lambda: True, files=(f"{tmp_path}/log",))
    log.debug("fine")
    assert log.lines[0].level == "debug"


def test_no_line_has_the_password_of_a_url(tmp_path: Path) -> None:
    log = Log(files=())
    log.info("http://me:se@cret@boot.test/a@b: 404, then tftp://boot.test/a@b")
    assert log.lines[0].text == "http://boot.test/a@b: 404, then tftp://boot.test/a@b"
