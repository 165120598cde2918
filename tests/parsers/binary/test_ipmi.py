"""The override of the network in a service processor's reply."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.binary.ipmi import LONGEST, read_network
from petipy.network import dracut
from petipy.settings import petitboot

MAC = bytes.fromhex("525400123456")
HEAD = b"\0\1\x61\x80!pb!\0\1"
IPV4 = bytes((192, 0, 2, 7, 24, 192, 0, 2, 1))
IPV6 = bytes.fromhex("20010db8" + "00" * 11 + "07" + "40" + "20010db8" + "00" * 11 + "01")


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (b"\6\4" + MAC + b"\0\0", "52:54:00:12:34:56,dhcp"),
        (b"\6\4" + MAC + b"\1\0", "52:54:00:12:34:56,ignore"),
        (b"\6\4" + MAC + b"\0\1" + IPV4, "52:54:00:12:34:56,static,192.0.2.7/24,192.0.2.1"),
        (b"\6\4" + MAC + b"\0\1" + IPV4[:5] + bytes(4), "52:54:00:12:34:56,static,192.0.2.7/24"),
        (b"\6\x10" + MAC + b"\0\1" + IPV6, "52:54:00:12:34:56,static,2001:db8::7/64,2001:db8::1"),
        (b"\0\0", None),
    ],
)
def test_an_override_is_the_words_of_petitboots_setting(rest: bytes, words: str | None) -> None:
    assert read_network(HEAD + rest) == words
    assert len(HEAD + rest) <= LONGEST


def test_the_longest_override_is_read_as_a_whole() -> None:
    assert len(HEAD + b"\6\x10" + MAC + b"\0\1" + IPV6) == LONGEST


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x80",
        b"\xc9",
        b"\0\1\x61",
        b"\0\1\xe1\x80!pb!\0\1\6\4" + MAC + b"\0\0",  # being changed
        b"\0\1\x61\0!pb!\0\1\6\4" + MAC + b"\0\0",  # not valid
        b"\0\1\x61\x80!pb?\0\1\6\4" + MAC + b"\0\0",  # another maker's
        b"\0\1\x61\x80!pb!\0\2\6\4" + MAC + b"\0\0",  # another version
        b"\0\1\5\x80!pb!\0\1\6\4" + MAC + b"\0\0",  # another parameter
    ],
)
def test_what_is_no_override_is_none(reply: bytes) -> None:
    assert read_network(reply) is None


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (b"\x14\4" + bytes(20) + b"\0\0", "no addresses of 14 04 bytes"),
        (b"\6\5" + MAC + b"\0\0", "no addresses of 06 05 bytes"),
        (b"\6\4" + MAC + b"\0", "cut off"),
        (b"\6\4" + MAC + b"\0\1" + IPV4[:-1], "cut off"),
        (b"\6\4" + MAC + b"\0\1" + IPV4[:4] + b"\x21" + IPV4[5:], "no 33 bits"),
    ],
)
def test_a_senseless_override_says_why(rest: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_network(HEAD + rest)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: HEAD + rest))
@example(HEAD + b"\6\4" + MAC + b"\0\1" + bytes(9))
@example(HEAD + b"\6\x10" + bytes(8) + b"\1" + bytes(33))
def test_any_bytes_are_settings_or_a_sentence(reply: bytes) -> None:
    try:
        words = read_network(reply)
    except ValueError as error:
        assert str(error).isprintable()  # noqa: PT017
        return
    for statement in petitboot.translate([("bmc", "petitboot,network", words or "")]):
        assert statement.name == "interfaces"
        assert statement.text.isascii()
        assert dracut.read(statement.text).complaints == ()
