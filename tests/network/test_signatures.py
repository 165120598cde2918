"""Scripts of iPXE that want signatures, from real servers to a boot."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.network.authority import Authority
from tests.network.namespace import Namespace
from tests.network.program import Petipy, start_petipy
from tests.network.servers import HTTP_ROOT, put, start_dnsmasq, start_nginx
from tests.network.systemd import bring_networkd

RANGE = "dhcp-range=192.0.2.50,192.0.2.60,10m"
SITE = "http://192.0.2.1"
SCRIPT = """\
#!ipxe
imgtrust --permanent
menu Signed
item wrong The initrd is another one
item right Both are signed
choose --timeout 100 --default {default} what
goto ${{what}}
:wrong
kernel vmlinux wrong
imgverify vmlinux vmlinux.sig
initrd other
imgverify --signer Release other initrd.sig
boot
:right
kernel vmlinux right
imgverify vmlinux vmlinux.sig
initrd initrd
imgverify --signer Release initrd initrd.sig
boot
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def start(
    spaces: tuple[Namespace, Namespace], authority: Authority, default: str, *words: str
) -> AbstractContextManager[Petipy]:
    """Serve the script, whose menu has the `default`, and start the program."""
    server, client = spaces
    root = server.room / HTTP_ROOT
    put(root, {"vmlinux": "good", "initrd": "four", "other": "evil!"})
    put(root, {"boot.ipxe": SCRIPT.format(default=default), "ca.pem": authority.certificate})
    signer = authority.sign("Release", usage="codeSigning")
    for name in ("vmlinux", "initrd"):
        (root / f"{name}.sig").write_bytes(signer.sign_file(root / name))
    start_nginx(server, "server { listen 80; }")
    start_dnsmasq(server, RANGE, f"dhcp-boot={SITE}/boot.ipxe")
    bring_networkd(client)
    return start_petipy(client, *words)


def test_a_script_whose_files_are_signed_boots_by_itself(
    spaces: tuple[Namespace, Namespace], authority: Authority
) -> None:
    ca = f"petipy.ca={authority.certificate}"
    with start(spaces, authority, "right", "petipy.timeout=0", ca) as petipy:
        assert petipy.boots() == ["right", "initrd 4"]
    assert "initrd: the signature is right (by Release)" in read_log(petipy)


def test_a_wrong_signature_ends_the_boot_with_the_reason(
    spaces: tuple[Namespace, Namespace], authority: Authority
) -> None:
    ca = f"petipy.ca={authority.certificate}"
    with start(spaces, authority, "wrong", "petipy.timeout=0", ca) as petipy:
        petipy.console.shows("did not boot: other: signature http://192.0.2.1/initrd", 60)
        petipy.console.shows("it is damaged, or the signature of another content", 10)


def test_without_an_authority_only_a_person_boots_it(
    spaces: tuple[Namespace, Namespace], authority: Authority
) -> None:
    with start(spaces, authority, "right", "petipy.timeout=1") as petipy:
        petipy.console.shows("Nothing boots by itself yet", 60)
        petipy.console.press("j")
        petipy.console.shows("petipy.ca names no authority", 30)
        petipy.console.press("down", "enter")
        assert petipy.boots() == ["right", "initrd 4"]
    assert "are not checked: petipy.ca is not set" in read_log(petipy)


def read_log(petipy: Petipy) -> str:
    return (petipy.room / "log.txt").read_text()
