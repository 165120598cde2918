"""The wishes in OPAL's system parameters."""

import asyncio
from pathlib import Path

import pytest

from petipy.log import Log
from petipy.settings.bmc import Wish
from petipy.settings.sysparams import Sysparams
from petipy.state.store import Store

NETWORK, DISK, SAFE, NONE = b"\1", b"\2", b"\3", b"\xff"
FIRST_DISK = ("disk", "usb")


def read(room: Path, next: bytes | None, default: bytes | None) -> tuple[Wish, list[str]]:
    for name, value in ("next", next), ("default", default):
        if value is not None:
            (room / f"{name}-boot-device").write_bytes(value)
    log = Log(files=())
    wish = asyncio.run(Sysparams(str(room)).read(log))
    return wish, [line.text for line in log.lines]


@pytest.mark.parametrize(
    ("next", "default", "wish"),
    [
        (NONE, NONE, Wish()),
        (None, None, Wish()),
        (NETWORK, DISK, Wish(first=("network",), once=True)),
        (NONE, DISK, Wish(first=FIRST_DISK)),
        (None, DISK, Wish(first=FIRST_DISK)),
        (b"", DISK, Wish(first=FIRST_DISK)),
        (NETWORK * 2, DISK, Wish(first=FIRST_DISK)),
        (b"\0", DISK, Wish(once=True)),
    ],
)
def test_the_wish_for_the_next_boot_outranks_the_other(
    tmp_path: Path, next: bytes | None, default: bytes | None, wish: Wish
) -> None:
    assert read(tmp_path, next, default) == (wish, [])


def test_safe_mode_looks_at_nothing(tmp_path: Path) -> None:
    wish, _ = read(tmp_path, SAFE, NONE)
    assert (wish.safe, wish.once, wish.hold != "") == (True, True, True)


def test_a_device_that_nobody_knows_is_named_and_the_other_wish_counts(tmp_path: Path) -> None:
    words = "service processor: next-boot-device: Petipy knows no boot device 9"
    assert read(tmp_path, b"\x09", DISK) == (Wish(first=FIRST_DISK), [words])


@pytest.mark.parametrize(("before", "after"), [(NETWORK, NONE), (NONE, NONE)])
def test_a_boot_uses_the_wish_for_the_next_one_up(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    async def scenario() -> None:
        parameters = Sysparams(str(tmp_path))
        free = asyncio.Event()
        await parameters.obey(Store(), Log(files=()), free)
        assert free.is_set()
        await parameters.clear()

    read(tmp_path, before, DISK)
    asyncio.run(scenario())
    assert (tmp_path / "next-boot-device").read_bytes() == after
    assert (tmp_path / "default-boot-device").read_bytes() == DISK
