"""/etc/resolv.conf: no word of a server gets into it that is not an address or a name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.network.resolver import Resolver, make_text, read_lease

OPTIONS = "options timeout:2 attempts:3\n"


def test_servers_and_domains_of_a_lease_are_written(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    resolver = Resolver(str(path))
    servers, domains = read_lease((("dns", "192.0.2.1 2001:db8::1"), ("domain", "example.org")))
    assert resolver.update(servers, domains)
    text = f"nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch example.org\n{OPTIONS}"
    assert path.read_text() == text
    assert not resolver.update(servers, domains)
    assert [*tmp_path.iterdir()] == [path]


def test_a_search_list_wins_over_the_domain() -> None:
    lease = (("dns", ""), ("domain", "a.org"), ("search", "b.org c.org"))
    assert read_lease(lease) == ([], ["b.org", "c.org"])


def test_a_file_that_is_there_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 203.0.113.1\n")
    with path.open() as before:
        Resolver(str(path)).update(["192.0.2.1"], [])
        assert before.read() == "nameserver 203.0.113.1\n"
    assert path.read_text() == f"nameserver 192.0.2.1\n{OPTIONS}"


@pytest.mark.parametrize(
    "word",
    [
        *("", "0.0.0.0", "::", "localhost", "192.0.2", "1.2.3.4\nnameserver 6.6.6.6", "1.2.3.4 "),
        *("fe80::1%", "fe80::1%a/b", "192.0.2.1%eth0", "fe80::1%eth0\n", "1.2.3.4;", "::1]"),
    ],
)
def test_what_is_no_address_is_left_out(word: str) -> None:
    assert make_text([word, "192.0.2.1"], []) == f"nameserver 192.0.2.1\n{OPTIONS}"


def test_an_address_in_a_zone_is_an_address() -> None:
    assert make_text(["fe80::1%eth0"], []).startswith("nameserver fe80::1%eth0\n")


@pytest.mark.parametrize(
    "word", ["", ".", "a..b", "-a.org", "a b", "a\nnameserver 6.6.6.6", "ä.org", "a" * 64, "$(x)"]
)
def test_what_is_no_domain_is_left_out(word: str) -> None:
    assert make_text([], [word, "example.org"]) == f"search example.org\n{OPTIONS}"


def test_no_more_is_written_than_is_read() -> None:
    servers = [f"192.0.2.{number}" for number in range(9)]
    domains = [f"{'a' * 60}.d{number}.org" for number in range(9)]
    lines = make_text(servers, domains).splitlines()
    assert len([line for line in lines if line.startswith("nameserver")]) == 3
    (search,) = (line for line in lines if line.startswith("search"))
    assert len(search.removeprefix("search ")) <= 256


@given(st.lists(st.text(max_size=40)), st.lists(st.text(max_size=40)))
def test_hostile_words_add_no_line(servers: list[str], domains: list[str]) -> None:
    text = make_text(servers, domains)
    assert text.isascii()
    assert text.isprintable() or "\n" in text
    starts = {line.split(" ")[0] for line in text.splitlines()}
    assert starts <= {"nameserver", "search", "options"}
    assert len(text.splitlines()) <= 5
