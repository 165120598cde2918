"""Opening paths that never lead out of a root."""

import errno
import os
import stat

from petipy.sys.openat2 import open_in_root

_MAX_LINKS = 40  # as the kernel's own limit
# A seccomp filter that does not know openat2 says EPERM.
_NO_OPENAT2 = {errno.ENOSYS, errno.EPERM}


def resolve(root: int, path: bytes, flags: int) -> int:
    """Open `path`, in which `root` stands for /: by openat2 where the kernel has it."""
    try:
        return open_in_root(root, path or b"/", flags)
    except OSError as error:
        if error.errno not in _NO_OPENAT2:
            raise
    return walk(root, path, flags)


def walk(root: int, path: bytes, flags: int) -> int:
    """Open `path` step by step, as openat2 does with RESOLVE_IN_ROOT, for kernels without it."""
    trail = [(os.dup(root), b"")]  # the directories from the root to where we are
    todo, links = path.split(b"/")[::-1], 0
    try:
        while todo:
            name = todo.pop()
            if name == b".." and len(trail) > 1:
                os.close(trail.pop()[0])
            if name in (b"", b".", b".."):
                continue
            step = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=trail[-1][0])
            trail.append((step, name))
            if stat.S_ISLNK(os.fstat(step).st_mode):
                links += 1
                if links > _MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink(b"", dir_fd=step)
                for fd, _ in trail[1 if target.startswith(b"/") else -1 :]:
                    os.close(fd)
                del trail[1 if target.startswith(b"/") else -1 :]
                todo += target.split(b"/")[::-1]
        return _reopen(trail, flags | (os.O_DIRECTORY if path.endswith(b"/") else 0))
    finally:
        for fd, _ in trail:
            os.close(fd)


def _reopen(trail: list[tuple[int, bytes]], flags: int) -> int:
    """Open the last step of `trail` for reading: its O_PATH descriptor cannot be read."""
    fd, name = trail[-1]
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        return os.open(b".", flags | os.O_CLOEXEC, dir_fd=fd)
    return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=trail[-2][0])
