"""systemd-networkd finds a machine-id: without one it takes no route of a router."""

from pathlib import Path

from petipy.log import Log
from petipy.network.networkd import Networkd
from petipy.network.units import Identity
from petipy.platforms.pseries import Pseries
from petipy.state.settings import Settings


def make(root: Path) -> Networkd:
    (root / "etc").mkdir()
    return Networkd(Settings(), Pseries(), Log(files=()), str(root))


def test_a_machine_without_an_identity_gets_its_uuid_or_a_random_one(tmp_path: Path) -> None:
    networkd, place = make(tmp_path), tmp_path / "etc/machine-id"
    networkd._write_machine_id(Identity(architecture=None, uuid=bytes(range(16))))
    assert place.read_text() == "000102030405060708090a0b0c0d0e0f\n"
    place.unlink()
    networkd._write_machine_id(Identity(architecture=None))
    assert len(bytes.fromhex(place.read_text())) == 16


def test_an_identity_that_is_there_stays(tmp_path: Path) -> None:
    networkd, place = make(tmp_path), tmp_path / "etc/machine-id"
    place.write_text("f" * 32)
    networkd._write_machine_id(Identity(architecture=None, uuid=bytes(16)))
    assert place.read_text() == "f" * 32
