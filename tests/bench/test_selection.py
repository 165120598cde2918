"""Names of ways and tables can be had without building an image."""

import pytest

from tests.bench import __main__ as bench
from tests.bench.images import list_images


@pytest.fixture(autouse=True)
def no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[object]:
        raise AssertionError("an image would be built")

    monkeypatch.setattr(bench, "find_images", refuse)


def test_a_list_of_names_has_every_way_and_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--list"]) == 0
    names = capsys.readouterr().out.splitlines()
    assert set(bench.TABLES) < set(names)
    for image in list_images():
        for start in ("VOF", "SLOF"):
            assert {f"{who}, {image.name}, {start}" for who in ("Petipy", "floor")} < set(names)


def test_a_selection_of_nothing_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["--only", "nonsense"])
    assert "--list prints all of them" in capsys.readouterr().err


def test_a_table_that_needs_no_guest_builds_no_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(bench.TABLES, "serial", lambda _: [["bytes"], ["30"]])
    assert bench.main(["--only", "serial"]) == 0
    assert "| 30 |" in capsys.readouterr().out
