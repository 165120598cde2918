"""A grub.cfg on a server. Its files are URLs, and the server is a device."""

from collections.abc import Mapping

from parsers.api import Entry, FileRef, Problem, Volume
from parsers.formats import formats
from parsers.formats.grub import FORMAT
from petipy.scan.lease import scan_lease
from petipy.state.model import Scan
from tests.fakes import Machine

SERVER = "tftp://10.0.0.1"
DIRECTORY = f"{SERVER}/boot/grub2"
LEASE = {
    "ip": "10.0.0.7",
    "mac": "52:54:00:AB:CD:EF",
    "siaddr": "10.0.0.1",
    "bootfile": "boot/grub2/powerpc-ieee1275/core.elf",
}


def scanned(urls: Mapping[str, str], **said: str) -> Scan:
    disk = Volume(name="sda1", uuid="1234", disk="sda", partition=1)
    leases = {"eth0": LEASE | said}
    volumes = [Volume(name="eth0"), disk]
    host = Machine({"sda1": {"/flag": ""}}, volumes=volumes, urls=urls, leases=leases)
    return scan_lease(host.files("eth0"), [FORMAT])


def entries(urls: Mapping[str, str], **said: str) -> list[Entry]:
    return [entry for _, entry in scanned(urls, **said).entries]


def test_a_configuration_from_a_server_can_be_forced_into_a_dialect() -> None:
    urls = {f"{DIRECTORY}/grub.cfg": "menuentry all { linux /v a\\x20b }"}
    for name, wanted in (("debian", "ax20b"), ("fedora", "a\\x20b")):
        host = Machine({}, [Volume(name="eth0")], urls=urls, leases={"eth0": LEASE})
        scan = scan_lease(host.files("eth0"), [FORMAT.in_dialect(name)])
        assert [entry.cmdline for _, entry in scan.entries] == [f"BOOT_IMAGE=/v {wanted}"]


def test_the_configuration_of_the_machine_goes_before_that_of_all() -> None:
    own = f"{DIRECTORY}/grub.cfg-01-52-54-00-ab-cd-ef"
    urls = {
        own: "menuentry own { linux /v }",
        f"{DIRECTORY}/grub.cfg": "menuentry all { linux /v }",
    }
    (entry,) = entries(urls)
    assert (entry.title, entry.config) == ("own", own)


def test_files_are_on_the_server_however_it_is_called() -> None:
    text = """
    menuentry a { linux /a/vmlinuz x; initrd a/initrd }
    menuentry b { linux (tftp)/vmlinuz; initrd (tftp,10.0.0.1)/initrd }
    menuentry c { linux ($root)$prefix/vmlinuz }
    menuentry d { linux (http,web:8080)/vmlinuz; initrd (tftp,10.0.0.2)/initrd }
    """
    a, b, c, d = entries({f"{DIRECTORY}/grub.cfg": text})
    assert a.kernel == FileRef(url=f"{SERVER}/a/vmlinuz")
    assert a.initrds == (FileRef(url=f"{SERVER}/a/initrd"),)
    assert b.kernel == FileRef(url=f"{SERVER}/vmlinuz")
    assert b.initrds == (FileRef(url=f"{SERVER}/initrd"),)
    assert d.kernel == FileRef(url="http://web:8080/vmlinuz")
    assert d.initrds == (FileRef(url="tftp://10.0.0.2/initrd"),)
    assert c.kernel is not None


def test_disks_are_still_found_by_what_is_on_them() -> None:
    text = "search --set=root --fs-uuid 1234\nmenuentry a { linux /vmlinuz }\n"
    (entry,) = entries({f"{DIRECTORY}/grub.cfg": text})
    assert entry.kernel == FileRef(device="sda1", path="/vmlinuz")


def test_a_failed_search_leaves_the_server_and_asks_for_no_kernel() -> None:
    text = "search --set=root --fs-uuid none\nmenuentry a { linux /vmlinuz }\n"
    (entry,) = entries({f"{DIRECTORY}/grub.cfg": text})
    assert (entry.kernel, entry.waits_for) == (FileRef(url=f"{SERVER}/vmlinuz"), "")


