"""A link that nobody answers, on a slow line: its words cost hardly anything."""

from tests.network.namespace import Namespace
from tests.network.program import start_petipy

# 9600 baud are 960 bytes a second.
COUNTDOWN, MENU = 400, 150  # bytes in 33 and 15 seconds; measured: 120 and 24


def test_the_words_of_a_link_without_an_answer_do_not_fill_a_slow_line(
    spaces: tuple[Namespace, Namespace],
) -> None:
    _, client = spaces
    with start_petipy(client) as petipy:
        console = petipy.console
        console.shows("Looking for something to boot", 20)
        before = console.received
        petipy.guest.until(console, lambda: False, 33, "")
        assert console.received - before < COUNTDOWN
        assert "asking for an address, " not in console.tail()
        assert console.tail().count("no answer to DHCP for 30 s; still asking") == 1
        console.press("enter")
        console.shows("help", 20)
        petipy.guest.until(console, lambda: False, 3, "")
        before = console.received
        petipy.guest.until(console, lambda: False, 15, "")
        assert console.received - before < MENU
