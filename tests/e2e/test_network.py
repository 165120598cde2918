"""Boot from the network without anybody at a console: one guest for each capability."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.site import (
    CORE,
    MAAS_DEPLOY,
    MAAS_LOCAL,
    MAC,
    QUIET,
    SERVER,
    grub_netdir,
    installer,
    kernel_and_initrd,
    maas,
    pxelinux,
    site,
)
from tests.e2e.target import BOOT, System, wait_for_target
from tests.e2e.vm import Machine, start
from tests.network.authority import Authority
from tests.network.servers import put, requests

pytestmark = pytest.mark.e2e
ALONE = "petipy.timeout=0"


def test_without_a_disk_it_boots_what_dnsmasq_and_nginx_serve_with_its_signatures(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "authority")
    signer = authority.sign("Release", usage="codeSigning")
    ca = authority.certificate.read_bytes()
    with site(tmp_path) as here:
        put(here.http, {"boot.ipxe": SIGNED, "ca.pem": ca, **kernel_and_initrd(chosen)})
        for name in ("vmlinux", "initrd.gz"):
            (here.http / f"{name}.sig").write_bytes(signer.sign_file(here.http / name))
        here.dnsmasq(f"dhcp-boot=http://{SERVER}/boot.ipxe")
        web = here.nginx()
        words = f"petipy.ca=http://{SERVER}/ca.pem#sha256={sha256(ca).hexdigest()}"
        machine = image.machine(Machine(nics=[here.nic()]), f"{ALONE} {words}")
        with start(machine, tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"
        assert any(line.startswith("GET /vmlinux.sig 20") for line in requests(web))


SIGNED = f"""\
#!ipxe
imgtrust --permanent
kernel vmlinux {QUIET}
imgverify vmlinux vmlinux.sig
initrd initrd.gz
imgverify --signer Release initrd.gz initrd.gz.sig
boot
"""


@pytest.mark.slow
def test_the_debian_installer_starts_from_the_network(image: Image, tmp_path: Path) -> None:
    with site(tmp_path) as here:
        here.serve({"pxelinux.cfg/default": INSTALLER, **installer()})
        machine = image.machine(Machine(nics=[here.nic()]), ALONE)
        with start(machine, tmp_path) as guest:
            guest.console.shows(r"Select a language|Choose language", within=BOOT)


INSTALLER = """\
default install
label install
	kernel vmlinux
	append vga=normal initrd=initrd.gz console=hvc0 --- quiet
"""


def test_a_tree_of_grub_mknetdir_boots_as_behind_its_core(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """core.elf's own grub.cfg sources another one without a leading slash."""
    with site(tmp_path) as here:
        grub_netdir(here.tftp, chosen, QUIET)
        here.dnsmasq(f"dhcp-boot={CORE}")
        machine = image.machine(Machine(nics=[here.nic("spapr-vlan")]), ALONE)
        with start(machine, tmp_path) as guest:
            said = wait_for_target(guest.console)
            assert said["cmdline"] == f"[BOOT_IMAGE=/target/vmlinux {QUIET}]"


def test_maas_deploys_a_machine_over_tftp_and_http(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    with site(tmp_path) as here:
        put(here.tftp, maas(MAAS_DEPLOY, QUIET))
        files = kernel_and_initrd(chosen)
        names = {"vmlinux": "images/boot-kernel", "initrd.gz": "images/boot-initrd"}
        put(here.http, {names[name]: content for name, content in files.items()})
        here.dnsmasq("dhcp-boot=bootppc64.bin")
        here.nginx("server { listen 5248; }")
        machine = image.machine(Machine(nics=[here.nic()]), ALONE)
        with start(machine, tmp_path) as guest:
            said = wait_for_target(guest.console)
            data = r"cc:{\'a\': [\'b\']}end_cc"  # GRUB protects quotes for the kernel
            assert said["cmdline"].endswith(f"{QUIET} {data} BOOTIF=01-{MAC}]")


def test_a_server_that_says_local_has_the_disk_booted_at_once(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    with site(tmp_path) as here:
        put(here.tftp, maas(MAAS_LOCAL))
        here.dnsmasq("dhcp-boot=bootppc64.bin")
        hardware = Machine(nics=[here.nic()], drives=[("virtio", install(debian))])
        machine = image.machine(hardware, f"{ALONE} petipy.order=network,any")
        with start(machine, tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{debian.command_line()}]"


def test_where_no_server_answers_the_disk_boots_when_the_patience_ends(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    with site(tmp_path) as here:
        hardware = Machine(nics=[here.nic()], drives=[("virtio", install(debian))])
        machine = image.machine(hardware, f"{ALONE} petipy.order=network:20s,any")
        with start(machine, tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{debian.command_line()}]"


def test_a_firmware_of_opal_gets_the_tree_of_its_architecture(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """A server with a tree for each architecture: that of 0E has a prefix, by TFTP."""
    with site(tmp_path) as here:
        put(here.tftp, pxelinux(chosen, "wrong"))
        put(here.tftp / "ppc64el", pxelinux(chosen, QUIET, f"01-{MAC.replace(':', '-')}"))
        here.dnsmasq(
            *("dhcp-match=set:opal,option:client-arch,14", "dhcp-boot=pxelinux.0"),
            "dhcp-option-force=tag:opal,210,ppc64el/",
        )
        machine = image.machine(Machine(nics=[here.nic()]), f"{ALONE} petipy.dhcp_arch=0E")
        with start(machine, tmp_path) as guest:
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"


TOO_LARGE = """\
DEFAULT large
ONTIMEOUT large
LABEL large
	KERNEL vmlinux
	INITRD huge
	APPEND wrong
LABEL good
	KERNEL vmlinux
	INITRD initrd.gz
	APPEND @CMDLINE@
"""


def test_an_initrd_larger_than_memory_is_refused_before_it_is_fetched(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """Another entry of the server boots when somebody chooses it."""
    with site(tmp_path) as here:
        files = {"pxelinux.cfg/default": TOO_LARGE.replace("@CMDLINE@", QUIET)}
        web = here.serve({**files, **kernel_and_initrd(chosen), "huge": b""})
        os.truncate(here.http / "debian/huge", 10 << 30)
        with start(image.machine(Machine(nics=[here.nic()]), ALONE), tmp_path) as guest:
            words = r"large did not boot: .*huge: .*10,737,418,240 bytes; there is room for [\d,]+"
            guest.console.expect(words, within=BOOT)
            menu.enter(guest.console, menu.FOOTER)
            guest.console.shows("> .*large", 60)
            guest.console.press("down", "enter")
            assert wait_for_target(guest.console)["cmdline"] == f"[{QUIET}]"
        sent = [line.split() for line in requests(web) if "/debian/huge" in line]
        assert sum(int(words[3]) for words in sent) < 50_000_000  # what was on its way
