from pathlib import Path

import pytest

from initramfs import build, cpio
from initramfs.host import BuildError
from initramfs.tree import Tree, file


def test_an_archive_after_a_compressed_one_is_where_the_kernel_looks_for_it() -> None:
    tree = Tree()
    tree.add("packed.zst", file(b"abc"))
    last = cpio.write(tree, 1)
    for length in range(5, 9):
        image = build.join((bytes(range(1, length)), last))
        assert image.find(last) % 4 == 0
        assert len(image) % 4 == 0


def test_the_images_settings_are_its_last_archive(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("timeout = 5  # seconds\norder = 'network,any'\n")
    (archive,) = build.make_config(build.read_config(path))
    assert b"etc/petipy.toml\0" in archive
    assert path.read_bytes() in archive
    assert build.make_config(b"") == []


def test_settings_with_a_wrong_line_build_no_image(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("timeout = 5\ncolour = 'red'\n")
    with pytest.raises(BuildError, match=r"settings:2: unknown setting colour"):
        build.read_config(path)
    with pytest.raises(BuildError, match="No such file"):
        build.read_config(tmp_path / "none")
