"""Menus of servers: the ways in which they send a machine to its own disk, and other requests."""

from collections.abc import Mapping

import pytest

from parsers.api import Entry, FileRef, Preferences, SignatureRef, Volume
from parsers.formats import formats
from petipy.scan.lease import scan_lease
from petipy.state.model import Scan
from tests import efi
from tests.fakes import Machine

SERVER = "tftp://10.0.0.1"
CONFIG = f"{SERVER}/grub/grub.cfg"
LEASE = {
    "ip": "10.0.0.7",
    "mac": "52:54:00:AB:CD:EF",
    "siaddr": "10.0.0.1",
    "bootfile": "bootppc64.bin",
}
DISK = Volume(name="vda2", uuid="1234", fs="ext4", disk="vda", partition=2)
OWN = {"/boot/grub/grub.cfg": "menuentry own { linux /vmlinuz }", "/EFI/x/grubx64.efi": "MZ"}


def scanned(
    text: str, more: Mapping[str, str | bytes] | None = None, *, disk: bool = True, **said: str
) -> Scan:
    volumes = [Volume(name="eth0"), *[DISK] * disk]
    urls = {CONFIG: text, **(more or {})}
    trees = {"vda2": OWN} if disk else {}
    host = Machine(trees, volumes=volumes, urls=urls, leases={"eth0": LEASE | said})
    return scan_lease(host.files("eth0"), formats())


def entries(scan: Scan) -> list[Entry]:
    return [entry for _, entry in scan.entries]


def wishes(scan: Scan) -> Preferences:
    ((_, found),) = scan.preferences
    return found


LOCAL = {
    "its menu is opened": """
        search --set=root --file /boot/grub/grub.cfg
        configfile /boot/grub/grub.cfg""",
    "its menu is read in": """
        search --set=root --file /boot/grub/grub.cfg
        source /boot/grub/grub.cfg""",
    "in a loop": """
        for c in /boot/grub2/grub.cfg /boot/grub/grub.cfg; do
          if search -s root -f "$c"; then configfile "$c"; fi
        done""",
    "its loader is started": """
        search --set=e --file /EFI/x/grubx64.efi
        chainloader ($e)/EFI/x/grubx64.efi""",
    "its boot sector": "set root=(hd0); chainloader +1; boot",
    "a boot sector of a name": "chainloader (hd0)+1",
    "Ironic's loader": "linux chain.c32 mbr:0x8badf00d",
    "exit": "echo Booting local disk; exit 1",
    "a loop of loaders, then exit": """
        for f in /efi/none.efi /EFI/x/grubx64.efi; do
          if search --set=e --file $f; then chainloader ($e)$f; boot; fi
        done
        exit 1""",
    "a loader that is looked for in vain": """
        search --file --no-floppy --set=chroot /EFI/none/grubx64.efi
        if [ -f ($chroot)/EFI/none/grubx64.efi ]; then
          chainloader ($chroot)/EFI/none/grubx64.efi
        fi""",
}


@pytest.mark.parametrize("disk", [True, False])
@pytest.mark.parametrize("body", LOCAL.values(), ids=LOCAL)
def test_every_way_to_the_own_disk_ends_at_the_next_device(body: str, disk: bool) -> None:
    scan = scanned(f"set timeout=0\nmenuentry local {{\n{body}\n}}\n", disk=disk)
    (entry,) = entries(scan)
    assert (entry.title, entry.action, entry.default) == ("local", "exit", True)
    assert (entry.kernel, entry.waits_for, scan.problems) == (None, "", ())
    assert wishes(scan).elsewhere


@pytest.mark.parametrize("disk", [True, False])
@pytest.mark.parametrize("body", ["its menu is opened", "its boot sector", "exit"])
def test_a_script_without_a_menu_may_do_so_too(body: str, disk: bool) -> None:
    scan = scanned(f"{LOCAL[body]}\nmenuentry never {{ linux /v }}\n", disk=disk)
    assert [(e.action, e.default) for e in entries(scan) if e.action] == [("exit", True)]
    assert (wishes(scan).elsewhere, scan.problems, scan.wants) == (True, (), ())


def test_the_disks_own_entries_are_left_to_the_disk() -> None:
    scan = scanned(f"menuentry deploy {{ linux /v }}\nmenuentry local {{ {LOCAL['in a loop']} }}\n")
    deploy, local = entries(scan)
    assert (deploy.default, local.action) == (True, "exit")
    assert "(vda2)/boot/grub/grub.cfg" in local.unbootable
    assert not wishes(scan).elsewhere


def test_a_search_in_vain_does_not_hide_a_file_of_the_server() -> None:
    more = {f"{SERVER}/grub/own": "menuentry deploy { linux /v }\n"}
    scan = scanned("search --set=root --label none\nconfigfile /grub/own\n", more)
    assert [(entry.title, entry.default) for entry in entries(scan)] == [("deploy", True)]


