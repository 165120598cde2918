"""Trees of files for tests."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

Content = str | bytes | Path


def lay(tree: Path, files: Mapping[str, Content]) -> Path:
    """Write the files below `tree`; a Path is linked or copied from there."""
    for name, content in files.items():
        place = tree / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            link_or_copy(content, place)
        elif isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content, "utf-8", "surrogateescape")
    return tree


def link_or_copy(source: str | Path, place: str | Path) -> None:
    try:
        os.link(source, place)
    except OSError:  # another file system
        shutil.copyfile(source, place)
