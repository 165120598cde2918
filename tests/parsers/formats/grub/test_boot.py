"""Entries load kernels, initrds and command lines; some cannot be started by kexec."""

from dataclasses import replace

import pytest

from parsers.api import FileRef
from tests.fakes import Machine
from tests.parsers.formats.grub.runs import CONFIG, machine, offered, printed


@pytest.mark.parametrize(
    ("words", "cmdline"),
    [
        ("/k a\tb", "BOOT_IMAGE=/k a b"),
        ('/k "dyndbg=file x +p"', 'BOOT_IMAGE=/k "dyndbg=file x +p"'),
        ("/k it\\'s 'a\\b'", "BOOT_IMAGE=/k it\\'s a\\\\b"),
        ("/k '' b", "BOOT_IMAGE=/k  b"),
        ("($root)/k $none", "BOOT_IMAGE=(hd0,msdos1)/k"),
    ],
)
def test_the_command_line_is_grubs_byte_for_byte(words: str, cmdline: str) -> None:
    assert offered(machine(f"menuentry A {{ linux {words}\n}}"))[0].cmdline == cmdline


def test_linux_with_all_it_takes() -> None:
    script = "menuentry A {\n linux /k\n initrd /a ($root)/b\n devicetree /d\n}"
    entry = offered(machine(script))[0]
    assert entry.initrds == (FileRef(path="/a"), FileRef(path="/b"))
    assert entry.devicetree == FileRef(path="/d")


def test_an_initrd_may_be_packed_under_a_name() -> None:
    script = "menuentry A {\n linux /k\n initrd newc:etc/x:($root)/a /b newc:y\n}"
    (packed, plain, odd) = offered(machine(script))[0].initrds
    assert packed == FileRef(path="/a", packed="etc/x")
    assert str(packed) == "newc:etc/x:/a"
    assert plain == FileRef(path="/b")
    assert not odd.packed


def test_a_kernel_that_is_missing_leaves_the_one_that_is_loaded() -> None:
    script = "menuentry A {\n linux /k\n linux /none\n echo $?\n}"
    files = machine(script, {"/k": "k"})
    assert printed(files) == "error: file `/none' not found.\n5\n"
    assert offered(files)[0].kernel == FileRef(path="/k")


def test_a_server_without_a_name_is_the_leases() -> None:
    host = Machine({"n": {CONFIG: "menuentry A { linux (tftp)/k\ninitrd (http,h:80)/i\n}"}})
    host = replace(host, leases={"n": {"siaddr": "10.0.0.2"}})
    entry = offered(host.files("n"))[0]
    assert entry.kernel == FileRef(url="tftp://10.0.0.2/k")
    assert entry.initrds == (FileRef(url="http://h:80/i"),)


def test_a_file_on_a_server_is_run() -> None:
    host = Machine(
        {"n": {CONFIG: "source (http,h)/more.cfg"}}, urls={"http://h/more.cfg": "echo more"}
    )
    assert printed(host.files("n")) == "more\n"


def test_a_file_over_the_network_is_a_url() -> None:
    entry = offered(machine("menuentry A { linux (tftp,10.0.0.1)/k }"))[0]
    assert entry.kernel == FileRef(url="tftp://10.0.0.1/k")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("reboot", "it restarts the machine"),
        ("halt", "it switches the machine off"),
        ("fwsetup", "it opens the firmware's settings"),
        ("exit", "it goes back to the firmware"),
        ("configfile /boot/grub/grub.cfg", "it opens the menu of /boot/grub/grub.cfg"),
        ("configfile /none.cfg", "it opens the menu of /none.cfg, which is not there"),
        ("configfile /grub2/grub.cfg", "it opens the menu of /grub2/grub.cfg, which is not there"),
        ("chainloader (hd0,1)+1", "it starts the boot sector of (hd0,1), which Linux cannot start"),
        ("chainloader /x.efi", "it starts another boot loader (/x.efi), which Linux cannot start"),
        ("multiboot2 /xen", "it starts a multiboot kernel (/xen), which Linux cannot start"),
    ],
)
def test_what_kexec_cannot_start_says_what_it_is(body: str, why: str) -> None:
    entry = offered(machine(f"menuentry A {{ {body} }}"))[0]
    assert (entry.kernel, entry.unbootable) == (None, why)
