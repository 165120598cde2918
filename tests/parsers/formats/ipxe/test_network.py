"""Scripts of servers: loops over the network cards, ways to the own disk, and checks."""

from hashlib import sha256

import pytest

from parsers.api import Entry, FileRef, Preferences, SignatureRef
from parsers.formats.ipxe import FORMAT
from tests.fakes import Machine
from tests.parsers.formats.ipxe.scripts import (
    HERE,
    LEASE,
    entries,
    entry,
    expand,
    items,
    preferences,
    problems,
)

LINKS = {
    "interface": "eth1",
    "links": "eth0=52:54:00:00:00:01 eth1=52:54:00:ab:cd:0e eth2=52:54:00:00:00:03",
}
LOOP = """
set n:int32 -1
:loop
inc n
isset ${net${n}/mac} || goto none
echo asking for ${net${n}/mac:hexhyp}
chain pxelinux.cfg/${net${n}/mac:hexhyp} || goto loop
exit 0
:none
echo nothing is here for this machine
"""


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("${net0/mac}", "52:54:00:00:00:01"),
        ("${net1/mac}", "52:54:00:ab:cd:0e"),
        ("${net2/mac:hexhyp}", "52-54-00-00-00-03"),
        ("${net3/mac}", ""),
        ("${netX/mac}", "52:54:00:ab:cd:0e"),
        ("${mac}", "52:54:00:ab:cd:0e"),
        ("${net1/ip}${net0/ip}", "192.0.2.10"),
        ("${net1.dhcp/next-server}", "192.0.2.3"),
        ("${ifname}", "net1"),
        ("${net2/ifname}", "net2"),
    ],
)
def test_every_network_card_has_its_address(words: str, value: str) -> None:
    assert expand("", words, lease=LEASE | LINKS) == value


SIX = {
    "interface": "eth0",
    "links": "eth0=52:54:00:00:00:01",
    "ip6": "2001:db8::10",
    "router": "192.0.2.1 fe80::1",
    "dns": "2001:db8::53 192.0.2.53",
    "search": "a.example b.example",
    "mtu": "9000",
    "bootfile_url": "http://[2001:db8::1]/x.efi",
}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("${ip6} ${net0/ip6} ${netX/ip6}", "2001:db8::10 2001:db8::10 2001:db8::10"),
        ("${ip}${net1/ip6}${len6}", ""),
        ("${gateway} ${gateway6}", "192.0.2.1 fe80::1"),
        ("${dns} ${dns6}", "192.0.2.53 2001:db8::53"),
        ("${dnssl:uristring} ${119:string}", "a.example%20b.example a.example b.example"),
        ("${mtu} ${26}", "9000 9000"),
        ("${filename}", "http://[2001:db8::1]/x.efi"),
    ],
)
def test_a_lease_of_ipv6_has_settings_of_its_own(words: str, value: str) -> None:
    assert expand("", words, lease=SIX) == value


def test_a_recorded_address_may_have_the_length_of_its_prefix() -> None:
    lease = SIX | {"ip6": "2001:db8::10/64 2001:db8::11/64"}
    assert expand("", "${ip6} ${len6}", lease=lease) == "2001:db8::10 64"


def test_name_servers_of_ipv6_alone_are_none_of_ipv4() -> None:
    assert expand("", "${dns}${gateway6}", lease=LEASE | {"dns": "2001:db8::53"}) == ""


@pytest.mark.parametrize(
    ("interface", "mac", "number"),
    [
        ("bond0", "52:54:00:00:00:03", 2),
        ("vlan5", "52:54:00:00:00:09", 3),
        ("eth0", "52:54:00:00:00:01", 0),
    ],
)
def test_an_interface_that_is_no_card_has_a_number_all_the_same(
    interface: str, mac: str, number: int
) -> None:
    lease = LEASE | LINKS | {"interface": interface, "mac": mac}
    words = f"${{ifname}} ${{net{number}/mac}} ${{netX/mac}}"
    assert expand("", words, lease=lease) == f"net{number} {mac} {mac}"


def test_settings_of_a_card_are_set_by_its_number() -> None:
    words = "${net0/ip} ${net1/ip}"
    found = expand("set net0/ip 192.0.2.99", words, lease=LEASE | LINKS)
    assert found == "192.0.2.99 192.0.2.10"
    assert expand("set net1/x y", "${netX/x}", lease=LEASE | LINKS) == "y"


