"""OpenPGP signatures of a boot's files, checked by GnuPG's gpgv in images with a keyring.

The keyring is in the image (initramfs/build --keyring): whoever can change the files of a disk can
change a key on the disk as well. gpgv knows the rules of OpenPGP: which subkey may sign, and what
is expired, revoked or too weak. GRUB knows none of these: it takes an expired key, and this does
not.

A check is a process without rights. A taken-over one can call a wrong signature right.
"""

import os
import re
import time
from functools import partial
from urllib.parse import unquote

from petipy.startup import packs
from petipy.sys import confined, process
from petipy.sys.epoch import describe_clock, read_epoch

# In the image. petipy.app looks for it; most images have none.
KEYRING = "/etc/petipy/keyring.gpg"
PROGRAM = "/usr/bin/gpgv"
_WITHIN = 600.0  # seconds, for large files on slow machines
_MEMORY = 64 << 20  # bytes
_LARGEST = 1 << 20  # bytes of a signature
_OUTPUT = 1 << 16  # bytes
_OPTIONS = (
    *("--homedir", "/", "--status-fd", "1", "--enable-special-filenames"),
    *("--weak-digest", "SHA1", "--weak-digest", "RIPEMD160"),
    "--ignore-time-conflict",  # this machine's clock may be late
)
_STATUS = re.compile(r"^\[GNUPG:\] ([A-Z_]+) ?(.*)$", re.M)  # GnuPG's doc/DETAILS
# Signatures that are not right, with the reason: gpgv has said more.
_FAULTS = {
    "BADSIG": "it is damaged, or the signature of another content",
    "REVKEYSIG": "its key is revoked",
    "EXPSIG": "it has expired",
    "EXPKEYSIG": "its key has expired",
}
_BINARY = "00"  # the class of a signature of bytes; others leave the ends of lines out
_CLASS = 8  # its place among the words of VALIDSIG
_NO_KEY = "9"  # ERRSIG's reason


class BadSignature(OSError):
    """A signature that is not right; the text says why."""


async def check(content: int, signature: int, keyring: str) -> str:
    """Return the name of a file's signer, whose key is in the keyring. Raise OSError.

    `content` and `signature` are descriptors, which keep their positions. A file on a disk may
    answer differently the next time: the content has to be sealed.
    """
    if (size := os.fstat(signature).st_size) > _LARGEST:
        raise BadSignature(0, f"it has {size} bytes, which is too large for a signature")
    packs.unpack(packs.OPENPGP)
    opened: list[int] = []
    try:
        for path in (keyring, f"/proc/self/fd/{signature}", f"/proc/self/fd/{content}"):
            opened.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        keys, *names = opened
        argv = [PROGRAM, *_OPTIONS, "--keyring", f"/proc/self/fd/{keys}", "--"]
        done = await process.run(
            [*argv, *(f"-&{name}" for name in names)],
            within=_WITHIN,
            limit=_OUTPUT,
            descriptors=opened,
            prepare=partial(confined.confine_program, round(_WITHIN), _MEMORY),
        )
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return _judge(done.status, done.output.decode(errors="replace"))


def _judge(status: int, output: str) -> str:
    """Return the signer's name that gpgv's status lines give. Raise BadSignature."""
    said = _STATUS.findall(output)
    for word, rest in said:
        if word in _FAULTS:
            expired = word in ("EXPSIG", "EXPKEYSIG")
            clock = f"; {describe_clock(time.time(), read_epoch())}" if expired else ""
            raise BadSignature(0, f"{_FAULTS[word]}: {_find_name(rest)}{clock}")
        if word == "ERRSIG":
            key, *details = rest.split()
            if details[4:5] == [_NO_KEY]:
                raise BadSignature(0, f"the keyring of this image lacks its key, {key}")
            raise BadSignature(0, f"its algorithms are too weak or unknown: key {key}")
    names = [_find_name(rest) for word, rest in said if word == "GOODSIG"]
    valid = [rest.split() for word, rest in said if word == "VALIDSIG"]
    if any(words[_CLASS : _CLASS + 1] != [_BINARY] for words in valid):
        raise BadSignature(0, "it is the signature of a text, not of a file")
    if status < 0:
        raise BadSignature(0, "the check died")
    if status or not names or len(names) != len(valid):
        raise BadSignature(0, "it is no OpenPGP signature, or cut off")
    return ", ".join(names)


def _find_name(words: str) -> str:
    """Return the user of a key; its number comes first in the words."""
    key, _, name = words.partition(" ")
    return unquote(name) or key
