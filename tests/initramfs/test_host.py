"""Check what a program of the host's side tells the person who has started it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from initramfs.host import BuildError, run_to_end, write_whole
from initramfs.manifest import Manifest


def fail(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (BuildError("no mirror"), 1, "failed: no mirror"),
        (OSError(28, "No space left on device", "/x/y"), 1, "/x/y: No space left on device"),
        (OSError(28, "No space left on device"), 1, "a file: No space left on device"),
        (KeyboardInterrupt(), 130, "ended before it was done"),
    ],
)
def test_an_error_is_a_line_and_a_status(
    error: BaseException, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_to_end(fail(error)) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(words)


def test_an_error_of_the_program_itself_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run_to_end(fail(ZeroDivisionError()))


def test_a_file_that_does_not_fit_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(tmp_path / "vmlinux", b"old")

    def fill(part: Path, data: bytes) -> None:
        with part.open("wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device", str(part))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fill)
        with pytest.raises(OSError, match="No space"):
            write_whole(tmp_path / "vmlinux", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["vmlinux"]
    assert (tmp_path / "vmlinux").read_bytes() == b"old"


def test_a_build_removes_what_an_earlier_one_has_written_and_nothing_else(tmp_path: Path) -> None:
    output = tmp_path / "out"
    Manifest("ppc64el", "stable").write(output, {"vmlinux": b"ours", "zImage": b"ours"})
    (output / "notes").write_text("a person's")
    Manifest("ppc64el", "stable").write(output, {"vmlinux": b"Debian's"})
    assert sorted(path.name for path in output.iterdir()) == ["manifest.json", "notes", "vmlinux"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 1}', '{"files": {"../kept": {}}}'])
def test_a_manifest_of_anything_removes_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a person's")
    output = tmp_path / "out"
    output.mkdir()
    (output / "manifest.json").write_text(text)
    Manifest("ppc64el", "stable").write(output, {"vmlinux": b"ours"})
    assert (tmp_path / "kept").exists()
