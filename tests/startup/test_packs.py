"""Programs that the image keeps compressed until a link needs them."""

import subprocess
from pathlib import Path

import pytest

from initramfs.fast.packs import PACKS, pack_programs
from initramfs.tree import Tree, file, lay_out
from petipy.startup import packs
from petipy.sys import zstd

PROGRAM = "usr/lib/systemd/systemd-networkd"


def compress(data: bytes) -> bytes:
    done = subprocess.run(
        ["zstd", "-c", f"--stream-size={len(data)}"], input=data, capture_output=True, check=True
    )
    return done.stdout


def pack(root: Path, contents: bytes) -> None:
    """Lay out an image with one packed program."""
    tree = Tree()
    tree.add(PROGRAM, file(contents, executable=True))
    pack_programs(tree, compress)
    assert PROGRAM not in tree
    lay_out(tree, root)


def test_a_packed_program_comes_back_as_it_was(tmp_path: Path) -> None:
    contents = b"\x7fELF" + bytes(range(256)) * 1000
    pack(tmp_path, contents)
    assert not (tmp_path / PROGRAM).exists()
    packs.unpack(packs.NETWORK, str(tmp_path))
    assert (tmp_path / PROGRAM).read_bytes() == contents
    assert (tmp_path / PROGRAM).stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in (tmp_path / PROGRAM).parent.iterdir()) == [
        "systemd-networkd"
    ]


def test_unpacking_again_changes_nothing(tmp_path: Path) -> None:
    pack(tmp_path, b"contents")
    packs.unpack(packs.NETWORK, str(tmp_path))
    (tmp_path / PROGRAM).write_bytes(b"other")
    packs.unpack(packs.NETWORK, str(tmp_path))
    assert (tmp_path / PROGRAM).read_bytes() == b"other"


def test_a_machine_without_packs_has_its_files_in_place(tmp_path: Path) -> None:
    for name in PACKS:
        packs.unpack(name, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"no frame", "cut", "changed"])
def test_a_damaged_pack_is_an_error(tmp_path: Path, damage: bytes | str) -> None:
    pack(tmp_path, bytes(range(256)) * 100)
    place = tmp_path / f"{PROGRAM}.zst"
    frame = place.read_bytes()
    if damage == "cut":
        frame = frame[:-9]
    elif damage == "changed":
        frame = frame[:20] + bytes([frame[20] ^ 0xFF]) + frame[21:]
    else:
        assert isinstance(damage, bytes)
        frame = damage
    place.write_bytes(frame)
    with pytest.raises(OSError, match="zstd"):
        packs.unpack(packs.NETWORK, str(tmp_path))
    assert not (tmp_path / PROGRAM).exists()


def test_a_frame_without_a_size_is_refused() -> None:
    streamed = subprocess.run(["zstd", "-c"], input=b"x" * 100, capture_output=True, check=True)
    with pytest.raises(OSError, match="no zstd frame with a size"):
        zstd.decompress(streamed.stdout)
