from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "menu").write_text("text of the menu")
    return tmp_path
