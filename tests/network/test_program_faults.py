"""The whole program with a disk, beside servers of files that misbehave.

During each fault the menu obeys, the fault is told in words, and no byte of the disk changes.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from tests.network.dhcp_faults import ACK, DISCOVER, OFFER, REQUEST, FaultyServer, faulty_dhcp
from tests.network.disk import FROM_DISK, INSTALLED, Disk, attach_disk
from tests.network.faults import NAMES, OTHER, SHA256, Faults, serve_faults
from tests.network.namespace import Namespace, join, namespace
from tests.network.packets import addresses, encode
from tests.network.program import HASTY, PAST, Petipy, start_petipy
from tests.network.servers import start_dnsmasq
from tests.network.test_program import MENU, WAIT, alive, opens_menu
from tests.property.test_packets import FULL4, mutations

pytestmark = pytest.mark.root

MOST_TURNS = 10  # of the loop, from a key to the cursor
WHOLE = f"not a kernel: it has 100000 bytes, sha256 {SHA256}"  # it came as it is
TOLD = {
    "http-stall": "stalled: no data for 0.5 s",
    "http-closed-early": "bytes before the end",
    "http-longer-than-told": "not a kernel: it has 5 bytes",
    "http-two-lengths": "the answer is not HTTP: conflicting Content-Length headers",
    "http-redirects": "more than 10 redirects",
    "http-404": "404 Not Found",
    "http-503": WHOLE,
    "http-headers": "more than 32,768 bytes of headers",
    "http-endless": "too large: it goes on after that; there is room for 33,554,432",
    "tftp-stops": "192.0.2.1: nothing more came after 27,132 bytes",
    "tftp-other-port": WHOLE,
    "tftp-wrong-block": "192.0.2.1: nothing more came after 0 bytes",
    "tftp-early-end": "it ended after 8,663 of 100,000 bytes",
    "tftp-duplicates": WHOLE,
    "tls-authority": "the certificate of 192.0.2.1 is not trusted: its authority is not known",
    "tls-name": "the certificate of 192.0.2.1 is not trusted: it is for another address",
    "tls-expired": "it has expired; this machine's clock says 20",
    "proxy-down": "connection refused",
    "dns-lie": "192.0.2.99",
    "dns-silent": "no name server gives an address of silent.test",
}
IN_1970 = (
    "it is not yet valid; this machine's clock says 1970-01-02, which is before this image was"
)


@dataclass
class Machine:
    """The program, its disk, and the servers beside it."""

    petipy: Petipy
    disk: Disk
    faults: Faults
    dhcp: FaultyServer

    def move(self, title: str, *keys: str) -> None:
        """Press keys that move the cursor to an entry; the loop takes few turns for it."""
        self.petipy.console.press(*keys)
        self.petipy.console.shows(title, WAIT)

    def is_alive(self) -> None:
        """Move the cursor to the disk's entry: the menu obeys, and the disk boots if asked."""
        before = len(self.petipy.turns)
        self.move("> .*http-stall", "home", "down")
        self.move(INSTALLED, "home")
        turns = self.petipy.turns[before:]
        assert turns
        assert max(turns) <= MOST_TURNS


def disguise(data: bytes, asked: bytes) -> bytes:
    """Return a packet that counts as an answer to another one."""
    return data[:4] + asked[4:8] + data[8:28] + asked[28:34] + data[34:]


def make_dhcp() -> FaultyServer:
    """Return a server whose answers are crowded, between many that are garbage.

    The prefix of option 210 comes in three parts, one of each place for options.
    """
    parts = [encode({210: part}) for part in (b"http://", b"192.0.", b"2.1/")]
    main = encode({52: b"\x03", 6: addresses("192.0.2.1")}) + parts[0]
    packets = mutations(FULL4, seed=11)

    def mutate(asked: bytes) -> Iterator[bytes]:
        if asked[242:243] == bytes([DISCOVER]):
            for data in islice(packets, 200):
                yield disguise(data, asked)

    return FaultyServer(
        options=main,
        file=parts[1] + encode({67: b"pxelinux.0"}) + b"\xff",
        name=parts[2] + b"\xff",
        noise=mutate,
    )


