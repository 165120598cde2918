import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.kexec import fdt
from petipy.kexec.machines import NoRoom, Range
from petipy.kexec.machines.ppc64le.layout import ALIGN, REACH, TREE_ROOM, Memory, place, survey
from tests.kexec.samples import MIB, cells, pseries, wide

ranges = st.builds(
    lambda start, size: Range(start, start + size),
    st.integers(0, 2048 * MIB),
    st.integers(1, 64 * MIB),
)
memories = st.builds(
    Memory,
    st.builds(lambda end, more: (Range(0, end), *more), st.integers(MIB, 1024 * MIB), st.just(())),
    st.integers(0, 64 * MIB),
    st.lists(ranges, max_size=5).map(tuple),
)


@given(memories, st.integers(1, 96 * MIB), st.lists(st.integers(1, 64 * MIB), max_size=5))
def test_nothing_overlaps_and_everything_lies_in_free_memory(
    memory: Memory, kernel: int, initrds: list[int]
) -> None:
    try:
        layout = place(memory, kernel, initrds)
    except NoRoom:
        return
    placed = [
        Range(layout.kernel, layout.kernel + kernel),
        Range(layout.last, layout.last + TREE_ROOM),
        *(Range(at, at + n) for at, n in zip(layout.initrds, initrds, strict=True)),
    ]
    for n, one in enumerate(placed):
        assert one.start % ALIGN == 0
        assert one.start >= max(memory.floor, kernel)
        assert any(block.start <= one.start and one.end <= block.end for block in memory.blocks)
        assert not any(one.overlaps(other) for other in (*placed[:n], *memory.taken))


@given(st.lists(st.integers(1, 16 * MIB), min_size=2, max_size=6))
def test_initrds_follow_one_another_with_less_than_a_page_between(sizes: list[int]) -> None:
    layout = place(survey(pseries()), 40 * MIB, sizes)
    for n, size in enumerate(sizes[:-1]):
        assert 0 <= layout.initrds[n + 1] - (layout.initrds[n] + size) < ALIGN


def test_a_guest_of_256_mb_has_room_for_a_kernel_and_an_initrd_of_40_mb_each() -> None:
    layout = place(survey(pseries(256 * MIB)), 42 * MIB, [40 * MIB])
    assert layout.initrds[0] + 40 * MIB < 256 * MIB


def test_the_initrd_may_lie_above_what_a_cpu_reaches_without_its_mmu_the_kernel_not() -> None:
    memory = Memory((Range(0, 256 * MIB), Range(256 * MIB, 1024 * MIB)), 40 * MIB)
    assert place(memory, 40 * MIB, [300 * MIB]).initrds == (724 * MIB,)
    with pytest.raises(
        NoRoom, match=r"the kernel in the first 256 MiB of memory: it takes 314\.6 MB"
    ):
        place(memory, 300 * MIB)


def test_what_lies_in_the_way_is_stepped_over() -> None:
    memory = Memory((Range(0, 512 * MIB),), 40 * MIB, (Range(300 * MIB + 5, 511 * MIB),))
    assert place(memory, 8 * MIB).kernel == 292 * MIB


def test_places_are_high_where_the_leaving_kernel_does_not_collect_pages() -> None:
    layout = place(survey(pseries(512 * MIB)), 40 * MIB, [20 * MIB])
    assert min(layout.kernel, layout.last, *layout.initrds) >= 256 * MIB


def test_places_are_below_the_reach_in_a_large_machine() -> None:
    memory = Memory((Range(0, 65536 * MIB),), 40 * MIB)
    layout = place(memory, 40 * MIB, [20 * MIB])
    assert max(layout.kernel + 40 * MIB, layout.last, *layout.initrds) <= REACH
    assert place(memory, 40 * MIB, [1024 * MIB]).initrds == (64512 * MIB,)


def test_a_larger_kernel_than_the_running_one_does_not_bury_its_own_tree() -> None:
    memory = Memory((Range(0, 1024 * MIB),), floor=30 * MIB)
    layout = place(memory, 80 * MIB, [MIB])
    assert min(layout.kernel, layout.last, *layout.initrds) >= 80 * MIB


def test_the_firmware_and_the_running_kernel_are_found_in_the_tree() -> None:
    tree = pseries(512 * MIB, kernel_end=41 * MIB, rtas=255 * MIB)
    tree.children.append(
        fdt.Node(
            "ibm,opal",
            {"opal-base-address": wide(0x30000000), "opal-runtime-size": wide(0x1000)},
        )
    )
    tree.children.append(
        fdt.Node(
            "pci@1",
            {
                "linux,tce-base": (0x7000000).to_bytes(8, "little"),
                "linux,tce-size": (0x10000).to_bytes(4, "little"),
            },
        )
    )
    tree.properties["reserved-ranges"] = wide(0x39C00000, 0x400000)
    assert survey(tree) == Memory(
        (Range(0, 512 * MIB),),
        41 * MIB,
        (
            Range(0x7000000, 0x7010000),
            Range(255 * MIB, 255 * MIB + 20),
            Range(0x30000000, 0x30001000),
            Range(0x39C00000, 0x3A000000),
        ),
    )


def test_a_tree_without_memory_is_an_error() -> None:
    with pytest.raises(ValueError, match="describes no memory"):
        survey(fdt.Node("", {"#size-cells": cells(2)}))


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        (b"quiet mem=192M", 192 * MIB),
        (b"mem=512M mem=0xc000000 quiet", 192 * MIB),
        (b"mem=196608k", 192 * MIB),
        (b"xmem=1M crashmem=2M mem=0", 1024 * MIB),
        (b"mem=many", 1024 * MIB),
        (b"mem=8G", 1024 * MIB),
    ],
)
def test_nothing_lies_beyond_the_memory_that_the_running_kernel_may_use(
    words: bytes, limit: int
) -> None:
    tree = pseries()
    chosen = tree.child("chosen")
    assert chosen
    chosen.properties["bootargs"] = words + b"\0"
    assert survey(tree).blocks == (Range(0, limit),)
