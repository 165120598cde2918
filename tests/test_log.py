from pathlib import Path

from petipy.log import Log
from petipy.state.model import Status


def test_lines_are_kept_written_and_the_bad_ones_told(tmp_path: Path) -> None:
    told: list[Status] = []
    log = Log(files=(f"{tmp_path}/run/log", "/nonexistent/kmsg/x/y"))
    log.tell = told.append
    log.debug("too fine")
    log.info("found vda2")
    log.warning("sdb1: \udcff unreadable")
    assert [s.text for s in log.lines] == ["found vda2", "sdb1: \udcff unreadable"]
    assert [s.level for s in told] == ["warning"]
    lines = (tmp_path / "run/log").read_text().splitlines()
    assert lines[0].endswith(" info: found vda2")
    assert lines[1].endswith(" warning: sdb1: ? unreadable")


def test_debug_keeps_the_fine_ones_too(tmp_path: Path) -> None:
    log = Log(debug=lambda: True, files=(f"{tmp_path}/log",))
    log.debug("fine")
    assert log.lines[0].level == "debug"
