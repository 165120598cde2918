"""Boot from the network over every kind of link: IPv6, several cards, VLAN, bond, a loose cable."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.site import QUIET, SERVER, SERVER6, Site, pxelinux, site
from tests.e2e.target import BOOT, System, wait_for_target
from tests.e2e.vm import Machine, Nic, start
from tests.network.authority import Authority
from tests.network.servers import put, requests
from tests.network.switch import Switch, running

pytestmark = pytest.mark.e2e
ALONE = "petipy.timeout=0"


@contextmanager
def deaf_sockets(count: int) -> Iterator[list[int]]:
    """Yield one end of so many cables whose other end nobody reads."""
    with ExitStack() as stack:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
        for end in (end for pair in pairs for end in pair):
            stack.enter_context(end)
        yield [pair[0].fileno() for pair in pairs]


@contextmanager
def switched(here: Site, count: int, *, vlan: int = 0, lacp: bool = False) -> Iterator[list[int]]:
    """Put a switch between the servers and so many cards of a guest; yield the cards' ends.

    The servers are in the VLAN, whose frames have tags at the guest. With `lacp`, the cards are to
    make a bond.
    """
    with ExitStack() as stack:
        switch, ends = Switch(), []
        switch.port("servers", here.tap, vlan=vlan)
        for number in range(count):
            its, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            stack.enter_context(its)
            stack.enter_context(ours)
            switch.port(f"guest{number}", ours.fileno(), group=int(lacp))
            ends.append(its.fileno())
        stack.enter_context(running(switch))
        yield ends


def mac(number: int) -> str:
    return f"52:54:00:00:00:{number:02x}"


def test_with_ipv6_alone_it_boots_by_https(image: Image, chosen: System, tmp_path: Path) -> None:
    """The server shows its authority, whose fingerprint is on the command line."""
    authority = Authority(tmp_path / "ca")
    certificate = authority.sign(f"IP:{SERVER6}")
    chain = certificate.certificate
    chain.write_bytes(chain.read_bytes() + authority.certificate.read_bytes())
    with site(tmp_path) as here:
        put(here.http / "debian", pxelinux(chosen, QUIET))
        web = here.nginx(f"server {{ listen [::]:443 ssl; {certificate.nginx} }}")
        here.dnsmasq(
            "enable-ra",
            f"dhcp-option=option6:59,https://[{SERVER6}]/debian/pxelinux.cfg/default",
            addresses="dhcp-range=2001:db8::50,2001:db8::60,64,10m",
        )
        words = f"{ALONE} petipy.ca={authority.fingerprint}"
        with start(image.machine(Machine(nics=[here.nic()]), words), tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"
        assert any(line.startswith("GET /debian/vmlinux 20") for line in requests(web))


def test_of_four_cards_the_one_that_is_answered_boots(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    with site(tmp_path) as here, deaf_sockets(3) as deaf:
        here.serve(pxelinux(chosen, QUIET))
        models = ("virtio-net-pci", "spapr-vlan", "virtio-net-pci")
        others = [
            Nic(descriptor=end, tap=False, model=model, mac=mac(number))
            for number, (end, model) in enumerate(zip(deaf, models, strict=True), 2)
        ]
        machine = Machine(nics=[*others, here.nic("e1000e")])
        with start(image.machine(machine, ALONE), tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"


def test_it_boots_over_a_vlan(image: Image, chosen: System, tmp_path: Path) -> None:
    with site(tmp_path) as here, switched(here, 1, vlan=5) as (end,):
        here.serve(pxelinux(chosen, QUIET))
        machine = Machine(nics=[Nic(descriptor=end, tap=False)])
        words = f"{ALONE} vlan=eth0.5:eth0 ip=eth0.5:dhcp"
        with start(image.machine(machine, words), tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"


@pytest.mark.parametrize("mode", ["802.3ad", pytest.param("active-backup", marks=pytest.mark.slow)])
def test_it_boots_over_a_bond_of_two_cards(
    mode: str, image: Image, chosen: System, tmp_path: Path
) -> None:
    with site(tmp_path) as here, switched(here, 2, lacp=mode == "802.3ad") as ends:
        here.serve(pxelinux(chosen, QUIET))
        # LACP is only spoken over links that say that they are duplex.
        model = "virtio-net-pci,speed=1000,duplex=full"
        cards = [
            Nic(descriptor=end, tap=False, model=model, mac=mac(number))
            for number, end in enumerate(ends, 1)
        ]
        words = f"{ALONE} bond=bond0:eth0,eth1:mode={mode},miimon=100 ip=bond0:dhcp"
        with start(image.machine(Machine(nics=cards), words), tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"


def test_a_server_that_comes_up_late_takes_the_boot_over_with_time_for_a_person_to_see_it(
    image: Image, chosen: System, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """The cable is in, and nobody answers at first. The disk would boot after ten minutes."""
    with site(tmp_path) as here:
        put(here.http / "debian", pxelinux(chosen, QUIET))
        here.nginx()
        hardware = Machine(nics=[here.nic()], drives=[("virtio", install(debian))])
        words = "petipy.timeout=5 petipy.order=network:600s,any"
        with start(image.machine(hardware, words), tmp_path) as guest:
            console = guest.console
            console.expect("eth0: no answer to DHCP for 30 s; still asking", within=BOOT)
            here.dnsmasq("dhcp-boot=pxelinux.0", f"dhcp-option-force=210,http://{SERVER}/debian/")
            console.expect(r"Default: Install \(eth0\)\s+3 s until it boots", within=BOOT)
            assert wait_for_target(console)["cmdline"] == f"[{QUIET}]"


def test_a_download_goes_on_after_a_cable_was_pulled(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """The connection may live on; if it does not, the rest is asked for, not the whole."""
    with site(tmp_path) as here:
        put(here.http / "debian", pxelinux(chosen, QUIET))
        here.dnsmasq("dhcp-boot=pxelinux.0", "dhcp-option-force=210,http://192.0.2.1/debian/")
        slow = "location /debian/initrd.gz { limit_rate 300k; }"
        web = here.nginx(f"server {{ listen 80; send_timeout 5s; {slow} }}")
        with start(image.machine(Machine(nics=[here.nic()]), ALONE), tmp_path) as guest:
            # nginx logs an answer at its end: the kernel's, while the initrd still comes.
            guest.until(
                guest.console, lambda: "GET /debian/vmlinux" in web.said, BOOT, "kernel fetched"
            )
            assert "GET /debian/initrd.gz" not in web.said
            guest.monitor.cable(0, plugged=False)
            time.sleep(15)
            guest.monitor.cable(0, plugged=True)
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"
        answers = [line for line in requests(web) if line.startswith("GET /debian/initrd.gz")]
        assert [line.split()[2] for line in answers][1:] == ["206"] * (len(answers) - 1)
