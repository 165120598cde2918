"""The ssh server: fingerprints, the home of its user, the addresses it names."""

import os
from base64 import b64decode
from pathlib import Path

import pytest

from petipy.network.ssh import KEYS, find_address, find_fingerprint, make_home
from petipy.network.ssh_key import HOST_KEY
from petipy.state.model import Snapshot
from tests.network.test_syslog import network

# A public key, and its fingerprint as ssh-keygen prints it.
PUBLIC = "AAAAC3NzaC1lZDI1NTE5AAAAIA4E/WgtOH9jB58+jlO6+GPFkkuHN68GPcs1CgKIxrSc"
FINGERPRINT = "SHA256:JH/KiNGZLUpkwFhAeoaSe2zkjCh38DP/6Ls9pYAR0NM"


def make_key(public: bytes = b64decode(PUBLIC)[-32:], kind: bytes = b"ssh-ed25519") -> bytes:
    """Return dropbear's file of a key: its kind, then private and public half."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in (kind, bytes(32) + public))


def test_the_fingerprint_is_the_one_that_ssh_shows() -> None:
    assert find_fingerprint(make_key()) == FINGERPRINT


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"\0\0",
        make_key()[:-1],
        b"\xff" * 99,
        make_key(kind=b"ssh-rsa"),
        make_key(public=b"short"),
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n",
    ],
)
def test_no_other_file_is_a_key(key: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|string"):
        find_fingerprint(key)


def test_the_user_can_read_its_home_and_change_nothing(tmp_path: Path) -> None:
    (tmp_path / KEYS).write_text(f"ssh-ed25519 {PUBLIC}\n")
    home = tmp_path / "home"
    for _ in range(2):  # Petipy may start again
        assert make_home(make_key(), str(tmp_path), str(home)) == FINGERPRINT
    files = {"": 0o755, HOST_KEY: 0o640, ".ssh": 0o755, ".ssh/authorized_keys": 0o644}
    for name, mode in files.items():
        found = (home / name).stat()
        assert found.st_mode & 0o777 == mode, name
        assert found.st_uid == os.geteuid()


def test_an_address_that_others_reach_is_named_ipv4_first() -> None:
    assert find_address(Snapshot()) == ""
    local = network("eth0", (), "fe80::1/64")
    assert find_address(Snapshot(sources=(local,))) == ""
    both = network("eth1", (), "2001:db8::7/64", "192.0.2.7/24")
    assert find_address(Snapshot(sources=(local, both))) == "192.0.2.7"