@contextmanager
def run_machine(server: Namespace, client: Namespace, room: Path, *words: str) -> Iterator[Machine]:
    """Run the program with a disk beside all servers, and open its menu."""
    with ExitStack() as stack:
        disk = stack.enter_context(attach_disk(room))
        faults = stack.enter_context(serve_faults(server))
        answers = {DISCOVER: OFFER, REQUEST: ACK}
        dhcp = stack.enter_context(faulty_dhcp(server, answers, make_dhcp()))
        with server.entered():
            mute = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        mute.bind(("192.0.2.1", 5300))
        silent = "server=/silent.test/192.0.2.1#5300"
        start_dnsmasq(server, "port=53", "address=/lie.test/192.0.2.99", silent)
        proxy = "petipy.proxy=http://192.0.2.1:3129"
        direct = "petipy.no_proxy=192.0.2.0/24,lie.test,silent.test"
        trust = f"petipy.ca={faults.authority}"
        program = start_petipy(client, MENU, HASTY, disk.word, proxy, direct, trust, *words)
        machine = Machine(stack.enter_context(program), disk, faults, dhcp)
        opens_menu(machine.petipy)
        machine.petipy.console.shows("the installed system", WAIT)
        machine.petipy.console.shows(NAMES[0], WAIT)
        yield machine


def suffer(machine: Machine, name: str, words: str) -> None:
    """Boot the entry of a fault; use the menu meanwhile; find the fault told afterwards."""
    console, gate = machine.petipy.console, machine.faults.gates[name]
    told = len(machine.petipy.told)

    def log() -> str:
        return machine.petipy.told[told:]

    machine.move(f"> .*{name}", "home", *["down"] * (NAMES.index(name) + 1))
    console.press("enter")
    if name not in OTHER:
        assert gate.asked.wait(WAIT)
        console.shows(f"Loading {name}", WAIT)
    machine.is_alive()
    if name not in OTHER:
        assert "did not boot" not in log()
    gate.opened.set()
    machine.petipy.guest.until(console, lambda: "did not boot" in log(), WAIT, "failure")
    assert words in log()
    console.shows(f"{name} did not boot", WAIT)
    console.shows(INSTALLED, WAIT)
    machine.disk.is_untouched()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    room = tmp_path_factory.mktemp("faults")
    with namespace(room / "server") as server, namespace(room / "client") as client:
        join(server, "lan0", client, "eth0", "52:54:00:00:00:01")
        server.address("lan0", "192.0.2.1/24")
        client.ip("link set eth0 up")
        with run_machine(server, client, room) as machine:
            yield machine


@pytest.mark.parametrize("name", TOLD)
def test_a_fault_of_a_server_leaves_the_menu_and_the_disk_alone(
    machine: Machine, name: str
) -> None:
    suffer(machine, name, TOLD[name])


def test_garbage_of_dhcp_leaves_the_menu_and_the_disk_alone(machine: Machine) -> None:
    """A lease came between garbage before; now more comes, which may take it away."""
    for number, data in enumerate(islice(mutations(FULL4, seed=12), 1000)):
        machine.dhcp.shout(disguise(data, machine.dhcp.asked))
        if number % 250 == 0:
            alive(machine.petipy)
    words = "packets dropped: too many at once"
    machine.petipy.guest.until(
        machine.petipy.console, lambda: words in machine.petipy.told, WAIT, "line about garbage"
    )
    alive(machine.petipy)
    machine.move(INSTALLED, "home")
    machine.disk.is_untouched()


def test_after_all_faults_the_disk_boots(machine: Machine) -> None:
    machine.move(INSTALLED, "home")
    machine.petipy.console.press("enter")
    assert machine.petipy.boots(WAIT) == [FROM_DISK]
    machine.disk.is_untouched()


def test_a_clock_in_1970_is_told_and_leaves_the_menu_and_the_disk_alone(
    server: Namespace, client: Namespace, tmp_path: Path
) -> None:
    with run_machine(server, client, tmp_path, PAST) as machine:
        suffer(machine, "tls-future", IN_1970)
