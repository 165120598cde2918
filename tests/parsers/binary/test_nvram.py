"""NVRAM is read whatever its bytes are, and a power cut while it is written harms nothing."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parsers.binary import nvram
from parsers.binary.nvram import FREE, SYSTEM, NvramError, Partition, plan_change, plan_list, walk
from tests.parsers.binary.nvram import (
    BLANK,
    SIZE,
    SLOFS,
    Device,
    cut,
    make,
    prom_env,
    skiboot,
    slof,
)

NAME = "petipy,timeout"
SLOF_VALUES = dict(entry.split("=", 1) for entry in SLOFS)
PETITBOOT = ("petitboot,timeout=20", "petitboot,bootdevs=disk network ")
IMAGES = {
    "blank": BLANK,
    "slof": slof(),
    "slof with ours": slof("petipy,timeout=5", "petipy,order=disk,any"),
    "ours in the middle": slof("petipy,order=disk", "petipy,timeout=5", "last=1"),
    "twice": slof("petipy,timeout=1", "petipy,debug=1", "petipy,timeout=5"),
    "skiboot": skiboot(*PETITBOOT),
    "prom-env": prom_env("petipy,timeout=3"),
    "no list yet": make((SYSTEM, "common", 0x1000, ()), (FREE, "w" * 12, 0xF000, ())),
    "small": make((FREE, "", 0x2000, ()), size=0x2000),
}


def others(device: Device) -> dict[str, list[tuple[str, str]]]:
    """Return the entries of everybody else."""
    entries = {
        partition: [(name, value) for name, value in found if not name.startswith("petipy,")]
        for partition, found in device.entries.items()
    }
    return {partition: found for partition, found in entries.items() if found}


def test_a_chain_of_partitions_is_walked() -> None:
    assert Device(slof()).partitions == [
        Partition(0, 0x2000, 0x51, "ibm,CPU0log"),
        Partition(0x2000, 0x800, 0x51, "ibm,CPU1log"),
        Partition(0x2800, 0x1000, SYSTEM, "common"),
        Partition(0x3800, SIZE - 0x3800, FREE, "free space"),
    ]
    assert Device(BLANK).partitions == []


def test_a_header_is_what_slof_writes() -> None:
    slofs = bytes.fromhex("70fc0100 636f6d6d6f6e000000000000")
    assert nvram.make_header(SYSTEM, 0x1000, "common") == slofs


@pytest.mark.parametrize("damage", [(0x2001, 0x00), (0x2002, 0xFF), (0x2003, 0x00)])
def test_the_chain_ends_at_a_damaged_header(damage: tuple[int, int]) -> None:
    image = bytearray(slof())
    image[damage[0]] = damage[1] if image[damage[0]] != damage[1] else 0x55
    assert [p.name for p in Device(bytes(image)).partitions] == ["ibm,CPU0log"]


def test_every_partition_of_settings_is_read() -> None:
    device = Device(prom_env("petipy,timeout=3", "x=", "no sign", "=no name"))
    assert device.entries == {"system": [(NAME, "3"), ("x", "")]}


def test_an_entry_without_an_end_is_none() -> None:
    image = make((SYSTEM, "common", 0x200, ["a=1"]), size=0x200)
    full = image[:0x14] + b"b" * (0x200 - 0x14)
    assert Device(full).entries == {"common": [("a", "1")]}
    with pytest.raises(NvramError, match="holds no list"):
        Device(full).change(NAME, "7")


def test_an_entry_longer_than_anybody_writes_is_passed_over() -> None:
    entries = ["long=" + "a" * 0x2000, "petipy,timeout=3"]
    device = Device(make((SYSTEM, "common", 0x3000, entries), size=0x3000))
    assert device.entries == {"common": [(NAME, "3")]}


@pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("value", ["7", "5", "12345", None, "x" * 200])
def test_a_value_is_kept_and_nothing_else_changes(image: bytes, value: str | None) -> None:
    device = Device(image)
    before = others(device)
    device.change(NAME, value)
    assert device.values.get(NAME) == value
    assert others(device) == before
    assert [name for name, _ in device.entries.get("common", ())].count(NAME) == bool(value)
    if device.partitions:
        assert device.partitions[-1].end == len(image)
    assert not device.plan(NAME, value), "nothing is rewritten that did not change"


@pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("value", ["7", "5", "12345", None, "x" * 100])
def test_a_cut_after_any_byte_leaves_the_old_value_or_the_new_one(
    image: bytes, value: str | None
) -> None:
    writes = Device(image).plan(NAME, value)
    old, all_others = Device(image).values.get(NAME), others(Device(image))
    ours = {name: text for name, text in Device(image).values.items() if name != NAME}
    for device in cut(image, writes):
        assert device.values.get(NAME) in (old, value)
        assert others(device) == all_others
        assert {name: text for name, text in device.values.items() if name != NAME} == ours
        device.change(NAME, "again")
        assert device.values == {**ours, NAME: "again"}
        assert device.partitions[-1].end == len(image)


def test_a_blank_nvram_gets_an_empty_list_and_nothing_else_changes() -> None:
    device = Device(BLANK)
    writes = plan_list(device.read, SIZE)
    for torn in cut(BLANK, writes):
        again = Device(bytes(torn.image))
        again.write(plan_list(again.read, SIZE))
        assert again.entries == {"common": []}
        torn.change(NAME, "7")
        assert torn.values == {NAME: "7"}
        assert torn.partitions[-1].end == SIZE
    device.write(writes)
    assert device.entries == {"common": []}
    assert device.partitions[-1].end == SIZE
    for image in (*IMAGES.values(), bytes(100) + b"x" + bytes(SIZE - 101), bytes(device.image)):
        assert image == BLANK or not plan_list(Device(image).read, len(image))


def test_a_header_of_others_that_is_damaged_is_left_alone() -> None:
    image = bytearray(slof())
    image[0x2801] ^= 0xFF
    with pytest.raises(NvramError, match="damaged"):
        Device(bytes(image)).change(NAME, "7")


def test_an_entry_that_no_firmware_could_read_is_refused() -> None:
    device = Device(slof())
    device.change(NAME, "x" * (255 - len(NAME) - 1))
    with pytest.raises(NvramError, match="this takes 256 bytes; an entry of NVRAM has 255"):
        device.change(NAME, "x" * (256 - len(NAME) - 1))
    with pytest.raises(NvramError, match="NUL"):
        device.change(NAME, "a\0b=c")


def test_a_full_partition_is_refused_and_firmware_keeps_room() -> None:
    device = Device(slof())

    def fill() -> None:
        for number in range(99):
            device.change(f"petipy,s{number}", "x" * 100)

    with pytest.raises(NvramError, match="no room"):
        fill()
    values = device.values
    assert 45 < len(values) < 60
    device.change("petipy,s3", None)
    device.change("petipy,new", "x" * 90)
    assert device.values == {k: v for k, v in values.items() if k != "petipy,s3"} | {
        "petipy,new": "x" * 90
    }


def test_a_full_nvram_is_refused() -> None:
    for image in (make((0xA0, "lnx,oops-log", SIZE, [])), b"", b"\xff" * SIZE):
        with pytest.raises(NvramError, match=r"no room|damaged"):
            Device(image).change(NAME, "7")
        assert not Device(image).plan(NAME, None)


class Settings(RuleBasedStateMachine):
    """Any changes, in an NVRAM that others write, too; some are cut."""

    def __init__(self) -> None:
        super().__init__()
        small = make((0x51, "log", 0x200, []), (SYSTEM, "common", 0x480, SLOFS), size=0x680)
        self.device = Device(small)
        self.values: dict[str, str | None] = {}

    @rule(
        name=st.sampled_from(["petipy,a", "petipy,order", "petipy,dhcp_class"]),
        value=st.none() | st.text("ab=.", min_size=1, max_size=120),
        at=st.none() | st.integers(0, 200),
    )
    def change(self, name: str, value: str | None, at: int | None) -> None:
        try:
            writes = self.device.plan(name, value)
        except NvramError:
            return
        devices = list(cut(bytes(self.device.image), writes))
        self.device = devices[-1 if at is None else at % len(devices)]
        found = self.device.values.get(name)
        assert found in (value, self.values.get(name))
        self.values[name] = found

    @invariant()
    def nothing_else_has_changed(self) -> None:
        values = {name: value for name, value in self.values.items() if value is not None}
        assert self.device.values == {**SLOF_VALUES, **values}
        assert len(self.device.partitions) == 2


TestSettings = Settings.TestCase


@given(st.binary(max_size=300), st.sampled_from([*IMAGES.values()]), st.integers(0, SIZE - 300))
def test_any_bytes_are_read_and_never_written_beyond_a_partition(
    noise: bytes, image: bytes, at: int
) -> None:
    torn = (image[:at] + noise + image[at + len(noise) :])[: len(image)]
    device = Device(torn)
    spaces = [p for p in device.partitions if p.kind in (SYSTEM, FREE)]
    writes: Sequence[nvram.Write] = ()
    try:
        writes = plan_change(device.read, len(torn), NAME, "7")
    except NvramError:
        return
    end = max((p.end for p in walk(device.read, len(torn))), default=0)
    for start, data in writes:
        inside = any(p.offset <= start and start + len(data) <= p.end for p in spaces)
        assert inside or start >= end
    device.write(writes)
    assert device.values[NAME] == "7"


@given(st.binary(max_size=2000))
def test_any_bytes_are_an_nvram(data: bytes) -> None:
    assert all(p.end <= len(data) for p in Device(data).partitions)
    assert isinstance(Device(data).entries, dict)