def test_other_files_of_the_server_are_read_and_named_by_their_urls() -> None:
    urls = {
        f"{DIRECTORY}/grub.cfg": "source $prefix/more.cfg\nconfigfile /hosts/$net_default_ip\n",
        f"{DIRECTORY}/more.cfg": "snail\nset x=y\n",
        f"{SERVER}/hosts/10.0.0.7": "menuentry $net_default_mac { linux /v $x }\n",
    }
    scan = scanned(urls)
    ((_, entry),) = scan.entries
    assert (entry.title, entry.config) == ("52:54:00:ab:cd:ef", f"{SERVER}/hosts/10.0.0.7")
    assert [(p.config, p.line) for p in scan.problems] == [(f"{DIRECTORY}/more.cfg", 1)]


def test_grub_tells_of_its_interface_by_the_names_that_it_has_for_it() -> None:
    words = (
        "$net_default_interface $net_default_ip $net_default_mac $net_default_server"
        " $pxe_default_server $net_ofnet_net_ip $net_ofnet_net_hostname $net_ofnet_net_boot_file"
        " $net_ofnet_net_next_server $net_ofnet_net_rootpath."
    )
    text = f"menuentry a {{ linux /v {words} }}\n"
    (entry,) = entries({f"{DIRECTORY}/grub.cfg": text}, hostname="node1")
    assert entry.cmdline == (
        "BOOT_IMAGE=/v ofnet_net 10.0.0.7 52:54:00:ab:cd:ef 10.0.0.1 10.0.0.1 10.0.0.7 node1"
        " boot/grub2/powerpc-ieee1275/core.elf 10.0.0.1 ."
    )


def test_a_file_that_is_not_there_is_not() -> None:
    text = "if [ -f /x.cfg ]; then\n menuentry x { linux /v }\nfi\nmenuentry y { linux /v }\n"
    assert [e.title for e in entries({f"{DIRECTORY}/grub.cfg": text})] == ["y"]
    urls = {f"{DIRECTORY}/grub.cfg": text, f"{SERVER}/x.cfg": ""}
    assert [e.title for e in entries(urls)] == ["x", "y"]


def test_nothing_is_to_be_written_on_a_server() -> None:
    text = "load_env\nmenuentry a { linux /v; set saved_entry=a; save_env saved_entry }\n"
    scan = scanned({f"{DIRECTORY}/grub.cfg": text, f"{DIRECTORY}/grubenv": "# GRUB Environment"})
    ((_, entry),) = scan.entries
    assert entry.effects == ()


def test_web_pages_and_scripts_of_others_are_no_grub_cfg() -> None:
    for text in ("<!DOCTYPE html>", "#!ipxe\nboot"):
        (problem,) = scanned({f"{DIRECTORY}/grub.cfg": text}).problems
        assert isinstance(problem, Problem)
        assert "no configuration" in problem.message


def test_a_menu_of_another_name_is_known_by_its_commands() -> None:
    for text in (
        "menuentry 'a' {\n linux /v\n}\n",
        "set timeout=1\nsource /menu\n",
        "insmod http\nconfigfile /menu\n",
    ):
        urls = {"http://w/any?x=1": text, "http://w/menu": "menuentry a { linux /v }\n"}
        lease = {"bootfile": "http://w/any?x=1"}
        host = Machine({"eth0": {}}, urls=urls, leases={"eth0": lease})
        scan = scan_lease(host.files("eth0"), formats())
        assert [(form, entry.title) for form, entry in scan.entries] == [("grub", "a")]
        assert scan.entries[0][1].kernel == FileRef(url="http://w/v")


def test_a_checksum_of_a_file_is_kept_for_those_who_fetch_it() -> None:
    end = f"#sha256={'0' * 64}"
    (entry,) = entries({f"{DIRECTORY}/grub.cfg": f"menuentry a {{ linux /v{end} x }}\n"})
    assert entry.kernel == FileRef(url=f"{SERVER}/v{end}")
