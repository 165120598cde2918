"""Machines of provisioning servers: what each offers, and what boots with the network first.

The machines lie outside the repository. The golden cases `server-…` are the project's own.
"""

from dataclasses import replace
from typing import NamedTuple

import pytest

from petipy.commands.survey import replay
from petipy.machinefile.read import load
from petipy.state.candidates import list_candidates
from petipy.state.model import Choice, Snapshot
from petipy.state.order import parse
from petipy.state.survey import Survey
from tests.cases import find

pytestmark = pytest.mark.shared("network")

H, T = "http://192.168.10.1", "tftp://192.168.10.1"
MAAS = f"{H}:5248/images/ab12/boot"
DISK = "ieee1275/disk,gpt2"


class Offer(NamedTuple):
    """The files of the entry that boots, and a part of its command line."""

    kernel: str
    initrd: str
    words: str


OFFERS = {
    "assisted": Offer(
        "http://a:8888/boot-artifacts/kernel?arch=ppc64le&version=4.9",
        "http://a:8888/images/x/pxe-initrd?arch=ppc64le&version=4.9",
        'coreos.inst.persistent-kargs="console=tty1 console=ttyS1,115200n8"',
    ),
    "cobbler-deploy": Offer(f"{T}/images/f/vmlinuz", f"{T}/images/f/initrd.img", "inst.ks="),
    "foreman": Offer(
        f"{T}/boot/rhel-vmlinuz", f"{T}/boot/rhel-initrd.img", "BOOTIF=01-52-54-00-12-34-56"
    ),
    "ironic-deploy": Offer(
        f"{H}:8080/n/deploy_kernel", f"{H}:8080/n/deploy_ramdisk", "BOOTIF=52:54:00:12:34:56"
    ),
    "maas-deploy": Offer(f"{MAAS}-kernel", f"{MAAS}-initrd", "BOOTIF=01-52:54:00:12:34:56"),
    "maas-enlist": Offer(f"{MAAS}-kernel", f"{MAAS}-initrd", "cc:{datasource_list: [MAAS]}end_cc"),
    "maas-powernv": Offer(f"{MAAS}-kernel", f"{MAAS}-initrd", "BOOTIF=01-52-54-00-12-34-56"),
    "ocp-helper": Offer(f"{T}/rhcos/kernel", f"{T}/rhcos/initramfs.img", "mine=1"),
    "tinkerbell": Offer(
        f"{H}:7171/vmlinuz-ppc64le", f"{H}:7171/initramfs-ppc64le", "worker_id=1 modules=loop"
    ),
    "xcat-grub": Offer(
        f"{H}:80/tftpboot/xcat/osimage/vmlinuz",
        f"{H}:80/tftpboot/xcat/osimage/initrd.img",
        "BOOTIF=52:54:00:12:34:56",
    ),
    "xcat-petitboot": Offer(
        f"{H}:80/tftpboot/x/vmlinuz",
        f"{H}:80/tftpboot/x/initrd.img",
        "quiet inst.repo=http://x BOOTIF=52:54",
    ),
}
# These servers want the disk to boot. nextserver-only has `localboot 0`.
LOCAL = [
    *("cobbler-local", "foreman-local", "ironic-local", "maas-local", "maas-powernv-local"),
    "nextserver-only",
]
# Nothing answers: Debian's tree has a kernel, but no configuration.
SILENT = ["debian-netboot"]


def surveyed(name: str) -> Survey:
    (path,) = find(f"network/{name}.json")
    return replay(load(str(path)))


def networks_first(found: Survey) -> Snapshot:
    snapshot = found.snapshot
    return replace(snapshot, settings=replace(snapshot.settings, order=parse("network,any")))


def candidates(found: Survey) -> list[Choice]:
    return list_candidates(networks_first(found))


def test_every_machine_is_expected() -> None:
    names = {path.stem for path in find("network/*.json")}
    assert names == {*OFFERS, *LOCAL, *SILENT}


@pytest.mark.parametrize("name", OFFERS)
def test_a_server_offers_what_it_hands_out(name: str) -> None:
    found = surveyed(name)
    boots, *_ = candidates(found)
    (initrd,) = boots.initrds
    assert boots.kernel
    assert (boots.device, boots.kernel.url, initrd.url) == ("eth0", *OFFERS[name][:2])
    assert OFFERS[name].words in boots.entry.cmdline
    assert found.problems == ()


@pytest.mark.parametrize("name", LOCAL)
def test_a_server_that_says_local_boots_the_disk_and_leaves_it_its_entries(name: str) -> None:
    found = surveyed(name)
    assert [choice.device for choice in candidates(found)] == [DISK]
    (own,) = (choice for choice in found.choices if choice.device == DISK)
    assert own.entry.title == "Ubuntu"
    theirs = [choice for choice in found.choices if choice.device == "eth0"]
    assert theirs
    assert all(choice.elsewhere for choice in theirs)
    assert found.problems == ()


@pytest.mark.parametrize("name", SILENT)
def test_a_server_without_an_answer_is_told_and_the_disk_boots(name: str) -> None:
    found = surveyed(name)
    assert [choice.device for choice in candidates(found)] == [DISK]
    ((device, problem),) = found.problems
    assert (device, "no configuration at" in problem.message) == ("eth0", True)


@pytest.mark.parametrize("name", [*OFFERS, *LOCAL, *SILENT])
def test_without_an_order_the_installed_disk_boots(name: str) -> None:
    assert list_candidates(surveyed(name).snapshot)[0].device == DISK