@pytest.mark.parametrize("mac", ["52-54-00-00-00-01", "52-54-00-ab-cd-0e", "52-54-00-00-00-03"])
def test_a_loop_finds_the_script_of_whichever_card_has_one(mac: str) -> None:
    script = "#!ipxe\nkernel /linux BOOTIF=${mac}\nboot\n"
    got = entry(LOOP, lease=LEASE | LINKS, **{f"pxelinux.cfg/{mac}": script})
    assert got.config == HERE.replace("menu.ipxe", f"pxelinux.cfg/{mac}")
    assert got.cmdline == "BOOTIF=52:54:00:ab:cd:0e"


def test_a_loop_that_finds_nothing_ends() -> None:
    found = items(LOOP, lease=LEASE | LINKS)
    assert not [item for item in found if isinstance(item, Entry) and item.kernel]


@pytest.mark.parametrize(
    "text",
    [
        "exit",
        "exit 1",
        "sanboot --no-describe || exit 0",
        "sanboot --no-describe --drive 0x80",
        "goto local\n:deploy\nkernel /linux\nboot\n:local\nsanboot || exit",
        "echo nothing to do",
        "chain gone.ipxe || exit",
    ],
)
def test_a_script_that_leaves_the_boot_to_the_disk_says_so(text: str) -> None:
    got = entry(text)
    assert (got.kernel, got.action, got.default) == (None, "exit", True)
    assert preferences(text).elsewhere
    assert not [item for item in items(text) if not isinstance(item, Entry | Preferences)]


@pytest.mark.parametrize("text", ["poweroff", "reboot", "shell", "chain gone.ipxe"])
def test_another_end_is_not_a_wish_for_the_own_disk(text: str) -> None:
    assert not [item for item in items(text) if isinstance(item, Preferences)]


SITE = "http://boot.example.org"


def test_signatures_are_those_of_the_files_that_boot() -> None:
    got = entry(
        "kernel /linux a\nimgverify --signer Bob linux /linux.sig\n"
        "initrd --name i /i etc/x mode=600\nimgverify i http://192.0.2.1/i.sig\n"
        "imgverify --keep /late /late.sig\n"
        "initrd /gone\nimgverify gone gone.sig\nimgfree gone\n"
        "fdt /tree\nimgverify tree /tree.sig\nboot\n"
    )
    assert (got.unchecked, got.unbootable) == ("", "")
    linux, late, kept, tree = (
        FileRef(url=f"{SITE}/{name}") for name in ("linux", "late", "late.sig", "tree")
    )
    packed = FileRef(url=f"{SITE}/i", packed="etc/x", mode=0o600)
    assert (got.kernel, got.initrds, got.devicetree) == (linux, (packed, late, kept), tree)
    assert got.signatures == (
        SignatureRef(file=linux, place=FileRef(url=f"{SITE}/linux.sig"), signer="Bob"),
        SignatureRef(file=packed, place=FileRef(url="http://192.0.2.1/i.sig")),
        SignatureRef(file=late, place=kept),
        SignatureRef(file=tree, place=FileRef(url=f"{SITE}/tree.sig")),
    )


def test_a_signature_that_was_fetched_before_is_no_initrd_after_the_check() -> None:
    got = entry("kernel /linux\nimgfetch /linux.sig s\nimgverify linux linux.sig\nboot\n")
    assert got.initrds == ()
    assert [str(s.place) for s in got.signatures] == [f"{SITE}/linux.sig"]


@pytest.mark.parametrize(
    ("before", "boots"),
    [
        ("imgverify linux linux.sig", True),
        ("imgtrust", False),
        ("imgtrust --permanent", False),
        ("imgtrust\nimgverify linux linux.sig", True),
        ("imgtrust\nimgtrust --allow", True),
        ("imgtrust --permanent\nimgtrust --allow || echo still", False),
        ("imgtrust --allow --permanent\nimgtrust || echo never", True),
        ("imgtrust --permanent\nimgtrust", False),
        ("", True),
    ],
)
def test_imgtrust_lets_only_verified_kernels_boot(before: str, boots: bool) -> None:
    got = entry(f"kernel /linux\n{before}\nboot\n")
    assert bool(got.kernel) == boots
    assert ("imgtrust" in got.unbootable) != boots


