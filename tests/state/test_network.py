"""The network's values."""

from petipy.state.network import Link, describe_cards


def test_network_cards_are_told_in_the_kernels_order_and_nothing_else_is() -> None:
    links = [
        Link(index=3, name="eth1", mac="52:54:00:00:00:02"),
        Link(index=4, name="bond0", mac="52:54:00:00:00:02", kind="bond"),
        Link(index=2, name="eth0", mac="52:54:00:00:00:01"),
        Link(index=5, name="ppp0"),
    ]
    assert describe_cards(links) == "eth0=52:54:00:00:00:01 eth1=52:54:00:00:00:02"
    assert describe_cards([]) == ""
