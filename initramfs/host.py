"""Use the machine that builds: install tools, run commands, print progress, lock the cache."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
APT = REPOSITORY / "initramfs/apt.sh"
started = time.monotonic()


class BuildError(Exception):
    """An error that ends the build; the text says what to do about it."""


def say(text: str) -> None:
    """Print a line of progress to standard error: standard output may be a pipe."""
    sys.stderr.write(f"[{time.monotonic() - started:5.1f} s] {text}\n")
    sys.stderr.flush()


def warn(text: str) -> None:
    say(f"warning: {text}")


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def run(
    argv: Sequence[str | Path],
    *,
    feed: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    executable: str | None = None,
    timeout: float = 900,
) -> bytes:
    """Run a command; return its output. BuildError has the end of its error messages."""
    environment = {**os.environ, "LC_ALL": "C", **(env or {})}
    try:
        done = subprocess.run(
            argv,
            input=feed,
            stdin=subprocess.DEVNULL if feed is None else None,
            capture_output=True,
            env=environment,
            cwd=cwd,
            executable=executable,
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{argv[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{argv[0]} did not end within {timeout:.0f} s") from error
    if done.returncode:
        words = " ".join(str(word) for word in argv)
        complaint = done.stderr.decode(errors="replace").strip()[-2000:]
        raise BuildError(f"{words} ended with {done.returncode}:\n{complaint}")
    return done.stdout


def tool(name: str) -> str | None:
    """Return the path of a command; look in /usr/sbin and /sbin, too."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def need(tools: Mapping[str, str]) -> None:
    """Install the absent tools (command or absolute path → Debian package)."""
    lacking = sorted({package for name, package in tools.items() if not tool_there(name)})
    if not lacking:
        return
    arguments = ["install", "-y", "--no-install-recommends", *lacking]
    rights = [] if os.geteuid() == 0 else ["sudo"]
    if rights and not may_use_sudo():
        words = " ".join(arguments)
        raise BuildError(f"this needs {', '.join(lacking)}; as root: apt-get {words}")
    say(f"installing {', '.join(lacking)}")
    try:
        _run_apt(rights, arguments)
    except BuildError:  # a fresh machine has no package lists, an old one stale ones
        _run_apt(rights, ["update"])
        _run_apt(rights, arguments)


def _run_apt(rights: Sequence[str], arguments: Sequence[str]) -> None:
    """Run apt-get when nobody else does. Its errors, and what it waits for, go to our own."""
    command = [*rights, "sh", str(APT), *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise BuildError(f"apt-get {' '.join(arguments)} ended with {done.returncode}")


def tool_there(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else tool(name) is not None


def may_use_sudo() -> bool:
    """Return True if sudo works or can ask a person for a password."""
    if not tool("sudo"):
        return False
    if sys.stdin.isatty():
        return True
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "petipy"


def epoch() -> int:
    """Return the time stamp of every file: a fixed one, so that equal contents are equal bytes."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "1")
    if not (text.isascii() and text.isdigit()):
        raise BuildError(f"SOURCE_DATE_EPOCH is no number of seconds: {text!r}")
    return int(text)


def run_to_end(work: Callable[[], None]) -> int:
    """Do the work of a program; return its exit status. An error becomes a line for the person.

    A request to end, or a terminal that goes away, ends the work as Ctrl-C does: what it has made
    in between is removed.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has ignored SIGHUP
            signal.signal(number, signal.default_int_handler)
    try:
        work()
    except BuildError as error:
        say(f"failed: {error}")
        return 1
    except OSError as error:  # a file system is full, or a directory is somebody else's
        say(f"failed: {error.filename or 'a file'}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        say("ended before it was done")
        return 130
    return 0


@contextmanager
def locked(directory: Path) -> Iterator[int]:
    """Lock the directory; wait until no other process has it locked.

    The value is the descriptor of the lock. A child that inherits it keeps the lock as well.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another build that uses {directory}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def write_whole(path: Path, data: bytes) -> None:
    """Write the file in one step: no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:  # the file system may be full
        part.unlink(missing_ok=True)
