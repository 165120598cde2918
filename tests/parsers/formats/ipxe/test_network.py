"""Scripts of servers: loops over the network cards, ways to the own disk, and checks."""

import pytest

from parsers.api import Entry, Preferences
from tests.parsers.formats.ipxe.scripts import (
    HERE,
    LEASE,
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


@pytest.mark.parametrize("text", ["poweroff", "reboot"])
def test_a_wish_to_switch_off_needs_a_person_and_is_told(text: str) -> None:
    assert entry(text).default
    ((_, message),) = problems(text)
    assert "needs a person" in message


@pytest.mark.parametrize("text", ["poweroff", "reboot", "shell", "chain gone.ipxe"])
def test_another_end_is_not_a_wish_for_the_own_disk(text: str) -> None:
    assert not [item for item in items(text) if isinstance(item, Preferences)]


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("imgverify linux linux.sig", True),
        ("imgtrust", True),
        ("imgtrust --permanent", True),
        ("imgtrust\nimgtrust --allow", False),
        ("", False),
    ],
)
def test_a_signature_that_nobody_can_check_keeps_the_boot_for_a_person(
    before: str, wanted: bool
) -> None:
    got = entry(f"kernel /linux\n{before}\nboot\n")
    assert got.kernel
    assert bool(got.unchecked) == wanted


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