def test_an_entry_that_finds_no_menu_on_the_server_is_not_the_own_disk() -> None:
    scan = scanned("menuentry a { if [ -f /none.cfg ]; then configfile /none.cfg; fi }\n")
    (entry,) = entries(scan)
    assert (entry.kernel, entry.action, wishes(scan).elsewhere) == (None, "", False)


def test_foremans_default_is_no_entry_and_means_the_own_disk() -> None:
    text = "set default=local\nmenuentry a --id local_chain_hd0 { linux /v }\n"
    scan = scanned(text)
    assert [entry.default for entry in entries(scan)] == [False]
    assert (wishes(scan).elsewhere, scan.problems) == (True, ())
    (problem,) = scanned("set default=other\nmenuentry a { linux /v }\n").problems
    assert "'other' is no entry" in problem.message


def test_a_kernel_of_the_disk_with_the_servers_arguments_is_an_entry() -> None:
    text = "search --set=root --fs-uuid 1234\nmenuentry a { linux /vmlinuz x }\n"
    (entry,) = entries(scanned(text))
    assert entry.kernel == FileRef(device="vda2", path="/vmlinuz")


def test_a_search_finds_the_disk_with_a_kernel_and_never_the_server() -> None:
    text = "search --set=d --file /vmlinuz\nmenuentry a { linux ($d)/vmlinuz x }\n"
    volumes, urls = [Volume(name="eth0"), DISK], {CONFIG: text}
    trees = {"vda2": {"/vmlinuz": "x"}}
    host = Machine(trees, volumes=volumes, urls=urls, leases={"eth0": LEASE})
    (entry,) = entries(scan_lease(host.files("eth0"), formats()))
    assert entry.kernel == FileRef(device="vda2", path="/vmlinuz")


@pytest.mark.parametrize(
    ("command", "action"), [("halt", "halt"), ("reboot", "reboot"), ("fwsetup", "fwsetup")]
)
def test_a_wish_to_switch_off_needs_a_person_and_is_told(command: str, action: str) -> None:
    for text in (f"menuentry off {{ {command} }}\n", f"{command}\n"):
        scan = scanned(text)
        (entry,) = entries(scan)
        assert (entry.action, entry.default) == (action, True)
        (problem,) = scan.problems
        assert "That needs a person" in problem.message
        assert not wishes(scan).elsewhere


def test_a_stub_names_the_menu_from_the_servers_root() -> None:
    base = f"{SERVER}/boot/grub2"
    more = {
        f"{base}/powerpc-ieee1275/grub.cfg": "source boot/grub2/grub.cfg",
        f"{base}/grub.cfg": "menuentry a { linux boot/v $prefix $cmdpath }\n",
    }
    (entry,) = entries(scanned("", more, bootfile="boot/grub2/powerpc-ieee1275/core.elf"))
    assert entry.kernel == FileRef(url=f"{SERVER}/boot/v")
    device = "(tftp,10.0.0.1)"
    assert entry.cmdline == (
        f"BOOT_IMAGE=boot/v {device}/boot/grub2 {device}/boot/grub2/powerpc-ieee1275"
    )


def test_a_menu_without_a_case_for_this_machine_says_so() -> None:
    text = 'if [ "$net_default_mac" = 52:54:00:00:00:01 ]; then menuentry a { linux /v }; fi\n'
    scan = scanned(text)
    assert [(p.config, p.message) for p in scan.problems] == [
        (CONFIG, "it has nothing to boot for this machine")
    ]
    (entry,) = entries(scanned(text, mac="52:54:00:00:00:01"))
    assert entry.title == "a"


def test_files_of_another_server_can_be_tested_and_read() -> None:
    more = {"http://w:8/a.cfg": "set x=y\n"}
    text = (
        "if [ -s (http,w:8)/a.cfg ]; then source (http,w:8)/a.cfg; fi\nmenuentry $x { linux /v }\n"
    )
    assert [entry.title for entry in entries(scanned(text, more))] == ["y"]


def test_a_unified_image_of_the_server_is_taken_apart() -> None:
    linux = b"\x7fELF\x02\x01".ljust(18, b"\0") + b"\x15\0"
    image = efi.program([(".linux", linux.ljust(5000, b"\0"))], "none of EFI's")
    more = {f"{SERVER}/uki.efi": image}
    (entry,) = entries(scanned("menuentry a { chainloader /uki.efi x }\n", more))
    assert entry.kernel
    assert entry.kernel.url == f"{SERVER}/uki.efi"
    assert image[entry.kernel.offset :][: len(linux)] == linux
    assert entry.cmdline == "x"


