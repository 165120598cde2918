"""URLs in their parts, and the references that redirects make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.fetch.url import parse


def test_a_url_has_parts() -> None:
    url = parse("HTTP://me:a%20b%40@[2001:db8::1]:8080/a%20b/c?d=e#sha256=" + "0a" * 32)
    assert (url.scheme, url.host, url.port) == ("http", "2001:db8::1", 8080)
    assert (url.user, url.password, url.path, url.query) == ("me", "a b@", "/a%20b/c", "d=e")
    assert url.checksum() == ("sha256", "0a" * 32)
    assert str(url) == "http://[2001:db8::1]:8080/a%20b/c?d=e"


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("sha256=", "a sha256 has 64 hexadecimal digits"),
        ("SHA512=" + "0a" * 32, "a sha512 has 128 hexadecimal digits"),
        ("sha256=" + "0g" * 32, "a sha256 has 64 hexadecimal digits"),
        ("md5=" + "0a" * 16, "md5 is no checksum that counts: sha256 and sha512 are"),
        ("sha1:", "sha1 is no checksum that counts: sha256 and sha512 are"),
    ],
)
def test_what_is_meant_to_be_a_checksum_is_one_or_is_refused(fragment: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(f"http://boot.test/a#{fragment}").checksum()
    assert parse("http://boot.test/a#sha").checksum() is None


def test_a_password_may_have_the_mark_that_ends_it() -> None:
    url = parse("http://me:a@b:c@boot.test/")
    assert (url.user, url.password, url.host) == ("me", "a@b:c", "boot.test")


def test_what_a_request_must_not_have_is_escaped() -> None:
    assert parse('http://a/b c"\u00e9?d e').target == "/b%20c%22%C3%A9?d%20e"
    assert parse("http://a").target == "/"
    assert parse("http://[fe80::1%25eth0]/").host == "fe80::1%eth0"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/c", "http://h:1/c"),
        ("c", "http://h:1/a/c"),
        ("../../c/./d", "http://h:1/c/d"),
        ("..", "http://h:1/"),
        ("?e", "http://h:1/a/b?e"),
        ("//other/c", "http://other/c"),
        ("https://x:y@other/c#d", "https://other/c"),
        ("", "http://h:1/a/b?q"),
    ],
)
def test_a_reference_is_joined_as_rfc_3986_says(reference: str, expected: str) -> None:
    assert str(parse("http://me:secret@h:1/a/b?q").join(reference)) == expected


@pytest.mark.parametrize(
    "bad",
    [
        "boot.test/a",
        "http:/a",
        "http://a:99999/",
        "http://a\r\nX: y/",
        "http://a/b\tc",
        "http://[::1/",
        "http://a b/",
        "http://" + "a" * 9000,
    ],
)
def test_anything_else_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"URL|port"):
        parse(bad)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_makes_a_request_of_two_lines(text: str, reference: str) -> None:
    for candidate in (text, f"http://{text}", f"http://a/{text}"):
        try:
            url = parse(candidate)
            joined = url.join(reference)
        except ValueError:
            continue
        for found in (url, joined):
            assert all("!" <= character <= "~" for character in found.target)
            assert found.authority.isascii()
            assert not {*found.authority} & {*"\r\n \t/?#@"}
