"""The wishes of a service processor: what they mean, and what a bad one costs."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from petipy.log import Log
from petipy.settings.bmc import Bmc, Wish
from petipy.settings.storage import Statement
from petipy.state.model import Snapshot
from petipy.state.store import Store
from tests.bmc import IBM, Device


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def read(device: Device) -> tuple[Wish, list[str]]:
    log = Log(files=())
    wish = asyncio.run(Bmc(device.path, ioctl=device.ioctl).read(log))
    return wish, [line.text for line in log.lines]


def obey(device: Device, within: float = 5.0) -> tuple[Snapshot, bool, list[str]]:
    async def main() -> tuple[Snapshot, bool, list[str]]:
        store, log, free = Store(), Log(files=()), asyncio.Event()
        store.update(host=("/pci/scsi",))
        await Bmc(device.path, ioctl=device.ioctl, within=within).obey(store, log, free)
        return store.snapshot, free.is_set(), [line.text for line in log.lines]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "first", "hold"),
    [
        ("none", (), ""),
        ("network", ("network",), ""),
        ("disk", ("disk", "usb"), ""),
        ("optical", ("optical",), ""),
        ("setup", (), "the service processor asks for the menu (setup)"),
    ],
)
def test_boot_flags_mean_what_they_mean_to_petitboot(
    device: Device, name: str, first: tuple[str, ...], hold: str
) -> None:
    device.bmc.set_flags(name)
    assert read(device) == (Wish(first=first, hold=hold, once=name != "none"), [])


def test_without_flags_that_count_there_is_no_wish(device: Device) -> None:
    assert read(device) == (Wish(), [])


def test_safe_mode_looks_at_nothing_and_boots_nothing(device: Device) -> None:
    device.bmc.set_flags("safe")
    snapshot, free, lines = obey(device)
    assert not free
    assert snapshot.hold.startswith("the service processor asks for safe mode")
    assert lines == [f"{snapshot.hold}; nothing boots by itself"]


def test_its_first_device_comes_before_the_hosts_others(device: Device) -> None:
    device.bmc.set_flags("network")
    snapshot, free, lines = obey(device)
    assert (snapshot.host, snapshot.hold, free) == (("network", "/pci/scsi"), "", True)
    assert lines == ["the service processor wants this first: network"]


@pytest.mark.parametrize("lasting", [False, True])
def test_a_boot_takes_back_the_wish_that_was_for_one_boot(device: Device, lasting: bool) -> None:
    device.bmc.set_flags("network", lasting=lasting)
    before = device.bmc.flags

    async def main() -> None:
        bmc = Bmc(device.path, ioctl=device.ioctl)
        await bmc.obey(Store(), Log(files=()), asyncio.Event())
        await bmc.clear()

    asyncio.run(main())
    assert device.bmc.flags == (before if lasting else bytes((0x80, 0, 0, 0, 0)))


def test_a_wish_that_cannot_be_taken_back_says_so(device: Device) -> None:
    device.bmc.set_flags("network")
    device.replies[8, 5] = b"\xc1"

    async def main() -> None:
        bmc = Bmc(device.path, ioctl=device.ioctl)
        await bmc.obey(Store(), Log(files=()), asyncio.Event())
        await bmc.clear()

    with pytest.raises(OSError, match="it refuses with code 0xc1"):
        asyncio.run(main())


def test_the_mailbox_has_petitboots_order(device: Device) -> None:
    device.bmc.set_flags("disk", lasting=True)
    words = b"petitboot,bootdevs=uuid:12-34 mac:52:54:00:12:34:56 network any\0"
    device.bmc.fill_mailbox(IBM + words)
    named = ("12-34", "52:54:00:12:34:56", "network", "any")
    assert read(device) == (Wish(first=("disk", "usb", *named)), [])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\7\0\0petitboot,bootdevs=network\0", ""),
        (IBM + b"noise", ""),
        (IBM + b"petitboot,bootdevs=\xff\xfe\0", "is no device that Petipy boots from"),
        (IBM + b"petitboot,bootdevs=uuid:a\1b\0", "is no device that Petipy boots from"),
        (IBM + b"petitboot,password=$6$x\0", "which Petipy does not take from there"),
    ],
)
def test_a_mailbox_of_others_or_of_noise_is_no_order(
    device: Device, content: bytes, line: str
) -> None:
    device.bmc.fill_mailbox(content)
    wish, lines = read(device)
    assert wish == Wish()
    assert [text for text in lines if line in text] == lines
    assert len(lines) == (1 if line else 0)


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (b"\xc0", "it refuses with code 0xc0"),
        (b"", "an empty reply"),
        (b"\0\1", "it does not answer what was asked"),
        (b"\0\1\7\x80\4\0\0\0", "it does not answer what was asked"),
        (b"\0\1\5\x80\4\0\0\0\0\0", "boot flags have 5 bytes, not 7"),
        (b"\0\1\5\x80\x3c\0\0\0", "Petipy knows no boot device 15"),
        (b"\0" * 24, "it does not answer what was asked"),
        (b"\xff" * 272, "it refuses with code 0xff"),
        (b"\0\1\5" + b"\x80" * 300, "boot flags have 5 bytes, not 50"),
    ],
)
def test_a_senseless_reply_is_named_and_is_no_wish(device: Device, reply: bytes, line: str) -> None:
    device.replies[9, 5] = reply
    assert read(device) == (Wish(), [f"service processor: the boot flags: {line}"])


@pytest.mark.parametrize("reply", [b"\0\1\x85\x80\4\0\0\0", b"\x80", b"\xc1", b"\0\7\0"])
def test_flags_that_are_being_changed_or_that_it_does_not_have_do_not_count(
    device: Device, reply: bytes
) -> None:
    device.replies[9, 5] = reply
    assert read(device) == (Wish(), [])


def test_the_reply_to_anothers_command_is_passed_over(device: Device) -> None:
    device.bmc.set_flags("network")
    device.stale = True
    assert read(device)[0].first == ("network",)


def test_one_that_hangs_costs_its_time_alone(device: Device) -> None:
    device.mute = True
    before = time.monotonic()
    snapshot, free, lines = obey(device, within=0.2)
    assert time.monotonic() - before < 5
    assert (free, snapshot.host) == (True, ("/pci/scsi",))
    assert len(lines) == 1
    assert lines[0].startswith("the service processor ")


class Stuck(Bmc):
    """A service processor whose driver does not let go of a program that was killed."""

    async def read(self, log: Log) -> Wish:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.5)
        return Wish()


def test_a_driver_that_hangs_in_the_kernel_does_not_hold_the_sources() -> None:
    async def main() -> bool:
        free = asyncio.Event()
        asking = asyncio.create_task(Stuck(within=0.1).obey(Store(), Log(files=()), free))
        await free.wait()
        early = not asking.done()
        await asking
        return early

    assert asyncio.run(main())


def test_a_driver_that_makes_no_device_costs_its_time_alone(tmp_path: Path) -> None:
    async def main() -> tuple[bool, list[str]]:
        log, free = Log(files=()), asyncio.Event()
        bmc = Bmc(str(tmp_path / "absent"), load=("true",), within=0.2)
        await bmc.obey(Store(), log, free)
        return free.is_set(), [line.text for line in log.lines]

    free, lines = asyncio.run(main())
    assert free
    assert len(lines) == 1
    assert lines[0].startswith("the service processor ")


NETWORK = bytes.fromhex("000161 80 21706221 0001 0604 525400123456 0001 c0000207 18 c0000201")
WORDS = "ip=192.0.2.7::192.0.2.1:24::52-54-00-12-34-56:none ip=off"


def test_an_override_of_the_network_is_the_setting_interfaces(device: Device) -> None:
    device.bmc.set_flags("network")
    device.replies[9, 0x61] = NETWORK
    wish, lines = read(device)
    ((name, text, written),) = ((s.name, s.text, s.written) for s in wish.settings)
    assert (name, text, written) == ("interfaces", WORDS, "petitboot,network")
    assert (wish.first, lines) == (("network",), [])


def test_a_senseless_override_is_named_and_costs_only_itself(device: Device) -> None:
    device.bmc.set_flags("network")
    device.replies[9, 0x61] = NETWORK[:-1]
    wish, lines = read(device)
    assert (wish.first, wish.settings) == (("network",), ())
    assert lines == ["service processor: the override of the network: it is cut off"]


def test_the_settings_of_a_service_processor_are_given_before_any_source_is_looked_at(
    device: Device,
) -> None:
    device.replies[9, 0x61] = NETWORK

    async def main() -> None:
        store, log, free = Store(), Log(files=()), asyncio.Event()
        given: list[tuple[Sequence[Statement], bool]] = []
        bmc = Bmc(device.path, ioctl=device.ioctl)
        await bmc.obey(store, log, free, lambda found: given.append((found, free.is_set())))
        assert [([s.text for s in found], early) for found, early in given] == [([WORDS], False)]
        assert free.is_set()
        assert store.snapshot.host == ()

    asyncio.run(main())
