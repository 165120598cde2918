"""Check what a program of the host's side tells the person who has started it."""

from collections.abc import Callable

import pytest

from initramfs.host import BuildError, run_to_end


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
