"""The ssh server of an image: dropbear, the keys that may log in, and the key of the host."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from initramfs.host import BuildError, need, run, say, tool
from initramfs.tree import Node, Tree, file
from petipy.network.ssh import KEYS, LOGIN, ROOM, find_fingerprint
from petipy.network.ssh_key import HOST_KEY, PLACE
from petipy.sys.limits import SSH_USER

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "dropbear-bin": ("usr/sbin/dropbear", "usr/bin/dropbearkey"),
}
KEPT = "ssh_host_key"  # beside the image, for the next build
_MAKER = {"dropbearkey": "dropbear-bin"}
_KINDS = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")
# sshd's words before a key; dropbear takes these.
_OPTIONS = ("no-", "command=", "permit", "restrict", "from=")
_PRIVATE = 0o100600


def read_keys(path: Path) -> bytes:
    """Return a file of public keys as authorized_keys. Raise BuildError if it has none."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{path}: {error}") from None
    found = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("-----BEGIN"):
            raise BuildError(f"{path}:{number}: a private key; give the public ones, *.pub")
        if not text.startswith((*_KINDS, *_OPTIONS)):
            raise BuildError(f"{path}:{number}: not a public key of ssh")
        found += 1
    if not found:
        raise BuildError(f"{path}: no public key of ssh")
    return "".join(f"{line}\n" for line in lines).encode()


def keep_host_key(place: Path) -> bytes:
    """Return the key of the host: the one that an earlier build left at `place`, or a new one."""
    if place.exists():
        key = place.read_bytes()
    else:
        need(_MAKER)
        with tempfile.TemporaryDirectory(prefix="petipy-") as room:
            made = Path(room, "key")
            run([tool("dropbearkey") or "dropbearkey", "-t", "ed25519", "-f", made])
            key = made.read_bytes()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(mode=0o600)
        place.write_bytes(key)
    try:
        say(f"ssh: the key of the host is {find_fingerprint(key)}")
    except ValueError as error:
        raise BuildError(f"{place}: {error}") from None
    return key


def make_tree(keys: bytes, host_key: bytes) -> Tree:
    """Return the files that the server needs, besides its program."""
    tree = Tree()
    tree.add(f"{PLACE}/{KEYS}".lstrip("/"), file(keys))
    tree.add(f"{PLACE}/{HOST_KEY}".lstrip("/"), Node(_PRIVATE, host_key))
    users = ("root:x:0:0::/root:/bin/sh", f"{LOGIN}:x:{SSH_USER}:{SSH_USER}::{ROOM}:/bin/sh")
    tree.add("etc/passwd", file("".join(f"{user}\n" for user in users).encode()))
    return tree
