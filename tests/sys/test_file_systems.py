"""The file systems that are known are those of the image's drivers."""

from pathlib import Path

from petipy.sys import mount

DRIVERS = Path(__file__).parents[2] / "initramfs/drivers.txt"
BUILT_IN = {"ext2", "ext3", "ext4"}
OTHERS = {"overlay"}  # on no device
NETWORK = {"nfs": "nfsv4"}  # file system → its driver, among those of the network


def test_a_driver_of_the_image_that_does_not_come_is_a_failure() -> None:
    """Nobody waits for a lock on any other file system, since nobody can read it there."""
    section = DRIVERS.read_text().partition("[file systems]\n")[2].partition("\n\n")[0]
    names = {name for name in section.split() if not name.startswith("nls_")}
    shipped = {"iso9660" if name == "isofs" else name for name in names - OTHERS}
    assert shipped
    assert set(NETWORK.values()) <= {*DRIVERS.read_text().split()}
    assert (shipped | {*NETWORK}) - BUILT_IN == mount._KNOWN - BUILT_IN
