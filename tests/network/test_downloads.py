"""Files of a boot from a real server: whoever is there sees them come, and can stop them."""

import os

from tests.network.namespace import Namespace
from tests.network.program import start_petipy
from tests.network.servers import HTTP_ROOT, put, start_dnsmasq, start_nginx

RANGE = "dhcp-range=192.0.2.50,192.0.2.60,10m"
BOOT = ("dhcp-boot=pxelinux.0", "dhcp-option-force=210,http://192.0.2.1/")
CONFIG = """\
DEFAULT large
LABEL large
	KERNEL vmlinux
	INITRD large.gz
	APPEND from-the-large-entry
LABEL small
	KERNEL vmlinux
	INITRD small.gz
	APPEND from-the-small-entry
"""
WAIT = 40.0  # seconds; a busy machine


def serve(server: Namespace, large: int, words: str = "") -> None:
    """Serve two entries; the initrd of the first has so many bytes."""
    root = server.room / HTTP_ROOT
    put(root, {"pxelinux.cfg/default": CONFIG, "vmlinux": b"good", "small.gz": b"i" * 1000})
    with (root / "large.gz").open("wb") as file:
        os.truncate(file.fileno(), large)
    start_nginx(server, f"server {{ listen 80; {words} }}")
    start_dnsmasq(server, RANGE, *BOOT)


def test_the_rate_is_shown_and_esc_stops_it(server: Namespace, client: Namespace) -> None:
    serve(server, 200_000_000, "limit_rate 2m;")
    with start_petipy(client, "petipy.timeout=never") as petipy:
        petipy.console.shows("Default: large", WAIT)
        petipy.console.press("enter")
        petipy.console.shows("Boot menu", WAIT)
        petipy.console.press("enter")
        petipy.console.shows(r"\[#*\.+\] \S+ of 200 MB, \S+ MB/s, \d+ (s|min) left", WAIT)
        petipy.console.press("esc")
        petipy.console.shows("Loading large was stopped", 10)
        petipy.console.press("down", "enter")
        assert petipy.boots(WAIT) == ["from-the-small-entry", "initrd 1000"]


def test_a_line_without_a_menu_tells_the_rate(server: Namespace, client: Namespace) -> None:
    serve(server, 20_000_000, "limit_rate 4m;")
    with start_petipy(client, "petipy.timeout=0") as petipy:
        words = r"http://192\.0\.2\.1/large\.gz: \S+ of 20 MB, \S+ MB/s, \d s left; a key opens"
        petipy.console.shows(words, WAIT)
        assert petipy.boots(WAIT) == ["from-the-large-entry", "initrd 20000000"]


def test_an_initrd_of_a_hundred_gigabytes_is_refused_with_the_numbers(
    server: Namespace, client: Namespace
) -> None:
    serve(server, 100_000_000_000)
    with start_petipy(client, "petipy.timeout=never") as petipy:
        petipy.console.shows("Default: large", WAIT)
        petipy.console.press("enter")
        petipy.console.shows("Boot menu", WAIT)
        petipy.console.press("enter")
        petipy.console.shows(r"large did not boot: fetch: .*large\.gz: too large: it has", WAIT)
        petipy.console.shows(r"100,000,000,000 bytes; there is room for [0-9,]+", 10)
        petipy.console.press("down", "enter")
        assert petipy.boots(WAIT) == ["from-the-small-entry", "initrd 1000"]