def test_a_signer_without_a_name_signs_nothing() -> None:
    text = "imgtrust\nkernel /linux\nimgverify --signer=${unset} linux linux.sig ||\nboot\n"
    assert not entry(text).kernel
    assert problems(text) == [(4, "imgverify: --signer needs a value")]


def test_a_kernel_that_is_not_started_is_no_way_round_imgtrust() -> None:
    assert not entries("imgtrust\nkernel /linux\nmenu m\nitem a A\nchoose a\ngoto a\n:a\n")[
        0
    ].kernel
    assert not entry("imgtrust\nkernel /linux\nshell\n").kernel


def test_signatures_without_end_are_a_problem() -> None:
    many = "".join(f"imgverify linux {n}.sig ||\n" for n in range(20))
    text = f"kernel /linux\n{many}boot\n"
    assert len(entry(text).signatures) == 8
    assert problems(text)[0][1] == "imgverify: more than 8 signatures of a file"
    again = "#!ipxe\nimgfetch b.ipxe\nimgverify b.ipxe ${n}.sig\ninc n\nchain --replace b.ipxe\n"
    found = entries("set n:int32 0\nchain b.ipxe\n", **{"b.ipxe": again})
    assert not [one for one in found if one.kernel]
    assert any("signatures of scripts" in one.unbootable for one in found)


def test_a_signed_script_is_fetched_again_for_its_check() -> None:
    other = "#!ipxe\nkernel /linux\nboot\n\xe9"
    text = "imgtrust\nimgfetch b.ipxe\nimgverify --signer Bob b.ipxe b.sig\nchain b.ipxe\n"
    got = entry(text, **{"b.ipxe": other})
    assert got.kernel is None  # it is not signed itself
    got = entry(text.removeprefix("imgtrust"), **{"b.ipxe": other})
    assert got.kernel
    digest = sha256(other.encode()).hexdigest()
    script = FileRef(url=f"{SITE}/ipxe/b.ipxe")
    place = FileRef(url=f"{SITE}/ipxe/b.sig")
    assert got.signatures == (SignatureRef(file=script, place=place, signer="Bob", digest=digest),)


def test_a_signed_script_of_a_disk_is_read_again_for_its_check() -> None:
    other = "#!ipxe\nkernel /linux\nboot\n"
    first = "#!ipxe\nimgfetch /b.ipxe\nimgverify b.ipxe /b.sig\nchain b.ipxe\n"
    host = Machine({"vda2": {"/boot.ipxe": first, "/b.ipxe": other, "/linux": ""}})
    (got,) = (i for i in FORMAT.parse(host.files("vda2"), "/boot.ipxe") if isinstance(i, Entry))
    digest = sha256(other.encode()).hexdigest()
    script, place = FileRef(path="/b.ipxe"), FileRef(path="/b.sig")
    assert got.signatures == (SignatureRef(file=script, place=place, digest=digest),)
    assert got.unchecked == ""


def test_a_script_that_chains_to_itself_ends_with_a_problem() -> None:
    for text in ("chain menu.ipxe", "chain --replace menu.ipxe", ":a\nchain gone || goto a"):
        found = items(text)
        assert not [item for item in found if isinstance(item, Entry) and item.kernel]
        assert any("without end" in str(item) or "given up" in str(item) for item in found)


def test_a_checksum_is_kept_and_the_parameters_of_a_post_are_not() -> None:
    end = f"#sha256={'0' * 64}"
    got = entry(f"kernel /linux{end} a\ninitrd /i#post\nboot\n")
    assert got.kernel
    assert got.kernel.url == f"http://boot.example.org/linux{end}"
    assert [ref.url for ref in got.initrds] == ["http://boot.example.org/i"]
    assert got.cmdline == "a"


def test_no_title_has_the_password_of_a_url() -> None:
    found = entry("kernel http://bob:secret@192.0.2.1/v\nboot\n")
    assert found.title == "ipxe option (http://192.0.2.1/v)"
    assert found.kernel
    assert found.kernel.url == "http://bob:secret@192.0.2.1/v"
