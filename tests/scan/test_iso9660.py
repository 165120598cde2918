"""ISO 9660 images read without mounting them, as xorriso writes them."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from parsers.api import Host, Volume
from petipy.scan.iso9660 import IsoFiles
from tests.trees import Content, lay

pytestmark = pytest.mark.skipif(not shutil.which("xorriso"), reason="needs xorriso")

LONG = "n" * 100 + ".cfg"
DEEP = "/a/b/c/d/e/f/g/h/i/deep"
MADE: dict[str, Content] = {
    "/a/Hello_World.txt": "hello\n",
    "/a/big": bytes(range(256)) * 1000,
    "/a/empty": "",
    f"/a/{LONG}": "long",
    "/a/ümläut": "u",
    DEEP: "deep",
    **{f"/many/file number {number}.x": f"{number}" for number in range(200)},
}
LINKS = {"/link": "a/b/../Hello_World.txt", "/abs": "/a/b", "/out": "/../../a", "/loop": "loop"}
FAR = "/".join(["x" * 100] * 5)
ROCK_RIDGE, JOLIET, PLAIN = ("on", "off"), ("off", "on"), ("off", "off")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = lay(tmp_path_factory.mktemp("iso") / "tree", MADE)
    for name, target in (LINKS | {"/far": FAR}).items():
        (root / name[1:]).symlink_to(target)
    return root


@pytest.fixture(scope="module")
def make(tree: Path) -> Callable[[tuple[str, str]], Path]:
    def write(kind: tuple[str, str]) -> Path:
        image = tree.parent / f"{'-'.join(kind)}.iso"
        if not image.exists():
            extensions = "-rockridge", kind[0], "-joliet", kind[1]
            words = [
                "xorriso",
                *extensions,
                "-outdev",
                str(image),
                "-map",
                str(tree),
                "/",
                "-commit",
            ]
            subprocess.run(words, check=True, capture_output=True)
        return image

    return write


def files(image: Path | bytes) -> IsoFiles:
    data = image if isinstance(image, bytes) else image.read_bytes()
    host = Host(machine="x86_64")
    return IsoFiles(lambda at, size: data[at : at + size], Volume(name="sr0"), host)


Make = Callable[[tuple[str, str]], Path]


def test_names_contents_and_sizes_are_those_of_the_tree(make: Make, tree: Path) -> None:
    found = files(make(ROCK_RIDGE))
    for directory, inner, names in os.walk(tree):
        path = directory[len(str(tree)) :] or "/"
        assert [n for n in found.names(path) if n != "rr_moved"] == sorted(inner + names)
        for name in names:
            there, here = f"{path}/{name}", Path(directory, name)
            if not here.is_symlink():
                assert found.piece(there, 0, 1 << 20) == here.read_bytes()
                assert (found.kind(there), found.size(there)) == ("file", here.stat().st_size)


def test_a_piece_is_a_part_of_a_file(make: Make) -> None:
    found = files(make(ROCK_RIDGE))
    assert found.piece("/a/big", 2000, 5) == b"\xd0\xd1\xd2\xd3\xd4"
    assert found.piece("/a/big", 255_999, 5) == b"\xff"
    assert (found.piece("/a/big", 256_000, 5), found.piece("/a", 0, 5)) == (b"", b"")
    assert (found.read("/a/Hello_World.txt"), found.read("/a"), found.read("/x")) == (
        "hello\n",
        None,
        None,
    )


def test_links_are_followed_and_never_lead_out(make: Make) -> None:
    found = files(make(ROCK_RIDGE))
    assert found.read("/link") == "hello\n"
    assert found.read("/abs/c/d/e/f/g/h/i/deep") == "deep"
    assert found.names("/out") == found.names("/a")
    assert (found.kind("/loop"), found.kind("/far"), found.read("/loop")) == (None, None, None)
    assert {name: found.link(name) for name in LINKS} == LINKS
    assert (found.link("/far"), found.link("/a")) == (FAR, "")
    assert found.read("/../a/b/../Hello_World.txt") == "hello\n"


def test_joliet_serves_where_there_is_no_rock_ridge(make: Make) -> None:
    found = files(make(JOLIET))
    assert found.read("/a/Hello_World.txt") == "hello\n"
    assert found.read("/a/ümläut") == "u"
    assert found.read("/many/file number 7.x") == "7"
    assert found.names("/") == ["a", "many"]


def test_plain_names_are_in_small_letters_without_versions(make: Make) -> None:
    found = files(make(PLAIN))
    assert found.read("/a/hello_world.txt") == "hello\n"
    assert found.read(DEEP) == "deep"
    assert "_ml_ut" in found.names("/a")


def test_what_is_no_disc_is_empty() -> None:
    for data in (b"", bytes(1 << 16)):
        found = files(data)
        assert (found.names("/"), found.kind("/"), found.read("/x")) == ([], "directory", None)


@pytest.mark.parametrize("kind", [ROCK_RIDGE, JOLIET], ids="-".join)
def test_no_damage_raises_an_error(make: Make, kind: tuple[str, str]) -> None:
    chance, whole = random.Random(3), make(kind).read_bytes()
    used = range(0x8000, 0x8000 + 60 * 2048)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            data[chance.choice(used)] = chance.choice((0, 1, 2, 0x22, 0x7F, 0x80, 0xFF))
        found = files(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]))
        for path in ("/", "/a", DEEP, "/many", "/link", "/far", "/a/big"):
            found.names(path)
            found.piece(path, 0, 100)
            assert found.kind(path) in ("file", "directory", None)
            assert isinstance(found.link(path), str)
