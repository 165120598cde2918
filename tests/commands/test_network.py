"""Networks in the output of `petipy list`."""

import json
from pathlib import Path

import pytest

from petipy.commands.list import COMMAND
from petipy.commands.network import describe_network, network_to_json
from petipy.state.network import Request
from petipy.state.survey import Network

LEASE = (
    ("interface", "eth0"),
    ("ip", "192.0.2.9"),
    ("serverid", "192.0.2.1"),
    ("bootfile", "pxelinux.0"),
    ("pxemenu", "1:Install\n0:Disk"),
    ("opt177", "00ff"),
)
ONE, TWO = "tftp://192.0.2.1/one", "tftp://192.0.2.1/two"


def test_the_lease_is_told_with_words_for_a_person() -> None:
    network = Network(name="eth0", lease=LEASE, places=(ONE, TWO))
    assert [*describe_network(network)] == [
        "  DHCP: 192.0.2.1 names what to boot",
        "    address                  192.0.2.9",
        "    DHCP server              192.0.2.1",
        "    boot file (67)           pxelinux.0",
        "    PXE boot menu            1:Install",
        "    PXE boot menu            0:Disk",
        "    opt177                   00ff",
        f"  would ask {ONE}",
        f"  would ask {TWO}",
    ]


def test_the_last_try_of_a_request_is_told_and_what_was_not_asked_for() -> None:
    requests = (
        Request(url=ONE, answer="no answer", seconds=1.0),
        Request(url=ONE, answer="12 bytes", seconds=0.25, good=True),
    )
    network = Network(name="eth0", lease=LEASE[:2], requests=requests, places=(ONE, TWO))
    assert [*describe_network(network)][-2:] == [
        f"  asked {ONE}: 12 bytes, 0.2 s",
        f"  not asked {TWO}",
    ]
    answer = network_to_json(network)
    assert answer["places"] == [ONE, TWO]
    assert answer["lease"] == {"interface": "eth0", "ip": "192.0.2.9"}


def test_a_network_without_a_lease_has_nothing_to_tell() -> None:
    assert [*describe_network(Network(name="eth0"))] == []


def test_a_machine_file_with_servers_answers_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = {
        "machine": "ppc64le",
        "network": [
            {
                "device": "eth0",
                "mac": "52:54:00:12:34:56",
                "params": {"ip": "192.0.2.9", "siaddr": "192.0.2.1", "bootfile": "grub/core.elf"},
            }
        ],
        "urls": {"tftp://192.0.2.1/grub/grub.cfg": "menuentry One { linux /vmlinux }"},
    }
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine))
    assert COMMAND(["--json", "--lease", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [entry["title"] for entry in answer["entries"]] == ["One"]
    (network,) = answer["networks"]
    good = [request["url"] for request in network["requests"] if request["good"]]
    assert good == ["tftp://192.0.2.1/grub/grub.cfg"]
    asked = [request["url"] for request in network["requests"]]
    assert asked == network["places"][: len(asked)]
    assert [*network["lease"]][:3] == ["interface", "mac", "links"]
