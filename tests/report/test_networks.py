"""Networks in the output of `petipy list`."""

from petipy.report.networks import describe_network, network_to_json
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


def test_no_password_of_a_url_is_told_and_the_url_counts_as_asked_for() -> None:
    url = "http://bob:secret@192.0.2.1/x"
    requests = (Request(url="http://192.0.2.1/x", answer="12 bytes", good=True),)
    network = Network(name="eth0", lease=(("bootfile", url),), requests=requests, places=(url,))
    text = "\n".join(describe_network(network))
    assert "secret" not in text
    assert "not asked" not in text
