"""Name servers from systemd-networkd's own files, which a child reads."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.network.netif import parse, read_nameservers

STATE = """# This is private data. Do not parse.
ADMIN_STATE=configured
OPER_STATE=routable
DNS=192.0.2.53 2001:db8::53 fe80::1%eth0
NTP=192.0.2.123
DOMAINS=example.org
"""


def read(place: Path, *links: int) -> tuple[str, ...]:
    return asyncio.run(read_nameservers(links, str(place)))


def test_the_name_servers_of_a_link_are_read() -> None:
    assert parse(STATE.encode()) == ["192.0.2.53", "2001:db8::53", "fe80::1%eth0"]


def test_a_port_or_a_name_after_an_address_is_left_out() -> None:
    assert parse(b"DNS=192.0.2.53#dns.example 192.0.2.54:53 [2001:db8::1]:53") == ["192.0.2.53"]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it gives its rights up")
def test_links_without_a_file_or_with_something_else_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "3").write_text(STATE)
    (tmp_path / "4").mkdir()
    (tmp_path / "5").symlink_to(tmp_path / "3")
    os.mkfifo(tmp_path / "6")
    (tmp_path / "7").write_text("DNS=192.0.2.54 192.0.2.53\n")
    found = read(tmp_path, 2, 3, 4, 5, 6, 7)
    assert found == ("192.0.2.53", "2001:db8::53", "fe80::1%eth0", "192.0.2.54")


@given(st.binary(max_size=300))
def test_no_file_ends_the_reading(data: bytes) -> None:
    assert len(parse(b"DNS=" + data)) <= 8
