"""The catalogues of translations in the image."""

from pathlib import Path

import pytest

from initramfs import languages
from petipy.ui import catalogue


def test_the_image_has_each_catalogue_and_it_is_read_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {header.code: header for header in catalogue.list_headers()}
    german = catalogue.read("de")
    files = {path: node for path, node in languages.make_tree().items() if node.data}
    assert len(files) == len(expected) - 1  # English needs none
    for path, node in files.items():
        assert f"/{path}".startswith(f"{catalogue.PLACE}/")
        (tmp_path / Path(path).name).write_bytes(node.data)
        assert len(node.data) < 20_000
    monkeypatch.setattr(catalogue, "PLACE", str(tmp_path))
    monkeypatch.setattr(catalogue, "SOURCES", str(tmp_path / "nothing"))
    assert {header.code: header for header in catalogue.list_headers()} == expected
    assert catalogue.find_code("de_AT") == "de"
    assert catalogue.read("de") == german
