"""NFS: the kernel mounts the directory of a file before the process gives up its rights.

For nfs://SERVER/export/path/file it mounts SERVER:/export/path, read-only, by version 4.1, 4.0 or 3
(RFC 8881, 7530, 1813). The process that reads has a user number that nobody has: the file must be
readable by everybody.
"""

import asyncio
import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from petipy.fetch.failure import FetchError
from petipy.fetch.scheme import Job, Pace, Scheme
from petipy.fetch.url import Url, parse
from petipy.sys import mount, names

_LOOKUP = 10.0  # seconds for the name of a server
_PIECE = 1 << 20  # bytes
_SILENT = {errno.ETIMEDOUT, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH}

_Place = tuple[str, str]  # server and directory
_roots: dict[_Place, int | OSError] = {}  # descriptors of what is mounted, and failures


def prepare(urls: Iterable[str]) -> list[int]:
    """Mount what the URLs need; return the descriptors that the process has to keep.

    A failure is reported when the file is fetched.
    """
    for text in urls:
        with suppress(ValueError):
            url = parse(text)
            if url.scheme == "nfs" and (place := _split(url)[0]) not in _roots:
                _roots[place] = _mount(url, place)
    return [root for root in _roots.values() if isinstance(root, int)]


async def fetch(job: Job) -> None:
    """Copy the file from where it is mounted. Raise FetchError."""
    try:
        place, name = _split(job.url)
    except ValueError as error:
        raise FetchError(str(error)) from None
    root = _roots.get(place)
    if root is None:
        raise FetchError("NFS is not reached from here")
    if isinstance(root, OSError):
        failure = _explain(root, job.url)
        failure.again = False  # this process cannot mount any more
        raise failure
    doing = "cannot be opened"
    try:
        fd = _open(root, name)
        doing = "cannot be read"
        try:
            await _copy(job, fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise _explain(error, job.url, f"{doing}: ") from None
    part = " of it" if job.wanted.size or job.wanted.offset else ""
    job.note(f"{job.sink.tell():,} bytes{part}", good=True)


SCHEME = Scheme(names=("nfs",), fetch=fetch)


def _open(root: int, name: str) -> int:
    # An open of a FIFO or a device could block for ever.
    if not stat.S_ISREG(os.stat(name, dir_fd=root).st_mode):
        raise FetchError("not a file")
    return os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)


async def _copy(job: Job, fd: int) -> None:
    if job.sink.tell():
        job.rewind()  # nothing would show that the rest is of the same file
    size = os.fstat(fd).st_size
    job.expect(size)
    os.lseek(fd, job.start, os.SEEK_SET)
    pace = Pace(job.limits)
    while job.missing != 0 and (data := os.read(fd, min(job.missing or _PIECE, _PIECE))):
        job.sink.write(data)
        pace.check(len(data))
        await asyncio.sleep(0)
    if job.start < size and job.missing != 0:
        raise FetchError(f"it ended after {job.start:,} of {size:,} bytes", again=True)


def _mount(url: Url, place: _Place) -> int | OSError:
    if not url.host:
        return OSError(errno.EINVAL, "a URL without a host")
    if url.port not in (0, 2049):
        return OSError(errno.EINVAL, "NFS is at port 2049")
    failure = OSError(errno.EHOSTUNREACH, f"there is no host {url.host}")
    try:
        for address in asyncio.run(names.look_up(url.host, _LOOKUP)):
            try:
                return mount.open_nfs(address, place[1])
            except OSError as error:
                failure = error
                if error.errno not in _SILENT:
                    break
    except (OSError, UnicodeError):
        pass  # no name server knows it
    return failure


def _split(url: Url) -> tuple[_Place, str]:
    """Return server and directory of the file, and its name there. Raise ValueError."""
    path = url.read_path()
    if b"\0" in path:
        raise ValueError("no server has a file of such a name")
    directory, _, name = path.decode("utf-8", "surrogateescape").rpartition("/")
    return (url.host, directory or "/"), name or "."


def _explain(error: OSError, url: Url, step: str = "") -> FetchError:
    """Return the failure; `step` says what failed, where the error's own words do not."""
    words = f"{step}{error.strerror or error}"
    if error.errno == errno.ENOENT:
        return FetchError("there is no such file", "absent")
    if error.errno in (errno.EACCES, errno.EPERM):
        return FetchError("access denied: is it exported, and readable by everybody?")
    if error.errno in _SILENT:
        return FetchError(f"{url.host}: {words}", "silent", again=True)
    return FetchError(words, again=error.errno == errno.ESTALE)
