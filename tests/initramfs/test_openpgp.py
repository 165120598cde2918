"""The keys of an image for OpenPGP signatures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from initramfs.host import BuildError
from initramfs.openpgp import make_tree, read_keyring
from tests.openpgp import Keys, make_keys


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with make_keys(tmp_path_factory.mktemp("gpg") / "home") as made:
        made.make("One")
        made.make("Another")
        yield made


def test_keys_are_taken_as_gpg_exports_them_and_named_by_their_fingerprints(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = keys.export()
    plain, armored, joined = (tmp_path / name for name in ("plain", "armored", "joined"))
    plain.write_bytes(both)
    armored.write_bytes(keys.export(armor=True))
    one, other = (keys.export(name, armor=True) for name in ("One", "Another"))
    joined.write_bytes(b"# Two of them\n" + one + other)
    for file in (plain, armored, joined):
        assert read_keyring(file) == both
        said = capsys.readouterr().err
        for name in ("One", "Another"):
            assert f"OpenPGP: the image trusts {keys.find_fingerprint(name)}\n" in said
    assert make_tree(both)["etc/petipy/keyring.gpg"].data == both


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: b"", "no public key"),
        (lambda data: b"# nothing\n", "not what gpg --export writes"),
        (lambda data: data[:-5], "not what gpg --export writes"),
        (lambda data: data + b"\xff", "not what gpg --export writes"),
        (lambda data: bytes([0x80 | 5 << 2]) + data[1:], "a secret key"),
    ],
)
def test_a_file_without_them_stops_the_build(
    keys: Keys, tmp_path: Path, change: Callable[[bytes], bytes], complaint: str
) -> None:
    (tmp_path / "keys").write_bytes(change(keys.export()))
    with pytest.raises(BuildError, match=complaint):
        read_keyring(tmp_path / "keys")


def test_an_absent_file_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="No such file"):
        read_keyring(tmp_path / "keys")
