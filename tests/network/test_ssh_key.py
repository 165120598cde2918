"""The key of the host: the machine's own where it can keep one, else the image's."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from parsers.binary.nvram import LONGEST
from petipy.log import Log
from petipy.network import ssh_key
from petipy.settings import host_key
from petipy.settings.table import BY_NAME
from tests.fakes import Kept
from tests.network.test_ssh import make_key

IMAGES, MADE = make_key(b"i" * 32), make_key(b"m" * 32)


@dataclass
class Nvram(Kept):
    private: bool = True


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place of an image's key, beside a program that makes another one."""
    (tmp_path / ssh_key.HOST_KEY).write_bytes(IMAGES)
    (tmp_path / "made").write_bytes(MADE)
    maker = tmp_path / "dropbearkey"
    maker.write_text(f'#!/bin/sh\ncp {tmp_path}/made "$4"\n')
    maker.chmod(0o755)
    monkeypatch.setattr(ssh_key, "MAKER", str(maker))
    monkeypatch.setattr(ssh_key, "_ROOM", str(tmp_path))
    return tmp_path


def find(room: Path, text: str, storage: Kept | None) -> tuple[bytes, list[str]]:
    log = Log(files=())
    key = asyncio.run(ssh_key.find(text, storage, log, str(room)))
    assert sorted(path.name for path in room.iterdir()) == ["dropbearkey", "host_key", "made"]
    return key, [line.text for line in log.lines]


@pytest.mark.parametrize(("text", "remark"), [("", ""), ("new", ""), ("new", "it may be gone")])
def test_a_new_key_is_kept_and_is_the_key_of_the_next_start(
    room: Path, text: str, remark: str
) -> None:
    storage = Nvram(remark=remark)
    assert find(room, text, storage) == (MADE, [])
    (kept,) = storage.values.values()
    assert storage.values == {"ssh_key": kept}
    assert len(f"petipy,ssh_key={kept}") <= LONGEST
    (room / "made").write_bytes(b"not again")
    assert find(room, BY_NAME["ssh_key"].type.read(kept), storage) == (MADE, [])


def test_where_nvram_may_be_gone_at_the_next_start_the_images_key_stays(room: Path) -> None:
    storage = Nvram(remark="it may be gone")
    assert find(room, "", storage) == (IMAGES, [])
    assert storage.values == {}


@pytest.mark.parametrize("storage", [None, Kept()])
def test_where_others_could_read_it_no_key_is_made(room: Path, storage: Kept | None) -> None:
    assert find(room, "", storage) == (IMAGES, [])


def test_who_asks_for_one_that_others_could_read_is_told(room: Path) -> None:
    storage = Kept()
    words = "petipy.ssh_key: the key of the image is used: others can read NVRAM"
    assert find(room, "new", storage) == (IMAGES, [words])
    assert storage.values == {}


def test_a_key_that_cannot_be_made_or_kept_costs_nothing_but_itself(room: Path) -> None:
    words = "petipy.ssh_key: the key of the image is used:"
    assert find(room, "", Nvram(reason="it is full")) == (IMAGES, [f"{words} it is full"])
    (room / "made").write_bytes(b"noise")
    why = "not an Ed25519 key of dropbear"
    assert find(room, "", Nvram()) == (IMAGES, [f"{words} {why}"])
    (room / "made").unlink()
    key, (line,) = asyncio.run(_find_without_maker(room))
    assert key == IMAGES
    assert "ended with status" in line


async def _find_without_maker(room: Path) -> tuple[bytes, list[str]]:
    log = Log(files=())
    key = await ssh_key.find("", Nvram(), log, str(room))
    return key, [line.text for line in log.lines]


def test_a_damaged_key_is_no_setting_and_is_not_quoted() -> None:
    text = host_key.pack(MADE)
    read = BY_NAME["ssh_key"].type.read
    assert host_key.unpack(read(text)) == MADE
    for wrong in (
        text[:-4],
        f"{text[:20]}{'A' if text[20] != 'A' else 'B'}{text[21:]}",
        "x y",
        "é",
    ):
        with pytest.raises(ValueError, match=r"^not a key of this server$"):
            read(wrong)
