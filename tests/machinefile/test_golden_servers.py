"""The golden cases of servers as whole machines: what boots with the network first in the order."""

from dataclasses import replace

import pytest

from petipy.commands.survey import replay
from petipy.machinefile.read import load
from petipy.state.candidates import list_candidates
from petipy.state.order import parse
from tests.parsers.test_golden import GOLDEN

BOOTS = {
    "grub/server-cobbler-local": "vda2",
    "grub/server-cobbler-system": "eth0",
    "grub/server-foreman-local": "vda2",
    "grub/server-helpernode-stub": "eth0",
    "grub/server-ironic-master": "eth0",
    "grub/server-maas-enlist": "eth0",
    "grub/server-maas-local": "vda2",
    "grub/server-maas-power-off": "vda2",
    "grub/server-xcat": "eth0",
    "ipxe/server-assisted-refused": "vda2",
    "ipxe/server-ironic-loop": "eth0",
    "ipxe/server-tinkerbell": "eth0",
    "pxe/server-ironic-whole-disk": "vda2",
    "pxe/server-maas-powernv": "eth0",
    "pxe/server-slof-tree": "eth0",
    "pxe/server-xcat-petitboot": "eth0",
    "pxe/server-xcat-petitboot-local": "vda2",
}


def test_every_server_is_expected() -> None:
    found = {f"{path.parent.name}/{path.name}" for path in GOLDEN.glob("*/server-*")}
    assert found == set(BOOTS)


@pytest.mark.parametrize(("case", "device"), BOOTS.items(), ids=BOOTS)
def test_a_server_decides_and_else_the_disk_boots(case: str, device: str) -> None:
    found = replay(load(str(GOLDEN / case / "network.json")))
    settings = replace(found.snapshot.settings, order=parse("network,any"))
    boots, *_ = list_candidates(replace(found.snapshot, settings=settings))
    assert boots.device == device
    if device == "vda2":
        assert boots.entry.title == "Installed"
        assert boots.entry.default
    elsewhere = [choice.elsewhere for choice in found.choices if choice.device == "eth0"]
    told = case in ("grub/server-maas-power-off", "ipxe/server-assisted-refused")
    assert set(elsewhere) == {device == "vda2" and not told}
