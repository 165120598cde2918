"""The ssh server's files in an image."""

import stat
from pathlib import Path

import pytest

from initramfs.host import BuildError
from initramfs.ssh import KEPT, keep_host_key, make_tree, read_keys
from tests.network.test_ssh import PUBLIC, make_key

KEY = f"ssh-ed25519 {PUBLIC} me@desk"


def test_public_keys_are_taken_with_their_options_and_remarks(tmp_path: Path) -> None:
    text = f'# mine\n\n{KEY}\nfrom="192.0.2.*" {KEY}\nsk-ssh-ed25519@openssh.com AAAA x'
    (tmp_path / "keys").write_text(text)
    assert read_keys(tmp_path / "keys").decode() == f"{text}\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no public key"),
        ("# nothing\n", "no public key"),
        (f"{KEY}\nhello\n", ":2: not a public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", ":1: a private key"),
    ],
)
def test_a_file_without_them_stops_the_build(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises(BuildError, match=complaint):
        read_keys(tmp_path / "keys")


def test_an_absent_file_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="No such file"):
        read_keys(tmp_path / "keys")


def test_the_key_of_the_host_stays_from_build_to_build(tmp_path: Path) -> None:
    (tmp_path / KEPT).write_bytes(make_key())
    assert keep_host_key(tmp_path / KEPT) == make_key()
    (tmp_path / KEPT).write_bytes(b"damaged")
    with pytest.raises(BuildError, match=KEPT):
        keep_host_key(tmp_path / KEPT)


def test_root_alone_reads_the_key_of_the_host() -> None:
    tree = make_tree(KEY.encode(), make_key())
    assert stat.S_IMODE(tree["etc/dropbear/host_key"].mode) == 0o600
    assert b"petipy:x:1879048188:1879048188:" in tree["etc/passwd"].data
