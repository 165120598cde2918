"""Files by TFTP from dnsmasq, tftpd-hpa and atftpd, on good lines and bad ones."""

import hashlib
import random
from collections.abc import Callable

import pytest

from tests.network.fetching import Result, fetch
from tests.network.namespace import Namespace, Program
from tests.network.servers import (
    TFTP_ROOT,
    put,
    start_atftpd,
    start_dnsmasq,
    start_tftpd,
)
from tests.network.switch import Switch, running

SMALL = random.Random(3).randbytes(1428 * 3)  # it ends with an empty block
DATA = random.Random(4).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
FILES = {"boot/data": DATA, "boot/small": SMALL, "boot/a b%": b"blank", "boot/empty": b""}
Start = Callable[[Namespace], Program]


def dnsmasq(space: Namespace) -> Program:
    return start_dnsmasq(space, "enable-tftp", f"tftp-root={space.room / TFTP_ROOT}")


def hpa(space: Namespace) -> Program:
    return start_tftpd(space, address=":69")  # of IPv6, too


@pytest.fixture
def served(server: Namespace, client: Namespace) -> Namespace:
    """Return the client's network; the server has files, and a test starts it."""
    client.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
    put(server.room / TFTP_ROOT, FILES)
    return client


@pytest.mark.parametrize("start", [dnsmasq, hpa, start_atftpd])
def test_a_server_gives_files_by_their_names(
    start: Start, served: Namespace, server: Namespace
) -> None:
    start(server)
    names = ("data", "small", "a%20b%25", "empty", "none")
    data, small, blank, empty, none = fetch(
        served, *(f"tftp://192.0.2.1/boot/{name}" for name in names)
    )
    assert (data.sha256, data.answers) == (SHA256, ("3,000,000 bytes",))
    assert (small.size, blank.data, empty.size, empty.error) == (len(SMALL), "blank", 0, "")
    assert none.kind == "absent"
    (rooted,) = fetch(served, "tftp://192.0.2.1/%2Fboot/small")
    assert rooted.size == len(SMALL)


@pytest.mark.parametrize("start", [dnsmasq, hpa])
def test_a_server_gives_files_over_ipv6(start: Start, served: Namespace, server: Namespace) -> None:
    start(server)
    (data,) = fetch(served, "tftp://[2001:db8::1]/boot/data")
    assert (data.sha256, data.answers) == (SHA256, ("3,000,000 bytes",))


@pytest.mark.parametrize("start", [dnsmasq, hpa, start_atftpd])
def test_the_first_bytes_of_a_file_are_enough(
    start: Start, served: Namespace, server: Namespace
) -> None:
    start(server)
    part, whole = (
        *fetch(served, "tftp://192.0.2.1/boot/data", offset=2000, size=70),
        *fetch(served, "tftp://192.0.2.1/boot/data"),
    )
    assert part.data == DATA[2000:2070].decode("latin-1")
    assert whole.sha256 == SHA256


def over_a_bad_line(
    start: Start, spaces: tuple[Namespace, Namespace], *, delay: float, loss: float
) -> Result:
    """Fetch the data over a switch with this delay in seconds, and loss, for each direction."""
    server, client = spaces
    put(server.room / TFTP_ROOT, FILES)
    switch = Switch()
    for name, descriptor in ("s", server.tap("lan1")), ("c", client.tap("eth1")):
        port = switch.port(name, descriptor)
        port.delay, port.loss = delay, loss
    with running(switch):
        server.address("lan1", "192.0.2.129/25")
        client.address("eth1", "192.0.2.130/25")
        start(server)
        (result,) = fetch(client, "tftp://192.0.2.129/boot/data")
    return result


def test_windows_hide_the_delay_of_a_line(spaces: tuple[Namespace, Namespace]) -> None:
    result = over_a_bad_line(start_atftpd, spaces, delay=0.02, loss=0)
    assert result.sha256 == SHA256
    assert result.seconds < 20  # with a round trip for each block it takes 84 s


def test_a_line_that_loses_packets_loses_no_byte(spaces: tuple[Namespace, Namespace]) -> None:
    result = over_a_bad_line(start_atftpd, spaces, delay=0.001, loss=0.02)
    assert (result.sha256, result.answers) == (SHA256, ("3,000,000 bytes",))
