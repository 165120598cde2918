from petipy.kexec.machines import Range
from petipy.kexec.machines.ppc64le import tree
from tests.kexec.samples import MIB, pseries, wide


def test_the_next_kernel_is_told_its_own_command_line_and_initrd_and_nothing_stale() -> None:
    live = pseries()
    chosen = tree.make_next(live, b"root=/dev/vda1", Range(0x5000000, 0x5001234), {}).child(
        "chosen"
    )
    assert chosen is not None
    assert chosen.properties == {
        "stdout-path": b"/vdevice/vty@71000000\0",
        "bootargs": b"root=/dev/vda1\0",
        "linux,booted-from-kexec": b"",
        "linux,initrd-start": wide(0x5000000),
        "linux,initrd-end": wide(0x5001234),
    }
    assert live == pseries()  # the live one is not touched


def test_without_an_initrd_the_next_kernel_hears_of_none() -> None:
    chosen = tree.make_next(pseries(), b"", None, {}).child("chosen")
    assert chosen is not None
    assert not [name for name in chosen.properties if "initrd" in name]


def test_rtas_opal_and_the_initrd_are_reserved() -> None:
    live = pseries(rtas=255 * MIB)
    live.properties["reserved-ranges"] = wide(0x30000000, 0x1000)
    assert sorted(tree.find_reservations(live, Range(100, 250))) == [
        (100, 150),
        (255 * MIB, 20),
        (0x30000000, 0x1000),
    ]
