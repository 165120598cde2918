"""The story of a boot on its way to the booted system: a property of /chosen, or an archive.

The archive is for systems that get no device tree of ours. systemd as the initrd's init hides what
an archive has in /run. A line of tmpfiles.d(5) copies the file there afterwards. dracut's own init
keeps /run/initramfs. initramfs-tools keeps neither.
"""

import os
from collections.abc import Iterable, Mapping

from petipy import __version__
from petipy.boot import newc
from petipy.kexec import Message
from petipy.state import story
from petipy.state.model import Choice, Snapshot, Status

_MODE = 0o444
_RULE = "etc/tmpfiles.d/petipy-story.conf"
_WORDS = f"C {story.IN_RUN} {_MODE:04o} root root - /{story.IN_ARCHIVE}\n"


def tell(
    snapshot: Snapshot,
    choice: Choice,
    *,
    by: str,
    edited: bool,
    stages: Mapping[str, float],
    lines: Iterable[Status],
) -> Message:
    """Return the message about the boot of this choice; see petipy.state.story."""
    if not snapshot.settings.story:
        return write(b"")
    told = story.tell(
        snapshot, choice, petipy=__version__, by=by, edited=edited, stages=stages, lines=lines
    )
    return write(told, story.list_names(snapshot))


def write(text: bytes, names: bytes = b"") -> Message:
    """Return the message that carries a story and the names of the entries.

    Without a story, return one that clears those of an earlier boot. The caller closes the
    descriptors of its initrds.
    """
    if not text:
        return Message({story.PROPERTY: None, story.NAMES: None})
    # Texts of a device tree end with a zero byte.
    chosen = {story.PROPERTY: text + b"\0", story.NAMES: names + b"\0"}
    return Message(chosen, [_make_archive(text)])


def _make_archive(text: bytes) -> int:
    archive = os.memfd_create("story")
    files = (story.IN_ARCHIVE, text), (story.IN_DRACUT[1:], text), (_RULE, _WORDS.encode())
    for name, content in files:
        size = len(content)
        os.write(archive, newc.before(name, size, _MODE) + content + newc.after(size))
    return archive
