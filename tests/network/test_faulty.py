"""The servers that misbehave in tests do so as told."""

from tests.network.dhcp_faults import ACK, DISCOVER, NAK, OFFER, REQUEST, faulty_dhcp
from tests.network.namespace import Namespace
from tests.network.test_servers import ask_for_address


def test_a_server_offers_and_refuses_and_at_last_gives_an_address(
    server: Namespace, client: Namespace
) -> None:
    with faulty_dhcp(server, {DISCOVER: OFFER, REQUEST: NAK}) as dhcp:
        program = client.start("busybox", "udhcpc", "-i", "eth0", "-f", "-t", "9", "-T", "1")
        program.wait(lambda: dhcp.seen.count(REQUEST) >= 2, "second request")
        program.stop()
        dhcp.answers[REQUEST] = ACK
        assert "ip=192.0.2.77" in ask_for_address(client)
