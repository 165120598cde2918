"""The image of the demonstration, and when it is built anew."""

from pathlib import Path

import pytest

from initramfs import demo
from initramfs.archive import MIRROR, Archive
from initramfs.host import BuildError


def test_a_kernel_that_is_new_in_the_cache_makes_another_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise BuildError("an image would be built")

    monkeypatch.setattr(demo, "fingerprint", lambda: "0123")
    monkeypatch.setattr(Archive, "update", refuse)
    done = tmp_path / "demo/done"
    done.parent.mkdir()
    done.write_text(f"stable {MIRROR} 0123")
    assert demo.prepare(tmp_path, "stable", MIRROR) == tmp_path / "demo"
    (tmp_path / "kernel/ppc64el-6.12-0123").mkdir(parents=True)
    with pytest.raises(BuildError, match="would be built"):
        demo.prepare(tmp_path, "stable", MIRROR)
