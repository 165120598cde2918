"""kexec-tools, the last resort where neither system call serves."""

import errno
import os
import subprocess
from collections.abc import Sequence

from . import file_load
from .refused import Refused
from .room import Room

_TIMEOUT = 120.0  # seconds: it hashes, and an emulated guest is slow


def find() -> str | None:
    """Return the path of the program."""
    # Without shutil, which every load would import: this decides about the way.
    directories = [*os.environ.get("PATH", "").split(":"), "/sbin", "/usr/sbin"]
    paths = (f"{directory}/kexec" for directory in directories if directory)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def load(
    program: str,
    kernel: int,
    initrds: Sequence[int],
    cmdline: bytes,
    devicetree: int | None,
    room: Room,
) -> str:
    """Stage a kernel; return the program's name.

    Raise Refused, with the program's own words if it has any.
    """
    file_load.take_room(room, kernel, initrds)
    joined = file_load.join(initrds) if len(initrds) > 1 else -1
    initrd = joined if joined >= 0 else initrds[0] if initrds else None
    try:
        _run(
            [program, *_arguments(kernel, initrd, cmdline, devicetree)], kernel, initrd, devicetree
        )
        return "kexec-tools"
    finally:
        if joined >= 0:
            os.close(joined)


def _arguments(
    kernel: int, initrd: int | None, cmdline: bytes, devicetree: int | None
) -> list[str | bytes]:
    # -c: kexec_load, because kexec_file_load was tried before. -i: no hashes of the segments.
    arguments: list[str | bytes] = ["-c", "-i", "-l", f"/proc/self/fd/{kernel}"]
    arguments.append(b"--command-line=" + cmdline)
    if initrd is not None:
        arguments.append(f"--initrd=/proc/self/fd/{initrd}")
    if devicetree is not None:
        arguments.append(f"--dtb=/proc/self/fd/{devicetree}")
    return arguments


def _run(argv: list[str | bytes], *descriptors: int | None) -> None:
    try:
        done = subprocess.run(
            argv,
            pass_fds=[fd for fd in descriptors if fd is not None],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(errno.ETIMEDOUT, f"kexec-tools gave no answer in {_TIMEOUT:.0f} s") from None
    if done.returncode:
        words = os.fsdecode(done.stderr).strip().splitlines() or [f"status {done.returncode}"]
        raise Refused(errno.EINVAL, f"kexec-tools refused it: {words[-1]}")
