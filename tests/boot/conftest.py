from pathlib import Path

import pytest


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files of a boot on the disk vda2."""
    (tmp_path / "vda2").mkdir()
    for name, text in ("vmlinux", "KERNEL"), ("initrd", "one"), ("dtb", "tree"), ("bad", "<html>"):
        (tmp_path / "vda2" / name).write_text(text)
    return tmp_path