def test_another_loader_of_the_server_is_not_the_own_disk() -> None:
    scan = scanned("menuentry a { chainloader /shim.efi }\n", {f"{SERVER}/shim.efi": b"MZ\0"})
    (entry,) = entries(scan)
    assert (entry.action, wishes(scan).elsewhere) == ("", False)
    assert "which Linux cannot start" in entry.unbootable


@pytest.mark.parametrize(
    "text",
    [
        "set check_signatures=enforce\nmenuentry a { linux /v }\n",
        "menuentry a { verify_detached /v /v.sig; linux /v }\n",
        "menuentry a { if verify_detached /v /v.sig; then linux /v; fi }\n",
        "verify_detached /v /v.sig\nmenuentry a { linux /v }\n",
    ],
)
def test_an_entry_has_the_signatures_that_its_script_wants(text: str) -> None:
    (entry,) = entries(scanned(text))
    kernel, place = FileRef(url=f"{SERVER}/v"), FileRef(url=f"{SERVER}/v.sig")
    assert entry.signatures == (SignatureRef(file=kernel, place=place, kind="openpgp"),)
    (entry,) = entries(scanned(text.replace("enforce", "no").replace("verify_detached", "echo")))
    assert entry.signatures == ()


def test_a_menu_asks_for_an_option_of_dhcp() -> None:
    text = """
    net_get_dhcp_option name net0 12 string
    net_get_dhcp_option none net0 99 string
    menuentry a { linux /v $name $none. }
    """
    scan = scanned(text, hostname="node1")
    assert [entry.cmdline for entry in entries(scan)] == ["BOOT_IMAGE=/v node1 ."]
    assert scan.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "configfile /grub/grub.cfg\n",
        "source /grub/grub.cfg\n",
        "menuentry a { configfile /grub/grub.cfg }\n",
        "while true; do source /grub/other; done\n",
    ],
)
def test_a_menu_that_leads_back_to_itself_ends(text: str) -> None:
    scan = scanned(text, {f"{SERVER}/grub/other": "source /grub/grub.cfg\n"})
    assert not [entry for entry in entries(scan) if entry.kernel]
    words = [p.message for p in scan.problems] + [entry.unbootable for entry in entries(scan)]
    expected = ("leads back", "maximum recursion depth", "it opens the menu of /grub/grub.cfg")
    assert any(word.count(some) for word in words for some in expected)


def test_a_server_with_an_ipv6_address_is_named_without_brackets() -> None:
    text = "menuentry a { linux (http,2001:db8::1)/v; initrd (http,[2001:db8::1]:8080)/i }\n"
    (entry,) = entries(scanned(text))
    assert entry.kernel == FileRef(url="http://[2001:db8::1]/v")
    assert entry.initrds == (FileRef(url="http://[2001:db8::1]:8080/i"),)


def test_a_menu_from_an_ipv6_server_finds_its_own_files() -> None:
    lease = {"bootfile_url": "tftp://[2001:db8::1]/grub/core.elf", "ip6": "2001:db8::7"}
    urls = {
        "tftp://[2001:db8::1]/grub/grub.cfg-2001-db8-0-0-0-0-0-7": "source $prefix/b\n",
        "tftp://[2001:db8::1]/grub/b": "menuentry $net_default_server { linux ($root)/v }\n",
    }
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": lease})
    (entry,) = entries(scan_lease(host.files("eth0"), formats()))
    assert (entry.title, entry.kernel) == ("2001:db8::1", FileRef(url="tftp://[2001:db8::1]/v"))


@pytest.mark.parametrize(
    "text",
    [
        "hiddenentry h { true }\nread_file (hd0,2)/etc/secret word; source (tftp)/$word\n",
        "hiddenentry h { true }\nread_file (vda2)/etc/secret word; configfile /$word\n",
        "load_env --file (hd0,2)/boot/grub/grubenv; source /$word\n",
        "source (hd0,2)/etc/set; source /$word\n",
        "for file in (hd0,2)/etc/*; do source /found/$file; done\n",
    ],
)
def test_a_script_of_a_server_learns_no_contents_of_a_disk(text: str) -> None:
    secrets = {
        "/etc/secret": "hunter2\n",
        "/etc/set": "set word=hunter2\n",
        "/etc/hunter2": "",
        "/boot/grub/grubenv": "# GRUB Environment Block\nword=hunter2\n".ljust(1024, "#"),
    }
    urls = {CONFIG: f"{text}menuentry a {{ linux /v }}\n"}
    host = Machine(
        {"vda2": secrets}, [Volume(name="eth0"), DISK], urls=urls, leases={"eth0": LEASE}
    )
    scan = scan_lease(host.files("eth0"), formats())
    assert "a" in [entry.title for entry in entries(scan)]
    assert CONFIG in host.asked
    assert not [url for url in host.asked if "hunter2" in url]
